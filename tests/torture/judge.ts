/**
 * Judgement of a run: what the writers recorded against what the members' logs say, by the simulator's checkers.
 *
 *   record ──▶ history ─┐
 *                       ├─▶ model of the tree ─▶ durability, order, results, reads, sessions ─▶ every member's disk
 *   logs ────▶ ledger ──┘
 */
import { NodeClock } from '../../src-server/platform/node/clock.ts';
import { NodeDisk } from '../../src-server/platform/node/disk.ts';
import { agreedLedger } from '../sim/checkers/agreement.ts';
import { checkDisk } from '../sim/checkers/digest.ts';
import { checkDurability, checkOrder } from '../sim/checkers/durability.ts';
import { Evidence } from '../sim/checkers/evidence.ts';
import { checkReads } from '../sim/checkers/reads.ts';
import { checkResults } from '../sim/checkers/results.ts';
import { checkSessions } from '../sim/checkers/sessions.ts';
import { copyOf, type Ledger } from '../sim/ledger.ts';
import { Probes } from '../sim/probes.ts';
import { archivedCopies } from './archive.ts';
import type { Recorded } from './record.ts';

/** What a member leaves, once it writes no more. */
export interface Remains {
  readonly name: string;
  readonly dataDir: string;
  /** The logs that it had (archive.ts). */
  readonly archive: string;
}

export interface Verdict {
  readonly transactions: number;
  readonly epochs: number;
  /** What the run got to, as the checkers saw it. */
  readonly reached: ReadonlyMap<string, number>;
}

/** @throws Failure with the first thing that is not as it has to be */
export function judge(recorded: Recorded, members: readonly Remains[]): Verdict {
  const disk = Object.assign(new NodeDisk(), { clock: new NodeClock() });
  const logs = members.map(({ name, dataDir }) => copyOf(disk, dataDir, name));
  const archived = members.flatMap(({ name, archive }) =>
    archivedCopies(archive, name, disk.clock),
  );
  const ledger = agreedLedger(logs, archived);
  const { evidence, verdict } = judgeHistory(recorded, ledger);
  for (const { name, dataDir } of members) checkDisk(evidence, { disk, dataDir }, name);
  return verdict;
}

/** As far as it can be told from what was decided, whatever stands on the disks. */
export function judgeHistory(
  recorded: Recorded,
  ledger: Ledger,
): { readonly evidence: Evidence; readonly verdict: Verdict } {
  const probes = new Probes();
  const evidence = new Evidence({
    history: recorded.history,
    ledger,
    probes,
    isAlone: false,
    peaceAt: recorded.peaceAt,
    touchLagMs: null,
  });
  checkDurability(evidence);
  checkOrder(evidence);
  checkResults(evidence);
  checkReads(evidence);
  checkSessions(evidence, recorded.living);
  const epochs = new Set([...ledger.keys()].map((zxid) => Math.floor(zxid / 2 ** 32))).size;
  return { evidence, verdict: { transactions: ledger.size, epochs, reached: probes.counts } };
}
