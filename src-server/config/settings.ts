/**
 * Every knob of a member: what it means, its unit, its default and why that default. Read once at start and passed in.
 *
 * Names follow zoo.cfg where it has one, so that operators find what they know.
 */
import type { QuorumTls } from './quorum-tls.ts';

export type Compat = '3.8' | '3.9';

export interface Settings {
  // --- where ---

  /** Holds snapshots, epochs and myid. */
  readonly dataDir: string;
  /** Holds transaction logs. */
  readonly dataLogDir: string;
  /** Address clients connect to; null for every interface. Loopback unless a configuration says otherwise. */
  readonly clientPortAddress: string | null;
  readonly clientPort: number;
  /** Waiting connections the system keeps for us. */
  readonly clientPortListenBacklog: number;

  // --- who ---

  /** Id in the ensemble, 1 for a server on its own; becomes the top byte of its session ids. */
  readonly serverId: number;
  /** Whose behaviour to show where 3.8 and 3.9 differ. */
  readonly compat: Compat;

  // --- time ---

  /** The unit of all session arithmetic, ms. */
  readonly tickTimeMs: number;
  readonly minSessionTimeoutMs: number;
  readonly maxSessionTimeoutMs: number;
  /** A socket that has no session after this long is closed, ms. */
  readonly sessionlessTimeoutMs: number;

  // --- limits ---

  /** Connections from one address; 0 for no limit. */
  readonly maxClientConnections: number;
  /** Connections in all; 0 for no limit. */
  readonly maxConnections: number;
  /** Largest request, bytes (jute.maxbuffer). Larger ones end their connection. */
  readonly requestBytesMax: number;
  /** Requests in the pipeline above which connections that wait for answers are not read any further. */
  readonly globalOutstandingLimit: number;

  // --- rights ---

  readonly skipAcl: boolean;
  /** `super:<base64 of SHA-1>`: whoever authenticates as this may do everything. Null for nobody. */
  readonly superDigest: string | null;
  readonly fourLetterWords: readonly string[] | '*';

  // --- tree ---

  readonly extendedTypes: boolean;
  readonly enforceQuota: boolean;
  readonly reconfigEnabled: boolean;
  /** How often containers and TTL nodes are looked through, ms. */
  readonly containerCheckIntervalMs: number;
  /** Containers and TTL nodes removed per minute at the most. */
  readonly containerRemovalsPerMinute: number;
  /** How long a container may wait for its first child, ms; 0 for ever. */
  readonly containerNeverUsedMs: number;

  // --- disk ---

  readonly forceSync: boolean;
  /** Logs are extended in steps of this many bytes; 0 extends them as they grow. */
  readonly preallocateBytes: number;
  readonly fsyncWarningMs: number;
  /** Transactions between snapshots, at the most; half of it at the least. */
  readonly snapCount: number;
  /** Snapshots kept; older ones and the logs only they need are deleted. */
  readonly snapRetainCount: number;
  /** Writes are refused while the disk has less free space than this, bytes. */
  readonly diskReserveBytes: number;
  readonly digestEnabled: boolean;
  /** How snapshots are packed; null: not at all. */
  readonly snapshotPacking: 'gz' | 'snappy' | null;
  /**
   * Whether a member may begin with an empty database. If not, one that has none is taken to have lost it: it has no say in
   * elections until another has filled it, or until a file `initialize` lies in its log directory when it starts.
   */
  readonly dbAutocreate: boolean;

  // --- ensemble ---

  /** Whether an ensemble of one participant runs as a server on its own, without electing itself. */
  readonly standaloneEnabled: boolean;
  /** How long a learner may take to connect, agree on the epoch and receive the state, ticks. 0: not set. */
  readonly initLimitTicks: number;
  /** How far a learner may lag, and how long a peer may be silent, ticks. 0: not set. */
  readonly syncLimitTicks: number;
  /** How long a learner tries to connect, ticks; 0 for as long as `initLimitTicks`. */
  readonly connectToLearnerMasterLimitTicks: number;
  /** Pause between two tries to connect to the leader, ms. */
  readonly leaderConnectRetryMs: number;
  /** How often to try to listen on the election port; 0 for ever. */
  readonly electionPortBindRetry: number;
  /** Connecting to a peer's election port ends after this, ms. */
  readonly electionConnectTimeoutMs: number;
  /** A connection to the election port that does not say whose it is ends after this, ms; 0 for `syncLimitTicks`. */
  readonly electionHelloTimeoutMs: number;
  /** Whether the quorum and election ports take connections on every interface, and not only on the server line's. */
  readonly quorumListenOnAllIps: boolean;
  /** Whether a server line may have several addresses; peers before 3.6 do not understand what is then said to them. */
  readonly multiAddressEnabled: boolean;
  /** Shortest and longest pause of a member that looks for a leader and hears nothing, ms. */
  readonly notificationIntervalMinMs: number;
  readonly notificationIntervalMaxMs: number;
  /** An observer waits up to this long before it looks for a leader, ms. */
  readonly observerElectionDelayMs: number;
  /** An observer that lost its leader waits up to this long before it comes back, ms. */
  readonly observerReconnectDelayMs: number;
  /** Whether a member that finds no leader lets clients read that asked for no more. */
  readonly readOnlyModeEnabled: boolean;
  /** Whether new sessions are known to the member they began at and to nobody else, and cost no transaction. */
  readonly localSessionsEnabled: boolean;
  /** Whether such a session becomes one of the whole ensemble when it makes its first ephemeral node. */
  readonly localSessionsUpgradingEnabled: boolean;
  /** Every epoch begins to count after this: more than 0 only where the end of an epoch is to be seen (Z9). */
  readonly initialCounter: number;
  /** Committed transactions kept in memory for learners that were away for a short time. */
  readonly commitLogCount: number;
  /** A learner gets transactions from the log, not a snapshot, up to this share of the snapshot's size; below 0 never. */
  readonly snapshotSizeFactor: number;
  /** Every learner gets a snapshot. */
  readonly forceSnapshotSync: boolean;
  /** How members speak to each other; null: in plain. */
  readonly quorumTls: QuorumTls | null;
}

const DEFAULT_TICK_MS = 3000;
/** A little below 1 MiB: what every client expects. */
const DEFAULT_REQUEST_BYTES = 0xf_ffff;

/** Defaults of Apache ZooKeeper, except where its default is a known cause of trouble; those say so. */
export function defaultSettings(dataDir: string): Settings {
  return {
    dataDir,
    dataLogDir: dataDir,
    // Nothing is offered to the network that nobody asked for.
    clientPortAddress: '127.0.0.1',
    clientPort: 2181,
    clientPortListenBacklog: 511,
    serverId: 1,
    compat: '3.9',
    tickTimeMs: DEFAULT_TICK_MS,
    minSessionTimeoutMs: 2 * DEFAULT_TICK_MS,
    maxSessionTimeoutMs: 20 * DEFAULT_TICK_MS,
    sessionlessTimeoutMs: 10_000,
    maxClientConnections: 60,
    maxConnections: 0,
    requestBytesMax: DEFAULT_REQUEST_BYTES,
    globalOutstandingLimit: 1000,
    skipAcl: false,
    superDigest: null,
    fourLetterWords: ['srvr'],
    extendedTypes: false,
    enforceQuota: false,
    reconfigEnabled: false,
    containerCheckIntervalMs: 60_000,
    containerRemovalsPerMinute: 10_000,
    containerNeverUsedMs: 0,
    forceSync: true,
    preallocateBytes: 65536 * 1024,
    fsyncWarningMs: 1000,
    snapCount: 100_000,
    // Apache keeps everything until told otherwise, which is how disks fill.
    snapRetainCount: 3,
    diskReserveBytes: 64 * 1024 * 1024,
    digestEnabled: true,
    snapshotPacking: null,
    dbAutocreate: true,
    standaloneEnabled: true,
    // No number fits every ensemble, so Apache insists that the file says these two, and so do we.
    initLimitTicks: 0,
    syncLimitTicks: 0,
    connectToLearnerMasterLimitTicks: 0,
    // The leader elected a moment ago opens its port within this time.
    leaderConnectRetryMs: 100,
    electionPortBindRetry: 3,
    electionConnectTimeoutMs: 5000,
    electionHelloTimeoutMs: 0,
    quorumListenOnAllIps: false,
    multiAddressEnabled: false,
    // Two round trips on a slow line; and often enough for a member that nobody answered during a long partition.
    notificationIntervalMinMs: 200,
    notificationIntervalMaxMs: 60_000,
    observerElectionDelayMs: 200,
    observerReconnectDelayMs: 0,
    readOnlyModeEnabled: false,
    localSessionsEnabled: false,
    localSessionsUpgradingEnabled: false,
    initialCounter: 0,
    commitLogCount: 500,
    snapshotSizeFactor: 0.33,
    forceSnapshotSync: false,
    quorumTls: null,
  };
}

/**
 * What the program starts with on somebody's own machine: everything a developer may want to try is switched on, and nobody
 * else can reach it.
 */
export function localSettings(dataDir: string): Settings {
  const tickTimeMs = 2000;
  return {
    ...defaultSettings(dataDir),
    tickTimeMs,
    minSessionTimeoutMs: 2 * tickTimeMs,
    maxSessionTimeoutMs: 20 * tickTimeMs,
    maxClientConnections: 0,
    fourLetterWords: '*',
    extendedTypes: true,
    // Nodes with a time to live should go when a person still remembers making them.
    containerCheckIntervalMs: 5000,
  };
}
