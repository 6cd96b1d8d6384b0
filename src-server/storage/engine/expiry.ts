/**
 * Keys in the order in which they expire: a heap of (second, hash) over one typed array.
 *
 * A key that is written again or deleted leaves its old item behind; whoever reads the heap asks the table whether an item
 * still holds. When more than half of the items do not, the heap is made anew from the table.
 */
import type { KeyTable } from './key-table.ts';

const ITEMS_MIN = 16;

export class Expiry {
  readonly #table: KeyTable;
  /** Second and hash, by turns. */
  #items = new Uint32Array(ITEMS_MIN * 2);
  #length = 0;
  /** Keys in the table that expire. */
  #keys = 0;

  constructor(table: KeyTable) {
    this.#table = table;
  }

  get memoryBytes(): number {
    return this.#items.byteLength;
  }

  /** A slot with this second came into the table. */
  added(second: number, hash: number): void {
    if (second === 0) return;
    this.#keys++;
    this.#push(second, hash);
  }

  /** A slot with this second left it. */
  removed(second: number): void {
    if (second === 0) return;
    this.#keys--;
    if (this.#length > this.#keys * 2 + ITEMS_MIN) this.#rebuild();
  }

  clear(): void {
    this.#items = new Uint32Array(ITEMS_MIN * 2);
    this.#length = 0;
    this.#keys = 0;
  }

  /** Hashes of keys that expire in this second or before, soonest first; at most so many. */
  due(
    second: number,
    count: number,
  ): readonly { readonly second: number; readonly hash: number }[] {
    const found: { second: number; hash: number }[] = [];
    while (this.#length > 0 && found.length < count && this.#items[0]! <= second) {
      const item = { second: this.#items[0]!, hash: this.#items[1]! };
      this.#pop();
      const last = found.at(-1);
      const isTwice = last !== undefined && last.hash === item.hash && last.second === item.second;
      if (!isTwice && this.#holds(item.second, item.hash)) found.push(item);
    }
    // They are due until they are deleted.
    for (const item of found) this.#push(item.second, item.hash);
    return found;
  }

  #holds(second: number, hash: number): boolean {
    const table = this.#table;
    for (let at = table.first(hash); at >= 0; at = table.sibling(at))
      if (table.expiresAtS(at) === second) return true;
    return false;
  }

  #rebuild(): void {
    const table = this.#table;
    this.#length = 0;
    if (this.#items.length > (this.#keys + ITEMS_MIN) * 8)
      this.#items = new Uint32Array((this.#keys + ITEMS_MIN) * 2);
    for (let at = table.from(0); at >= 0; at = table.after(at)) {
      const second = table.expiresAtS(at);
      if (second !== 0) this.#push(second, table.hash(at));
    }
  }

  #push(second: number, hash: number): void {
    if ((this.#length + 1) * 2 > this.#items.length) {
      const grown = new Uint32Array(this.#items.length * 2);
      grown.set(this.#items);
      this.#items = grown;
    }
    const items = this.#items;
    let at = this.#length++;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (!isBefore(second, hash, items[parent * 2]!, items[parent * 2 + 1]!)) break;
      items[at * 2] = items[parent * 2]!;
      items[at * 2 + 1] = items[parent * 2 + 1]!;
      at = parent;
    }
    items[at * 2] = second;
    items[at * 2 + 1] = hash;
  }

  #pop(): void {
    const items = this.#items;
    const length = --this.#length;
    const second = items[length * 2]!;
    const hash = items[length * 2 + 1]!;
    let at = 0;
    for (let child = 1; child < length; child = at * 2 + 1) {
      const right = child + 1;
      const least =
        right < length &&
        isBefore(items[right * 2]!, items[right * 2 + 1]!, items[child * 2]!, items[child * 2 + 1]!)
          ? right
          : child;
      if (!isBefore(items[least * 2]!, items[least * 2 + 1]!, second, hash)) break;
      items[at * 2] = items[least * 2]!;
      items[at * 2 + 1] = items[least * 2 + 1]!;
      at = least;
    }
    items[at * 2] = second;
    items[at * 2 + 1] = hash;
  }
}

function isBefore(second: number, hash: number, otherSecond: number, otherHash: number): boolean {
  return second < otherSecond || (second === otherSecond && hash < otherHash);
}
