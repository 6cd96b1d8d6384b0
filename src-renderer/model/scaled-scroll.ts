/**
 * Where a list of fixed rows is scrolled to, beyond what an element can be high.
 *
 * Chromium caps elements at 33,554,428 px, 1.5 million rows of 22 px. Above a height well below that, the scroll bar covers
 * the rows in proportion while the wheel and keys still move them pixel by pixel:
 *
 *   scroll bar   0 ────────────────────────── track
 *   content      0 ─────────────────────────────────────────── height
 *                        offset = the content's pixel at the top of what is seen
 */

/** Below the cap of every browser (Firefox: 17,895,698 px). */
export const TRACK_MAX_PX = 15_000_000;

export interface RowRange {
  readonly from: number;
  readonly count: number;
}

export class ScaledScroll {
  readonly #trackMax: number;
  #rowHeight = 24;
  #rowCount = 0;
  #viewport = 0;
  #offset = 0;

  constructor(trackMax = TRACK_MAX_PX) {
    this.#trackMax = trackMax;
  }

  get rowCount(): number {
    return this.#rowCount;
  }

  get rowHeight(): number {
    return this.#rowHeight;
  }

  /** The content's pixel at the top of what is seen. */
  get offset(): number {
    return this.#offset;
  }

  get contentHeight(): number {
    return this.#rowCount * this.#rowHeight;
  }

  /** How high the scrolled element is to be. */
  get trackHeight(): number {
    return Math.min(this.contentHeight, this.#trackMax);
  }

  get isScaled(): boolean {
    return this.contentHeight > this.#trackMax;
  }

  /** What the element's scrollTop must be to agree with the offset. */
  get scrollTop(): number {
    if (!this.isScaled) return this.#offset;
    const reach = this.#reach;
    return reach === 0 ? 0 : Math.round((this.#offset / reach) * (this.#trackMax - this.#viewport));
  }

  resize(size: {
    readonly rowHeight: number;
    readonly rowCount: number;
    readonly viewport: number;
  }): void {
    // Another row height keeps the first row where it was.
    if (size.rowHeight !== this.#rowHeight) this.#offset *= size.rowHeight / this.#rowHeight;
    this.#rowHeight = size.rowHeight;
    this.#rowCount = size.rowCount;
    this.#viewport = size.viewport;
    this.moveTo(this.#offset);
  }

  /** The scroll bar was moved to here. */
  onScrollTop(scrollTop: number): void {
    if (!this.isScaled) {
      this.moveTo(scrollTop);
      return;
    }
    // Its own rounding, told back to us, is not a move.
    if (scrollTop === this.scrollTop) return;
    const track = this.#trackMax - this.#viewport;
    this.moveTo(track <= 0 ? 0 : (scrollTop / track) * this.#reach);
  }

  moveTo(offset: number): void {
    this.#offset = Math.max(0, Math.min(offset, this.#reach));
  }

  moveBy(pixels: number): void {
    this.moveTo(this.#offset + pixels);
  }

  /** As little as needed to see a row whole. */
  reveal(row: number): void {
    const top = row * this.#rowHeight;
    if (top < this.#offset) this.moveTo(top);
    else if (top + this.#rowHeight > this.#offset + this.#viewport) {
      this.moveTo(top + this.#rowHeight - this.#viewport);
    }
  }

  /** To the middle, unless it is to be seen already. */
  center(row: number): void {
    const top = row * this.#rowHeight;
    const isSeen = top >= this.#offset && top + this.#rowHeight <= this.#offset + this.#viewport;
    if (!isSeen) this.moveTo(top - (this.#viewport - this.#rowHeight) / 2);
  }

  /** Rows that are seen at least in part. */
  get visible(): RowRange {
    const from = Math.min(Math.floor(this.#offset / this.#rowHeight), this.#rowCount);
    const to = Math.min(
      Math.ceil((this.#offset + this.#viewport) / this.#rowHeight),
      this.#rowCount,
    );
    return { from, count: Math.max(0, to - from) };
  }

  /** Rows to keep at hand: those seen and so many on either side. */
  around(overscan: number): RowRange {
    const { from, count } = this.visible;
    const first = Math.max(0, from - overscan);
    return { from: first, count: Math.min(from + count + overscan, this.#rowCount) - first };
  }

  /** Where, within the scrolled element, a row is to be drawn. */
  topOf(row: number): number {
    return this.scrollTop + row * this.#rowHeight - this.#offset;
  }

  get rowsPerPage(): number {
    return Math.max(1, Math.floor(this.#viewport / this.#rowHeight) - 1);
  }

  get #reach(): number {
    return Math.max(0, this.contentHeight - this.#viewport);
  }
}
