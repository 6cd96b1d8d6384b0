/**
 * How fast something may go: bytes a second on the average, whatever the size of a piece. A piece goes when nothing is owed, and
 * then owes its own bytes; what was not used is kept for a moment only.
 */

/** So much of a pause may be made up for. */
const SAVED_MS = 100;

export class TokenBucket {
  #bytesPerMs: number;
  #savedBytes = 0;
  #atMs: number;

  /** @param bytesPerSecond Infinity for no bound */
  constructor(bytesPerSecond: number, nowMs: number) {
    this.#bytesPerMs = bytesPerSecond / 1000;
    this.#atMs = nowMs;
  }

  change(bytesPerSecond: number, nowMs: number): void {
    this.#fill(nowMs);
    this.#bytesPerMs = bytesPerSecond / 1000;
    this.#fill(nowMs);
  }

  /** After how many ms the next piece may go; 0 for now. */
  waitMs(nowMs: number): number {
    this.#fill(nowMs);
    return this.#savedBytes >= 0 ? 0 : -this.#savedBytes / this.#bytesPerMs;
  }

  take(bytes: number, nowMs: number): void {
    this.#fill(nowMs);
    if (this.#bytesPerMs !== Infinity) this.#savedBytes -= bytes;
  }

  #fill(nowMs: number): void {
    const passedMs = Math.max(0, nowMs - this.#atMs);
    this.#atMs = nowMs;
    if (this.#bytesPerMs === Infinity) this.#savedBytes = 0;
    else {
      const mostBytes = SAVED_MS * this.#bytesPerMs;
      this.#savedBytes = Math.min(mostBytes, this.#savedBytes + passedMs * this.#bytesPerMs);
    }
  }
}
