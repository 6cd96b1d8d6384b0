/**
 * What a storage node keeps: the partitions it holds, in one segmented log that all of them share.
 *
 *   append, append, append ─▶ flush ──write──▶ segment ──fdatasync──▶ done      one group commit for the whole node
 *   get ─▶ table in memory ─▶ one positioned read, its checksum verified
 *
 * Everything given out as bytes is lent until the end of the turn.
 */
import { assert } from '../../base/assert.ts';
import type { Timer } from '../../platform/clock.ts';
import type { DiskError } from '../../platform/disk.ts';
import type { Platform } from '../../platform/platform.ts';
import type { Backing } from './backing.ts';
import { liveBytes } from './compaction.ts';
import { DiskBacking } from './disk-backing.ts';
import { KeyPrinter } from './key-print.ts';
import { Log } from './log.ts';
import { MemoryBacking } from './memory-backing.ts';
import { PartitionStore } from './partition-store.ts';
import { hasLog, recover, type RecoveryProgress } from './recovery.ts';
import type { Room } from './room.ts';
import type { ScrubFacts } from './scrub.ts';
import { LOG_ID_BYTES, type Segment } from './segment.ts';
import { DEFAULT_ENGINE_SETTINGS, type EngineSettings } from './settings.ts';
import type { Damage, Store } from './store.ts';
import type { TailBudget } from './tail.ts';

export type { EngineSettings } from './settings.ts';
export { type Damage, EngineDamage, type Entry, type Store } from './store.ts';

export type EnginePlatform = Pick<Platform, 'disk' | 'clock' | 'logger' | 'entropy'>;

export interface EngineOptions {
  readonly platform: EnginePlatform;
  readonly directory: string;
  readonly settings?: Partial<EngineSettings>;
  readonly onProgress?: (progress: RecoveryProgress) => void;
  /** Told once for each partition, until it is installed again. Also told by `Store.damage`, which covers the recovery. */
  readonly onDamage?: (damage: Damage) => void;
}

export interface EngineStats {
  readonly mode: EngineSettings['mode'];
  readonly room: Room;
  readonly partitions: number;
  readonly keys: number;
  /** Of the whole log, and of the part that still counts. */
  readonly logBytes: number;
  readonly liveBytes: number;
  readonly segments: number;
  /** Memory for finding keys, and for bytes of the log. */
  readonly tableBytes: number;
  readonly residentBytes: number;
  /** Since the start: records appended, bytes written, syncs, bytes moved by compaction, keys dropped to make room. */
  readonly appends: number;
  readonly writtenBytes: number;
  readonly syncs: number;
  readonly movedBytes: number;
  readonly evictedKeys: number;
  readonly damaged: readonly Damage[];
  /** How far the scrub has come in this round, and when the last round ended (wall time), 0 for never. */
  readonly scrub: ScrubFacts;
}

/** Work beside that of clients: so long a slice, then so long a rest. */
const MAINTENANCE = { sliceMs: 4, busyRestMs: 12, idleRestMs: 100 } as const;
/** Segments of cache mode leave one at a time, in one turn, so they are small. */
const CACHE_SEGMENT = { part: 1 / 32, bytesMin: 0x1_0000, bytesMax: 0x10_0000 } as const;
/** Entries of one partition that can be read back, however many partitions there are. */
const TAIL_ENTRIES_MIN = 1024;
const PARTITIONS_MAX = 0x1_0000;

interface EngineParts {
  readonly hasUnknownLoss: boolean;
  readonly options: EngineOptions;
  readonly settings: EngineSettings;
  readonly stores: Map<number, PartitionStore>;
  readonly log: Log;
  readonly newStore: (partition: number, log: Log, isPlaced: boolean) => PartitionStore;
}

export class Engine {
  readonly #parts: EngineParts;
  readonly #stores: Map<number, PartitionStore>;
  readonly #log: Log;
  readonly #backing: Backing;
  #timer: Timer | null = null;

  private constructor(parts: EngineParts) {
    const { options, settings, stores, log } = parts;
    this.#parts = parts;
    this.#stores = stores;
    this.#log = log;
    this.#backing =
      settings.mode === 'cache'
        ? new MemoryBacking({ log, stores, memoryBytes: settings.memoryBytes })
        : new DiskBacking({
            log,
            stores,
            platform: options.platform,
            settings,
            onDamage: (segment, from, to) => this.#tellStretch(segment, from, to),
          });
    this.#rest(false);
  }

  /** Reads what is there, in slices; a cache begins empty. */
  static async open(options: EngineOptions): Promise<Engine> {
    const settings = { ...DEFAULT_ENGINE_SETTINGS, ...options.settings };
    const { platform, directory, onDamage, onProgress } = options;
    const isCache = settings.mode === 'cache';
    const stores = new Map<number, PartitionStore>();
    const budget: TailBudget = {
      entriesMax: () => Math.max(TAIL_ENTRIES_MIN, settings.tailEntries / stores.size),
    };
    const printer = new KeyPrinter(platform.entropy);
    const newStore = (partition: number, log: Log, isPlaced: boolean): PartitionStore =>
      new PartitionStore(
        partition,
        {
          log,
          printer,
          budget,
          notesUse: isCache,
          onDamage: (damage) => {
            platform.logger.error('bytes of a partition are not what was written', { ...damage });
            onDamage?.(damage);
          },
        },
        isPlaced,
      );
    const { log, hasUnknownLoss } = isCache
      ? { log: cacheLog(options, settings), hasUnknownLoss: false }
      : await recover({
          ...platform,
          directory,
          segmentBytes: settings.segmentBytes,
          stores,
          newStore,
          onProgress: (progress) => onProgress?.(progress),
        });
    const engine = new Engine({ options, settings, stores, log, newStore, hasUnknownLoss });
    // Whoever finds no log later knows that there was one.
    const error = await new Promise<DiskError | null>((resolve) => engine.flush(resolve));
    if (error === null) return engine;
    await engine.close();
    throw error;
  }

  /** Whether there is a log in this folder, or what is left of one. */
  static hasLog(disk: EnginePlatform['disk'], directory: string): boolean {
    return disk.exists(directory) && hasLog(disk, directory);
  }

  /** When it was opened, records were missing of which nobody knows whose they were. */
  get hasUnknownLoss(): boolean {
    return this.#parts.hasUnknownLoss;
  }

  get room(): Room {
    return this.#backing.room;
  }

  partition(partition: number): Store | null {
    return this.#stores.get(partition) ?? null;
  }

  /** A new and empty one, where there is none. */
  create(partition: number): Store {
    assert(partition >= 0 && partition < PARTITIONS_MAX, 'a partition has sixteen bits');
    const known = this.#stores.get(partition);
    if (known !== undefined) return known;
    const store = this.#parts.newStore(partition, this.#log, true);
    this.#stores.set(partition, store);
    store.writeState();
    return store;
  }

  drop(partition: number): void {
    this.#stores.get(partition)?.drop();
    this.#stores.delete(partition);
  }

  /** Their numbers, ascending. */
  partitions(): readonly number[] {
    return [...this.#stores.keys()].sort((a, b) => a - b);
  }

  /**
   * The end of a turn: what was appended since the last one is written and made durable, with one sync that everything shares
   * that arrives while another is under way. `done` is called in order of the calls; at once where there is nothing to wait
   * for. An error is final: nobody knows what is durable, and the node must stop.
   */
  flush(done: (error: DiskError | null) => void): void {
    this.#backing.flush(done);
  }

  stats(): EngineStats {
    const log = this.#log;
    const stores = [...this.#stores.values()];
    const sum = (of: (store: PartitionStore) => number): number =>
      stores.reduce((total, store) => total + of(store), 0);
    const tableBytes = sum((store) => store.memoryBytes);
    return {
      mode: this.#parts.settings.mode,
      room: this.room,
      partitions: stores.length,
      keys: sum((store) => store.count),
      logBytes: log.totalBytes,
      liveBytes: liveBytes(log),
      segments: log.segments.length,
      tableBytes,
      residentBytes: tableBytes + log.hotBytes,
      appends: log.appends,
      ...this.#backing.facts(),
      damaged: stores.flatMap(({ damage }) => (damage === null ? [] : [damage])),
    };
  }

  /** One slice of compaction, hints and scrub; a timer of its own does the same. Returns whether there is more to do at once. */
  maintain(budgetMs: number): boolean {
    return this.#backing.maintain(this.#parts.options.platform.clock.nowMs() + budgetMs);
  }

  /** Waits for what was appended to be durable, as far as the disk takes it. */
  async close(): Promise<void> {
    this.#timer?.cancel();
    await new Promise<void>((resolve) => this.#backing.close(resolve));
    this.#log.close();
  }

  #rest(isBusy: boolean): void {
    const { sliceMs, busyRestMs, idleRestMs } = MAINTENANCE;
    this.#timer = this.#parts.options.platform.clock.after(isBusy ? busyRestMs : idleRestMs, () =>
      this.#rest(this.maintain(sliceMs)),
    );
  }

  /** Whose bytes lie in a damaged stretch is asked of the tables: what it says itself is not to be trusted. */
  #tellStretch(segment: Segment, from: number, to: number): void {
    const { number } = segment;
    let isNeeded = false;
    for (const store of this.#stores.values()) {
      if (!store.hasBytesIn(number, from, to)) continue;
      isNeeded = true;
      const why = 'a record is not what was written';
      store.damaged({ partition: store.partition, segment: number, offset: from, why });
    }
    if (!isNeeded)
      this.#parts.options.platform.logger.warn('bytes that nobody needs are not what was written', {
        segment: number,
        offset: from,
      });
  }
}

function cacheLog({ platform, directory }: EngineOptions, { memoryBytes }: EngineSettings): Log {
  const { part, bytesMin, bytesMax } = CACHE_SEGMENT;
  const log = new Log({
    disk: null,
    directory,
    logId: platform.entropy.bytes(LOG_ID_BYTES),
    segmentBytes: Math.max(bytesMin, Math.min(bytesMax, Math.floor(memoryBytes * part))),
  });
  log.roll();
  return log;
}
