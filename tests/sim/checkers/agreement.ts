/**
 * What an ensemble agreed on, and that everybody did: one history, from the logs of all disks.
 *
 *   10·1 ─ 10·2 ─ 10·3 ─ 20·1 ─ 20·2        the history, walked back from where all logs end
 *              └─ 10·3' never decided: proposed to too few, cut from their logs later
 *
 * Agreement: no zxid says two things, and every epoch's first transaction follows the same one everywhere. Integrity and
 * primary order: every log, as it is when all is quiet, is a piece of that history without a hole.
 */
import { type Copy, type Entry, type Ledger, mergeCopies } from '../ledger.ts';
import { fail } from './evidence.ts';

const EPOCH = 0x1_0000_0000;

/**
 * @param logs as they are when all is quiet; removed: as they were at earlier times, and of who does not belong to the
 *   ensemble any more
 * @param initialCounter the one before the first of every epoch
 */
export function agreedLedger(
  logs: readonly Copy[],
  removed: readonly Copy[],
  initialCounter = 0,
): Ledger {
  const isFirst = ({ zxid }: Entry): boolean => zxid % EPOCH === initialCounter + 1;
  const all = mergeCopies([...removed, ...logs]);
  const before = new Before();
  for (const { name, entries, snapshots } of [...removed, ...logs]) {
    for (const [i, entry] of entries.entries()) {
      if (!isFirst(entry)) continue;
      const previous = entries[i - 1]?.zxid;
      const base = baseOf(entry.zxid, snapshots);
      if (previous !== undefined && !hasHole(snapshots, previous, entry.zxid))
        before.note(entry.zxid, previous, name);
      else if (base !== undefined) before.suppose(entry.zxid, base);
    }
  }
  const ledger = walkBack(
    all,
    { before, isFirst, initialCounter },
    Math.max(0, ...logs.flatMap(({ entries }) => entries.at(-1)?.zxid ?? 0)),
  );
  for (const { name, entries } of logs) {
    const stray = entries.find(({ zxid }) => !ledger.has(zxid));
    if (stray !== undefined)
      fail('agreement', `${name} still has ${stray.zxid}, which was never decided: ${stray.text}`);
    for (const [i, { zxid }] of entries.entries())
      if (i > 0 && entries[i - 1]!.zxid >= zxid)
        fail('agreement', `${name} has ${zxid} after ${entries[i - 1]!.zxid}`);
  }
  return ledger;
}

/** What each epoch's first transaction follows. */
class Before {
  readonly #zxids = new Map<number, { readonly zxid: number; readonly name: string }>();
  readonly #supposed = new Map<number, number>();

  note(first: number, zxid: number, name: string): void {
    const known = this.#zxids.get(first);
    if (known === undefined) this.#zxids.set(first, { zxid, name });
    else if (known.zxid !== zxid)
      fail('agreement', `${first} follows ${known.zxid} in ${known.name} and ${zxid} in ${name}`);
  }

  /** A log that begins with an epoch's first transaction follows a snapshot, unless files before it are being removed. */
  suppose(first: number, zxid: number): void {
    this.#supposed.set(first, Math.max(zxid, this.#supposed.get(first) ?? 0));
  }

  get(first: number): number | undefined {
    return this.#zxids.get(first)?.zxid ?? this.#supposed.get(first);
  }
}

interface Walk {
  readonly before: Before;
  readonly isFirst: (entry: Entry) => boolean;
  readonly initialCounter: number;
}

function walkBack(all: ReadonlyMap<number, Entry>, parts: Walk, last: number): Ledger {
  const { before, isFirst, initialCounter } = parts;
  const history: Entry[] = [];
  for (let zxid = last; zxid > 0;) {
    const entry = all.get(zxid);
    if (entry === undefined) {
      // An epoch that decided nothing leaves no transaction, only a snapshot that bears its name.
      if (zxid % EPOCH === 0 || zxid % EPOCH === initialCounter) break;
      fail('agreement', `no log has ${zxid}, which ${history.at(-1)?.zxid ?? 'nothing'} follows`);
    }
    history.push(entry);
    const previous = isFirst(entry) ? before.get(zxid) : zxid - 1;
    if (previous === undefined) fail('agreement', `no log says what ${zxid} follows`);
    zxid = previous;
  }
  return new Map(history.reverse().map((entry) => [entry.zxid, entry]));
}

/** The snapshot that a log may go on from. One that bears the name of an epoch does not say what came before, if another does. */
function baseOf(first: number, snapshots: readonly number[]): number | undefined {
  const older = snapshots.filter((zxid) => zxid < first);
  return older.findLast((zxid) => zxid % EPOCH !== 0) ?? older.at(-1);
}

/** Apache's members log nothing of what a leader brings them up to date with, and save a snapshot of it. */
function hasHole(snapshots: readonly number[], previous: number, first: number): boolean {
  return snapshots.some((zxid) => zxid > previous && zxid < first);
}
