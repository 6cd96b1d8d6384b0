/** Logs and snapshots as files: those of a directory, and whether any file is one, by its first bytes and no more. */
import { type Disk } from '../../platform/disk.ts';
import { listPackable, type NumberedFile } from './file-names.ts';
import { JournalError } from './journal-error.ts';
import { openReadable } from './packed-file.ts';
import { SNAPSHOT_MAGIC, SNAPSHOT_PREFIX } from './snapshot-format.ts';
import { LOG_MAGIC, LOG_PREFIX } from './txnlog-format.ts';

export { VERSION_DIRECTORY } from './file-names.ts';

export type FileKind = 'log' | 'snapshot';

const MAGIC_BYTES = 4;

/** Null for every other file. @throws DiskError */
export function fileKindOf(disk: Disk, path: string): FileKind | null {
  const file = openReadable(disk, path);
  try {
    const magic = Buffer.alloc(MAGIC_BYTES);
    if (file.read(magic, 0) < MAGIC_BYTES) return null;
    const number = magic.readInt32BE(0);
    return number === LOG_MAGIC ? 'log' : number === SNAPSHOT_MAGIC ? 'snapshot' : null;
  } catch (error) {
    // Its name says that it is packed, and it is not.
    if (error instanceof JournalError) return null;
    throw error;
  } finally {
    file.close();
  }
}

export interface StoredFile extends NumberedFile {
  readonly kind: FileKind;
}

/** Logs and snapshots of a directory, each kind by its zxid. */
export function listStored(disk: Disk, directory: string): StoredFile[] {
  const listed = (kind: FileKind, prefix: string): StoredFile[] =>
    listPackable(disk, directory, prefix).map((file) => ({ ...file, kind }));
  return [...listed('log', LOG_PREFIX), ...listed('snapshot', SNAPSHOT_PREFIX)];
}
