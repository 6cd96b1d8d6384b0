/**
 * The image of a state on its way over a link: sent in slices beside everything else, received piece by piece into a state
 * that nobody uses yet.
 */
import type { Zxid } from '../../base/zxid.ts';
import type { Writer } from '../../bytes/writer.ts';
import type { Clock, Timer } from '../../platform/clock.ts';
import {
  ImageReader,
  ImageWriter,
  type ReceivedSnapshot,
  type SnapshotSource,
} from '../journal/journal.ts';
import type { Machine } from '../state/machine.ts';
import type { ImageSink, ImageSource, Link } from './link.ts';

/** A slice ends after so many bytes or entries, or so long: nobody waits noticeably for it. */
const SLICE_BYTES = 0x1_0000;
const SLICE_ENTRIES = 2048;
const SLICE_MS = 4;
/** Looking at the clock costs as much as writing a node. */
const ENTRIES_PER_LOOK = 64;

/** Whoever was served within this time is expected to ask again. */
const COMPANY_MS = 100;
const REST_LEAST_MS = 1;

export class ImageSlices implements ImageSource {
  readonly #source: SnapshotSource;
  readonly #image: ImageWriter;
  readonly #clock: Clock;
  readonly #served: () => number;
  #servedBefore: number;
  #servedMs = -Infinity;
  #tookMs = 0;

  /** @param served grows with everything that is done for others: while it does, each slice is followed by as long a rest */
  constructor(source: SnapshotSource, clock: Clock, served: () => number) {
    this.#source = source;
    this.#image = new ImageWriter(source);
    this.#clock = clock;
    this.#served = served;
    this.#servedBefore = served();
  }

  writeSlice(writer: Writer): boolean {
    const image = this.#image;
    const startedMs = this.#clock.nowMs();
    const untilMs = startedMs + SLICE_MS;
    const untilBytes = writer.length + SLICE_BYTES;
    const untilEntries = image.entries + SLICE_ENTRIES;
    this.#lookRound(startedMs);
    do {
      if (!image.writeEntry(writer)) return false;
      if (image.entries % ENTRIES_PER_LOOK === 0 && this.#clock.nowMs() >= untilMs) break;
    } while (writer.length < untilBytes && image.entries < untilEntries);
    this.#tookMs = this.#clock.nowMs() - startedMs;
    return true;
  }

  get restMs(): number {
    if (this.#clock.nowMs() - this.#servedMs > COMPANY_MS) return 0;
    return Math.max(REST_LEAST_MS, this.#tookMs);
  }

  #lookRound(nowMs: number): void {
    const served = this.#served();
    if (served !== this.#servedBefore) this.#servedMs = nowMs;
    this.#servedBefore = served;
  }

  close(): void {
    this.#source.close();
  }
}

export interface ImageReceiptParts {
  readonly link: Link;
  /** Empty; what arrives is put into it. */
  readonly machine: Machine;
  /** Is given what is received as it is. */
  readonly copy: ReceivedSnapshot;
  readonly zxid: Zxid;
  readonly idleMs: number;
  readonly clock: Clock;
  /** Machine and copy have the whole image. Nothing is read from the link until it is resumed. */
  readonly onWhole: (machine: Machine, copy: ReceivedSnapshot) => void;
  /** What came is no image, or nothing came for too long. The link is closed. */
  readonly onFailed: (reason: string) => void;
}

export class ImageReceipt implements ImageSink {
  readonly link: Link;
  readonly #parts: ImageReceiptParts;
  readonly #image: ImageReader;
  #timer: Timer | null = null;
  #isOver = false;

  constructor(parts: ImageReceiptParts) {
    this.#parts = parts;
    this.link = parts.link;
    this.#image = new ImageReader(parts.machine.loader(), { bytesMax: Infinity });
  }

  begin(): void {
    this.#watch();
    this.link.receiveImage(this, () => this.#onReceived());
  }

  /** Whatever comes is of no interest any more. */
  cancel(): void {
    this.#end();
    this.#parts.copy.discard();
  }

  get isWhole(): boolean {
    return this.#image.isWhole;
  }

  take(bytes: Buffer): number {
    if (this.#isOver) return bytes.length;
    const taken = this.#image.take(bytes, 0);
    const { problem } = this.#image;
    if (problem === null) this.#parts.copy.write(bytes.subarray(0, taken));
    else this.#fail(`the image cannot be read: ${problem}`);
    return taken;
  }

  #onReceived(): void {
    if (this.#isOver) return;
    const { link, machine, copy, zxid, onWhole } = this.#parts;
    this.#end();
    // What follows the image must find the state it belongs to.
    link.pause();
    machine.finishLoading(zxid, null);
    onWhole(machine, copy);
  }

  #end(): void {
    this.#isOver = true;
    this.#timer?.cancel();
  }

  /** The link knows when it heard something last. */
  #watch(): void {
    const { clock, idleMs, link } = this.#parts;
    const silentMs = clock.nowMs() - link.lastHeardMs;
    this.#timer = clock.after(Math.max(1, idleMs - silentMs), () => {
      if (!link.isOpen) this.cancel();
      else if (clock.nowMs() - link.lastHeardMs >= idleMs)
        this.#fail(`nothing came of the image for ${idleMs} ms`);
      else this.#watch();
    });
  }

  #fail(reason: string): void {
    this.cancel();
    this.link.destroy();
    this.#parts.onFailed(reason);
  }
}
