/**
 * Electron's runtime: whether an app can be opened here at all, whether the runtime is there, and getting it once.
 *
 * The npm package holds only a program that downloads the runtime, a hundred megabytes from its makers' releases. Not every
 * network lets it, so the attempt is watched, bounded, and not repeated at every start.
 */
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';

import { filesIn } from './files.mjs';
import { runQuietly } from './programs.mjs';
import { keepSaying, say } from './terminal.mjs';

/** A download that has not grown for so long is given up, and so is one that takes longer than the second. */
const STALLED_MS = 30_000;
const LONGEST_MS = 15 * 60_000;
const WATCH_MS = 500;
/** What was refused is not asked for again before this. */
const REFUSED_MS = 24 * 3_600_000;
const MEGABYTE = 1_000_000;

/**
 * What keeps any Electron app from opening here, in words, or null.
 * @param {{ readonly platform: string, readonly env: NodeJS.ProcessEnv, readonly uid: number | undefined }} facts
 * @returns {string | null}
 */
export function whyNoWindow({ platform, env, uid }) {
  if (platform !== 'linux') return null;
  if (uid === 0) return 'this is root, for whom Electron has no sandbox';
  if (!env['DISPLAY'] && !env['WAYLAND_DISPLAY']) return 'there is no display';
  return null;
}

/**
 * @param {string} root
 * @param {string} node to run the download on
 * @returns {Promise<{ readonly program: string } | { readonly why: string }>} what to run, or why there is nothing to run
 */
export async function ensureElectron(root, node) {
  const folder = path.join(root, 'node_modules', 'electron');
  const found = findRuntime(folder);
  if (found !== null) return { program: found };
  const refusal = path.join(root, 'node_modules', '.cache', 'zabring', 'electron-refused');
  if (isFresh(refusal)) {
    const why = fs.readFileSync(refusal, 'utf8');
    return { why: `${why} (\`npx install-electron\` tries again)` };
  }
  const refused = await download(root, folder, node);
  const program = findRuntime(folder);
  if (program !== null) return { program };
  const why = `Electron's runtime could not be downloaded: ${refused ?? 'it is not where it should be'}`;
  fs.mkdirSync(path.dirname(refusal), { recursive: true });
  fs.writeFileSync(refusal, why);
  return { why };
}

/**
 * As Electron's own package finds it, without its way of downloading at once where there is none.
 * @param {string} folder
 * @returns {string | null}
 */
function findRuntime(folder) {
  const nameFile = path.join(folder, 'path.txt');
  const versionFile = path.join(folder, 'dist', 'version');
  if (!fs.existsSync(nameFile) || !fs.existsSync(versionFile)) return null;
  const { version } = JSON.parse(fs.readFileSync(path.join(folder, 'package.json'), 'utf8'));
  if (fs.readFileSync(versionFile, 'utf8').trim().replace(/^v/, '') !== version) return null;
  const program = path.join(folder, 'dist', fs.readFileSync(nameFile, 'utf8'));
  return fs.existsSync(program) ? program : null;
}

/**
 * @param {string} refusal
 * @returns {boolean}
 */
function isFresh(refusal) {
  return fs.existsSync(refusal) && Date.now() - fs.statSync(refusal).mtimeMs < REFUSED_MS;
}

/**
 * @param {string} root
 * @param {string} folder
 * @param {string} node
 * @returns {Promise<string | null>} why it did not succeed
 */
async function download(root, folder, node) {
  // A place of its own for what arrives, so that its growth can be watched.
  const arriving = fs.mkdtempSync(path.join(os.tmpdir(), 'zabring-electron-'));
  const stopped = new AbortController();
  /** @type {string | null} */
  let gaveUp = null;
  let bytes = 0;
  const startedMs = performance.now();
  let grewMs = startedMs;
  const watch = setInterval(() => {
    const now = performance.now();
    const size = sizeOf(arriving) + sizeOf(path.join(folder, 'dist'));
    if (size !== bytes) grewMs = now;
    bytes = size;
    if (now - grewMs > STALLED_MS) gaveUp = `nothing arrived for ${STALLED_MS / 1000} s`;
    else if (now - startedMs > LONGEST_MS)
      gaveUp = `it took more than ${LONGEST_MS / 60_000} minutes`;
    if (gaveUp !== null) stopped.abort();
  }, WATCH_MS);
  const stopSaying = keepSaying(
    'electron',
    (seconds) => `downloading the runtime: ${Math.floor(bytes / MEGABYTE)} MB, ${seconds} s`,
  );
  try {
    const { code, output } = await runQuietly(node, [path.join(folder, 'install.js')], {
      cwd: root,
      env: { ...process.env, TMPDIR: arriving, TEMP: arriving, TMP: arriving },
      signal: stopped.signal,
    });
    if (code !== 0) return gaveUp ?? reasonIn(output);
  } finally {
    clearInterval(watch);
    stopSaying();
    fs.rmSync(arriving, { recursive: true, force: true });
  }
  say('electron', `done in ${((performance.now() - startedMs) / 1000).toFixed(1)} s`);
  return null;
}

/**
 * The innermost of the errors printed names what the network refused, unless it is fetch's, which names nothing.
 * @param {string} output
 */
function reasonIn(output) {
  const errors = [...output.matchAll(/(?:Error|cause\]?): (.+)/g)].map(([, text]) => text?.trim());
  const last = errors.at(-1) ?? 'for no reason given';
  return last === 'fetch failed' ? 'its download site cannot be reached' : last;
}

/**
 * @param {string} folder
 * @returns {number} bytes of all files in it
 */
function sizeOf(folder) {
  if (!fs.existsSync(folder)) return 0;
  // Files come and go while they are being counted.
  const sizes = filesIn(folder).map(
    (file) => fs.statSync(file, { throwIfNoEntry: false })?.size ?? 0,
  );
  return sizes.reduce((sum, size) => sum + size, 0);
}
