/** `node tests/sim/replication/main.ts <first seed> [<last seed>]`: runs seeds, and tells the story of the first that fails. */
import { Swarm } from './swarm.ts';

const first = Number(process.argv[2] ?? 1);
const last = Number(process.argv[3] ?? first);
const startedMs = performance.now();
const sums = { commits: 0, writes: 0, reads: 0, staleReads: 0, discards: 0 };
for (let seed = first; seed <= last; seed++) {
  const swarm = new Swarm(seed);
  try {
    swarm.run();
  } catch (error) {
    const again = new Swarm(seed);
    again.judge.isTelling = true;
    try {
      again.run();
    } catch {
      process.stdout.write(`${again.judge.story.slice(-80).join('\n')}\n`);
    }
    process.stdout.write(`seed ${seed} at ${swarm.agenda.nowMs} ms: ${String(error)}\n`);
    process.stdout.write(`${error instanceof Error ? (error.stack ?? '') : ''}\n`);
    process.exit(1);
  }
  sums.commits += swarm.judge.commits;
  sums.writes += swarm.judge.writes;
  sums.reads += swarm.judge.reads;
  sums.staleReads += swarm.judge.staleReads;
  sums.discards += swarm.judge.discards;
}
const tookMs = Math.round(performance.now() - startedMs);
process.stdout.write(`${last - first + 1} seeds, ${JSON.stringify(sums)}, ${tookMs} ms\n`);
