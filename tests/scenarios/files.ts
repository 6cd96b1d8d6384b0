/** The scenarios on the disk. */
import fs from 'node:fs';
import path from 'node:path';

export interface ScenarioFile {
  readonly path: string;
  /** Below this folder, without its ending. */
  readonly name: string;
  readonly text: string;
}

export function scenarioFiles(): ScenarioFile[] {
  const folder = import.meta.dirname;
  return fs
    .readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.txt'))
    .sort()
    .map((name) => {
      const filePath = path.join(folder, name);
      return {
        path: filePath,
        name: name.slice(0, -'.txt'.length),
        text: fs.readFileSync(filePath, 'utf8'),
      };
    });
}
