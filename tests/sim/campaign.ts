/** Many seeds, spread over threads, with a line now and then and a summary at the end. */
import os from 'node:os';
import { Worker } from 'node:worker_threads';

import { FAILURE_CODES, type FailureKind, failureOf } from './failure.ts';
import { expectedOf, Probes } from './probes.ts';
import { expectedOfRings } from './storage/probes.ts';
import type { StorageWishes } from './storage/swarm.ts';
import type { SwarmWishes } from './swarm.ts';

/** What the runs are of: an ensemble and its clients, or a ring beside one. */
export type Subject =
  | { readonly kind: 'ensemble'; readonly wishes: SwarmWishes }
  | { readonly kind: 'ring'; readonly wishes: StorageWishes };

export interface CampaignOptions {
  readonly first: number;
  readonly count: number;
  readonly threads: number | null;
  readonly subject: Subject;
  readonly say: (line: string) => void;
}

export interface CampaignResult {
  readonly summary: readonly string[];
  readonly exitCode: number;
}

/** What a thread says of a seed. */
export interface SeedResult {
  readonly seed: number;
  readonly failure: { readonly kind: FailureKind; readonly message: string } | null;
  readonly virtualMs: number;
  readonly calls: number;
  readonly txns: number;
  readonly probes: readonly (readonly [string, number])[];
}

const PROGRESS_MS = 10_000;
const FAILURES_SHOWN = 10;

export async function runCampaign(options: CampaignOptions): Promise<CampaignResult> {
  const { first, count, say, subject } = options;
  const startedMs = performance.now();
  const probes = new Probes();
  const failures: SeedResult[] = [];
  let done = 0;
  let next = first;
  let virtualMs = 0;
  let calls = 0;
  let txns = 0;
  let saidMs = startedMs;
  const rate = (): string => {
    const seconds = (performance.now() - startedMs) / 1000;
    const perMinute = Math.round((done / seconds) * 60);
    const virtual = (virtualMs / 60_000 / seconds).toFixed(1);
    return `${perMinute} seeds a minute, ${virtual} virtual minutes a second`;
  };
  const take = (result: SeedResult): void => {
    done++;
    virtualMs += result.virtualMs;
    calls += result.calls;
    txns += result.txns;
    probes.add(result.probes);
    if (result.failure !== null) {
      failures.push(result);
      say(`seed ${result.seed} FAILED ${result.failure.kind}: ${result.failure.message}`);
    }
    if (performance.now() - saidMs < PROGRESS_MS) return;
    saidMs = performance.now();
    say(`${done} of ${count} seeds, ${rate()}`);
  };
  const threads = Math.min(options.threads ?? os.availableParallelism(), count);
  const nextSeed = (): number | null => (next < first + count ? next++ : null);
  await Promise.all(Array.from({ length: threads }, () => runThread(subject, nextSeed, take)));
  return summarise();

  function mean(sum: number): string {
    return (sum / Math.max(1, done)).toFixed(1);
  }

  function faults(): number {
    let sum = 0;
    for (const [name, hits] of probes.counts) if (name.startsWith('fault: ')) sum += hits;
    return sum;
  }

  function summarise(): CampaignResult {
    const summary = [
      `${done} seeds from ${first}, ${failures.length} failed, ${rate()}`,
      `a seed on average: ${mean(virtualMs / 60_000)} virtual minutes, ${mean(calls)} requests, ` +
        `${mean(txns)} transactions, ${mean(faults())} faults`,
      ...[...probes.counts].sort().map(([name, hits]) => `  ${String(hits).padStart(8)}  ${name}`),
    ];
    const expected = subject.kind === 'ring' ? expectedOfRings(count) : expectedOf(count);
    const missed =
      subject.wishes.members === undefined
        ? expected.filter((name) => !probes.counts.has(name))
        : [];
    for (const name of missed) summary.push(`not reached: ${name}`);
    failures.sort((a, b) => a.seed - b.seed);
    for (const { seed, failure } of failures.slice(0, FAILURES_SHOWN))
      summary.push(`FAILED seed ${seed}, ${failure!.kind}: ${failure!.message.split('\n')[0]}`);
    const worst = failures[0]?.failure?.kind ?? (missed.length > 0 ? 'probes' : null);
    return { summary, exitCode: worst === null ? 0 : FAILURE_CODES[worst] };
  }
}

function runThread(
  subject: Subject,
  nextSeed: () => number | null,
  take: (result: SeedResult) => void,
): Promise<void> {
  return new Promise((resolve, reject) => {
    const worker = new Worker(new URL('thread.ts', import.meta.url), { workerData: subject });
    let current: number | null = null;
    const go = (): void => {
      current = nextSeed();
      worker.postMessage(current);
    };
    worker.on('message', (result: SeedResult) => {
      take(result);
      go();
    });
    // What no run catches, a rejection nobody handles for one, ends the thread; the seed is known all the same.
    worker.on('error', (error: unknown) => {
      take({
        seed: current ?? 0,
        failure: { kind: 'exception', message: failureOf(error).message },
        virtualMs: 0,
        calls: 0,
        txns: 0,
        probes: [],
      });
      runThread(subject, nextSeed, take).then(resolve, reject);
    });
    worker.on('exit', (code) => {
      if (code === 0) resolve();
    });
    go();
  });
}
