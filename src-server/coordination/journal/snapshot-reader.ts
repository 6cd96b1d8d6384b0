/**
 * Reads a snapshot for people, piece by piece: every node with its place, then what the file says of itself. A face, beside
 * the reading that fills a state.
 *
 * A snapshot is whole or worthless to recovery, so damage ends the reading: what came before is shown for what it is.
 */
import type { Disk } from '../../platform/disk.ts';
import { type Acl, OPEN_ACL } from '../model/acl.ts';
import { ImageReader } from './image.ts';
import { JournalError } from './journal-error.ts';
import { openReadable, type ReadableFile } from './packed-file.ts';
import { type SnapshotEnd, SnapshotReading } from './snapshot.ts';
import { SNAPSHOT_HEADER_BYTES, type StoredStat } from './snapshot-format.ts';

export type { SnapshotEnd } from './snapshot.ts';
export type { StoredStat } from './snapshot-format.ts';

export interface StoredNode {
  /** Offset in the file. */
  readonly at: number;
  /** '/' for the root, which the file calls ''. */
  readonly path: string;
  /** A view, borrowed until the call returns. */
  readonly data: Uint8Array | null;
  readonly aclKey: number;
  readonly stat: Readonly<StoredStat>;
}

export interface SnapshotVisitor {
  onSession(id: bigint, timeoutMs: number): void;
  onNode(node: StoredNode): void;
}

export type SnapshotProgress =
  | { readonly kind: 'more' }
  | { readonly kind: 'whole'; readonly end: SnapshotEnd }
  | { readonly kind: 'damaged'; readonly at: number; readonly problem: string };

/** A piece takes a few milliseconds. */
const PIECE_BYTES = 0x4_0000;
const JUMP_BYTES = 0x2000;
/** An image without sessions and lists: what stands before the nodes of one. */
const NO_SESSIONS_NO_LISTS = Buffer.alloc(8);

export class SnapshotReader {
  readonly path: string;
  /** For nodes whose place was told; a file of its own, as a packed one is read on from where it was. */
  readonly #file: ReadableFile;
  readonly #reading: SnapshotReading;
  readonly #acls = new Map<number, Acl>();
  #hasBegun = false;
  #progress: SnapshotProgress = { kind: 'more' };

  /** @throws DiskError */
  constructor(disk: Disk, path: string, visitor: SnapshotVisitor) {
    this.path = path;
    this.#file = openReadable(disk, path);
    this.#reading = new SnapshotReading({
      disk,
      path,
      readBytes: PIECE_BYTES,
      onProgress: () => undefined,
      sink: {
        addSession: (id, timeoutMs) => visitor.onSession(id, timeoutMs),
        addAcl: (key, acl) => this.#acls.set(key, acl),
        addNode: (path, data, aclKey, stat) => {
          const at = SNAPSHOT_HEADER_BYTES + this.#reading.image.taken;
          visitor.onNode({ at, path: shownPath(path), data, aclKey, stat });
          return null;
        },
      },
    });
  }

  get position(): number {
    return this.#reading.position;
  }

  get size(): number {
    return this.#reading.size;
  }

  get aclCount(): number {
    return this.#acls.size;
  }

  /** Reads on. @throws DiskError */
  step(): SnapshotProgress {
    if (this.#progress.kind !== 'more') return this.#progress;
    try {
      if (!this.#hasBegun) this.#reading.begin();
      this.#hasBegun = true;
      if (this.#reading.readPiece())
        this.#progress = { kind: 'whole', end: this.#reading.finish() };
    } catch (error) {
      if (!(error instanceof JournalError)) throw error;
      const { offset, problem } = error;
      this.#progress = { kind: 'damaged', at: offset ?? 0, problem };
    }
    return this.#progress;
  }

  /** The node at a place that was told. @throws DiskError, JournalError where it is there no more */
  at(offset: number): StoredNode {
    const found: StoredNode[] = [];
    const image = new ImageReader(
      {
        addSession: () => undefined,
        addAcl: () => undefined,
        addNode: (path, data, aclKey, stat) => {
          found.push({ at: offset, path: shownPath(path), data, aclKey, stat: { ...stat } });
          return null;
        },
      },
      { bytesMax: this.size },
    );
    image.take(NO_SESSIONS_NO_LISTS, 0);
    for (let bytes = JUMP_BYTES; ; bytes = image.wanted) {
      const piece = Buffer.alloc(bytes);
      const read = this.#file.read(piece, offset);
      image.take(piece.subarray(0, read), 0);
      if (found[0] !== undefined) return found[0];
      if (image.problem !== null || read < bytes)
        throw new JournalError('damaged', this.path, offset, 'there is no node', 'Open it again');
    }
  }

  /** The list that nodes of this key have; null where the file lacks it. */
  aclOf(key: number): Acl | null {
    return key === OPEN_ACL_KEY ? OPEN_ACL : (this.#acls.get(key) ?? null);
  }

  close(): void {
    this.#file.close();
    this.#reading.close();
  }
}

const OPEN_ACL_KEY = -1;

function shownPath(path: string): string {
  return path === '' ? '/' : path;
}
