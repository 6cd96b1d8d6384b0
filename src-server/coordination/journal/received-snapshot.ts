/**
 * A snapshot that is written while it is received: the image another member sends is, between header and seal, what a file of it
 * holds. Whoever gets a million nodes need not walk through them again to keep them.
 *
 * It may fail, as every file may; that is told at its end, and the state that was received is still there to be written.
 */
import type { Zxid } from '../../base/zxid.ts';
import { ADLER_START, adler32 } from '../../bytes/checksum.ts';
import { Writer } from '../../bytes/writer.ts';
import { type Disk, DiskError, type DiskFile } from '../../platform/disk.ts';
import { temporaryName } from './file-names.ts';
import { END_PATH, SNAPSHOT_PREFIX, writeSnapshotHeader } from './snapshot-format.ts';

/** Data is pushed to the disk in such portions beside everything else, so that little is left to wait for at the end. */
const SYNC_BYTES = 0x40_0000;

export class ReceivedSnapshot {
  readonly zxid: Zxid;
  readonly #disk: Disk;
  #path: string;
  #file: DiskFile | null = null;
  #problem: DiskError | null = null;
  #checksum = ADLER_START;
  #position = 0;
  #syncedTo = 0;
  #isSyncing = false;
  #isUnwanted = false;

  /** @param options number: tells it apart from those before it, which may be given up and not be gone yet */
  constructor(options: {
    readonly disk: Disk;
    readonly directory: string;
    readonly zxid: Zxid;
    readonly number: number;
  }) {
    const { disk, directory, zxid, number } = options;
    this.zxid = zxid;
    this.#disk = disk;
    this.#path = disk.join(directory, temporaryName(SNAPSHOT_PREFIX, zxid, `received-${number}`));
    this.#attempt(() => {
      this.#file = disk.open(this.#path, 'replace');
      const header = new Writer();
      writeSnapshotHeader(header);
      this.#put(header.view());
    });
  }

  get bytes(): number {
    return this.#position;
  }

  /** The next bytes of the image, which are borrowed until this returns. */
  write(bytes: Uint8Array): void {
    this.#attempt(() => {
      this.#put(bytes);
      if (this.#isSyncing || this.#position - this.#syncedTo < SYNC_BYTES) return;
      this.#syncedTo = this.#position;
      this.#sync(() => undefined);
    });
  }

  /**
   * The image is whole: seals it and makes it durable.
   * @param done told of whatever went wrong since the first byte; not called where it is discarded meanwhile
   */
  finish(done: (error: DiskError | null) => void): void {
    this.#attempt(() => {
      const seal = new Writer();
      seal.long(this.#checksum);
      seal.string(END_PATH);
      this.#put(seal.view());
    });
    if (this.#problem !== null) {
      done(this.#problem);
      return;
    }
    this.#sync(() => {
      if (this.#problem === null && this.#isUnwanted) return;
      this.#close();
      done(this.#problem);
    });
  }

  /** After it was finished. @throws DiskError */
  rename(path: string): void {
    this.#disk.rename(this.#path, path);
    this.#path = path;
  }

  /** It is not wanted any more; the room that it took is given back. */
  discard(): void {
    this.#isUnwanted = true;
    if (this.#isSyncing) return;
    this.#close();
    try {
      this.#disk.remove(this.#path);
    } catch (error) {
      // The next start removes what never became whole.
      if (!(error instanceof DiskError)) throw error;
    }
  }

  /** A file that is being synced may not be closed. */
  #sync(then: () => void): void {
    this.#isSyncing = true;
    this.#file!.sync((error) => {
      this.#isSyncing = false;
      if (error !== null) this.#fail(error);
      else if (this.#isUnwanted) this.discard();
      then();
    });
  }

  #put(bytes: Uint8Array): void {
    this.#checksum = adler32(bytes, 0, bytes.length, this.#checksum);
    this.#file!.write(bytes, this.#position);
    this.#position += bytes.length;
  }

  #attempt(work: () => void): void {
    if (this.#problem !== null) return;
    try {
      work();
    } catch (error) {
      if (!(error instanceof DiskError)) throw error;
      this.#fail(error);
    }
  }

  #fail(error: DiskError): void {
    this.#problem ??= error;
    this.discard();
  }

  #close(): void {
    this.#file?.close();
    this.#file = null;
  }
}
