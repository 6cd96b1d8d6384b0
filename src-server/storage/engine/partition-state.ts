/**
 * What is known of a partition besides its keys, as the body of a `state` record: text that a person can read.
 *
 * It is written when a partition is made or installed, and before a segment leaves the log, because afterwards nothing else may
 * be left to tell of the partition.
 */
import type { Damage, EpochStart, Installing } from './store.ts';

export interface PartitionState {
  readonly lastSeq: number;
  readonly lastEpoch: number;
  readonly committedSeq: number;
  readonly epochs: readonly EpochStart[];
  readonly installing: Installing | null;
  readonly damage: Damage | null;
}

export function encodeState(state: PartitionState): Uint8Array {
  return Buffer.from(JSON.stringify(state));
}

/** Its bytes were verified by the checksum of their record: what they say is what was written. */
export function decodeState(bytes: Uint8Array): PartitionState {
  return JSON.parse(Buffer.from(bytes).toString()) as PartitionState;
}
