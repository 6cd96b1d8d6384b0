/**
 * Files. Everything but making data durable is synchronous: appending a few kilobytes takes 2–3 µs that way, through a thread
 * pool ten times as long.
 */

export type DiskErrorCode = 'not-found' | 'exists' | 'full' | 'denied' | 'io';

export class DiskError extends Error {
  override readonly name = 'DiskError';
  readonly code: DiskErrorCode;
  readonly path: string;

  constructor(code: DiskErrorCode, path: string, doing: string, cause?: unknown) {
    super(
      `${doing} ${path}: ${DISK_ERROR_WORDS[code]}${cause instanceof Error ? ` (${cause.message})` : ''}`,
      { cause },
    );
    this.code = code;
    this.path = path;
  }
}

const DISK_ERROR_WORDS: Record<DiskErrorCode, string> = {
  'not-found': 'no such file or directory',
  exists: 'already exists',
  full: 'no space left on the disk',
  denied: 'permission denied',
  io: 'input/output error',
};

export interface DiskFile {
  readonly path: string;
  size(): number;
  /** Bytes read into `into`, fewer than its length only at the end of the file. */
  read(into: Uint8Array, at: number): number;
  write(bytes: Uint8Array, at: number): void;
  truncate(size: number): void;
  /** Makes all written bytes durable (fdatasync) and reports, in order of the calls. */
  sync(done: (error: DiskError | null) => void): void;
  syncNow(): void;
  close(): void;
}

export interface FileFacts {
  readonly name: string;
  readonly bytes: number;
  readonly modifiedMs: number;
}

export interface Disk {
  /** @param mode 'create' fails where the file exists; 'edit' where it does not */
  open(path: string, mode: 'read' | 'edit' | 'create' | 'replace'): DiskFile;
  /** Plain files of a directory, by name; none for a directory that does not exist. */
  list(directory: string): FileFacts[];
  exists(path: string): boolean;
  /** With every missing directory above it; durable on return. */
  makeDirectory(path: string): void;
  /** Atomic, durable once the directory is synced. */
  rename(from: string, to: string): void;
  /** Nothing happens where there is no such file. With `done`: in the background, as a large file takes its time. */
  remove(path: string, done?: (error: DiskError | null) => void): void;
  /** With `done`: in the background. */
  syncDirectory(path: string, done?: (error: DiskError | null) => void): void;
  /** Bytes this process may still write where `path` lies. */
  freeBytes(path: string): number;
  /** Bytes that all processes together could write where `path` lies, were it empty; Infinity for no end. */
  totalBytes(path: string): number;
  join(...parts: string[]): string;
}

/** A whole small file, or null where there is none. */
export function readWhole(disk: Disk, path: string): Buffer | null {
  if (!disk.exists(path)) return null;
  const file = disk.open(path, 'read');
  try {
    const bytes = Buffer.alloc(file.size());
    const length = file.read(bytes, 0);
    return bytes.subarray(0, length);
  } finally {
    file.close();
  }
}

/** Replaces a small file so that a crash leaves the old or the new one, whole. */
export function writeWhole(disk: Disk, directory: string, name: string, bytes: Uint8Array): void {
  const temporary = disk.join(directory, `${name}.tmp`);
  const file = disk.open(temporary, 'replace');
  try {
    file.write(bytes, 0);
    file.syncNow();
  } finally {
    file.close();
  }
  disk.rename(temporary, disk.join(directory, name));
  disk.syncDirectory(directory);
}
