/** Bytes one after the other, from wherever they are read; bits of them, lowest first, for who packed so. */

/** What is packed is not what it says it is. */
export class BadPacking extends Error {
  override readonly name = 'BadPacking';
}

const PIECE_BYTES = 0x1_0000;

export class ByteSource {
  readonly #read: (into: Buffer, at: number) => number;
  readonly #piece = Buffer.alloc(PIECE_BYTES);
  #length = 0;
  #at = 0;
  /** Where the piece begins. */
  #pieceAt = 0;
  #bits = 0;
  #bitCount = 0;

  /** @param read as files read: fewer bytes than fit only at the end */
  constructor(read: (into: Buffer, at: number) => number) {
    this.#read = read;
  }

  get isAtEnd(): boolean {
    return this.#bitCount < 8 && this.#at === this.#length && !this.#fill();
  }

  /** @throws BadPacking at the end */
  byte(): number {
    if (this.#bitCount >= 8) return this.bits(8);
    if (this.#at === this.#length && !this.#fill()) throw new BadPacking('it ends too early');
    return this.#piece[this.#at++]!;
  }

  int32(): number {
    const high = (this.byte() << 24) | (this.byte() << 16);
    return high | (this.byte() << 8) | this.byte();
  }

  bytes(into: Buffer): void {
    for (let i = 0; i < into.length; i++) into[i] = this.byte();
  }

  // --- bits ---

  /** As many as 16. */
  bits(count: number): number {
    const value = this.peekBits(count);
    this.dropBits(count);
    return value;
  }

  /** Behind the end there are zeros to look at, but none to take. */
  peekBits(count: number): number {
    while (this.#bitCount < count) {
      if (this.#at === this.#length && !this.#fill()) break;
      this.#bits |= this.#piece[this.#at++]! << this.#bitCount;
      this.#bitCount += 8;
    }
    return this.#bits & ((1 << count) - 1);
  }

  dropBits(count: number): void {
    if (count > this.#bitCount) throw new BadPacking('it ends too early');
    this.#bits >>>= count;
    this.#bitCount -= count;
  }

  /** Goes on with the next whole byte. */
  toByte(): void {
    this.dropBits(this.#bitCount % 8);
  }

  #fill(): boolean {
    this.#pieceAt += this.#length;
    this.#length = this.#read(this.#piece, this.#pieceAt);
    this.#at = 0;
    return this.#length > 0;
  }
}
