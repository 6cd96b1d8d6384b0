/**
 * The log being written: appends records in batches, extends the file ahead of them, and rolls to a new one.
 *
 *   header │ records, records, … │ zeros on the disk │ zeros that take no room …
 *                                ▲ position          ▲ filled               size ▲
 *
 * A restarted server never goes on in an old file; a new one is made at the next append and named after its first zxid.
 */
import { type Zxid } from '../../base/zxid.ts';
import { Writer } from '../../bytes/writer.ts';
import { type Disk, DiskError, type DiskFile } from '../../platform/disk.ts';
import { numberedName } from './file-names.ts';
import { LOG_HEADER_BYTES, LOG_PREFIX, writeLogHeader } from './txnlog-format.ts';

/** A file is extended when less than this is left in it. */
const EXTEND_BEFORE_BYTES = 4096;
/** So many zeros are written ahead at a time: few enough that the sync that takes them along is not noticed. */
const FILL_BYTES = 0x4_0000;
const ZEROS = new Uint8Array(FILL_BYTES);

export class TxnLog {
  readonly #disk: Disk;
  readonly #directory: string;
  readonly #preallocateBytes: number;
  #file: DiskFile | null = null;
  #position = 0;
  #size = 0;
  #filled = 0;
  /** A rolled file is closed when the sync under way has ended. */
  #syncing = 0;
  readonly #retired: DiskFile[] = [];

  constructor(options: {
    readonly disk: Disk;
    readonly directory: string;
    readonly preallocateBytes: number;
  }) {
    this.#disk = options.disk;
    this.#directory = options.directory;
    this.#preallocateBytes = options.preallocateBytes;
  }

  /**
   * Writes whole records, the first of them with this zxid. A failed write leaves nothing of them behind, so that it can be
   * tried again when there is room.
   * @throws DiskError
   */
  append(records: Uint8Array, firstZxid: Zxid): void {
    this.#file ??= this.#create(firstZxid);
    const end = this.#position + records.length;
    try {
      if (this.#preallocateBytes > 0 && end + EXTEND_BEFORE_BYTES >= this.#size) this.#extend(end);
      this.#file.write(records, this.#position);
    } catch (error) {
      this.#cutBack();
      throw error;
    }
    this.#position = end;
    if (end > this.#size) this.#size = end;
    if (end > this.#filled) this.#fill();
  }

  /** Makes everything appended so far durable. */
  sync(done: (error: DiskError | null) => void): void {
    const file = this.#file;
    if (file === null) {
      done(null);
      return;
    }
    this.#syncing++;
    file.sync((error) => {
      this.#syncing--;
      if (this.#syncing === 0) this.#closeRetired();
      done(error);
    });
  }

  /** The next append starts a new file. */
  roll(): void {
    if (this.#file === null) return;
    this.#retired.push(this.#file);
    this.#file = null;
    if (this.#syncing === 0) this.#closeRetired();
  }

  close(): void {
    this.roll();
    this.#closeRetired();
  }

  get currentBytes(): number {
    return this.#file === null ? 0 : this.#position;
  }

  #create(firstZxid: Zxid): DiskFile {
    const path = this.#disk.join(this.#directory, numberedName(LOG_PREFIX, firstZxid));
    // Recovery has seen that a file of this name holds no whole record. Emptied and written again instead of removed, it could
    // hold old and new sectors side by side after a crash.
    this.#disk.remove(path);
    const file = this.#disk.open(path, 'create');
    const header = new Writer(LOG_HEADER_BYTES);
    writeLogHeader(header);
    try {
      file.write(header.view(), 0);
      if (this.#preallocateBytes > 0) file.truncate(LOG_HEADER_BYTES + this.#preallocateBytes);
      // The name must be durable before anything in the file is said to be.
      this.#disk.syncDirectory(this.#directory);
    } catch (error) {
      file.close();
      this.#disk.remove(path);
      throw error;
    }
    this.#position = LOG_HEADER_BYTES;
    this.#filled = LOG_HEADER_BYTES;
    this.#size = file.size();
    return file;
  }

  #extend(needed: number): void {
    this.#size = Math.max(this.#size, needed) + this.#preallocateBytes;
    this.#file?.truncate(this.#size);
  }

  /**
   * Where records replace bytes that are there, a sync costs the file system no new blocks, and so no entry in its own journal,
   * which members on one disk would wait for in turn, and behind which another file's data may have to be written first.
   */
  #fill(): void {
    const bytes = Math.min(FILL_BYTES, this.#size - this.#position);
    this.#filled = this.#position + bytes;
    if (bytes <= 0) return;
    try {
      this.#file?.write(ZEROS.subarray(0, bytes), this.#position);
    } catch (error) {
      // Whether there is room for records, their own write says.
      if (!(error instanceof DiskError)) throw error;
    }
  }

  #cutBack(): void {
    try {
      this.#file?.truncate(this.#position);
      this.#size = this.#position;
      this.#filled = this.#position;
    } catch {
      // The next append writes over whatever is there, at the same place.
    }
  }

  #closeRetired(): void {
    for (const file of this.#retired.splice(0)) file.close();
  }
}
