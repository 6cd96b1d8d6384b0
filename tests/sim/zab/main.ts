/**
 * `node tests/sim/zab/main.ts <first seed> [<last seed> [groups]]`: runs seeds, and tells the story of the first that fails. With
 * `groups` quorums are of groups with weights.
 */
import { Swarm } from './swarm.ts';

const first = Number(process.argv[2] ?? 1);
const last = Number(process.argv[3] ?? first);
const quorums = process.argv[4] === 'groups' ? 'groups' : 'majority';
const startedMs = performance.now();
let epochs = 0;
let decided = 0;
for (let seed = first; seed <= last; seed++) {
  const swarm = new Swarm(seed, quorums);
  try {
    const outcome = swarm.run();
    epochs += outcome.epochs;
    decided += outcome.decided;
  } catch (error) {
    process.stdout.write(`${swarm.judge.story.slice(-60).join('\n')}\n`);
    process.stdout.write(`seed ${seed} at ${swarm.agenda.nowMs} ms: ${String(error)}\n`);
    process.stdout.write(`${error instanceof Error ? (error.stack ?? '') : ''}\n`);
    process.exit(1);
  }
}
const tookMs = Math.round(performance.now() - startedMs);
process.stdout.write(
  `${last - first + 1} seeds, ${epochs} epochs, ${decided} decisions, ${tookMs} ms\n`,
);
