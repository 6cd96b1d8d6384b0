/** Folders that live as long as a test. */
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';

export interface Folder extends Disposable {
  readonly path: string;
}

export function temporaryFolder(): Folder {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'zabring-'));
  return {
    path: folder,
    [Symbol.dispose]: () => {
      fs.rmSync(folder, { recursive: true, force: true });
    },
  };
}
