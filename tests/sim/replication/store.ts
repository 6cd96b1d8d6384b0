/**
 * One partition on a simulated disk: its log, and the keys that committed entries add up to. Everything that changes it is an
 * operation, so that a crash can take back those that were not synced.
 */
import { assert } from '../../../src-server/base/assert.ts';
import type {
  Copying,
  EpochStart,
  LogEntry,
  LogFacts,
} from '../../../src-server/storage/replication/messages.ts';

export type StoreOperation =
  | { readonly kind: 'append'; readonly entries: readonly LogEntry[] }
  | { readonly kind: 'commit' | 'truncate' | 'compact'; readonly seq: number }
  | { readonly kind: 'beginInstall'; readonly copying: Copying }
  | {
      readonly kind: 'chunk';
      readonly cursor: number;
      readonly keys: readonly (readonly [number, number])[];
    }
  | { readonly kind: 'endInstall' };

export const KEYS = 8;

/** What an entry does: it writes its own number under a key. Nothing for the first entry of an epoch. */
export function writeOf({ body }: LogEntry): { readonly key: number; readonly id: number } | null {
  if (body.length === 0) return null;
  return { key: body[0]!, id: new DataView(body.buffer).getUint32(1) };
}

export function bodyOf(id: number): Uint8Array {
  const body = new Uint8Array(5);
  body[0] = id % KEYS;
  new DataView(body.buffer).setUint32(1, id);
  return body;
}

export class SimStore {
  entries: LogEntry[] = [];
  /** Of the entry before the first that is kept. */
  baseSeq = 0;
  committedSeq = 0;
  epochs: EpochStart[] = [];
  installing: Copying | null = null;
  readonly keys = new Map<number, number>();

  get lastSeq(): number {
    return this.baseSeq + this.entries.length;
  }

  get facts(): LogFacts {
    const { lastSeq, committedSeq, installing } = this;
    const isWhole = installing === null;
    const facts = { lastSeq, lastEpoch: this.epochs.at(-1)?.epoch ?? 0, committedSeq };
    return { ...facts, epochs: [...this.epochs], isWhole, copying: installing };
  }

  entryAt(seq: number): LogEntry | null {
    return this.entries[seq - this.baseSeq - 1] ?? null;
  }

  read(fromSeq: number, toSeq: number, countMax: number): LogEntry[] | 'gone' {
    if (fromSeq <= this.baseSeq) return 'gone';
    const start = fromSeq - this.baseSeq - 1;
    return this.entries.slice(start, Math.min(start + countMax, toSeq - this.baseSeq));
  }

  apply(operation: StoreOperation): void {
    switch (operation.kind) {
      case 'append':
        for (const entry of operation.entries) this.#append(entry);
        return;
      case 'commit':
        for (let seq = this.committedSeq + 1; seq <= operation.seq; seq++) {
          const write = writeOf(this.entryAt(seq)!);
          if (write !== null) this.keys.set(write.key, write.id);
        }
        this.committedSeq = Math.max(this.committedSeq, operation.seq);
        return;
      case 'truncate':
        assert(operation.seq >= this.committedSeq, 'a store keeps what is committed');
        this.entries.length = operation.seq - this.baseSeq;
        this.epochs = this.epochs.filter(({ startSeq }) => startSeq <= operation.seq);
        return;
      case 'compact':
        this.entries.splice(0, operation.seq - this.baseSeq);
        this.baseSeq = operation.seq;
        return;
      case 'beginInstall':
        this.entries = [];
        this.baseSeq = this.committedSeq = 0;
        this.epochs = [];
        this.keys.clear();
        this.installing = operation.copying;
        return;
      case 'chunk':
        for (const [key, id] of operation.keys) this.keys.set(key, id);
        this.installing = { ...this.installing!, cursor: operation.cursor };
        return;
      case 'endInstall': {
        const { baseSeq, epochs } = this.installing!;
        this.baseSeq = this.committedSeq = baseSeq;
        this.epochs = [...epochs];
        this.installing = null;
      }
    }
  }

  #append(entry: LogEntry): void {
    assert(entry.seq === this.lastSeq + 1, 'a store has no holes');
    if (entry.epoch > (this.epochs.at(-1)?.epoch ?? 0)) {
      this.epochs.push({ epoch: entry.epoch, startSeq: entry.seq });
    }
    this.entries.push(entry);
  }
}
