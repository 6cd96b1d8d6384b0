/**
 * Whether the disk has room: writes of clients are refused while there is still enough for compaction to make some.
 *
 * Room is asked for every few megabytes written. Whatever the system says is free, there is none after a write that found none,
 * until one succeeds.
 */
import type { Disk } from '../../platform/disk.ts';
import type { Logger } from '../../platform/logger.ts';

/** 'low': no writes of clients. 'none': a write found no room, and is tried again. Reads go on. */
export type Room = 'ok' | 'low' | 'none';

const CHECK_BYTES = 0x80_0000;

export class RoomWatch {
  readonly #disk: Disk;
  readonly #directory: string;
  readonly #reserveBytes: number;
  readonly #logger: Logger;
  #room: Room = 'ok';
  #isFull = false;
  #bytesSinceCheck = 0;

  constructor(disk: Disk, directory: string, reserveBytes: number, logger: Logger) {
    this.#disk = disk;
    this.#directory = directory;
    this.#reserveBytes = reserveBytes;
    this.#logger = logger;
  }

  get room(): Room {
    return this.#room;
  }

  wrote(bytes: number): void {
    this.#bytesSinceCheck += bytes;
    const wasFull = this.#isFull;
    this.#isFull = false;
    if (wasFull || this.#bytesSinceCheck >= CHECK_BYTES) this.check();
  }

  foundNone(): void {
    this.#isFull = true;
    this.#set('none');
  }

  check(): void {
    this.#bytesSinceCheck = 0;
    if (this.#isFull) return;
    this.#set(this.#disk.freeBytes(this.#directory) < this.#reserveBytes ? 'low' : 'ok');
  }

  #set(room: Room): void {
    if (room === this.#room) return;
    this.#room = room;
    if (room === 'ok') this.#logger.info('there is room on the disk again; writes are accepted');
    else
      this.#logger.error('the disk is nearly full; writes are refused until there is room', {
        directory: this.#directory,
      });
  }
}
