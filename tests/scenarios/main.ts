/**
 * `node tests/scenarios/main.ts [--rewrite] [name …]`: plays scenarios, and says where one goes differently than written; with
 * --rewrite it writes down how it goes now.
 */
import fs from 'node:fs';
import { parseArgs } from 'node:util';

import { scenarioFiles } from './files.ts';
import { play } from './script.ts';

const { values, positionals } = parseArgs({
  options: { rewrite: { type: 'boolean', default: false } },
  allowPositionals: true,
});

let different = 0;
const isWanted = (name: string): boolean =>
  positionals.length === 0 || positionals.some((part) => name.includes(part));
for (const { path, name, text } of scenarioFiles()) {
  if (!isWanted(name)) continue;
  const script = play(text);
  if (script.text === text) continue;
  different++;
  if (values.rewrite) fs.writeFileSync(path, script.text);
  process.stdout.write(`${name} ${values.rewrite ? 'is written anew' : 'goes differently'}\n`);
}
if (different > 0 && !values.rewrite) process.exitCode = 1;
