/** Nodes of a snapshot as lines, in the order of the file, and what it says of itself once it was read whole. */
import { ApiError } from '#contract/errors.ts';
import type { LogFilter, LogRecord, LogRow, SnapshotFacts } from '#contract/log-models.ts';

import { sessionHex } from '../../base/ids.ts';
import { JournalError } from '../../coordination/journal/journal-error.ts';
import {
  type SnapshotEnd,
  SnapshotReader,
  type StoredNode,
} from '../../coordination/journal/snapshot-reader.ts';
import { kindOfOwner } from '../../coordination/model/owner.ts';
import { digestHex } from '../../coordination/model/txn-facts.ts';
import type { Disk } from '../../platform/disk.ts';
import type { LineKeeper, Lines } from './lines.ts';
import { EVERYTHING, fitsNode } from './log-filter.ts';
import { preview, shownAcl } from './log-views.ts';

/** Enough to see whose they are; a server with more has bigger worries. */
const SESSIONS_MAX = 1000;

export class SnapshotLines implements Lines {
  readonly #disk: Disk;
  readonly #path: string;
  #reader: SnapshotReader;
  #filter = EVERYTHING;
  #keeper: LineKeeper | null = null;
  #mark: { readonly at: number; readonly problem: string } | null = null;
  #sessions: { id: string; timeoutMs: number }[] = [];
  #sessionCount = 0;
  #dataBytes = 0;
  #ephemeralCount = 0;
  seen = 0;
  readonly span = null;
  readonly timings = null;
  snapshot: SnapshotFacts | null = null;

  /** @throws DiskError */
  constructor(disk: Disk, path: string) {
    this.#disk = disk;
    this.#path = path;
    this.#reader = this.#open();
  }

  restart(filter: LogFilter): void {
    this.#filter = filter;
    this.#mark = null;
    this.#sessions = [];
    this.#sessionCount = 0;
    this.#dataBytes = 0;
    this.#ephemeralCount = 0;
    this.seen = 0;
    this.snapshot = null;
    this.#reader.close();
    this.#reader = this.#open();
  }

  get marks(): number {
    return this.#mark === null ? 0 : 1;
  }

  get done(): number {
    return this.#reader.position;
  }

  get total(): number {
    return this.#reader.size;
  }

  step(keeper: LineKeeper): 'more' | 'end' {
    // A snapshot gets its name once it is whole: nothing follows.
    if (this.snapshot !== null || this.#mark !== null) return 'end';
    this.#keeper = keeper;
    const progress = this.#reader.step();
    if (progress.kind === 'more') return 'more';
    if (progress.kind === 'whole') {
      this.snapshot = this.#factsWith(progress.end);
    } else {
      this.#mark = { at: progress.at, problem: progress.problem };
      keeper.keep(progress.at, null);
    }
    return 'end';
  }

  row(place: number): LogRow {
    if (this.#mark?.at === place) {
      const { at, problem } = this.#mark;
      return { kind: 'mark', at, bytes: this.total - at, damage: 'damaged', problem, reason: null };
    }
    const { at, path, data, stat } = this.#nodeAt(place);
    return {
      kind: 'node',
      at,
      path,
      mzxid: stat.mzxid,
      mtime: stat.mtime,
      version: stat.version,
      ephemeralOwner: ownerOf({ stat }),
      data: preview(data),
    };
  }

  record(place: number): LogRecord {
    if (this.#mark?.at === place) throw new ApiError('not-found', 'there is no node at this place');
    const { at, path, data, aclKey, stat } = this.#nodeAt(place);
    const { czxid, mzxid, pzxid, ctime, mtime, version, cversion, aversion } = stat;
    return {
      kind: 'node',
      file: this.#path,
      at,
      path,
      data: data === null ? null : Uint8Array.from(data),
      acl: shownAcl(this.#reader.aclOf(aclKey)),
      czxid,
      mzxid,
      pzxid,
      ctime,
      mtime,
      version,
      cversion,
      aversion,
      ephemeralOwner: ownerOf({ stat }),
    };
  }

  zxidOf(): null {
    return null;
  }

  offsetOf(place: number): number {
    return place;
  }

  close(): void {
    this.#reader.close();
  }

  #open(): SnapshotReader {
    return new SnapshotReader(this.#disk, this.#path, {
      onSession: (id, timeoutMs) => {
        this.#sessionCount++;
        if (this.#sessions.length < SESSIONS_MAX)
          this.#sessions.push({ id: sessionHex(id), timeoutMs });
      },
      onNode: (node) => {
        this.seen++;
        this.#dataBytes += node.data?.length ?? 0;
        if (ownerOf(node) !== null) this.#ephemeralCount++;
        if (fitsNode(this.#filter, node.path)) this.#keeper?.keep(node.at, null);
      },
    });
  }

  #nodeAt(place: number): StoredNode {
    try {
      return this.#reader.at(place);
    } catch (error) {
      throw error instanceof JournalError ? new ApiError('not-found', error.message) : error;
    }
  }

  #factsWith({ digest, lastZxid }: SnapshotEnd): SnapshotFacts {
    return {
      sessionCount: this.#sessionCount,
      sessions: this.#sessions,
      aclCount: this.#reader.aclCount,
      nodeCount: this.seen,
      dataBytes: this.#dataBytes,
      ephemeralCount: this.#ephemeralCount,
      digest:
        digest === null ? null : { zxid: digest.zxid, value: digestHex(digest.high, digest.low) },
      lastZxid,
    };
  }
}

/** The session of an ephemeral node; containers and nodes with a time to live keep their mark in the same field. */
function ownerOf({ stat }: Pick<StoredNode, 'stat'>): string | null {
  const owner = (BigInt(stat.ownerHigh) << 32n) | BigInt(stat.ownerLow >>> 0);
  return kindOfOwner(owner, true) === 'ephemeral' ? sessionHex(owner) : null;
}
