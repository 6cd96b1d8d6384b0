/** What has to happen by itself: snapshots now and then, room on the disk watched, nodes whose time is over removed. */
import { Prng } from '../../base/prng.ts';
import type { Settings } from '../../config/settings.ts';
import type { Clock, Timer } from '../../platform/clock.ts';
import type { DiskError } from '../../platform/disk.ts';
import type { Journal } from '../journal/journal.ts';
import type { Request } from '../model/request.ts';
import type { Machine } from '../state/machine.ts';
import { Reaper } from './reaper.ts';

const ROOM_CHECK_MS = 1000;

export class Housekeeping {
  readonly #settings: Settings;
  readonly #clock: Clock;
  readonly #machine: Machine;
  readonly #journal: Journal;
  readonly #random: Prng;
  readonly #reaper: Reaper;
  #txnsSinceSnapshot = 0;
  #snapshotAfter: number;
  #roomTimer: Timer | null = null;

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
    this.#reaper = new Reaper(parts);
    this.#snapshotAfter = this.#drawThreshold();
  }

  start(): void {
    this.#watchRoom();
    this.#reaper.start();
  }

  stop(): void {
    this.#roomTimer?.cancel();
    this.#reaper.stop();
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
}
