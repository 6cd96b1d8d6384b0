/**
 * Memory for long-lived payloads (names and data of nodes) outside the garbage collector's reach.
 *
 *   slab (256 KiB, one size class each)          handle (32 bits)
 *   ┌────────┬────────┬────────┬───┬──────┐      ┌──────────────────┬──────────────┐
 *   │ cell 0 │ cell 1 │ cell 2 │ … │ rest │      │ slab, 18 bits    │ offset / 16  │
 *   └────────┴────────┴────────┴───┴──────┘      └──────────────────┴──────────────┘
 *
 * A payload gets a cell of the smallest class that holds it; a freed cell goes back to its class. Payloads above 64 KiB get
 * a slab of their own, which is dropped when they are freed. An owner keeps the handle and the length.
 *
 * Measured for 100-byte payloads: a Buffer each takes about 600 resident bytes, a cell 112.
 */
import { assert } from './assert.ts';

/** Where a payload lies; 0 is "nothing stored". */
export type Handle = number;

export const NOTHING: Handle = 0;

const SLAB_BYTES = 0x4_0000;
const OFFSET_BITS = 14;
const OFFSET_MASK = (1 << OFFSET_BITS) - 1;
const SLABS_MAX = 1 << 18;
const GRAIN = 16;
const FINE_MAX = 256;
const CELL_MAX = 0x1_0000;

/** Cell sizes: multiples of 16 up to 256, then steps of about a quarter, so at most a fifth of a large cell is idle. */
const CLASS_BYTES: readonly number[] = cellSizes();

export class Arena {
  readonly #slabs: (Uint8Array | undefined)[] = [];
  /** Class of each slab, −1 for the slab of one large payload. */
  readonly #classOfSlab: number[] = [];
  readonly #freeCells: Handle[][] = CLASS_BYTES.map(() => []);
  readonly #freeSlabs: number[] = [];
  /** Where the next fresh cell of each class is cut: slab and offset. */
  readonly #openSlab: Int32Array = new Int32Array(CLASS_BYTES.length).fill(-1);
  readonly #openOffset: Int32Array = new Int32Array(CLASS_BYTES.length);
  #reserved = 0;

  constructor() {
    // Slab 0 stays empty so that no payload has the handle NOTHING.
    this.#slabs.push(undefined);
    this.#classOfSlab.push(-1);
  }

  /** Bytes taken from the system, used or not. */
  get reservedBytes(): number {
    return this.#reserved;
  }

  /** Room for `length` bytes; the caller writes them through `bytesOf` and `offsetOf`. */
  allocate(length: number): Handle {
    if (length === 0) return NOTHING;
    if (length > CELL_MAX) return this.#allocateLarge(length);
    const cls = classFor(length);
    const freed = this.#freeCells[cls]!.pop();
    if (freed !== undefined) return freed;
    return this.#cutCell(cls);
  }

  /** Stores a copy of `source[start, start + length)`. */
  store(source: Uint8Array, start: number, length: number): Handle {
    const handle = this.allocate(length);
    if (length > 0) copyBytes(source, start, this.bytesOf(handle), this.offsetOf(handle), length);
    return handle;
  }

  /**
   * Replaces a payload, in place where the new length has the same class.
   * @returns the handle to keep from now on
   */
  replace(
    handle: Handle,
    oldLength: number,
    source: Uint8Array,
    start: number,
    length: number,
  ): Handle {
    const fits =
      handle !== NOTHING &&
      length > 0 &&
      length <= CELL_MAX &&
      oldLength <= CELL_MAX &&
      classFor(length) === classFor(oldLength);
    if (!fits) {
      this.free(handle, oldLength);
      return this.store(source, start, length);
    }
    copyBytes(source, start, this.bytesOf(handle), this.offsetOf(handle), length);
    return handle;
  }

  free(handle: Handle, length: number): void {
    if (handle === NOTHING) return;
    const slab = handle >>> OFFSET_BITS;
    const cls = this.#classOfSlab[slab]!;
    if (cls >= 0) {
      assert(classFor(length) === cls, 'a cell is freed with the length it was stored with');
      this.#freeCells[cls]!.push(handle);
      return;
    }
    this.#reserved -= this.#slabs[slab]!.length;
    this.#slabs[slab] = undefined;
    this.#freeSlabs.push(slab);
  }

  bytesOf(handle: Handle): Uint8Array {
    return this.#slabs[handle >>> OFFSET_BITS]!;
  }

  offsetOf(handle: Handle): number {
    return (handle & OFFSET_MASK) * GRAIN;
  }

  #cutCell(cls: number): Handle {
    const cell = CLASS_BYTES[cls]!;
    let slab = this.#openSlab[cls]!;
    let offset = this.#openOffset[cls]!;
    if (slab < 0 || offset + cell > SLAB_BYTES) {
      slab = this.#addSlab(SLAB_BYTES, cls);
      offset = 0;
      this.#openSlab[cls] = slab;
    }
    this.#openOffset[cls] = offset + cell;
    return makeHandle(slab, offset);
  }

  #allocateLarge(length: number): Handle {
    return makeHandle(this.#addSlab(length, -1), 0);
  }

  #addSlab(bytes: number, cls: number): number {
    const slab = this.#freeSlabs.pop() ?? this.#slabs.length;
    assert(slab < SLABS_MAX, 'the arena has a handle for every slab');
    this.#slabs[slab] = new Uint8Array(bytes);
    this.#classOfSlab[slab] = cls;
    this.#reserved += bytes;
    return slab;
  }
}

/** Short copies in a loop, because `subarray` and `set` cost more than forty bytes do. */
export function copyBytes(
  source: Uint8Array,
  start: number,
  target: Uint8Array,
  at: number,
  length: number,
): void {
  if (length <= 48) {
    for (let i = 0; i < length; i++) target[at + i] = source[start + i]!;
  } else {
    target.set(source.subarray(start, start + length), at);
  }
}

function makeHandle(slab: number, offset: number): Handle {
  return ((slab << OFFSET_BITS) | (offset / GRAIN)) >>> 0;
}

function cellSizes(): number[] {
  const sizes: number[] = [];
  for (let size = GRAIN; size <= FINE_MAX; size += GRAIN) sizes.push(size);
  for (let size = FINE_MAX; size < CELL_MAX;) {
    size = Math.min(CELL_MAX, Math.ceil((size * 1.25) / GRAIN) * GRAIN);
    sizes.push(size);
  }
  return sizes;
}

function classFor(length: number): number {
  if (length <= FINE_MAX) return ((length + GRAIN - 1) >> 4) - 1;
  let low = FINE_MAX / GRAIN;
  let high = CLASS_BYTES.length - 1;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (CLASS_BYTES[middle]! < length) low = middle + 1;
    else high = middle;
  }
  return low;
}
