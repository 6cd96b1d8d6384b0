/** A log on disk: group commit, and what is done beside it: compaction, hints, scrub, and the mark at a quiet end. */
import type { Platform } from '../../platform/platform.ts';
import type { Backing, BackingFacts, FlushDone } from './backing.ts';
import { Compaction } from './compaction.ts';
import { GroupCommit } from './group-commit.ts';
import { HintMaking } from './hint-making.ts';
import type { Log } from './log.ts';
import type { PartitionStore } from './partition-store.ts';
import { RecordHeader } from './record.ts';
import { type Room, RoomWatch } from './room.ts';
import { Scrub } from './scrub.ts';
import type { Segment } from './segment.ts';
import type { EngineSettings } from './settings.ts';

export interface DiskBackingParts {
  readonly log: Log;
  readonly stores: ReadonlyMap<number, PartitionStore>;
  readonly platform: Pick<Platform, 'disk' | 'clock' | 'logger'>;
  readonly settings: EngineSettings;
  /** Bytes of a segment are not what was written. */
  readonly onDamage: (segment: Segment, from: number, to: number) => void;
}

/** After so long without a write the end of the log is marked. */
const QUIET_MS = 1000;
const NO_BYTES = new Uint8Array(0);

export class DiskBacking implements Backing {
  readonly #log: Log;
  readonly #clock: Platform['clock'];
  readonly #commits: GroupCommit;
  readonly #compaction: Compaction;
  readonly #hints: HintMaking;
  readonly #scrub: Scrub;
  readonly #roomWatch: RoomWatch;
  /** Of everything appended; when that was seen, and how much of it a mark stands behind. */
  #seenBytes: number;
  #seenMs: number;
  #markedBytes: number;

  constructor({ log, stores, platform, settings, onDamage }: DiskBackingParts) {
    const { disk, clock, logger } = platform;
    const { segmentBytes, keepBytes, reserveBytes, scrubPeriodMs } = settings;
    this.#log = log;
    this.#clock = clock;
    this.#roomWatch = new RoomWatch(disk, log.directory, reserveBytes, logger);
    this.#commits = new GroupCommit({
      log,
      disk,
      clock,
      logger,
      onWritten: (bytes) => this.#roomWatch.wrote(bytes),
      onFull: () => this.#roomWatch.foundNone(),
    });
    this.#compaction = new Compaction({
      log,
      stores,
      disk,
      clock,
      logger,
      segmentBytes,
      keepBytes,
      onDamage,
      flush: (done) => this.#commits.flush(done),
      isShortOfRoom: () => this.#roomWatch.room !== 'ok',
    });
    this.#hints = new HintMaking({ log, disk, clock, logger, onDamage });
    this.#scrub = new Scrub({ log, clock, periodMs: scrubPeriodMs, onDamage });
    this.#seenBytes = this.#markedBytes = log.appendedBytes;
    this.#seenMs = clock.nowMs();
    this.#roomWatch.check();
  }

  get room(): Room {
    return this.#log.isCrowded ? 'low' : this.#roomWatch.room;
  }

  flush(done: FlushDone): void {
    this.#commits.flush(done);
  }

  maintain(untilMs: number): boolean {
    if (this.#commits.broken !== null) return false;
    if (this.room !== 'ok') this.#roomWatch.check();
    this.#markQuietEnd();
    const isCompacting = this.#compaction.step(untilMs);
    const isHinting = !isCompacting && this.#hints.step(untilMs);
    const isScrubbing = this.#scrub.step();
    return isCompacting || isHinting || isScrubbing;
  }

  facts(): BackingFacts {
    const { writtenBytes, syncs } = this.#commits;
    const { movedBytes } = this.#compaction;
    return { writtenBytes, syncs, movedBytes, evictedKeys: 0, scrub: this.#scrub.facts() };
  }

  close(done: () => void): void {
    this.#hints.abandon();
    const end = (): void =>
      this.#commits.close(() => {
        if (this.#commits.broken === null) this.#log.active.trim();
        done();
      });
    if (this.#log.appendedBytes !== this.#markedBytes && this.#commits.broken === null)
      this.#mark(end);
    else end();
  }

  /** The last batch could be taken for a torn one, were it damaged; a record behind it says that it was durable. */
  #markQuietEnd(): void {
    const { appendedBytes, active } = this.#log;
    const nowMs = this.#clock.nowMs();
    if (appendedBytes !== this.#seenBytes) {
      this.#seenBytes = appendedBytes;
      this.#seenMs = nowMs;
      return;
    }
    const isQuiet = nowMs - this.#seenMs >= QUIET_MS && active.durable === active.size;
    if (isQuiet && appendedBytes !== this.#markedBytes) this.#mark(() => undefined);
  }

  #mark(done: FlushDone): void {
    this.#commits.flush((error) => {
      if (error !== null) {
        done(error);
        return;
      }
      this.#log.append(new RecordHeader(), NO_BYTES);
      this.#seenBytes = this.#markedBytes = this.#log.appendedBytes;
      this.#commits.flush(done);
    });
  }
}
