/**
 * The keys of the ring as the RESP doors of this node see them: where each lies, and works carried out where it lies here.
 *
 *   execute ──led here──▶ partition
 *      │   └──led elsewhere──▶ refused: MOVED
 *      └──between two leaders──▶ parked ──▶ again, when something has changed
 */
import type { Engine, Store } from './engine/engine.ts';
import type { Forwards } from './forwards.ts';
import { Parking } from './parking.ts';
import type { Partition } from './partition.ts';
import type { Partitions } from './partitions.ts';
import type { CopyProgress } from './replication/mesh/transfer.ts';
import type {
  CopyFacts,
  Errand,
  ErrandOutcome,
  Holding,
  Keyspace as KeyspacePort,
  NodeFacts,
  NodeFigures,
  Refusal,
  RefusalCode,
  RingFacts,
  Route,
  ScanSlice,
  WaitFacts,
  Work,
} from './resp/ports.ts';
import { type RingPicture, UNKNOWN_PARTITION } from './ring-picture.ts';
import type { Throttle } from './throttle.ts';

export interface KeyspaceParts {
  readonly picture: RingPicture;
  readonly partitions: Partitions;
  readonly engine: Engine;
  readonly forwards: Forwards;
  /** Times commands, so that copies are no burden. */
  readonly throttle: Pick<Throttle, 'timed'>;
  readonly parkMs: number;
  readonly parkedMax: number;
  readonly startedAtMs: number;
  readonly memoryBytesMax: number;
  /** On the disk of its data. */
  readonly freeBytes: () => number;
  readonly copies: () => readonly CopyProgress[];
  /** Null where another node controls the ring. */
  readonly waits: () => readonly WaitFacts[] | null;
  /** Of the rooms that this one does not know. */
  readonly moreDetails: () => NodeFigures['details'];
}

const COPY_WORDS: Readonly<Record<CopyProgress['state'], string>> = {
  running: 'copying',
  waiting: 'waits until others are done',
  held: 'paused, or the disk over there is nearly full',
};

export class Keyspace implements KeyspacePort {
  readonly #parts: KeyspaceParts;
  readonly parking: Parking;

  constructor(parts: KeyspaceParts) {
    this.#parts = parts;
    this.parking = new Parking({
      parkMs: parts.parkMs,
      max: parts.parkedMax,
      retry: (partition, work, canRun) => this.#try(partition, work, canRun),
      refuse: (partition, work, why) => this.#refuseParked(partition, work, why),
    });
  }

  get ring(): RingFacts {
    return this.#parts.picture;
  }

  routeOf(slot: number): Route {
    return this.#parts.picture.routeOf(slot);
  }

  execute(partition: number, asked: Work): void {
    const { partitions, throttle } = this.#parts;
    partitions.beginTurn();
    const work = throttle.timed(asked);
    if (this.parking.isBusy(partition) || !this.#try(partition, work)) {
      this.parking.park(partition, work, partitions.nowMs);
    }
  }

  forward(node: NodeFacts, errand: Errand, answer: (outcome: ErrandOutcome) => void): void {
    this.#parts.forwards.send(node, errand, answer);
  }

  isSwitching(number: number): boolean {
    return this.#parts.partitions.partition(number)?.isSwitching === true;
  }

  /** They ran here, and another node leads now: they go there, or wait for it, before whoever came after them. */
  again(number: number, works: readonly Work[]): void {
    this.parking.parkAgain(number, works, this.#parts.partitions.nowMs);
  }

  /** @returns false where it has to wait */
  #try(number: number, work: Work, canRun = true): boolean {
    if (number === UNKNOWN_PARTITION) return this.#tryUnknown(work);
    const partition = this.#parts.partitions.partition(number);
    if (canRun && partition?.take(work) === true) return true;
    if (partition?.isSwitching === true) return false;
    const route = this.#parts.picture.routeOfPartition(number);
    if (!canRun && partition?.replica.role === 'leader') {
      const words = 'this node has led in between times, and this was not done';
      work.refused(this.refusal(number, 'TRYAGAIN', words));
      return true;
    }
    if (route.kind !== 'elsewhere' && route.kind !== 'follows') return false;
    const words = `${route.leader.id} leads this key`;
    work.refused({ ...this.refusal(number, 'MOVED', words), leader: route.leader });
    return true;
  }

  /** It came before the ring was known, and its partition was never found out. */
  #tryUnknown(work: Work): boolean {
    if (!this.#parts.picture.isKnown) return false;
    const words = 'this node did not know the ring yet, and knows it now';
    work.refused(this.refusal(UNKNOWN_PARTITION, 'CLUSTERDOWN', words));
    return true;
  }

  #refuseParked(partition: number, work: Work, why: 'full' | 'late'): void {
    const words =
      why === 'full'
        ? 'too many requests wait for partitions without a leader'
        : 'nobody leads this key, and nobody took over while this request waited';
    work.refused(this.refusal(partition, 'CLUSTERDOWN', words));
  }

  refusal(partition: number, code: RefusalCode, words: string): Refusal {
    const { epoch } = this.ring.partition(partition);
    const route = code === 'TRYAGAIN' ? this.#parts.picture.routeOfPartition(partition) : null;
    // Not every client tries again; all of them go where they are sent.
    if (route?.kind === 'elsewhere' || route?.kind === 'follows') {
      const { leader } = route;
      return { code: 'MOVED', words: `${leader.id} leads this key`, partition, epoch, leader };
    }
    return { code, words, partition, epoch, leader: null };
  }

  // --- what is here ---

  get led(): readonly number[] {
    return this.#parts.partitions.led;
  }

  get figures(): NodeFigures {
    const { engine, partitions, forwards, startedAtMs, memoryBytesMax, freeBytes } = this.#parts;
    const stats = engine.stats();
    const { mode, logBytes, tableBytes, residentBytes } = stats;
    let keys = 0;
    let keyBytes = 0;
    for (const number of this.led) {
      const store = partitions.partition(number)?.store;
      keys += store?.count ?? 0;
      keyBytes += store?.bytes ?? 0;
    }
    return {
      mode,
      startedAtMs,
      isLoading: false,
      keys,
      keyBytes,
      diskBytes: mode === 'durable' ? logBytes : 0,
      memoryBytes: tableBytes + residentBytes,
      memoryBytesMax: mode === 'cache' ? memoryBytesMax : 0,
      partitionsLed: this.led.length,
      partitionsHeld: engine.partitions().length,
      details: [
        ['disk-free-bytes', freeBytes()],
        ['disk-room', stats.room],
        ['live-bytes', stats.liveBytes],
        ['segments', stats.segments],
        ['appends', stats.appends],
        ['syncs', stats.syncs],
        ['written-bytes', stats.writtenBytes],
        ['moved-bytes', stats.movedBytes],
        ['evicted-keys', stats.evictedKeys],
        ['damaged-partitions', stats.damaged.length],
        ['waiting', this.#waitingCount()],
        ['parked', this.parking.count],
        ['forwards-sent', forwards.sent],
        ['forwards-received', forwards.received],
        ['forwards-waiting', forwards.count],
        ...this.#parts.moreDetails(),
      ],
    };
  }

  get held(): readonly number[] {
    return this.#parts.partitions.held.map(({ number }) => number);
  }

  holding(number: number): Holding | null {
    const partition = this.#parts.partitions.partition(number);
    const store = partition?.store ?? null;
    if (partition === null || store === null) return null;
    const { role, epoch, lastSeq, committedSeq } = partition.replica;
    const { count: keys, bytes } = store;
    const { reads, writes } = partition.traffic;
    const waits = this.#whyWaiting(partition, store);
    return {
      partition: number,
      role,
      epoch,
      lastSeq,
      committedSeq,
      keys,
      bytes,
      reads,
      writes,
      waits,
      digest: store.digest().sum,
    };
  }

  get copies(): readonly CopyFacts[] {
    const { id: self } = this.ring.self;
    return this.#parts.copies().map((copy): CopyFacts => {
      const { partition, direction, peer, bytes, bytesTotal, bytesPerSecond, state } = copy;
      const [from, to] = direction === 'out' ? [self, peer] : [peer, self];
      const words = COPY_WORDS[state];
      return { partition, from, to, bytes, bytesTotal: bytesTotal ?? 0, bytesPerSecond, words };
    });
  }

  get waits(): readonly WaitFacts[] | null {
    return this.#parts.waits();
  }

  #whyWaiting({ replica, number }: Partition, store: Store): string | null {
    const { damage, installing } = store;
    if (damage !== null) return `its bytes are damaged: ${damage.why}`;
    if (installing !== null) return `it is being copied from ${replica.leader ?? 'its leader'}`;
    if (replica.role === 'leader') {
      if (replica.serving === 'none') return 'copies have not promised to follow yet';
      if (replica.serving === 'reads') return 'fewer copies are in sync than a write needs';
      return replica.hasLease ? null : 'copies have not granted it the right to answer reads';
    }
    if (replica.leader === null) return 'nobody leads it';
    const { leader } = this.ring.partition(number);
    if (leader !== null && !leader.isAlive) return `its leader ${leader.id} is away`;
    return Number.isFinite(replica.staleMs) ? null : `${replica.leader} has not been heard`;
  }

  #waitingCount(): number {
    return this.#parts.partitions.held.reduce((sum, { waitingCount }) => sum + waitingCount, 0);
  }

  count(partition: number): number {
    return this.#led(partition)?.store?.count ?? 0;
  }

  scan(partition: number, cursor: number, count: number): ScanSlice | null {
    const store = this.#led(partition)?.store;
    if (store === null || store === undefined) return null;
    const { cursor: next, keys } = store.scan(cursor, count);
    return { cursor: next, keys: keys.map((key) => Uint8Array.from(key)) };
  }

  #led(number: number): Partition | null {
    const partition = this.#parts.partitions.partition(number);
    return partition?.replica.role === 'leader' ? partition : null;
  }
}
