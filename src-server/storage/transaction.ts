/**
 * One command over the keys of a partition, as it runs: it sees the newest that was appended, and its own changes before that.
 * What it changed becomes the body of one entry; from what it saw follows for which entry its answer must wait.
 *
 *   entries   … 41 42 │ 43 44      a key that 43 touched was read: nobody may hear of it before 43 is committed
 *           committed │ not yet
 */
import { BODY_BYTES_MAX, BodyReader, BodyWriter, OpKind } from './engine/body.ts';
import { type Damage, EngineDamage, type Store } from './engine/engine.ts';
import type { Found, Transaction } from './resp/ports.ts';

/** Used again and again: what one work wrote is gone with the next `begin`. */
export class KeyTransaction implements Transaction {
  readonly #bytesMax: number;
  readonly #writer = new BodyWriter();
  readonly #reader = new BodyReader();
  #store: Store | null = null;
  nowMs = 0;
  /** The answer waits until this entry is committed; 0: for nothing. */
  waitSeq = 0;
  /** Bytes that were asked for are not what was written: nothing of this may be answered. */
  damage: Damage | null = null;
  /** It changes more than one entry holds: none of it may be. */
  isTooLarge = false;

  /** @param bytesMax of all that it may change at once */
  constructor(bytesMax = BODY_BYTES_MAX) {
    this.#bytesMax = bytesMax;
  }

  begin(store: Store, nowMs: number): void {
    this.#store = store;
    this.#writer.clear();
    this.nowMs = nowMs;
    this.waitSeq = 0;
    this.damage = null;
    this.isTooLarge = false;
  }

  get hasChanges(): boolean {
    return this.#writer.ops > 0;
  }

  /** Of the changes; lent until the next `begin`. */
  get body(): Uint8Array {
    return this.#writer.view();
  }

  get(key: Uint8Array): Found | null {
    if (this.#writer.ops > 0) {
      const own = this.#ownChange(key);
      if (own !== undefined) return own;
    }
    const store = this.#store!;
    const pending = store.pendingSeq(key);
    if (pending > this.waitSeq) this.waitSeq = pending;
    const found = this.#stored(store, key);
    return found === null || isOver(found.expiresAtMs, this.nowMs) ? null : found;
  }

  #stored(store: Store, key: Uint8Array): Found | null {
    try {
      return store.get(key);
    } catch (error) {
      if (!(error instanceof EngineDamage)) throw error;
      this.damage = error.damage;
      return null;
    }
  }

  put(key: Uint8Array, value: Uint8Array, expiresAtMs: number): void {
    if (this.#hasRoomFor(key, value)) this.#writer.put(key, value, expiresAtMs);
  }

  delete(key: Uint8Array): void {
    if (this.#hasRoomFor(key, NO_BYTES)) this.#writer.delete(key);
  }

  #hasRoomFor(key: Uint8Array, value: Uint8Array): boolean {
    this.isTooLarge ||= this.#writer.lengthWith(key, value) > this.#bytesMax;
    return !this.isTooLarge;
  }

  /** The last one of this key; undefined where there is none, null where it is gone by it. */
  #ownChange(key: Uint8Array): Found | null | undefined {
    const reader = this.#reader.over(this.#writer.view());
    let own: Found | null | undefined;
    while (reader.nextUnchecked()) {
      if (!isSame(reader.key(), key)) continue;
      const { expiresAtMs } = reader;
      const isGone = reader.kind === OpKind.delete || isOver(expiresAtMs, this.nowMs);
      // Whoever watches the key sees that it is not what it was.
      own = isGone ? null : { value: reader.value(), expiresAtMs, seq: this.#store!.lastSeq + 1 };
    }
    return own;
  }
}

const NO_BYTES = new Uint8Array(0);

function isOver(expiresAtMs: number, nowMs: number): boolean {
  return expiresAtMs !== 0 && expiresAtMs <= nowMs;
}

function isSame(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}
