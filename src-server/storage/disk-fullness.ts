/**
 * Whether the disk of this node is too full for copies: told to the ring when that changes, so that nobody sends any until there is
 * room. Between the two limits nothing changes; else one partition more or less would turn it on and off.
 */

export interface DiskFullnessParts {
  /** Bytes that are taken, and of how many; Infinity where there is no end. */
  readonly used: () => { readonly bytes: number; readonly ofBytes: number };
  /** Copies wait above this. */
  readonly limitPercent: number;
  /** What is told from now on: percents while it is too full, null while it is not. */
  readonly onChanged: (percent: number | null) => void;
}

const LOOK_MS = 2000;
/** Below the limit, before copies go on. */
const ROOM_PERCENT = 5;

export class DiskFullness {
  readonly #parts: DiskFullnessParts;
  #nextLookMs = 0;
  /** What was told last. */
  percent: number | null = null;

  constructor(parts: DiskFullnessParts) {
    this.#parts = parts;
  }

  onPulse(nowMs: number): void {
    if (nowMs < this.#nextLookMs) return;
    this.#nextLookMs = nowMs + LOOK_MS;
    const { used, limitPercent, onChanged } = this.#parts;
    const { bytes, ofBytes } = used();
    const percent = Math.floor((bytes / ofBytes) * 100);
    const isFull = percent > limitPercent - (this.percent === null ? 0 : ROOM_PERCENT);
    if (isFull === (this.percent !== null)) return;
    this.percent = isFull ? percent : null;
    onChanged(this.percent);
  }
}
