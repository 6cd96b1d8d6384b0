/**
 * The real programs that suites are checked against, installed where that is ours to do: on Debian, as root. Elsewhere a
 * suite whose program is missing is skipped by name, with the line that would install it.
 */
import fs from 'node:fs';

import { runQuietly } from '../../src-main/launch/programs.mjs';
import { keepSaying, say, StepFailed } from '../../src-main/launch/terminal.mjs';

const PACKAGES = [
  'zookeeper',
  'zookeeper-bin',
  'libzookeeper-java',
  'python3-kazoo',
  'chromium',
  'fonts-noto-cjk',
  'redis-server',
  'redis-tools',
];
const APT = '/usr/bin/apt-get';
/** Enough of its last words to see what went wrong. */
const TAIL_LINES = 15;

export async function ensurePeers() {
  if (process.getuid?.() !== 0 || !fs.existsSync(APT)) return;
  const missing = await missingPackages();
  if (missing.length === 0) return;
  const startedMs = performance.now();
  const stop = keepSaying(
    'peers',
    (seconds) => `apt-get install ${missing.join(' ')}, ${seconds} s`,
  );
  try {
    await apt(['update']);
    await apt(['install', '--yes', '--no-install-recommends', ...missing]);
  } finally {
    stop();
  }
  say('peers', `done in ${((performance.now() - startedMs) / 1000).toFixed(1)} s`);
}

async function missingPackages() {
  const format = '${Package} ${db:Status-Status}\\n';
  // It fails when it does not know one of them, and tells of the others all the same.
  const { output } = await runQuietly(
    'dpkg-query',
    ['--show', `--showformat=${format}`, ...PACKAGES],
    {
      cwd: '/',
    },
  );
  const installed = new Set(output.split('\n'));
  return PACKAGES.filter((name) => !installed.has(`${name} installed`));
}

/** @param {readonly string[]} args */
async function apt(args) {
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  const { code, output } = await runQuietly(APT, args, { cwd: '/', env });
  if (code === 0) return;
  const tail = output.trimEnd().split('\n').slice(-TAIL_LINES).join('\n');
  throw new StepFailed(`apt-get ${args.join(' ')} failed with ${code}:\n${tail}`);
}
