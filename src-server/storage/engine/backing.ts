/** What a log rests on: the disk, or memory alone. The engine does not know which. */
import type { DiskError } from '../../platform/disk.ts';
import type { Room } from './room.ts';
import type { ScrubFacts } from './scrub.ts';

export type FlushDone = (error: DiskError | null) => void;

export interface BackingFacts {
  readonly writtenBytes: number;
  readonly syncs: number;
  readonly movedBytes: number;
  readonly evictedKeys: number;
  readonly scrub: ScrubFacts;
}

export interface Backing {
  readonly room: Room;
  flush(done: FlushDone): void;
  /** One slice of what is to be done beside the work of clients. Returns whether there is more to do at once. */
  maintain(untilMs: number): boolean;
  facts(): BackingFacts;
  close(done: () => void): void;
}
