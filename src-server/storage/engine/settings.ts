/** What can be said about an engine before it is opened. */

export interface EngineSettings {
  /** 'cache': nothing reaches the disk, memory is bounded, what was not used for long makes room. */
  readonly mode: 'durable' | 'cache';
  readonly segmentBytes: number;
  /** For everything in memory, in cache mode. */
  readonly memoryBytes: number;
  /** Below so much free space writes are refused: compaction needs room to make room. */
  readonly reserveBytes: number;
  /** How many of the newest entries of all partitions together can be read back for replicas that lag. */
  readonly tailEntries: number;
  /** Compaction keeps what `keepFrom` asks for as long as the log is not longer than this. */
  readonly keepBytes: number;
  /** Within so much time the scrub has verified every byte once. */
  readonly scrubPeriodMs: number;
}

export const DEFAULT_ENGINE_SETTINGS: EngineSettings = {
  mode: 'durable',
  segmentBytes: 0x400_0000,
  memoryBytes: 0x1000_0000,
  reserveBytes: 0x1000_0000,
  tailEntries: 0x10_0000,
  keepBytes: 0x1_0000_0000,
  scrubPeriodMs: 7 * 24 * 3600 * 1000,
};
