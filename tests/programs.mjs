/** Where the script behind a package's program is, so that it runs on a Node of our choice and on every system. */
import fs from 'node:fs';
import path from 'node:path';

/**
 * @param {string} root
 * @param {string} name of the package
 * @param {string} program
 * @returns {string}
 */
export function programOf(root, name, program) {
  const folder = path.join(root, 'node_modules', name);
  const { bin } = JSON.parse(fs.readFileSync(path.join(folder, 'package.json'), 'utf8'));
  return path.join(folder, typeof bin === 'string' ? bin : bin[program]);
}
