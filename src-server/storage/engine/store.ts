/**
 * One partition of an engine, as everybody else sees it: an ordered log of entries, and the keys that they add up to.
 *
 *   entries   … 41 42 43 │ 44 45        append ▸ at the end     commit ▸ moves │ on     truncate ▸ takes back what lies behind │
 *               committed  uncommitted
 *   keys      as of 45: whoever may show only what is committed asks `pendingSeq` first
 *
 * Everything given out as bytes is lent until the end of the turn.
 */

/** Bytes of a partition are not what was written. It must not serve before it was installed again. */
export interface Damage {
  readonly partition: number;
  readonly segment: number;
  readonly offset: number;
  readonly why: string;
}

export class EngineDamage extends Error {
  override readonly name = 'EngineDamage';
  readonly damage: Damage;

  constructor(damage: Damage) {
    super(`partition ${damage.partition}: ${damage.why}`);
    this.damage = damage;
  }
}

/** An entry as it stands in a partition's log; what its body says is told by body.ts. */
export interface Entry {
  readonly epoch: number;
  readonly seq: number;
  readonly body: Uint8Array;
}

/** From which entry on a leader of this epoch wrote. */
export interface EpochStart {
  readonly epoch: number;
  readonly startSeq: number;
}

export interface Found {
  readonly value: Uint8Array;
  /** Wall time; 0 for never. Whether it has passed is the caller's matter. */
  readonly expiresAtMs: number;
  /** Of the entry that wrote it. */
  readonly seq: number;
}

/** Two 32-bit words for each of 256 ranges of key hashes, and the sum of all as 16 hex digits. Equal where the keys are. */
export interface Digest {
  readonly buckets: Uint32Array;
  readonly sum: string;
}

export interface Scan {
  /** Where to go on; 0 where everything was seen. */
  readonly cursor: number;
  readonly keys: readonly Uint8Array[];
}

/** Part of a partition's committed keys, as ops of body.ts. */
export interface Chunk {
  /** Where to go on; 0 where this is the last one. */
  readonly cursor: number;
  readonly bytes: Uint8Array;
}

/** What a copy begins with: where the log of its source stood. */
export interface InstallBase {
  readonly baseSeq: number;
  readonly baseEpoch: number;
  readonly epochs: readonly EpochStart[];
}

export interface Installing extends InstallBase {
  /** What to ask for next: everything before it is here, durably after a restart. */
  readonly cursor: number;
}

/** One partition. */
export interface Store {
  readonly partition: number;
  readonly lastSeq: number;
  readonly lastEpoch: number;
  readonly committedSeq: number;
  /** Which epoch began where, oldest first. */
  readonly epochs: readonly EpochStart[];
  /** Keys, expired ones included; bytes of keys and values. */
  readonly count: number;
  readonly bytes: number;
  readonly damage: Damage | null;
  readonly installing: Installing | null;

  /** The next entry: seq is lastSeq + 1. It is seen at once, and durable when a flush after it is done. */
  append(entry: Entry): void;
  /** What is committed can no longer be taken back. */
  commit(seq: number): void;
  /** Takes back everything after seq, which is not below committedSeq; durable with the next flush. */
  truncate(seq: number): void;

  /** @throws EngineDamage where the bytes are not what was written: the partition is damaged from then on */
  get(key: Uint8Array): Found | null;
  /** Of the newest uncommitted entry that touches the key, 0 where there is none. */
  pendingSeq(key: Uint8Array): number;
  /**
   * Entries from there on, as many as fit but one at least; empty at the end. 'gone' where some are no longer kept, or are not
   * what was written, of which `onDamage` tells.
   */
  read(fromSeq: number, maxBytes: number): readonly Entry[] | 'gone';
  /** Compaction should keep entries from there on for who lags; null for nobody. */
  keepFrom(seq: number | null): void;

  /**
   * About so many keys from a place in the order of hashes on; a key that stays is seen once or more, however much changes. What
   * is damaged is left out, and told of.
   */
  scan(cursor: number, count: number): Scan;
  /** Keys whose time has come, soonest first, at most so many. */
  due(wallMs: number, count: number): readonly Uint8Array[];
  digest(): Digest;
  /** Its bytes are what was written, but not what others hold: from then on it counts as damaged. */
  distrust(why: string): void;

  /**
   * The committed keys from a place on. Together with all entries after the base that the copy began with, it is right.
   * @returns null where one of them is not what was written: the partition is damaged, and can be nobody's source
   */
  copy(cursor: number, maxBytes: number): Chunk | null;
  /** About which part of the keys lies before a cursor: 0 to 1. */
  partBefore(cursor: number): number;
  /** Empties the partition; it takes chunks and no entries until the end. */
  beginInstall(base: InstallBase): void;
  /** @returns false where the bytes are damaged: the chunk is to be asked for again */
  installChunk(chunk: Chunk): boolean;
  endInstall(): void;
}
