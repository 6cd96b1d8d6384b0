/** Everything reports can say of a member, read-only. The composition fills it in. */
import type { Metrics } from '../../platform/metrics.ts';

export interface ConnectionFacts {
  readonly remoteAddress: string;
  readonly remotePort: number;
  /** 0 before it has a session. */
  readonly sessionId: bigint;
  readonly establishedMs: number;
  readonly timeoutMs: number;
  readonly outstanding: number;
  readonly received: number;
  readonly sent: number;
  readonly lastOperation: string;
  readonly lastCxid: number;
  readonly lastZxid: number;
  readonly lastResponseMs: number;
  readonly lastLatencyMs: number;
  readonly minLatencyMs: number;
  readonly averageLatencyMs: number;
  readonly maxLatencyMs: number;
}

export interface SessionDeadline {
  /** Wall time at which these would expire. */
  readonly atWallMs: number;
  readonly sessionIds: readonly bigint[];
}

export interface WatchFacts {
  readonly watcherCount: number;
  readonly pathCount: number;
  readonly count: number;
  byPath(): Iterable<readonly [path: string, sessionIds: readonly bigint[]]>;
  bySession(): Iterable<readonly [sessionId: bigint, paths: readonly string[]]>;
}

export interface ConfigurationFacts {
  readonly clientPort: number;
  readonly dataDir: string;
  readonly dataLogDir: string;
  readonly tickTimeMs: number;
  readonly maxClientConnections: number;
  readonly minSessionTimeoutMs: number;
  readonly maxSessionTimeoutMs: number;
  readonly backlog: number;
  readonly serverId: number;
}

export interface MemberFacts {
  /** As `srvr` prints it: number, revision and build date. */
  readonly version: string;
  readonly configuration: ConfigurationFacts;
  readonly environment: readonly (readonly [string, string])[];
  readonly mode: 'standalone';
  readonly isServing: boolean;
  readonly zxid: number;
  readonly nodeCount: number;
  readonly approximateBytes: number;
  readonly ephemeralCount: number;
  readonly sessionCount: number;
  readonly watchCount: number;
  readonly uptimeMs: number;
  readonly outstanding: number;
  readonly received: number;
  readonly sent: number;
  readonly minLatencyMs: number;
  readonly averageLatencyMs: number;
  readonly maxLatencyMs: number;
  readonly openFiles: number;
  readonly maxOpenFiles: number;
  readonly digestMismatches: number;
  readonly connections: readonly ConnectionFacts[];
  /** Of the data table. */
  readonly watches: WatchFacts;
  readonly deadlines: readonly SessionDeadline[];
  readonly ephemerals: readonly { readonly sessionId: bigint; readonly paths: readonly string[] }[];
  readonly digests: readonly { readonly zxid: number; readonly digest: bigint }[];
  readonly metrics: Metrics;
  sizes(): { readonly snapshotBytes: number; readonly logBytes: number };
  resetServerStats(): void;
  resetConnectionStats(): void;
}
