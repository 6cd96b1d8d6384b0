/** What is in node_modules against what package-lock.json asks for, and npm where they differ. */
import { createHash } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';

import { runQuietly } from './programs.mjs';
import { keepSaying, say, StepFailed } from './terminal.mjs';

/** What went wrong comes first; behind it npm explains itself at length. */
const HEAD_LINES = 20;

/**
 * Installs what is missing, from the registry npm is set to.
 * @param {string} root
 */
export async function ensureInstalled(root) {
  const lockFile = path.join(root, 'package-lock.json');
  // npm's own record of what it put there.
  const record = path.join(root, 'node_modules', '.package-lock.json');
  const stamp = path.join(root, 'node_modules', '.cache', 'zabring', 'installed');
  const wanted = createHash('sha256').update(fs.readFileSync(lockFile)).digest('hex');
  const isThere = fs.existsSync(record);
  if (isThere && fs.existsSync(stamp) && fs.readFileSync(stamp, 'utf8') === wanted) return;
  // Whoever ran npm by hand has a record that is not older than what it was made from.
  const isYounger = isThere && fs.statSync(record).mtimeMs >= fs.statSync(lockFile).mtimeMs;
  if (!isYounger) await install(root, isThere ? 'install' : 'ci');
  fs.mkdirSync(path.dirname(stamp), { recursive: true });
  fs.writeFileSync(stamp, wanted);
}

/**
 * @param {string} root
 * @param {'ci' | 'install'} how
 */
async function install(root, how) {
  const packages = wantedPackages(root);
  const startedMs = performance.now();
  const stop = keepSaying('install', (seconds) => {
    const count = packages.filter((name) =>
      fs.existsSync(path.join(root, name, 'package.json')),
    ).length;
    return `npm ${how}: ${count} of ${packages.length} packages, ${seconds} s`;
  });
  const { code, output } = await runNpm(root, [how, '--loglevel=error']).finally(stop);
  if (code !== 0) {
    const head = output.trim().split('\n').slice(0, HEAD_LINES).join('\n');
    throw new StepFailed(`npm ${how} failed with ${code}:\n${head}`);
  }
  say('install', `done in ${((performance.now() - startedMs) / 1000).toFixed(1)} s`);
}

/**
 * Folders of the packages that belong on this system.
 * @param {string} root
 * @returns {string[]}
 */
function wantedPackages(root) {
  const { packages } = JSON.parse(fs.readFileSync(path.join(root, 'package-lock.json'), 'utf8'));
  /** @param {readonly string[] | undefined} list @param {string} own */
  const suits = (list, own) => list === undefined || list.includes(own);
  return Object.entries(packages)
    .filter(
      ([name, { os, cpu }]) =>
        name !== '' && suits(os, process.platform) && suits(cpu, process.arch),
    )
    .map(([name]) => name);
}

/**
 * @param {string} root
 * @param {readonly string[]} args
 */
function runNpm(root, args) {
  // The very npm that runs us, if one does; else the one on the path, which on Windows is a script for its shell.
  const own = process.env['npm_execpath'];
  if (own !== undefined && /\.c?js$/.test(own))
    return runQuietly(process.execPath, [own, ...args], { cwd: root });
  const isWindows = process.platform === 'win32';
  return runQuietly(isWindows ? 'npm.cmd' : 'npm', args, { cwd: root, shell: isWindows });
}
