/** Files of the machine. */
import fs from 'node:fs';
import nodePath from 'node:path';

import {
  type Disk,
  DiskError,
  type DiskErrorCode,
  type DiskFile,
  type FileFacts,
} from '../disk.ts';

const FLAGS = { read: 'r', edit: 'r+', create: 'wx+', replace: 'w+' } as const;

export class NodeDisk implements Disk {
  open(path: string, mode: 'read' | 'edit' | 'create' | 'replace'): DiskFile {
    return attempt('opening', path, () => new NodeFile(path, fs.openSync(path, FLAGS[mode])));
  }

  list(directory: string): FileFacts[] {
    if (!fs.existsSync(directory)) return [];
    return attempt('listing', directory, () => {
      const files: FileFacts[] = [];
      for (const entry of fs.readdirSync(directory, { withFileTypes: true })) {
        if (!entry.isFile()) continue;
        const facts = fs.statSync(nodePath.join(directory, entry.name), { throwIfNoEntry: false });
        if (facts !== undefined)
          files.push({ name: entry.name, bytes: facts.size, modifiedMs: facts.mtimeMs });
      }
      return files.sort((a, b) => (a.name < b.name ? -1 : 1));
    });
  }

  exists(path: string): boolean {
    return fs.existsSync(path);
  }

  makeDirectory(path: string): void {
    attempt('making directory', path, () => {
      const first = fs.mkdirSync(path, { recursive: true });
      if (first === undefined) return;
      // A name is kept by the directory it stands in: without a sync of that one, a power failure takes the new one away.
      const top = nodePath.dirname(nodePath.resolve(first));
      for (let at = nodePath.resolve(path); at.length > top.length; at = nodePath.dirname(at))
        this.syncDirectory(nodePath.dirname(at));
    });
  }

  rename(from: string, to: string): void {
    attempt('renaming', from, () => fs.renameSync(from, to));
  }

  remove(path: string, done?: (error: DiskError | null) => void): void {
    if (done === undefined) {
      attempt('removing', path, () => fs.rmSync(path, { force: true }));
      return;
    }
    fs.rm(path, { force: true }, (error) =>
      done(error === null ? null : diskError('removing', path, error)),
    );
  }

  syncDirectory(path: string, done?: (error: DiskError | null) => void): void {
    // Windows keeps no directory entries to be synced, and refuses to open one.
    if (process.platform === 'win32') {
      if (done !== undefined) setImmediate(done, null);
      return;
    }
    attempt('syncing directory', path, () => {
      const directory = fs.openSync(path, 'r');
      if (done === undefined) {
        try {
          fs.fsyncSync(directory);
        } finally {
          fs.closeSync(directory);
        }
        return;
      }
      fs.fsync(directory, (error) => {
        fs.closeSync(directory);
        done(error === null ? null : diskError('syncing directory', path, error));
      });
    });
  }

  freeBytes(path: string): number {
    return attempt('asking the free space of', path, () => {
      const { bavail, bsize } = fs.statfsSync(path);
      return bavail * bsize;
    });
  }

  totalBytes(path: string): number {
    return attempt('asking the size of', path, () => {
      const { blocks, bfree, bavail, bsize } = fs.statfsSync(path);
      // What is set aside for others is no room of ours.
      return (blocks - bfree + bavail) * bsize;
    });
  }

  join(...parts: string[]): string {
    return nodePath.join(...parts);
  }
}

class NodeFile implements DiskFile {
  readonly path: string;
  readonly #fd: number;
  #isSyncing = false;
  readonly #waiting: ((error: DiskError | null) => void)[] = [];

  constructor(path: string, fd: number) {
    this.path = path;
    this.#fd = fd;
  }

  size(): number {
    return attempt('asking the size of', this.path, () => fs.fstatSync(this.#fd).size);
  }

  read(into: Uint8Array, at: number): number {
    return attempt('reading', this.path, () => {
      let done = 0;
      while (done < into.length) {
        const read = fs.readSync(this.#fd, into, done, into.length - done, at + done);
        if (read === 0) break;
        done += read;
      }
      return done;
    });
  }

  write(bytes: Uint8Array, at: number): void {
    attempt('writing', this.path, () => {
      let done = 0;
      while (done < bytes.length)
        done += fs.writeSync(this.#fd, bytes, done, bytes.length - done, at + done);
    });
  }

  truncate(size: number): void {
    attempt('truncating', this.path, () => fs.ftruncateSync(this.#fd, size));
  }

  sync(done: (error: DiskError | null) => void): void {
    this.#waiting.push(done);
    if (!this.#isSyncing) this.#syncWaiting();
  }

  /** One at a time, because the thread pool ends two in any order; one that begins now serves everybody who waits. */
  #syncWaiting(): void {
    const served = this.#waiting.splice(0);
    this.#isSyncing = true;
    fs.fdatasync(this.#fd, (error) => {
      const failure = error === null ? null : diskError('syncing', this.path, error);
      for (const done of served) done(failure);
      this.#isSyncing = false;
      if (this.#waiting.length > 0) this.#syncWaiting();
    });
  }

  syncNow(): void {
    attempt('syncing', this.path, () => fs.fsyncSync(this.#fd));
  }

  close(): void {
    fs.closeSync(this.#fd);
  }
}

const CODES: Readonly<Record<string, DiskErrorCode>> = {
  ENOENT: 'not-found',
  EEXIST: 'exists',
  ENOSPC: 'full',
  EDQUOT: 'full',
  EACCES: 'denied',
  EPERM: 'denied',
  EROFS: 'denied',
};

function attempt<T>(doing: string, path: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw diskError(doing, path, error);
  }
}

function diskError(doing: string, path: string, error: unknown): DiskError {
  const code =
    error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : '';
  return new DiskError(CODES[code] ?? 'io', path, doing, error);
}
