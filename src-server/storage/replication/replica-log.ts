/**
 * What a replica knows of its log: where it ends, what of it is on the disk, what is committed, and which epoch began where.
 *
 *   1 ···················· committed ········ durable ······ last
 *   └── epoch 3 ───┴── epoch 5 ──┴────── epoch 6 ─────────────┘        epochs: (3 from 1) (5 from 40) (6 from 52)
 *
 * An epoch has one leader, which gives each place once. So an epoch and a place name one entry for ever, and where two logs share
 * an epoch they are the same up to where it ends in the shorter one. Places alone prove nothing (KIP-101).
 */
import { assert } from '../../base/assert.ts';
import { type Copying, EPOCHS_TOLD_MAX, type EpochStart, type LogFacts } from './messages.ts';

export class ReplicaLog {
  lastSeq = 0;
  durableSeq = 0;
  committedSeq = 0;
  /** False: there is nothing to continue, as it was lost, is damaged or is being copied. */
  isWhole = false;
  copying: Copying | null = null;
  #epochs: EpochStart[] = [];

  /** As it was found on the disk, everything of it durable; null where there was none. */
  constructor(found: LogFacts | null) {
    if (found !== null) this.take(found);
  }

  take(found: LogFacts): void {
    this.lastSeq = this.durableSeq = found.lastSeq;
    this.committedSeq = found.committedSeq;
    this.isWhole = found.isWhole;
    this.copying = found.copying;
    this.#epochs = [...found.epochs];
  }

  /** There is one now, and it is empty. */
  create(): void {
    assert(!this.isWhole && this.lastSeq === 0, 'R10: nothing is created in the place of a log');
    this.isWhole = true;
  }

  /** What is here cannot be continued. */
  forget(): void {
    this.lastSeq = this.durableSeq = this.committedSeq = 0;
    this.isWhole = false;
    this.copying = null;
    this.#epochs = [];
  }

  get lastEpoch(): number {
    return this.#epochs.at(-1)?.epoch ?? 0;
  }

  get facts(): LogFacts {
    const { lastSeq, lastEpoch, committedSeq, isWhole, copying } = this;
    const epochs = this.#epochs.slice(-EPOCHS_TOLD_MAX);
    return { lastSeq, lastEpoch, committedSeq, epochs, isWhole, copying };
  }

  append(epoch: number, seq: number): void {
    assert(this.isWhole, 'R10: only a whole log is continued');
    assert(seq === this.lastSeq + 1, 'R2: a log has no holes');
    assert(epoch >= this.lastEpoch, 'R2: epochs do not fall within a log');
    if (epoch > this.lastEpoch) this.#epochs.push({ epoch, startSeq: seq });
    this.lastSeq = seq;
  }

  truncate(seq: number): void {
    assert(seq >= this.committedSeq, 'R4: nothing committed is taken back');
    assert(seq <= this.lastSeq, 'R4: only what is there is taken back');
    this.lastSeq = seq;
    this.durableSeq = Math.min(this.durableSeq, seq);
    while ((this.#epochs.at(-1)?.startSeq ?? 0) > seq) this.#epochs.pop();
  }

  /**
   * A report about an entry that was taken back since says nothing: at its place may stand another one, of an older epoch even,
   * that is not on the disk yet. The flush after the cut will tell.
   */
  onDurable(epoch: number, seq: number): void {
    if (this.epochOf(seq) === epoch) this.durableSeq = Math.max(this.durableSeq, seq);
  }

  commit(seq: number): void {
    assert(seq >= this.committedSeq && seq <= this.lastSeq, 'R4: the commit point moves forward');
    this.committedSeq = seq;
  }

  /** 0 where there is no such entry, or it is older than what is known. */
  epochOf(seq: number): number {
    if (seq > this.lastSeq) return 0;
    for (let i = this.#epochs.length - 1; i >= 0; i--) {
      const { epoch, startSeq } = this.#epochs[i]!;
      if (startSeq <= seq) return epoch;
    }
    return 0;
  }

  /** The epochs that began at or before this entry. */
  epochsUpTo(seq: number): EpochStart[] {
    return this.#epochs.filter(({ startSeq }) => startSeq <= seq).slice(-EPOCHS_TOLD_MAX);
  }

  /** Where the last entry of this epoch, or of one before it, stands. */
  endOf(epoch: number): number {
    const later = this.#epochs.find((start) => start.epoch > epoch);
    return later === undefined ? this.lastSeq : later.startSeq - 1;
  }

  /** Up to which entry another log is the same as this one; null where that cannot be told. */
  sharedWith(other: LogFacts): number | null {
    if (other.lastSeq === 0) return 0;
    let end = other.lastSeq;
    for (let i = other.epochs.length - 1; i >= 0; i--) {
      const { epoch, startSeq } = other.epochs[i]!;
      const own = this.#epochs.find((start) => start.epoch === epoch);
      if (own !== undefined) {
        assert(own.startSeq === startSeq, 'R2: an epoch begins at the same entry everywhere');
        return Math.min(end, this.endOf(epoch));
      }
      end = startSeq - 1;
    }
    const areComplete = end === 0 && (this.#epochs[0]?.startSeq ?? 1) === 1;
    return areComplete ? 0 : null;
  }
}
