/**
 * Every knob of a member: what it means, its unit, its default and why that default. Read once at start and passed in.
 *
 * Names follow zoo.cfg where it has one, so that operators find what they know.
 */

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
}

export const DEFAULT_TICK_MS = 3000;
/** A little below 1 MiB: what every client expects. */
export const DEFAULT_REQUEST_BYTES = 0xf_ffff;

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
