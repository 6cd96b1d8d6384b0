/**
 * `npm start`: installs what is missing, builds what is stale, opens the desktop app. Where no app can open, the very same
 * console is served to a browser. Runs on Node 20 and on nothing that is not in Node itself.
 */
import path from 'node:path';
import { fileURLToPath } from 'node:url';

import { findNode, missingNode, runToEnd } from '../../src-server/node-runtime.mjs';
import { ensureBuilt } from './build.mjs';
import { ensureElectron, whyNoWindow } from './electron.mjs';
import { ensureInstalled } from './install.mjs';
import { say, StepFailed } from './terminal.mjs';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const CLI = path.join(ROOT, 'src-server', 'bin.mjs');
/** These are answered at the terminal, and want no window. */
const FOR_TERMINAL = new Set(['--help', '-h', '--version', '--no-console']);

/**
 * @param {readonly string[]} flags
 * @returns {Promise<number>} exit code
 */
async function start(flags) {
  await ensureInstalled(ROOT);
  const node = findNode();
  if (node === null) throw new StepFailed(missingNode());
  const serve = () => runToEnd(node, [CLI, 'app', ...flags]);
  if (flags.some((flag) => FOR_TERMINAL.has(flag))) return serve();
  await ensureBuilt(ROOT, node);
  const { platform, env } = process;
  const obstacle = whyNoWindow({ platform, env, uid: process.getuid?.() });
  const electron = obstacle === null ? await ensureElectron(ROOT, node) : { why: obstacle };
  if ('program' in electron) return runToEnd(electron.program, [ROOT, ...flags]);
  say('desktop', `${electron.why}; the console opens in a browser instead`);
  return serve();
}

try {
  process.exitCode = await start(process.argv.slice(2));
} catch (error) {
  if (!(error instanceof StepFailed)) throw error;
  process.stderr.write(`zabring: ${error.message}\n`);
  process.exitCode = 1;
}
