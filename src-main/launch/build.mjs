/** The bundles in out/, and whether they were made from the sources there are now. */
import { createHash } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';

import { filesIn } from './files.mjs';
import { runQuietly } from './programs.mjs';
import { keepSaying, say, StepFailed } from './terminal.mjs';

/** Whatever a bundle is made from. */
const SOURCES = [
  'src-main',
  'src-renderer',
  'src-server',
  'electron.vite.config.ts',
  'package.json',
  'package-lock.json',
  'tsconfig.base.json',
];
const BUNDLES = [
  'out/main/index.js',
  'out/main/thread.js',
  'out/main/cli.js',
  'out/preload/index.cjs',
  'out/renderer/index.html',
];

/**
 * Builds what is stale. By content, not by time: a checkout of another branch and back changes every time and no bundle.
 * @param {string} root
 * @param {string} node to build on
 */
export async function ensureBuilt(root, node) {
  const stamp = path.join(root, 'out', 'built-from');
  const sources = fingerprint(root);
  const isBuilt =
    BUNDLES.every((bundle) => fs.existsSync(path.join(root, bundle))) &&
    fs.existsSync(stamp) &&
    fs.readFileSync(stamp, 'utf8') === sources;
  if (isBuilt) return;
  const startedMs = performance.now();
  const stop = keepSaying('build', (seconds) => `app and console, ${seconds} s`);
  const tool = path.join(root, 'node_modules', 'electron-vite', 'bin', 'electron-vite.js');
  const { code, output } = await runQuietly(node, [tool, 'build'], { cwd: root }).finally(stop);
  if (code !== 0) throw new StepFailed(`the build failed with ${code}:\n${output.trimEnd()}`);
  fs.writeFileSync(stamp, sources);
  say('build', `done in ${((performance.now() - startedMs) / 1000).toFixed(1)} s`);
}

/**
 * @param {string} root
 * @returns {string}
 */
function fingerprint(root) {
  const hash = createHash('sha256');
  for (const source of SOURCES) {
    const top = path.join(root, source);
    const files = fs.statSync(top).isDirectory() ? filesIn(top) : [top];
    for (const file of files) {
      const bytes = fs.readFileSync(file);
      hash.update(`${path.relative(root, file)}\0${bytes.length}\0`).update(bytes);
    }
  }
  return hash.digest('hex');
}
