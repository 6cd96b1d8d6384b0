/** What a journal needs by itself: a snapshot now and then, and somebody who watches the room on the disk. */
import { Prng } from '../../base/prng.ts';
import type { Settings } from '../../config/settings.ts';
import type { Clock, Timer } from '../../platform/clock.ts';
import type { DiskError } from '../../platform/disk.ts';
import type { Journal } from '../journal/journal.ts';
import type { Machine } from '../state/machine.ts';

const ROOM_CHECK_MS = 1000;

export class Housekeeping {
  readonly #settings: Settings;
  readonly #clock: Clock;
  readonly #machine: () => Machine;
  readonly #journal: Journal;
  readonly #random: Prng;
  #txnsSinceSnapshot = 0;
  #snapshotAfter: number;
  #roomTimer: Timer | null = null;
  /** While false, snapshots that become due wait. */
  maySnapshot = true;

  constructor(parts: {
    readonly settings: Settings;
    readonly clock: Clock;
    readonly machine: () => Machine;
    readonly journal: Journal;
    readonly seed: number;
  }) {
    this.#settings = parts.settings;
    this.#clock = parts.clock;
    this.#machine = parts.machine;
    this.#journal = parts.journal;
    this.#random = new Prng(parts.seed);
    this.#snapshotAfter = this.#drawThreshold();
  }

  start(): void {
    this.#watchRoom();
  }

  stop(): void {
    this.#roomTimer?.cancel();
  }

  /** Counts transactions as they go to the log, and begins a snapshot and a new log file when enough have. */
  onLogged(count = 1): void {
    this.#txnsSinceSnapshot += count;
    // A tree of n nodes is worth writing once about half as many transactions are new: replay then never costs more than
    // loading the snapshot did, and a large tree is not written again and again under load.
    const { nodeCount } = this.#machine();
    if (!this.maySnapshot || this.#txnsSinceSnapshot < Math.max(this.#snapshotAfter, nodeCount / 2))
      return;
    this.#txnsSinceSnapshot = 0;
    this.#snapshotAfter = this.#drawThreshold();
    this.#journal.roll();
    if (this.#journal.snapshotInProgress === null) void this.snapshot();
  }

  /** The snapshot under way is given up: it is due again as soon as it may be. */
  postpone(): void {
    if (this.#journal.snapshotInProgress !== null) this.#txnsSinceSnapshot = Infinity;
  }

  /** Resolves once the snapshot is durable, or with why it failed; never for one that is given up. */
  snapshot(): Promise<DiskError | null> {
    const machine = this.#machine();
    return new Promise((resolve) => {
      this.#journal.snapshot({
        zxid: machine.lastZxid,
        source: machine.walkImage(),
        digest: () => machine.digestNow,
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
