/**
 * What must be true of a run. Entries of a partition are in one order, so "linearizable" is simple: whoever reads or writes comes
 * behind everything that anybody had been told when it began.
 *
 *   I1 every read and write comes behind what was told before      I5 everybody in sync by the record holds every commit
 *   I2 an epoch has one leader that commits                        I6 no read is older than a write that was told before
 *   I3 what is committed stays, the same for everybody             I8 in the end all copies are equal
 *   I4 what is told is on the disks of everybody in sync           I12 without the ensemble nothing fails that was healthy
 */
import { assert } from '../../../src-server/base/assert.ts';
import type { LogEntry } from '../../../src-server/storage/replication/messages.ts';
import type { NodeId } from '../../../src-server/storage/ring/topology.ts';
import { type SimStore, writeOf } from './store.ts';

interface Floor {
  readonly atMs: number;
  readonly seq: number;
}

/** Of one partition. */
class Truth {
  /** What is committed at each place, as the first who said so had it. */
  readonly chosen: LogEntry[] = [];
  readonly leaders = new Map<number, NodeId>();
  /** Up to where somebody outside was told of it, over time. */
  readonly floors: Floor[] = [{ atMs: 0, seq: 0 }];
  readonly placeOf = new Map<number, number>();
  readonly discarded = new Set<number>();
}

export class Judge {
  readonly #truths = new Map<number, Truth>();
  /** What happened, for whoever looks at a seed that failed. */
  readonly story: string[] = [];
  isTelling = false;
  commits = 0;
  reads = 0;
  writes = 0;
  staleReads = 0;
  discards = 0;

  say(nowMs: number, text: string): void {
    if (this.isTelling) this.story.push(`${nowMs.toFixed(1).padStart(9)} ${text}`);
  }

  truth(partition: number): Truth {
    let truth = this.#truths.get(partition);
    if (truth === undefined) this.#truths.set(partition, (truth = new Truth()));
    return truth;
  }

  committedSeq(partition: number): number {
    return this.truth(partition).chosen.length;
  }

  /** A replica says that entries up to this one hold. */
  onCommitted(partition: number, store: SimStore, fromSeq: number, toSeq: number): void {
    const { chosen, placeOf, discarded } = this.truth(partition);
    for (let seq = fromSeq; seq <= toSeq; seq++) {
      const entry = store.entryAt(seq);
      assert(entry !== null, 'I3: what is committed is there');
      const known = chosen[seq - 1];
      if (known !== undefined) {
        assert(known.epoch === entry.epoch, 'I3: everybody commits the same');
        continue;
      }
      assert(seq === chosen.length + 1, 'I3: commits have no holes');
      chosen.push(entry);
      this.commits++;
      const write = writeOf(entry);
      if (write === null) continue;
      assert(!placeOf.has(write.id), 'R9: an entry is committed once');
      assert(!discarded.has(write.id), 'R9: what never happened does not happen');
      placeOf.set(write.id, seq);
    }
  }

  onLeaderCommits(partition: number, epoch: number, node: NodeId): void {
    const { leaders } = this.truth(partition);
    const known = leaders.get(epoch);
    assert(known === undefined || known === node, 'I2: an epoch has one leader that commits');
    leaders.set(epoch, node);
  }

  /** A leader that was stopped on its way may find itself established when a newer one is. */
  onEstablished(partition: number, epoch: number, committedSeq: number): void {
    const missing = this.truth(partition).chosen[committedSeq];
    const isComplete = missing === undefined || missing.epoch > epoch;
    assert(isComplete, 'I3: a leader begins with everything committed');
  }

  /** I4 and I5, whenever something is committed or the record changes. */
  checkInSync(partition: number, stores: readonly (SimStore | null)[]): void {
    const { chosen } = this.truth(partition);
    const newest = chosen.at(-1);
    if (newest === undefined) return;
    for (const store of stores) {
      const holds =
        store !== null &&
        (store.entryAt(newest.seq)?.epoch === newest.epoch ||
          (store.installing === null && store.baseSeq >= newest.seq));
      assert(holds, 'I5: who is in sync holds every commit, durably');
    }
  }

  // --- clients ---

  floor(partition: number): number {
    return this.truth(partition).floors.at(-1)!.seq;
  }

  #told(partition: number, seq: number, nowMs: number): void {
    const { floors } = this.truth(partition);
    if (seq > floors.at(-1)!.seq) floors.push({ atMs: nowMs, seq });
  }

  onWritten(partition: number, id: number, seq: number, floor: number, nowMs: number): void {
    assert(this.truth(partition).placeOf.get(id) === seq, 'I1: a write that is acknowledged holds');
    assert(seq > floor, 'I1: a write comes behind what was told before');
    this.writes++;
    this.#told(partition, seq, nowMs);
  }

  onDiscarded(partition: number, id: number): void {
    const { placeOf, discarded } = this.truth(partition);
    assert(!placeOf.has(id), 'R9: what is told discarded never happened');
    discarded.add(id);
    this.discards++;
  }

  onRead(partition: number, seq: number, floor: number, nowMs: number): void {
    assert(seq >= floor, 'I6: a read shows what was told before');
    this.reads++;
    this.#told(partition, seq, nowMs);
  }

  onStaleRead(partition: number, seq: number, sinceMs: number): void {
    const { floors } = this.truth(partition);
    let at = floors.length - 1;
    while (at > 0 && floors[at]!.atMs > sinceMs) at--;
    assert(seq >= floors[at]!.seq, 'a stale read is not older than it says');
    this.staleReads++;
  }

  /** What a replica shows under a key is what the entries up to its commit point add up to. */
  checkKeys(partition: number, store: SimStore): void {
    const wanted = new Map<number, number>();
    for (const entry of this.truth(partition).chosen.slice(0, store.committedSeq)) {
      const write = writeOf(entry);
      if (write !== null) wanted.set(write.key, write.id);
    }
    assert(wanted.size === store.keys.size, 'I8: copies hold the same keys');
    for (const [key, id] of wanted) assert(store.keys.get(key) === id, 'I8: copies are equal');
  }
}
