/**
 * A disk in memory that forgets what was not synced, for crashes that can be repeated.
 *
 *   write ─▶ seen by readers ─── sync ──▶ durable              open, rename, remove ─▶ seen ─── syncDirectory ──▶ durable
 *
 * After a crash each sector of 512 bytes written since the last sync is either the old or the new one, a file's size lies
 * between the old and the new one, and of a directory's changes since its last sync the first few have happened. Which ones is
 * up to the crash. The end of a process loses nothing: `copy` is what the next process finds.
 */
import type { Clock } from '../../src-server/platform/clock.ts';
import {
  type Disk,
  DiskError,
  type DiskErrorCode,
  type DiskFile,
  type FileFacts,
} from '../../src-server/platform/disk.ts';

export const SECTOR_BYTES = 512;

/** What survives of everything not made durable. */
export interface Crash {
  /** Whether the sector of this index was written before the power failed; `differing`: in how many bytes that shows. */
  keepsSector(path: string, sector: number, differing: number): boolean;
  /** The file's size, somewhere between the durable and the latest one. */
  size(path: string, durable: number, latest: number): number;
  /** How many of the directory's unsynced changes happened, from the first on. */
  changesKept(directory: string, changes: number): number;
}

export const LOSES_EVERYTHING_UNSYNCED: Crash = {
  keepsSector: () => false,
  size: (_path, durable) => durable,
  changesKept: () => 0,
};

interface Options {
  readonly clock: Clock;
  /** Bytes all files together may take. */
  readonly capacityBytes?: number;
  /** How a sync that was asked for goes: how long it takes, and whether it fails. By default it ends with the turn. */
  readonly sync?: () => { readonly tookMs: number; readonly failure: DiskErrorCode | null };
  /** Told of every file that is removed, with what it held. */
  readonly onRemoved?: (path: string, bytes: Buffer) => void;
}

interface Range {
  readonly from: number;
  readonly to: number;
}

/** A file's contents, under whatever name. Copies share their bytes until one of them is written to. */
class Inode {
  bytes: Buffer<ArrayBuffer> = Buffer.alloc(0);
  size = 0;
  /** End of what was ever written; what lies behind takes no room. */
  allocated = 0;
  durable: Buffer<ArrayBuffer> = Buffer.alloc(0);
  durableSize = 0;
  modifiedMs = 0;
  /** Byte ranges written since the last sync. */
  dirty: readonly Range[] = [];
  #isShared = false;

  write(bytes: Uint8Array, at: number): void {
    const end = at + bytes.length;
    this.#own();
    this.bytes = grown(this.bytes, end);
    this.bytes.set(bytes, at);
    this.size = Math.max(this.size, end);
    this.allocated = Math.max(this.allocated, end);
    if (bytes.length > 0) this.dirty = [...this.dirty, { from: at, to: end }];
  }

  truncate(size: number): void {
    this.#own();
    if (size < this.size) {
      this.bytes.fill(0, size, this.size);
      this.dirty = [...this.dirty, { from: size, to: this.size }];
    }
    this.bytes = grown(this.bytes, size);
    this.size = size;
    this.allocated = Math.min(this.allocated, size);
  }

  /** What was written long ago is not what is read now. */
  flip(at: number, mask: number): void {
    this.#own();
    this.bytes[at]! ^= mask;
    if (at < this.durableSize) this.durable[at]! ^= mask;
  }

  /** What a sync that begins now will make durable once it ends. */
  capture(): () => void {
    const { size } = this;
    const ranges = this.dirty;
    const parts = ranges.map(({ from, to }) => Buffer.from(this.bytes.subarray(from, to)));
    return () => {
      this.#own();
      // A file that was made shorter has changes behind its end as well.
      this.durable = grown(this.durable, Math.max(size, ...ranges.map(({ to }) => to)));
      for (const [i, { from }] of ranges.entries()) this.durable.set(parts[i]!, from);
      this.durableSize = size;
      this.durable.fill(0, size);
      // What was written again since is dirty again, as a range of its own.
      const done = new Set(ranges);
      this.dirty = this.dirty.filter((range) => !done.has(range));
    };
  }

  /** A restart finds hundreds of files, and writes to none but new ones. */
  #own(): void {
    if (!this.#isShared) return;
    this.#isShared = false;
    this.bytes = Buffer.from(this.bytes.subarray(0, this.size));
    this.durable = Buffer.from(this.durable.subarray(0, this.durableSize));
  }

  copy(): Inode {
    const copy = new Inode();
    copy.bytes = this.bytes;
    copy.size = this.size;
    copy.allocated = this.allocated;
    copy.durable = this.durable;
    copy.durableSize = this.durableSize;
    copy.modifiedMs = this.modifiedMs;
    copy.dirty = this.dirty;
    copy.#isShared = this.#isShared = true;
    return copy;
  }

  get #isDurable(): boolean {
    return this.dirty.length === 0 && this.size === this.durableSize;
  }

  afterCrash(path: string, crash: Crash): Inode {
    if (this.#isDurable) return this.copy();
    const [low, high] = [
      Math.min(this.durableSize, this.size),
      Math.max(this.durableSize, this.size),
    ];
    const size = this.size === this.durableSize ? this.size : crash.size(path, low, high);
    const found = Buffer.alloc(size);
    this.durable.copy(found, 0, 0, Math.min(size, this.durableSize));
    for (let at = 0; at < Math.min(size, this.size); at += SECTOR_BYTES) {
      const end = Math.min(size, this.size, at + SECTOR_BYTES);
      const differing = countDiffering(this.bytes.subarray(at, end), found.subarray(at, end));
      if (differing > 0 && crash.keepsSector(path, at / SECTOR_BYTES, differing))
        this.bytes.copy(found, at, at, end);
    }
    return inodeOf(found, this.modifiedMs);
  }
}

function countDiffering(a: Buffer, b: Buffer): number {
  if (a.equals(b)) return 0;
  let count = 0;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) count++;
  return count;
}

/** Names that get another file, or none. */
type Renaming = readonly (readonly [name: string, inode: Inode | null])[];

class Directory {
  readonly entries = new Map<string, Inode>();
  readonly durable = new Map<string, Inode>();
  /** Not durable yet, oldest first. */
  readonly changes: Renaming[] = [];
  #made = 0;
  #madeDurable = 0;

  change(change: Renaming): void {
    rename(this.entries, change);
    this.changes.push(change);
    this.#made++;
  }

  /** What a sync that begins now will make durable once it ends, unless a quicker one has done so before. */
  capture(): () => void {
    const upTo = this.#made;
    return () => {
      for (; this.#madeDurable < upTo; this.#madeDurable++)
        rename(this.durable, this.changes.shift()!);
    };
  }

  copy(): Directory {
    const copies = new Map<Inode, Inode>();
    const copyOf = (inode: Inode): Inode => {
      let copy = copies.get(inode);
      if (copy === undefined) copies.set(inode, (copy = inode.copy()));
      return copy;
    };
    const copy = new Directory();
    for (const [name, inode] of this.durable) {
      copy.durable.set(name, copyOf(inode));
      copy.entries.set(name, copyOf(inode));
    }
    for (const change of this.changes)
      copy.change(change.map(([name, inode]) => [name, inode === null ? null : copyOf(inode)]));
    return copy;
  }

  afterCrash(path: string, crash: Crash): Directory {
    const found = new Directory();
    const kept = this.changes.length === 0 ? 0 : crash.changesKept(path, this.changes.length);
    const entries = new Map(this.durable);
    for (const change of this.changes.slice(0, kept)) rename(entries, change);
    for (const [name, inode] of entries) {
      const left = inode.afterCrash(`${path}/${name}`, crash);
      found.entries.set(name, left);
      found.durable.set(name, left);
    }
    return found;
  }
}

function rename(entries: Map<string, Inode>, change: Renaming): void {
  for (const [name, inode] of change) {
    if (inode === null) entries.delete(name);
    else entries.set(name, inode);
  }
}

const AT_ONCE = { tookMs: 0, failure: null } as const;

interface PendingSync {
  readonly path: string;
  readonly finish: (error: DiskError | null) => void;
}

export class SimDisk implements Disk {
  readonly clock: Clock;
  readonly #directories = new Map<string, Directory>();
  readonly #held: PendingSync[] = [];
  readonly #options: Options;
  #capacityBytes: number;
  #holdsSyncs = false;
  #writeFailure: DiskErrorCode | null = null;
  /** Everything asked of the disk that costs something, for tests that count. */
  readonly counts = { writes: 0, syncs: 0, directorySyncs: 0 };

  constructor(options: Options) {
    this.clock = options.clock;
    this.#options = options;
    this.#capacityBytes = options.capacityBytes ?? Number.MAX_SAFE_INTEGER;
  }

  // --- the interface ---

  open(path: string, mode: 'read' | 'edit' | 'create' | 'replace'): DiskFile {
    const [directory, name] = this.#place('opening', path);
    let inode = directory.entries.get(name);
    if (mode === 'create' && inode !== undefined) throw new DiskError('exists', path, 'opening');
    if (inode === undefined) {
      if (mode === 'read' || mode === 'edit') throw new DiskError('not-found', path, 'opening');
      const made = new Inode();
      made.modifiedMs = this.clock.wallMs();
      directory.change([[name, made]]);
      inode = made;
    } else if (mode === 'replace') {
      inode.truncate(0);
    }
    return new SimFile(this, path, inode, mode !== 'read');
  }

  list(directory: string): FileFacts[] {
    const found = this.#directories.get(normal(directory));
    return [...(found?.entries ?? [])]
      .map(([name, { size, modifiedMs }]) => ({ name, bytes: size, modifiedMs }))
      .sort((a, b) => (a.name < b.name ? -1 : 1));
  }

  exists(path: string): boolean {
    const [parent, name] = split(path);
    return (
      this.#directories.has(normal(path)) ||
      this.#directories.get(parent)?.entries.has(name) === true
    );
  }

  makeDirectory(path: string): void {
    for (let at = normal(path); !this.#directories.has(at); at = split(at)[0]) {
      this.#directories.set(at, new Directory());
    }
  }

  rename(from: string, to: string): void {
    const [directory, oldName] = this.#place('renaming', from);
    const [target, newName] = this.#place('renaming', to);
    const inode = directory.entries.get(oldName);
    if (inode === undefined) throw new DiskError('not-found', from, 'renaming');
    if (directory === target) {
      directory.change([
        [oldName, null],
        [newName, inode],
      ]);
    } else {
      target.change([[newName, inode]]);
      directory.change([[oldName, null]]);
    }
  }

  remove(path: string, done?: (error: DiskError | null) => void): void {
    if (done !== undefined) {
      this.clock.defer(() => {
        this.remove(path);
        done(null);
      });
      return;
    }
    const [parent, name] = split(path);
    const directory = this.#directories.get(parent);
    const inode = directory?.entries.get(name);
    if (directory === undefined || inode === undefined) return;
    this.#options.onRemoved?.(path, Buffer.from(inode.bytes.subarray(0, inode.size)));
    directory.change([[name, null]]);
  }

  syncDirectory(path: string, done?: (error: DiskError | null) => void): void {
    const directory = this.#directories.get(normal(path));
    if (directory === undefined) throw new DiskError('not-found', path, 'syncing directory');
    this.counts.directorySyncs++;
    const makeDurable = directory.capture();
    if (done === undefined) {
      makeDurable();
      return;
    }
    this.clock.defer(() => {
      makeDurable();
      done(null);
    });
  }

  freeBytes(): number {
    return Math.max(0, this.#capacityBytes - this.usedBytes);
  }

  totalBytes(): number {
    return this.#capacityBytes;
  }

  join(...parts: string[]): string {
    return normal(parts.join('/'));
  }

  // --- what a test can do to it ---

  get usedBytes(): number {
    let bytes = 0;
    for (const { entries } of this.#directories.values())
      for (const inode of entries.values()) bytes += inode.allocated;
    return bytes;
  }

  set capacityBytes(bytes: number) {
    this.#capacityBytes = bytes;
  }

  /** From now on a sync ends only when `endSync` says so. */
  holdSyncs(): void {
    this.#holdsSyncs = true;
  }

  /** Files whose sync is under way, in the order the syncs were asked for. */
  get syncsUnderWay(): readonly string[] {
    return this.#held.map(({ path }) => path);
  }

  /** Ends the oldest sync under way, with success unless an error is given. */
  endSync(failure: DiskErrorCode | null = null): void {
    const sync = this.#held.shift();
    if (sync === undefined) throw new Error('no sync is under way');
    sync.finish(failure === null ? null : new DiskError(failure, sync.path, 'syncing'));
  }

  /** Every write fails like this until it is taken back with null. */
  failWrites(code: DiskErrorCode | null): void {
    this.#writeFailure = code;
  }

  /** The bytes of a file as a reader sees them; a copy. */
  contents(path: string): Buffer {
    const [directory, name] = this.#place('reading', path);
    const inode = directory.entries.get(name);
    if (inode === undefined) throw new DiskError('not-found', path, 'reading');
    return Buffer.from(inode.bytes.subarray(0, inode.size));
  }

  /** Changes bits of one byte behind everybody's back. */
  flip(path: string, at: number, mask: number): void {
    const [directory, name] = this.#place('spoiling', path);
    directory.entries.get(name)!.flip(at, mask);
  }

  /** Puts a file there, durable at once. */
  put(path: string, bytes: Uint8Array): void {
    const [parent, name] = split(path);
    this.makeDirectory(parent);
    const inode = inodeOf(Buffer.from(bytes), this.clock.wallMs());
    const directory = this.#directories.get(parent)!;
    directory.entries.set(name, inode);
    directory.durable.set(name, inode);
  }

  /** The disk as the next process finds it when this one just ends: everything written is there, durable or not. */
  copy(options: Options = { clock: this.clock }): SimDisk {
    return this.#reborn(options, (directory) => directory.copy());
  }

  /** The disk as a machine finds it after its power failed. */
  afterCrash(crash: Crash, options: Options = { clock: this.clock }): SimDisk {
    return this.#reborn(options, (directory, path) => directory.afterCrash(path, crash));
  }

  #reborn(options: Options, rebirth: (directory: Directory, path: string) => Directory): SimDisk {
    const disk = new SimDisk({ capacityBytes: this.#capacityBytes, ...options });
    for (const [path, directory] of this.#directories)
      disk.#directories.set(path, rebirth(directory, path));
    return disk;
  }

  // --- for its files ---

  write(path: string, inode: Inode, bytes: Uint8Array, at: number): void {
    this.counts.writes++;
    if (this.#writeFailure !== null) throw new DiskError(this.#writeFailure, path, 'writing');
    // What is written over has its place already.
    const room = this.freeBytes() + Math.max(0, inode.allocated - at);
    inode.modifiedMs = this.clock.wallMs();
    inode.write(bytes.subarray(0, Math.min(bytes.length, room)), at);
    if (bytes.length > room) throw new DiskError('full', path, 'writing');
  }

  sync(path: string, inode: Inode, done: (error: DiskError | null) => void): void {
    this.counts.syncs++;
    const makeDurable = inode.capture();
    const pending: PendingSync = {
      path,
      finish: (error) => {
        if (error === null) makeDurable();
        done(error);
      },
    };
    this.#held.push(pending);
    if (this.#holdsSyncs) return;
    const { tookMs, failure } = this.#options.sync?.() ?? AT_ONCE;
    if (tookMs > 0) this.clock.after(tookMs, () => this.endSync(failure));
    else this.clock.defer(() => this.endSync(failure));
  }

  #place(doing: string, path: string): readonly [Directory, string] {
    const [parent, name] = split(path);
    const directory = this.#directories.get(parent);
    if (directory === undefined) throw new DiskError('not-found', path, doing);
    return [directory, name];
  }
}

class SimFile implements DiskFile {
  readonly path: string;
  readonly #disk: SimDisk;
  readonly #inode: Inode;
  readonly #mayWrite: boolean;
  #isOpen = true;

  constructor(disk: SimDisk, path: string, inode: Inode, mayWrite: boolean) {
    this.path = path;
    this.#disk = disk;
    this.#inode = inode;
    this.#mayWrite = mayWrite;
  }

  size(): number {
    this.#check('asking the size of', false);
    return this.#inode.size;
  }

  read(into: Uint8Array, at: number): number {
    this.#check('reading', false);
    const length = Math.max(0, Math.min(into.length, this.#inode.size - at));
    into.set(this.#inode.bytes.subarray(at, at + length));
    return length;
  }

  write(bytes: Uint8Array, at: number): void {
    this.#check('writing', true);
    this.#disk.write(this.path, this.#inode, bytes, at);
  }

  truncate(size: number): void {
    this.#check('truncating', true);
    this.#inode.truncate(size);
  }

  sync(done: (error: DiskError | null) => void): void {
    this.#check('syncing', false);
    this.#disk.sync(this.path, this.#inode, done);
  }

  syncNow(): void {
    this.#check('syncing', false);
    this.#disk.counts.syncs++;
    this.#inode.capture()();
  }

  close(): void {
    this.#check('closing', false);
    this.#isOpen = false;
  }

  #check(doing: string, isChange: boolean): void {
    if (!this.#isOpen || (isChange && !this.#mayWrite)) throw new DiskError('io', this.path, doing);
  }
}

function inodeOf(bytes: Buffer<ArrayBuffer>, modifiedMs: number): Inode {
  const inode = new Inode();
  inode.bytes = Buffer.from(bytes);
  inode.size = inode.allocated = bytes.length;
  inode.durable = Buffer.from(bytes);
  inode.durableSize = bytes.length;
  inode.modifiedMs = modifiedMs;
  return inode;
}

function grown(bytes: Buffer<ArrayBuffer>, size: number): Buffer<ArrayBuffer> {
  if (size <= bytes.length) return bytes;
  const bigger = Buffer.alloc(Math.max(size, Math.min(bytes.length * 2, bytes.length + 0x10_0000)));
  bigger.set(bytes);
  return bigger;
}

/** One slash between parts, none at the end, `.` and empty parts left out. */
function normal(path: string): string {
  if (NORMAL.test(path)) return path;
  const parts = path.split('/').filter((part) => part !== '' && part !== '.');
  return `/${parts.join('/')}`;
}

const NORMAL = /^(?:\/[A-Za-z0-9_-][^/]*)+$/;

function split(path: string): readonly [directory: string, name: string] {
  const whole = normal(path);
  const slash = whole.lastIndexOf('/');
  return [slash <= 0 ? '/' : whole.slice(0, slash), whole.slice(slash + 1)];
}
