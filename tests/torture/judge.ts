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
import { type Copy, copyOf, type Ledger } from '../sim/ledger.ts';
import { Probes } from '../sim/probes.ts';
import { archivedCopies } from './archive.ts';
import type { MemberKind } from './members.ts';
import type { Recorded } from './record.ts';

/** What a member leaves, once it writes no more. */
export interface Remains {
  readonly name: string;
  readonly kind: MemberKind;
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
  const logs: Copy[] = [];
  const archived: Copy[] = [];
  for (const { name, kind, dataDir, archive } of members) {
    const copy = copyOf(disk, dataDir, name);
    const before = archivedCopies(archive, name, disk.clock);
    if (kind === 'apache') {
      archived.push(...before.map((file) => asApacheWrote(file, copy.snapshots)));
      logs.push(whatApacheReads(copy));
    } else {
      archived.push(...before);
      logs.push(copy);
    }
  }
  const ledger = agreedLedger(logs, archived);
  const { evidence, verdict } = judgeHistory(recorded, ledger);
  for (const { name, dataDir } of members) checkDisk(evidence, { disk, dataDir }, name);
  return verdict;
}

/** Apache's members log again what they are sent again, and of what they are brought up to date with have snapshots only. */
function asApacheWrote(copy: Copy, snapshots: readonly number[]): Copy {
  const seen = new Set<string>();
  const isNew = (line: string): boolean => seen.size < seen.add(line).size;
  return {
    ...copy,
    entries: copy.entries
      .filter(({ zxid, text }) => isNew(`${zxid} ${text}`))
      .sort((a, b) => a.zxid - b.zxid),
    snapshots: [...copy.snapshots, ...snapshots].sort((a, b) => a - b),
  };
}

/** What a restart would read of it: before its newest snapshot the log keeps what a leader's snapshot replaced. */
function whatApacheReads(copy: Copy): Copy {
  const newest = copy.snapshots.at(-1) ?? 0;
  const { entries, ...rest } = asApacheWrote(copy, []);
  return { ...rest, entries: entries.filter(({ zxid }) => zxid > newest) };
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
