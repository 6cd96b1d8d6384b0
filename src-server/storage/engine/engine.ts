/**
 * What a storage node keeps: the partitions it holds, in one segmented log that all of them share.
 *
 *   append, append, append ─▶ flush ──write──▶ segment ──fdatasync──▶ done      one group commit for the whole node
 *   get ─▶ table in memory ─▶ one positioned read, its checksum verified
 *
 * Everything given out as bytes is lent until the end of the turn.
 */
import type { Platform } from '../../platform/platform.ts';
import type { EngineSettings } from './settings.ts';
import type { Damage, Store } from './store.ts';

export { DEFAULT_ENGINE_SETTINGS, type EngineSettings } from './settings.ts';
export {
  type Chunk,
  type Damage,
  type Digest,
  EngineDamage,
  type Entry,
  type EpochStart,
  type Found,
  type InstallBase,
  type Installing,
  type Scan,
  type Store,
} from './store.ts';

export type EnginePlatform = Pick<Platform, 'disk' | 'clock' | 'logger' | 'entropy'>;

export interface RecoveryProgress {
  readonly bytes: number;
  readonly bytesTotal: number;
}

export interface EngineOptions {
  readonly platform: EnginePlatform;
  readonly directory: string;
  readonly settings?: Partial<EngineSettings>;
  readonly onProgress?: (progress: RecoveryProgress) => void;
  /** Told once for each partition, until it is installed again. Also told by `Store.damage`, which covers the recovery. */
  readonly onDamage?: (damage: Damage) => void;
}

/** 'low' and 'none': no writes of clients; 'none' is what a write has met, and it is tried again. Reads go on. */
export type Room = 'ok' | 'low' | 'none';

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
  /** Since the start: entries appended, bytes written, syncs, bytes moved by compaction, keys dropped to make room. */
  readonly appends: number;
  readonly writtenBytes: number;
  readonly syncs: number;
  readonly movedBytes: number;
  readonly evictedKeys: number;
  readonly damaged: readonly Damage[];
  /** How far the scrub has come in this round, and when the last round ended (wall time), 0 for never. */
  readonly scrub: { readonly bytes: number; readonly bytesTotal: number; readonly endedMs: number };
}

/** Opened by `Engine.open(options: EngineOptions): Promise<Engine>`. */
export interface Engine {
  readonly room: Room;
  partition(partition: number): Store | null;
  /** A new and empty one, where there is none. */
  create(partition: number): Store;
  drop(partition: number): void;
  /** Their numbers, ascending. */
  partitions(): readonly number[];
  /**
   * The end of a turn: what was appended since the last one is written and made durable, with one sync that everything shares
   * that arrives while another is under way. `done` is called in order of the calls; at once where there is nothing to wait
   * for. An error is final: nobody knows what is durable, and the node must stop.
   */
  flush(done: (error: Error | null) => void): void;
  stats(): EngineStats;
  /** One slice of compaction, hints and scrub; a timer of its own does the same. */
  maintain(budgetMs: number): void;
  /** Waits for what was appended to be durable, as far as the disk takes it. */
  close(): Promise<void>;
}
