/** What has to happen by itself: snapshots now and then, room on the disk watched, nodes whose time is over removed. */
import { Prng } from '../../base/prng.ts';
import type { Settings } from '../../config/settings.ts';
import type { Clock, Timer } from '../../platform/clock.ts';
import type { DiskError } from '../../platform/disk.ts';
import type { Journal } from '../journal/journal.ts';
import { OpCode } from '../model/ops.ts';
import { Request } from '../model/request.ts';
import type { Machine } from '../state/machine.ts';

const ROOM_CHECK_MS = 1000;
const MINUTE_MS = 60_000;

export class Housekeeping {
  readonly #settings: Settings;
  readonly #clock: Clock;
  readonly #machine: Machine;
  readonly #journal: Journal;
  readonly #random: Prng;
  readonly #submit: (request: Request) => void;
  #txnsSinceSnapshot = 0;
  #snapshotAfter: number;
  #roomTimer: Timer | null = null;
  #reaperTimer: Timer | null = null;
  readonly #removals = new Set<Timer>();

  constructor(parts: {
    readonly settings: Settings;
    readonly clock: Clock;
    readonly machine: Machine;
    readonly journal: Journal;
    readonly seed: number;
    readonly submit: (request: Request) => void;
  }) {
    this.#settings = parts.settings;
    this.#clock = parts.clock;
    this.#machine = parts.machine;
    this.#journal = parts.journal;
    this.#random = new Prng(parts.seed);
    this.#submit = parts.submit;
    this.#snapshotAfter = this.#drawThreshold();
  }

  start(): void {
    this.#watchRoom();
    this.#reap();
  }

  stop(): void {
    this.#roomTimer?.cancel();
    this.#reaperTimer?.cancel();
    for (const timer of this.#removals) timer.cancel();
  }

  /** Counts transactions as they go to the log, and begins a snapshot and a new log file when enough have. */
  onLogged(): void {
    // A tree of n nodes is worth writing once about half as many transactions are new: replay then never costs more than
    // loading the snapshot did, and a large tree is not written again and again under load.
    if (++this.#txnsSinceSnapshot < Math.max(this.#snapshotAfter, this.#machine.nodeCount / 2))
      return;
    this.#txnsSinceSnapshot = 0;
    this.#snapshotAfter = this.#drawThreshold();
    this.#journal.roll();
    if (this.#journal.snapshotInProgress === null) void this.snapshot();
  }

  /** Resolves once the snapshot is durable, or with why it was given up. */
  snapshot(): Promise<DiskError | null> {
    return new Promise((resolve) => {
      this.#journal.snapshot({
        zxid: this.#machine.lastZxid,
        source: this.#machine.walkImage(),
        digest: () => this.#machine.digestNow,
        done: resolve,
      });
    });
  }

  /** Members draw differently, so that they do not all write at once. */
  #drawThreshold(): number {
    const half = Math.floor(this.#settings.snapCount / 2);
    return half + this.#random.below(half);
  }

  #watchRoom(): void {
    this.#roomTimer = this.#clock.after(ROOM_CHECK_MS, () => {
      this.#journal.checkRoom();
      this.#watchRoom();
    });
  }

  #reap(): void {
    this.#reaperTimer = this.#clock.after(this.#settings.containerCheckIntervalMs, () => {
      const due = this.#machine.dueForRemoval(
        this.#clock.wallMs(),
        this.#settings.containerNeverUsedMs,
      );
      // Spread over time, so that a thousand expired nodes do not hold up clients.
      const spacingMs = MINUTE_MS / this.#settings.containerRemovalsPerMinute;
      for (const [i, path] of due.entries()) this.#removeLater(path, i * spacingMs);
      this.#reap();
    });
  }

  #removeLater(path: string, delayMs: number): void {
    const timer = this.#clock.after(delayMs, () => {
      this.#removals.delete(timer);
      const request = new Request(OpCode.DELETE_CONTAINER);
      request.path = path;
      this.#submit(request);
    });
    this.#removals.add(timer);
  }
}
