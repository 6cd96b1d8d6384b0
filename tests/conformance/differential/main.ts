/**
 * Compares our server with Debian's Apache ZooKeeper 3.8.0 over many seeds. At the first that makes them differ in a way
 * nobody knows, the script is cut down and told in full.
 *
 *   npm run differential -- [--seeds 1000] [--from 1] [--compat 3.8|3.9]     many
 *   npm run differential -- --seed 7 [--compat 3.9]                          one, told in full whatever comes of it
 *   npm run differential -- --script file.json                               one that was printed before
 */
import fs from 'node:fs';
import { parseArgs } from 'node:util';

import { generate } from './generate.ts';
import { describeComparison, describeDifference } from './report.ts';
import { type Comparison, Rounds } from './rounds.ts';
import type { Script } from './script.ts';
import { shrink } from './shrink.ts';

const PROGRESS_EVERY = 500;

const { values } = parseArgs({
  options: {
    seeds: { type: 'string', default: '1000' },
    from: { type: 'string', default: '1' },
    seed: { type: 'string' },
    script: { type: 'string' },
    compat: { type: 'string', default: '3.8' },
  },
});
if (values.compat !== '3.8' && values.compat !== '3.9')
  throw new Error(`--compat is 3.8 or 3.9, not ${values.compat}`);
const compat = values.compat;

const rounds = await Rounds.begin(compat);
let hasFailed: boolean;
if (values.script !== undefined) {
  hasFailed = await tellOne(JSON.parse(fs.readFileSync(values.script, 'utf8')) as Script);
} else if (values.seed !== undefined) {
  hasFailed = await tellOne(generate(Number(values.seed), { ipv6: compat === '3.8' }));
} else {
  hasFailed = await compareMany(Number(values.from), Number(values.seeds));
}
await rounds.stop();
process.exitCode = hasFailed ? 1 : 0;

async function compareMany(from: number, count: number): Promise<boolean> {
  const startedMs = performance.now();
  const explained = new Map<string, number>();
  let seed = from;
  // Our server lives in this process: when it falls, so does this.
  process.on('uncaughtExceptionMonitor', () => tell(`while seed ${seed} was played:`));
  for (let done = 0; done < count; done++) {
    seed = from + done;
    const comparison = await rounds.seed(seed);
    for (const [{ name }, times] of comparison.differences.explained)
      explained.set(name, (explained.get(name) ?? 0) + times);
    if (comparison.differences.unexplained.length > 0) {
      await tellDifference(comparison);
      return true;
    }
    const perSecond = ((done + 1) / (performance.now() - startedMs)) * 1000;
    if ((done + 1) % PROGRESS_EVERY === 0 || done + 1 === count)
      tell(`${done + 1} seeds alike, ${perSecond.toFixed(0)} a second`);
  }
  for (const [name, times] of explained) tell(`  known: ${name}, ${times} times`);
  return false;
}

async function tellOne(script: Script): Promise<boolean> {
  const comparison = await rounds.compare(script);
  tell(describeComparison(comparison));
  return comparison.differences.unexplained.length > 0;
}

async function tellDifference(comparison: Comparison): Promise<void> {
  const { script, differences } = comparison;
  tell(`seed ${script.seed}: the servers differ`);
  tell(differences.unexplained.map(describeDifference).join('\n'));
  tell('cutting it down …');
  const least = await shrink(script, async (candidate) => {
    const { differences: left } = await rounds.compare(candidate);
    return left.unexplained.length > 0;
  });
  tell(describeComparison(await rounds.compare(least)));
  tell(`as a file for --script: ${JSON.stringify(least)}`);
  const mode = compat === '3.8' ? '' : ` --compat ${compat}`;
  tell(`the whole of it again: npm run differential -- --seed ${script.seed}${mode}`);
}

function tell(text: string): void {
  process.stdout.write(`${text}\n`);
}
