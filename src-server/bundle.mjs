/**
 * The command as one bundle, which starts in three quarters of the time its many files take. `npm start` makes it; it is used
 * for as long as nothing it was made from is newer. Times are enough here: a wrong guess can only be the slower one, unless
 * somebody sets a file's time back.
 */
import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const BUNDLE = path.join(ROOT, 'out', 'main', 'cli.js');
const BESIDE = ['package.json', 'package-lock.json', 'electron.vite.config.ts'];

/** @returns {string | null} its URL, or null where the sources are to be run as they are */
export function freshBundle() {
  const made = fs.statSync(BUNDLE, { throwIfNoEntry: false });
  if (made === undefined) return null;
  const isOlder = (/** @type {string} */ file) => fs.statSync(file).mtimeMs < made.mtimeMs;
  const isFresh =
    BESIDE.every((file) => isOlder(path.join(ROOT, file))) &&
    everythingIn(path.join(ROOT, 'src-server')).every(isOlder);
  return isFresh ? pathToFileURL(BUNDLE).href : null;
}

/**
 * Every file and folder in a folder, and itself: a folder's time tells when something was added or taken away.
 * @param {string} folder
 * @returns {string[]}
 */
function everythingIn(folder) {
  const inside = fs.readdirSync(folder, { withFileTypes: true });
  return [
    folder,
    ...inside.flatMap((entry) => {
      const inner = path.join(folder, entry.name);
      return entry.isDirectory() ? everythingIn(inner) : [inner];
    }),
  ];
}
