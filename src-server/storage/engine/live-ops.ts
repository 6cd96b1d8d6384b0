/** The ops of a segment that a table still points at: what must not go when the segment goes. */
import { BodyReader, OpKind } from './body.ts';
import { hasOps } from './hints.ts';
import { hashOf } from './key-hash.ts';
import type { PartitionStore } from './partition-store.ts';
import { RECORD_HEADER_BYTES } from './record.ts';
import type { CursorStep, RecordCursor } from './record-cursor.ts';

export type VisitLiveOp = (store: PartitionStore, at: number, op: Uint8Array) => void;

export class LiveOps {
  readonly #stores: ReadonlyMap<number, PartitionStore>;
  readonly #op = new BodyReader();

  constructor(stores: ReadonlyMap<number, PartitionStore>) {
    this.#stores = stores;
  }

  /** Goes to the next record, and visits its ops that count, each with its place in the table. */
  step(cursor: RecordCursor, visit: VisitLiveOp): CursorStep {
    const step = cursor.next();
    if (step !== 'record' || !hasOps(cursor.header.kind)) return step;
    const store = this.#stores.get(cursor.header.partition);
    if (store === undefined) return step;
    const { keys } = store;
    const op = this.#op.over(cursor.body, cursor.offset + RECORD_HEADER_BYTES);
    while (op.next()) {
      if (op.kind !== OpKind.put) continue;
      const hash = hashOf(op.bytes, op.keyAt, op.valueAt);
      const at = keys.placeOf(hash, cursor.segment.number, op.place);
      if (at >= 0 && keys.table.crc(at) === op.crc)
        visit(store, at, op.bytes.subarray(op.start, op.end));
    }
    return step;
  }
}

/** Whether a segment may leave the log as soon as nothing in it counts: no entry in it may yet be taken back or brought back. */
export function mayLeave(segmentEnd: number, stores: Iterable<PartitionStore>): boolean {
  for (const store of stores) if (store.neededFrom().uncommitted < segmentEnd) return false;
  return true;
}

/** Whether a replica that lags may need entries of it. */
export function isKept(segmentEnd: number, stores: Iterable<PartitionStore>): boolean {
  for (const store of stores) if (store.neededFrom().kept < segmentEnd) return true;
  return false;
}
