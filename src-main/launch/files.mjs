/** All files in a folder, however deep, in one order everywhere. */
import fs from 'node:fs';
import path from 'node:path';

/**
 * @param {string} folder
 * @returns {string[]}
 */
export function filesIn(folder) {
  return fs
    .readdirSync(folder, { withFileTypes: true })
    .flatMap((entry) => {
      const file = path.join(folder, entry.name);
      return entry.isDirectory() ? filesIn(file) : entry.isFile() ? [file] : [];
    })
    .sort();
}
