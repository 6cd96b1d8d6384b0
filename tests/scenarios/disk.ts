/**
 * The disk of a peer in a scenario: what is written, what of it would survive a power failure, and the work it has yet to do,
 * one thing after the other.
 */
import { assert } from '../../src-server/base/assert.ts';
import { type Zxid, ZXID_ZERO } from '../../src-server/base/zxid.ts';
import type { Event } from '../../src-server/coordination/zab/events.ts';
import type { Proposal } from '../../src-server/coordination/zab/messages.ts';
import type { View } from '../../src-server/coordination/zab/view.ts';
import { showEntry, showZxid } from './words.ts';

export interface Job {
  /** As the transcript has it; null for work that leaves nothing behind. */
  readonly name: string | null;
  /** @returns what the core is told */
  readonly run: () => Event | null;
}

export class Disk {
  accepted = 0;
  current = 0;
  view: View;
  nextView: View;
  /** What the snapshot holds, and its zxid. */
  snapshot: readonly Proposal[] = [];
  snapshotZxid: Zxid = ZXID_ZERO;
  log: Proposal[] = [];
  /** How many entries of the log are synced. */
  synced = 0;
  readonly jobs: Job[] = [];

  constructor(view: View) {
    this.view = view;
    this.nextView = view;
  }

  /** Everything that is written, whether or not it would survive. */
  get content(): readonly Proposal[] {
    return [...this.snapshot, ...this.log.filter(({ zxid }) => zxid > this.snapshotZxid)];
  }

  get end(): Zxid {
    const last = this.log.at(-1)?.zxid ?? ZXID_ZERO;
    return last > this.snapshotZxid ? last : this.snapshotZxid;
  }

  /** The last transaction that would survive. */
  get durableEnd(): Zxid {
    const last = this.log[this.synced - 1]?.zxid ?? ZXID_ZERO;
    return last > this.snapshotZxid ? last : this.snapshotZxid;
  }

  get isSynced(): boolean {
    return this.synced === this.log.length;
  }

  append(entry: Proposal): void {
    assert(entry.zxid > this.end, 'Z4: the log grows');
    this.log.push(entry);
    const { zxid } = entry;
    this.jobs.push({
      name: `log ${showEntry(entry)}`,
      run: () => {
        this.synced = Math.max(this.synced, this.log.findIndex((e) => e.zxid === zxid) + 1);
        return { kind: 'durable', zxid };
      },
    });
  }

  /** @returns whether nothing younger than that is a snapshot's */
  cut(after: Zxid): boolean {
    if (this.snapshotZxid > after) return false;
    this.log = this.log.filter(({ zxid }) => zxid <= after);
    this.synced = this.log.length;
    return true;
  }

  replace(snapshot: readonly Proposal[], zxid: Zxid): void {
    this.snapshot = [...snapshot];
    this.snapshotZxid = zxid;
    this.log = [];
    this.synced = 0;
  }

  /** What was not synced is lost, unless only the process ended. */
  fail(losesUnsynced: boolean): void {
    this.jobs.length = 0;
    if (losesUnsynced) this.log.length = this.synced;
    this.synced = this.log.length;
  }

  show(): string {
    const parts = this.log.map((entry, i) => showEntry(entry) + (i < this.synced ? '' : '?'));
    if (this.snapshotZxid !== ZXID_ZERO) parts.unshift(`[${showZxid(this.snapshotZxid)}]`);
    return parts.length === 0 ? 'empty' : parts.join(' ');
  }
}
