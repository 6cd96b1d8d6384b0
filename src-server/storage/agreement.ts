/**
 * Whether all copies of a partition are the same: what disks and checksums cannot tell, as each copy is sound by itself.
 *
 *   leader ──askDigest(seq)──▶ followers in sync         behind the entries up to seq, and before the next one: so it is asked
 *   leader ◀──digest(seq)───── each                      of the very same log, however busy the partition is
 *   leader ──distrust────────▶ who is not what most are: it counts its copy as damaged, and fetches it again
 *
 * Whoever wants to know it of one partition at once may ask; a rebalance is not done before it has. Else everything that is led
 * here is compared once in a period, 2 KiB and some words for each follower. Where no more copies agree
 * with one side than with the other, the leader's holds once every copy there should be was heard; else it is told only.
 */
import type { Clock } from '../platform/clock.ts';
import type { Logger } from '../platform/logger.ts';
import type { Store } from './engine/engine.ts';
import type { Partition } from './partition.ts';
import type { Partitions } from './partitions.ts';
import type { Digest, DigestMessage } from './replication/mesh/links.ts';
import type { NodeId } from './ring/topology.ts';

export interface AgreementParts {
  readonly partitions: Partitions;
  readonly send: (to: NodeId, message: DigestMessage) => void;
  /** What this node took over the network to have its copy, since it began to have one. */
  readonly copiedBytes: (partition: number) => number;
  /** How many copies a partition should have. */
  readonly copiesWanted: () => number;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Within so much time everything that is led here was compared once. */
  readonly periodMs: number;
}

/** Since the start. */
export interface AgreementFacts {
  readonly compared: number;
  readonly differed: number;
  /** In words, when and where; empty for never. */
  readonly lastDifference: string;
}

/** What came of comparing the copies of one partition. */
export interface Verdict {
  readonly kind: 'equal' | 'different' | 'unknown';
  /** Which differ, or why nobody knows. */
  readonly words: string;
  /** The copies that were compared, each with what it took over the network. */
  readonly copiedBytes: ReadonlyMap<NodeId, number>;
}

/** What one copy says of itself: two 32-bit words for each of 256 ranges of its keys. */
export type Digests = ReadonlyMap<NodeId, Uint8Array>;

interface Comparison {
  readonly partition: Partition;
  readonly epoch: number;
  readonly seq: number;
  readonly digests: Map<NodeId, Uint8Array>;
  readonly copiedBytes: Map<NodeId, number>;
  readonly asked: ReadonlySet<NodeId>;
  readonly untilMs: number;
}

/** Who has not answered by then was cut off, or had entries coming. */
const ANSWER_MS = 1000;
/** Comparisons at the same time; each keeps its digests. */
const RUNNING_MAX = 16;
const RANGE_BYTES = 8;
const DIGEST_BYTES = 256 * RANGE_BYTES;

export class Agreement {
  readonly #parts: AgreementParts;
  readonly #running = new Map<number, Comparison>();
  /** Who waits to hear of a partition. */
  readonly #asking = new Map<number, ((verdict: Verdict) => void)[]>();
  /** The last partition that was compared. */
  #last = -1;
  #due = 0;
  #lookedMs: number;
  #compared = 0;
  #differed = 0;
  #lastDifference = '';

  constructor(parts: AgreementParts) {
    this.#parts = parts;
    this.#lookedMs = parts.clock.nowMs();
  }

  get facts(): AgreementFacts {
    return {
      compared: this.#compared,
      differed: this.#differed,
      lastDifference: this.#lastDifference,
    };
  }

  // --- the leader ---

  /** Of a partition that is led here: told once, later. */
  compareSoon(partition: number, tell: (verdict: Verdict) => void): void {
    this.#asking.set(partition, [...(this.#asking.get(partition) ?? []), tell]);
  }

  /** At the beginning of a turn: what was proposed before it has left. */
  onPulse(nowMs: number): void {
    const { partitions, periodMs } = this.#parts;
    const { led } = partitions;
    this.#due = Math.min(
      led.length,
      this.#due + ((nowMs - this.#lookedMs) / periodMs) * led.length,
    );
    this.#lookedMs = nowMs;
    for (const [number, { untilMs }] of this.#running) {
      if (untilMs > nowMs) continue;
      this.#running.delete(number);
      this.#tell(number, unknown('entries were on their way to some copy, or it did not answer'));
    }
    for (const number of this.#asking.keys()) {
      if (this.#running.has(number) || this.#begin(partitions.partition(number), nowMs)) continue;
      this.#tell(number, unknown('it is not led here, or not yet'));
    }
    while (this.#due >= 1 && this.#running.size < RUNNING_MAX) {
      this.#due--;
      this.#last = led.find((number) => number > this.#last) ?? led[0]!;
      this.#begin(partitions.partition(this.#last), nowMs);
    }
  }

  #tell(number: number, verdict: Verdict): void {
    const asking = this.#asking.get(number);
    this.#asking.delete(number);
    for (const tell of asking ?? []) tell(verdict);
  }

  /** @returns false where there is nothing to compare */
  #begin(partition: Partition | null, nowMs: number): boolean {
    const store = partition?.store ?? null;
    if (partition === null || store === null || this.#running.has(partition.number)) return false;
    const { number, replica } = partition;
    const { self } = this.#parts.partitions;
    const copiedBytes = new Map([[self, this.#parts.copiedBytes(number)]]);
    const asked = replica.members
      .filter(({ phase, isInSync }) => isInSync && phase === 'streaming')
      .map(({ node }) => node);
    if (replica.serving === 'none') return false;
    if (asked.length === 0) {
      this.#tell(number, { kind: 'equal', words: 'there is one copy', copiedBytes });
      return true;
    }
    const { epoch, lastSeq: seq } = replica;
    this.#running.set(number, {
      partition,
      epoch,
      seq,
      digests: new Map([[self, digestOf(store)]]),
      copiedBytes,
      asked: new Set(asked),
      untilMs: nowMs + ANSWER_MS,
    });
    for (const node of asked)
      this.#parts.send(node, { kind: 'askDigest', partition: number, epoch, seq });
    return true;
  }

  #onDigest(from: NodeId, message: Digest): void {
    const { partition: number, epoch, seq, digest, copiedBytes } = message;
    const one = this.#running.get(number);
    if (one?.seq !== seq || one.epoch !== epoch || !one.asked.has(from)) return;
    if (digest.length !== DIGEST_BYTES) return;
    one.digests.set(from, Uint8Array.from(digest));
    one.copiedBytes.set(from, copiedBytes);
    if (one.digests.size <= one.asked.size) return;
    this.#running.delete(number);
    const { replica } = one.partition;
    if (replica.role !== 'leader' || replica.epoch !== one.epoch) {
      this.#tell(number, unknown('another leader took over'));
      return;
    }
    this.#compared++;
    const { self } = this.#parts.partitions;
    const odd = oddCopies(self, one.digests, this.#parts.copiesWanted());
    if (odd !== null) this.#onDifference(one, odd);
    this.#tell(number, verdictOf(odd, one.copiedBytes));
  }

  #onDifference({ partition, epoch, seq, digests }: Comparison, odd: readonly NodeId[]): void {
    const { partitions, send, clock, logger } = this.#parts;
    const { number } = partition;
    const ranges = rangesOf([...digests.values()]);
    this.#differed++;
    const whose = odd.length > 0 ? `of ${odd.join(', ')}` : 'and nobody knows whose is right';
    const words = `the copy of partition ${number} differs in ${ranges} of 256 ranges of keys, ${whose}`;
    this.#lastDifference = `${new Date(clock.wallMs()).toISOString()}: ${words}`;
    const where = { partition: number, epoch, seq, ranges, odd: odd.join(' ') };
    logger.error('copies of a partition differ', where);
    for (const node of odd) {
      if (node === partitions.self) partition.store?.distrust(DISTRUST);
      else send(node, { kind: 'distrust', partition: number, epoch });
    }
  }

  // --- both ---

  onMessage(from: NodeId, message: DigestMessage): void {
    const { partition: number, epoch } = message;
    if (message.kind === 'digest') {
      this.#onDigest(from, message);
      return;
    }
    const partition = this.#parts.partitions.partition(number);
    const store = partition?.store ?? null;
    if (partition === null || store === null || store.installing !== null) return;
    const { replica } = partition;
    if (replica.leader !== from || replica.epoch !== epoch || store.damage !== null) return;
    if (message.kind === 'distrust') {
      this.#parts.logger.error('most copies differ from the one here', { partition: number });
      store.distrust(DISTRUST);
    } else if (store.lastSeq === message.seq) {
      const { seq } = message;
      const digest = digestOf(store);
      const copiedBytes = this.#parts.copiedBytes(number);
      this.#parts.send(from, {
        kind: 'digest',
        partition: number,
        epoch,
        seq,
        digest,
        copiedBytes,
      });
    }
  }
}

const DISTRUST = 'most other copies hold something else';

/** Whoever is odd is copied again, and compared again after that; only where nobody knows whose is wrong it is the last word. */
function verdictOf(odd: readonly NodeId[] | null, copiedBytes: Verdict['copiedBytes']): Verdict {
  if (odd === null) return { kind: 'equal', words: '', copiedBytes };
  if (odd.length > 0) return unknown(`the copy of ${odd.join(', ')} differs: it is made again`);
  return {
    kind: 'different',
    words: 'copies differ, and nobody knows whose is right',
    copiedBytes,
  };
}

function unknown(words: string): Verdict {
  return { kind: 'unknown', words, copiedBytes: new Map() };
}

/**
 * Pure. Null where all are the same; empty where they are not, and nobody can say whose is wrong.
 *
 * @param wanted how many copies there should be: with fewer heard, half against half decides nothing
 */
export function oddCopies(
  leader: NodeId,
  digests: Digests,
  wanted: number,
): readonly NodeId[] | null {
  const sides = new Map<string, NodeId[]>();
  for (const [node, digest] of digests) {
    const key = Buffer.from(digest).toString('latin1');
    sides.set(key, [...(sides.get(key) ?? []), node]);
  }
  if (sides.size === 1) return null;
  const [first, second] = [...sides.values()].sort(
    (a, b) => b.length - a.length || Number(b.includes(leader)) - Number(a.includes(leader)),
  );
  if (first!.length === second!.length && digests.size < wanted) return [];
  return [...digests.keys()].filter((node) => !first!.includes(node));
}

/** In how many ranges of keys not all are the same. */
function rangesOf(digests: readonly Uint8Array[]): number {
  const [first, ...others] = digests.map((digest) => Buffer.from(digest));
  let count = 0;
  for (let at = 0; at < first!.length; at += RANGE_BYTES) {
    const isSame = (other: Buffer): boolean =>
      first!.compare(other, at, at + RANGE_BYTES, at, at + RANGE_BYTES) === 0;
    if (!others.every(isSame)) count++;
  }
  return count;
}

/** The same bytes on every machine. */
function digestOf(store: Store): Uint8Array {
  const { buckets } = store.digest();
  const bytes = new Uint8Array(buckets.length * 4);
  const view = new DataView(bytes.buffer);
  for (const [i, word] of buckets.entries()) view.setUint32(i * 4, word);
  return bytes;
}
