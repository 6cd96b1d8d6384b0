/**
 * What an ensemble agreed on, and that everybody did: one history, from the logs of all disks.
 *
 *   10·1 ─ 10·2 ─ 10·3 ─ 20·1 ─ 20·2        the history, walked back from where all logs end
 *              └─ 10·3' never decided: proposed to too few, cut from their logs later
 *
 * Agreement: no zxid says two things, and every epoch's first transaction follows the same one everywhere. Integrity and
 * primary order: every log, as it is when all is quiet, is a piece of that history without a hole.
 */
import type { SimDisk } from '../disk.ts';
import { type Copy, type Entry, type Ledger, mergeCopies } from '../ledger.ts';
import { fail } from './evidence.ts';
import { DATA_DIR } from '../cluster.ts';

const EPOCH = 0x1_0000_0000;

export function agreedLedger(parts: {
  /** As they are when all is quiet. */
  readonly logs: readonly Copy[];
  /** As they were at earlier times. */
  readonly removed: readonly Copy[];
  readonly disks: readonly SimDisk[];
}): Ledger {
  const { logs, removed, disks } = parts;
  const all = mergeCopies([...removed, ...logs]);
  const before = new Before();
  for (const { name, entries } of [...removed, ...logs]) {
    for (const [i, entry] of entries.entries()) {
      const previous = entries[i - 1];
      if (previous !== undefined && isFirst(entry)) before.note(entry.zxid, previous.zxid, name);
    }
  }
  // A log that begins with an epoch's first transaction follows the snapshot that its disk began with.
  for (const [i, { name, entries }] of logs.entries()) {
    const first = entries[0];
    if (first === undefined || !isFirst(first)) continue;
    const base = snapshotsOf(disks[i]!).findLast((zxid) => zxid < first.zxid);
    if (base !== undefined) before.note(first.zxid, base, `${name}'s snapshot`);
  }
  const ledger = walkBack(
    all,
    before,
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

  note(first: number, zxid: number, name: string): void {
    const known = this.#zxids.get(first);
    if (known === undefined) this.#zxids.set(first, { zxid, name });
    else if (known.zxid !== zxid)
      fail('agreement', `${first} follows ${known.zxid} in ${known.name} and ${zxid} in ${name}`);
  }

  get(first: number): number | undefined {
    return this.#zxids.get(first)?.zxid;
  }
}

function walkBack(all: ReadonlyMap<number, Entry>, before: Before, last: number): Ledger {
  const history: Entry[] = [];
  for (let zxid = last; zxid > 0;) {
    const entry = all.get(zxid);
    if (entry === undefined) {
      // An epoch that decided nothing leaves no transaction, only a snapshot that bears its name.
      if (zxid % EPOCH === 0) break;
      fail('agreement', `no log has ${zxid}, which ${history.at(-1)?.zxid ?? 'nothing'} follows`);
    }
    history.push(entry);
    const previous = isFirst(entry) ? before.get(zxid) : zxid - 1;
    if (previous === undefined) fail('agreement', `no log says what ${zxid} follows`);
    zxid = previous;
  }
  return new Map(history.reverse().map((entry) => [entry.zxid, entry]));
}

function isFirst({ zxid }: Entry): boolean {
  return zxid % EPOCH === 1;
}

function snapshotsOf(disk: SimDisk): number[] {
  return disk
    .list(`${DATA_DIR}/version-2`)
    .flatMap(({ name }) => {
      const hex = /^snapshot\.([0-9a-f]+)$/.exec(name)?.[1];
      return hex === undefined ? [] : [Number.parseInt(hex, 16)];
    })
    .sort((a, b) => a - b);
}
