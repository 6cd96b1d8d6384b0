/**
 * `npm test`: everything the tests need, then every step with its time, then a summary. `npm test -- unit e2e` runs these
 * steps only. Runs on Node 20 and on nothing that is not in Node itself; the steps run on the Node the program needs.
 */
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

import { ensureBuilt } from '../src-main/launch/build.mjs';
import { ensureInstalled } from '../src-main/launch/install.mjs';
import { say, StepFailed } from '../src-main/launch/terminal.mjs';
import { findNode, missingNode, runToEnd } from '../src-server/node-runtime.mjs';
import { ensurePeers } from './peers/install.mjs';
import { programOf } from './programs.mjs';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const RENDERER = 'src-renderer/tsconfig.json';

/** @param {string} project @returns {[string, string, ...string[]]} */
function vitest(project) {
  const reporters = ['--reporter=default', '--reporter=./tests/failures.ts'];
  return ['vitest', 'vitest', 'run', `--project=${project}`, ...reporters];
}

/** Package, program and arguments of each command; a step ends with the first that fails. */
const STEPS = /** @type {const} */ ({
  format: [['prettier', 'prettier', '--check', '--cache', '--log-level=warn', '.']],
  lint: [['eslint', 'eslint', '--cache', '--cache-location=node_modules/.cache/eslint/', '.']],
  layers: [['dependency-cruiser', 'depcruise', 'src-server', 'src-main', 'src-renderer']],
  types: [
    ['typescript', 'tsc', '-b'],
    ['vue-tsc', 'vue-tsc', '-p', RENDERER, '--noEmit'],
  ],
  unit: [vitest('unit')],
  sim: [vitest('sim')],
  contract: [vitest('contract')],
  renderer: [vitest('renderer')],
  conformance: [vitest('conformance')],
  integration: [vitest('integration')],
  e2e: [vitest('e2e')],
});
/** @typedef {keyof typeof STEPS} Step */

/** @param {number} startedMs */
function secondsSince(startedMs) {
  return `${((performance.now() - startedMs) / 1000).toFixed(1)} s`;
}

/**
 * @param {string[]} asked
 * @returns {Step[]}
 */
function chooseSteps(asked) {
  const all = /** @type {Step[]} */ (Object.keys(STEPS));
  const unknown = asked.find((name) => !Object.hasOwn(STEPS, name));
  if (unknown !== undefined)
    throw new StepFailed(`there is no step ${unknown}; there are ${all.join(', ')}`);
  return asked.length === 0 ? all : all.filter((step) => asked.includes(step));
}

/** @returns {Promise<number>} exit code */
async function run() {
  const steps = chooseSteps(process.argv.slice(2));
  await ensureInstalled(ROOT);
  const node = findNode();
  if (node === null) throw new StepFailed(missingNode());
  await ensurePeers();
  await ensureBuilt(ROOT, node);

  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'zabring-test-'));
  const failures = path.join(folder, 'failures');
  // Whatever a step starts by the name of `node` is the same one.
  const env = {
    ...process.env,
    ZABRING_FAILURES: failures,
    PATH: `${path.dirname(node)}${path.delimiter}${process.env['PATH']}`,
  };
  let isInterrupted = false;
  for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => (isInterrupted = true));
  /** @type {{ step: Step, code: number, time: string }[]} */
  const results = [];
  for (const step of steps) {
    if (isInterrupted) break;
    process.stdout.write(`\n── ${step} ${'─'.repeat(72 - step.length)}\n`);
    const startedMs = performance.now();
    let code = 0;
    for (const [name, program, ...args] of STEPS[step]) {
      if (code !== 0) break;
      code = await runToEnd(node, [programOf(ROOT, name, program), ...args], { cwd: ROOT, env });
    }
    results.push({ step, code, time: secondsSince(startedMs) });
  }

  process.stdout.write('\n');
  if (fs.existsSync(failures)) process.stdout.write(`${fs.readFileSync(failures, 'utf8')}\n`);
  fs.rmSync(folder, { recursive: true });
  for (const { step, code, time } of results)
    say(code === 0 ? 'passed' : 'FAILED', `${step.padEnd(12)} ${time.padStart(8)}`);
  return isInterrupted || results.some(({ code }) => code !== 0) ? 1 : 0;
}

try {
  process.exitCode = await run();
} catch (error) {
  if (!(error instanceof StepFailed)) throw error;
  process.stderr.write(`zabring: ${error.message}\n`);
  process.exitCode = 1;
}
