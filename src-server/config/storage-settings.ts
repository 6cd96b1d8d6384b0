/**
 * Every knob of a storage node: what it means, its unit, its default and why that default. Read once at start and passed in.
 * Names are those of `storage.conf`.
 */
import type { NetSecurity } from '../platform/tls.ts';

/** How connections are protected. */
export type StorageTls = Pick<NetSecurity, 'terms' | 'dials' | 'accepts'>;

export interface StorageSettings {
  // --- who ---

  /** What it is called in the ring, for good: 1–32 of letters, digits, dot, underscore, hyphen. */
  readonly nodeId: string;
  /** Where it stands: replicas of a partition go to different zones, and to different hosts within one. */
  readonly region: string;
  readonly zone: string;
  readonly host: string;
  /** Share of the partitions beside the others' weights; 0 takes none. */
  readonly weight: number;
  /** Bytes it may be given to keep; null for as many as its weight says. */
  readonly capBytes: number | null;

  // --- where ---

  readonly dataDir: string;
  /** Address to listen at; null for every interface. Loopback unless a configuration says otherwise. */
  readonly address: string | null;
  /** Host name or address under which clients and other nodes reach it. */
  readonly advertisedHost: string;
  /** For clients that know where a key lies: they are sent elsewhere (MOVED) where it does not lie here. */
  readonly clusterPort: number;
  /** For all others: what lies elsewhere is fetched there. */
  readonly proxyPort: number;
  /** For the other nodes. */
  readonly peerPort: number;

  // --- the ring ---

  /** Servers of the ensemble, `host:port,host:port`, perhaps a path behind them; null where who starts the node says it. */
  readonly ensemble: string | null;
  /** Who it is for the ensemble, `scheme:secret`; null for nobody. */
  readonly ensembleAuth: string | null;
  /** The ring's node in the ensemble's tree. */
  readonly ringRoot: string;
  /** A node not heard of for so long is dead to the ensemble, ms: others lead in its place. */
  readonly sessionTimeoutMs: number;
  /** Nodes that must be there before a ring that does not exist is begun. */
  readonly formNodes: number;
  /** Of a ring that is begun; one that exists has its own. */
  readonly partitionCount: number;
  readonly replicaCount: number;
  /** Copies that must have a write on disk before it is acknowledged; with fewer, writes are refused. */
  readonly minInSync: number;
  readonly strategy: 'balanced' | 'tokens';
  /** Replicas of a node that has been away for so long are made elsewhere, ms. */
  readonly downOutMs: number;

  /**
   * Of a ring that is begun: after a rebalance is closed, what it moved away is kept so long, ms. Undoing it then copies only what
   * came since.
   */
  readonly retireAfterMs: number;

  // --- what is kept ---

  /** durable: on disk before it is acknowledged; cache: in memory, evicted when that is full. */
  readonly mode: 'durable' | 'cache';
  /** A file of the log is closed and the next begun at so many bytes. */
  readonly segmentBytes: number;
  /** Cache mode: bytes of keys and values, above which the least used go. */
  readonly memoryBytes: number;
  /** Writes are refused while the disk has less free space than this, bytes. */
  readonly diskReserveBytes: number;
  /** Copies that only move wait while more of the disk, or of `capBytes`, is taken than this, percent. */
  readonly fullDiskPercent: number;
  readonly valueBytesMax: number;
  /** Every byte on the disk is read again and checked within so much time, ms. */
  readonly scrubWithinMs: number;
  /** All copies of what this node leads are compared with each other within so much time, ms. */
  readonly compareWithinMs: number;

  // --- time ---

  /** A request waits so long for a partition that has no leader at the moment, ms; then it is refused. */
  readonly parkMs: number;
  /** A write that was begun is answered UNCERTAIN when nobody has confirmed it after this, ms. */
  readonly writeTimeoutMs: number;
  /** How long followers promise a leader that there is no other, ms; it answers reads by itself as long. */
  readonly leaseMs: number;
  /** Of a ring that is begun: bytes a second that copying to new replicas may take of a node. */
  readonly transferBytesPerSecond: number;

  // --- clients ---

  readonly maxClients: number;
  /** Requests that may wait on one node for partitions between two leaders. */
  readonly parkedMax: number;
  /** A file of users; null where everybody may do everything. */
  readonly usersFile: string | null;
  /** How clients connect; null: in plain. */
  readonly clientTls: StorageTls | null;
  /** How nodes connect to each other; null: in plain. */
  readonly peerTls: StorageTls | null;
}

const MIB = 0x10_0000;

export function defaultStorageSettings(dataDir: string): StorageSettings {
  return {
    nodeId: '',
    region: 'default',
    zone: 'default',
    host: '',
    weight: 1,
    capBytes: null,
    dataDir,
    // Nothing is offered to the network that nobody asked for.
    address: '127.0.0.1',
    advertisedHost: '127.0.0.1',
    clusterPort: 7001,
    proxyPort: 7101,
    peerPort: 7201,
    ensemble: null,
    ensembleAuth: null,
    ringRoot: '/ring',
    sessionTimeoutMs: 10_000,
    formNodes: 3,
    // Seven equal nodes are balanced within a hundredth by it.
    partitionCount: 256,
    replicaCount: 3,
    minInSync: 2,
    strategy: 'balanced',
    downOutMs: 60_000,
    retireAfterMs: 600_000,
    mode: 'durable',
    segmentBytes: 64 * MIB,
    memoryBytes: 256 * MIB,
    diskReserveBytes: 64 * MIB,
    fullDiskPercent: 85,
    valueBytesMax: 64 * MIB,
    scrubWithinMs: 7 * 24 * 3_600_000,
    compareWithinMs: 120_000,
    // A fail-over takes the session's timeout; a hand-over on purpose some milliseconds.
    parkMs: 2000,
    writeTimeoutMs: 5000,
    leaseMs: 2000,
    transferBytesPerSecond: 64 * MIB,
    maxClients: 10_000,
    parkedMax: 4096,
    usersFile: null,
    clientTls: null,
    peerTls: null,
  };
}

/** What nodes on somebody's own machine start with: a failure is to be seen while one watches. */
export function localStorageSettings(dataDir: string): StorageSettings {
  return {
    ...defaultStorageSettings(dataDir),
    // The least that members of this machine grant, with their tick of two seconds.
    sessionTimeoutMs: 4000,
    downOutMs: 10_000,
    retireAfterMs: 60_000,
  };
}
