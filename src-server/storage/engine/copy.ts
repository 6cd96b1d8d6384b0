/**
 * The committed keys of a partition in pieces, for a replica that begins.
 *
 *   keys show      a, b′, d            uncommitted: b → b′, c deleted, d added
 *   committed are  a, b, c
 *
 * An uncommitted change may yet be taken back, and nothing would take it back in a copy; so a copy shows each key as its last
 * committed entry left it (E8). Pieces are of different moments: entries since the copy began even that out, as they are repeated
 * on top of it.
 */
import { HASHES } from './key-hash.ts';
import type { Slot } from './key-table.ts';
import { cursorAfter, type PartitionKeys } from './partition-keys.ts';
import type { Chunk } from './store.ts';
import type { Change, Uncommitted } from './uncommitted.ts';

export function gatherCommitted(
  keys: PartitionKeys,
  uncommitted: Uncommitted,
  cursor: number,
  maxBytes: number,
): Chunk {
  const changes = changesFrom(cursor, uncommitted);
  const changed = [...changes.keys()].sort((a, b) => a - b);
  const { table } = keys;
  const ops: Uint8Array[] = [];
  let bytes = 0;
  let at = cursor < HASHES ? table.from(cursor) : -1;
  let nextChanged = 0;
  while (at >= 0 || nextChanged < changed.length) {
    const hash = Math.min(at >= 0 ? table.hash(at) : HASHES, changed[nextChanged] ?? HASHES);
    for (const slot of committedSlots(keys, hash, changes.get(hash) ?? [])) {
      const op = keys.readSlot(slot.segment, slot.offset, slot.length, slot.crc);
      ops.push(op);
      bytes += op.length;
    }
    while (at >= 0 && table.hash(at) === hash) at = table.after(at);
    if (changed[nextChanged] === hash) nextChanged++;
    if (bytes >= maxBytes && (at >= 0 || nextChanged < changed.length))
      return { cursor: cursorAfter(hash), bytes: Buffer.concat(ops) };
  }
  return { cursor: 0, bytes: Buffer.concat(ops) };
}

/** What is uncommitted from a hash on, by hashes, newest first. */
function changesFrom(cursor: number, uncommitted: Uncommitted): Map<number, Change[]> {
  const changes = new Map<number, Change[]>();
  for (const change of uncommitted.changes()) {
    if (change.hash < cursor) continue;
    const ofHash = changes.get(change.hash);
    if (ofHash === undefined) changes.set(change.hash, [change]);
    else ofHash.push(change);
  }
  return changes;
}

/** What a hash would show were everything uncommitted taken back. */
function committedSlots(
  { table }: PartitionKeys,
  hash: number,
  changes: readonly Change[],
): Slot[] {
  let slots: Slot[] = [];
  for (let at = table.first(hash); at >= 0; at = table.sibling(at)) slots.push(table.slot(at));
  for (const { made, prior } of changes) {
    if (made !== null)
      slots = slots.filter(
        ({ segment, offset }) => segment !== made.segment || offset !== made.offset,
      );
    if (prior !== null) slots.push(prior);
  }
  return slots;
}
