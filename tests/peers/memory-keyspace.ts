/**
 * Keys in memory behind the RESP doors, for tests and measurements of the doors alone: pretend nodes that share one ring, each
 * leading the partitions it is given. What a test wants to see go wrong it says through the switches of a node.
 */
import { NodeClock } from '../../src-server/platform/node/clock.ts';
import { Errands } from '../../src-server/storage/resp/errands.ts';
import { DEFAULT_RESP_LIMITS } from '../../src-server/storage/resp/limits.ts';
import type {
  Doubt,
  Errand,
  ErrandOutcome,
  Found,
  Holding,
  Keyspace,
  NodeFacts,
  NodeFigures,
  PartitionFacts,
  Refusal,
  RingFacts,
  Route,
  ScanSlice,
  Transaction,
  Work,
} from '../../src-server/storage/resp/ports.ts';
import { partitionOf, slotOf, SLOTS } from '../../src-server/storage/ring/slots.ts';

interface Stored {
  readonly value: Buffer;
  expiresAtMs: number;
  seq: number;
}

/** The ring that several pretend nodes share. */
export class MemoryRing {
  readonly partitionCount: number;
  readonly members: MemoryKeyspace[] = [];
  /** Who leads each partition; null: nobody. */
  readonly leaders: (MemoryKeyspace | null)[];
  version = 1;
  revision = 1;

  constructor(partitionCount = 16) {
    this.partitionCount = partitionCount;
    this.leaders = new Array<MemoryKeyspace | null>(partitionCount).fill(null);
  }

  /** Neighbouring partitions to each member in turn, as many to one as to another. */
  share(): void {
    for (let i = 0; i < this.partitionCount; i++) {
      const member = Math.floor((i * this.members.length) / this.partitionCount);
      this.leaders[i] = this.members[member] ?? null;
    }
    this.revision++;
  }

  /** Hands a partition to another member, with its keys. */
  move(partition: number, to: MemoryKeyspace | null): void {
    const from = this.leaders[partition] ?? null;
    if (from !== null && to !== null) {
      for (const [name, stored] of from.keys) {
        if (from.partitionOfName(name) !== partition) continue;
        to.keys.set(name, stored);
        from.keys.delete(name);
      }
    }
    this.leaders[partition] = to;
    this.revision++;
    for (const member of this.members) member.forgetRoutes();
  }
}

export class MemoryKeyspace implements Keyspace {
  readonly keys = new Map<string, Stored>();
  /** Works wait until `release` is called. */
  isParking = false;
  /** What every write is answered with, instead of being carried out. */
  refusal: Refusal | null = null;
  /** Every write is carried out, and nobody knows. */
  doubt: Doubt | null = null;
  /** Answers of errands get lost. */
  losesAnswers = false;
  /** It follows whoever leads, and has what they have. */
  followsOthers = false;
  /** Writes are confirmed later, as by followers. */
  confirmsLater = false;
  facts: NodeFacts;
  readonly #ring: MemoryRing;
  readonly #errands: Errands;
  readonly #parked: { readonly partition: number; readonly work: Work }[] = [];
  #confirmations: (() => void)[] = [];
  #seq = 0;
  #routes: (Route | null)[] = [];
  #ringFacts: RingFacts | null = null;

  constructor(ring: MemoryRing, facts: Partial<NodeFacts> = {}) {
    this.#ring = ring;
    const number = ring.members.length + 1;
    this.facts = {
      id: `node-${number}`,
      clusterId: String(number).repeat(40).slice(0, 40),
      host: '127.0.0.1',
      clusterPort: 0,
      proxyPort: 0,
      peerPort: 0,
      zone: `zone-${number}`,
      isAlive: true,
      ...facts,
    };
    this.#errands = new Errands({
      keyspace: this,
      clock: new NodeClock(),
      limits: DEFAULT_RESP_LIMITS,
    });
    ring.members.push(this);
  }

  /** After its doors have opened. */
  announce(ports: Partial<NodeFacts>): void {
    this.facts = { ...this.facts, ...ports };
    this.#ring.revision++;
    for (const member of this.#ring.members) member.forgetRoutes();
  }

  forgetRoutes(): void {
    this.#routes = [];
    this.#ringFacts = null;
  }

  partitionOfName(name: string): number {
    return partitionOf(slotOf(Buffer.from(name, 'latin1')), this.#ring.partitionCount);
  }

  routeOf(slot: number): Route {
    const partition = (slot * this.#ring.partitionCount) >>> Math.log2(SLOTS);
    return (this.#routes[partition] ??= this.#makeRoute(partition));
  }

  #makeRoute(partition: number): Route {
    const leader = this.#ring.leaders[partition] ?? null;
    if (leader === null) return { kind: 'nobody', partition };
    if (leader === this) return { kind: 'here', partition };
    const kind = this.followsOthers ? 'follows' : 'elsewhere';
    return { kind, partition, leader: leader.facts };
  }

  // --- works ---

  readonly #transaction = new MemoryTransaction(this);

  isSwitching(): boolean {
    return false;
  }

  execute(partition: number, work: Work): void {
    if (this.isParking || this.#parked.length > 0) {
      this.#parked.push({ partition, work });
      return;
    }
    this.#run(partition, work);
  }

  #run(partition: number, work: Work): void {
    const leader = this.#ring.leaders[partition] ?? null;
    const isStale = work.consistency.kind === 'stale' && !work.isWrite && this.followsOthers;
    if (leader !== null && isStale) {
      leader.#transaction.nowMs = Date.now();
      work.run(leader.#transaction);
      work.done();
      return;
    }
    if (leader !== this) {
      const code = leader === null ? 'CLUSTERDOWN' : 'MOVED';
      const words = leader === null ? 'no leader is known' : `${leader.facts.id} leads it`;
      work.refused({ code, words, partition, epoch: 1, leader: leader?.facts ?? null });
      return;
    }
    if (work.isWrite && this.refusal !== null) {
      work.refused({ ...this.refusal, partition });
      return;
    }
    this.#transaction.nowMs = Date.now();
    work.run(this.#transaction);
    if (work.isWrite && this.doubt !== null) work.uncertain({ ...this.doubt, partition });
    else if (this.confirmsLater) this.#confirmLater(work);
    else work.done();
  }

  #confirmLater(work: Work): void {
    this.#confirmations.push(() => work.done());
    if (this.#confirmations.length > 1) return;
    setImmediate(() => {
      const due = this.#confirmations;
      this.#confirmations = [];
      for (const confirm of due) confirm();
    });
  }

  /** What waited is carried out now. */
  release(): void {
    this.isParking = false;
    for (const { partition, work } of this.#parked.splice(0)) this.#run(partition, work);
  }

  nextSeq(): number {
    return ++this.#seq;
  }

  // --- others ---

  forward(node: NodeFacts, errand: Errand, answer: (outcome: ErrandOutcome) => void): void {
    const target = this.#ring.members.find(({ facts }) => facts.id === node.id);
    const copy = { ...errand, command: Buffer.from(errand.command) };
    setImmediate(() => {
      if (target?.facts.isAlive !== true) {
        answer({ kind: 'unsent', why: 'nobody is there' });
        return;
      }
      target.#errands.run(copy, (reply) => {
        const bytes = Buffer.from(reply);
        setImmediate(() => {
          if (target.losesAnswers) answer({ kind: 'lost', why: 'the link broke' });
          else answer({ kind: 'answered', reply: bytes });
        });
      });
    });
  }

  get ring(): RingFacts {
    return (this.#ringFacts ??= this.#makeRing());
  }

  #makeRing(): RingFacts {
    const { partitionCount, version, revision, members, leaders } = this.#ring;
    return {
      name: '/ring',
      version,
      revision,
      partitionCount,
      replicaCount: 1,
      minInSync: 1,
      nodes: members.map(({ facts }) => facts),
      self: this.facts,
      isCoordinated: true,
      partition: (partition): PartitionFacts => {
        const leader = leaders[partition]?.facts ?? null;
        const replicas = leader === null ? [] : [leader];
        return { epoch: 1, leader, replicas, inSync: replicas };
      },
    };
  }

  get figures(): NodeFigures {
    return {
      mode: 'cache',
      startedAtMs: 0,
      isLoading: false,
      keys: this.keys.size,
      keyBytes: 0,
      diskBytes: 0,
      memoryBytes: 0,
      memoryBytesMax: 0,
      partitionsLed: this.led.length,
      partitionsHeld: this.led.length,
      details: [],
    };
  }

  get led(): readonly number[] {
    return [...this.#ring.leaders.entries()]
      .filter(([, leader]) => leader === this)
      .map(([partition]) => partition);
  }

  readonly copies = [];
  readonly waits = null;

  get held(): readonly number[] {
    return this.led;
  }

  holding(partition: number): Holding | null {
    if (this.#ring.leaders[partition] !== this) return null;
    const keys = this.count(partition);
    const seqs = { epoch: 1, lastSeq: this.#seq, committedSeq: this.#seq };
    const figures = { keys, bytes: 0, reads: 0, writes: 0, waits: null, digest: '0'.repeat(16) };
    return { partition, role: 'leader', ...seqs, ...figures };
  }

  count(partition: number): number {
    return this.#keysOf(partition).length;
  }

  scan(partition: number, cursor: number, count: number): ScanSlice | null {
    if (this.#ring.leaders[partition] !== this) return null;
    const keys = this.#keysOf(partition).map((name) => Buffer.from(name, 'latin1'));
    const end = cursor + count;
    return { cursor: end < keys.length ? end : 0, keys: keys.slice(cursor, end) };
  }

  #keysOf(partition: number): string[] {
    const nowMs = Date.now();
    return [...this.keys]
      .filter(([name, { expiresAtMs }]) => {
        const isLive = expiresAtMs === 0 || expiresAtMs > nowMs;
        return isLive && this.partitionOfName(name) === partition;
      })
      .map(([name]) => name)
      .sort();
  }
}

class MemoryTransaction implements Transaction {
  nowMs = 0;
  readonly #keyspace: MemoryKeyspace;

  constructor(keyspace: MemoryKeyspace) {
    this.#keyspace = keyspace;
  }

  get(key: Uint8Array): Found | null {
    const stored = this.#keyspace.keys.get(nameOf(key));
    if (stored === undefined) return null;
    return stored.expiresAtMs === 0 || stored.expiresAtMs > this.nowMs ? stored : null;
  }

  put(key: Uint8Array, value: Uint8Array, expiresAtMs: number): void {
    const seq = this.#keyspace.nextSeq();
    const name = nameOf(key);
    const stored = this.#keyspace.keys.get(name);
    // Written over where it fits: measurements are to be of the doors, not of the garbage of what stands behind them.
    if (stored?.value.length === value.length) {
      stored.value.set(value);
      stored.expiresAtMs = expiresAtMs;
      stored.seq = seq;
    } else {
      this.#keyspace.keys.set(name, { value: Buffer.from(value), expiresAtMs, seq });
    }
  }

  delete(key: Uint8Array): void {
    this.#keyspace.nextSeq();
    this.#keyspace.keys.delete(nameOf(key));
  }
}

function nameOf(key: Uint8Array): string {
  return (key as Buffer).latin1Slice(0, key.length);
}
