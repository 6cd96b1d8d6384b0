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

/** A member's place among the others. */
export interface QuorumFacts {
  /** `leading - broadcast` */
  readonly peerState: string;
  readonly quorumSize: number;
  readonly leader: number | null;
  readonly initLimitTicks: number;
  readonly syncLimitTicks: number;
  readonly electionPorts: readonly number[];
  readonly quorumPorts: readonly number[];
  readonly isObserver: boolean;
  /** The configuration in force, as `/zookeeper/config` has it. */
  readonly membership: string;
  readonly leading: LeadingFacts | null;
}

export interface LeadingFacts {
  readonly learners: number;
  readonly syncedFollowers: number;
  readonly syncedNonVotingFollowers: number;
  readonly syncedObservers: number;
  readonly pendingSyncs: number;
  readonly uptimeMs: number;
  /** −1 before the first. */
  readonly proposalBytes: { readonly last: number; readonly min: number; readonly max: number };
}

export interface MemberFacts {
  /** As `srvr` prints it: number, revision and build date. */
  readonly version: string;
  readonly configuration: ConfigurationFacts;
  readonly environment: readonly (readonly [string, string])[];
  readonly mode: 'standalone' | 'leader' | 'follower' | 'observer' | 'read-only';
  /** Null for a server on its own. */
  readonly quorum: QuorumFacts | null;
  readonly isServing: boolean;
  readonly zxid: number;
  readonly nodeCount: number;
  readonly approximateBytes: number;
  readonly ephemeralCount: number;
  readonly sessionCount: number;
  readonly localSessionCount: number;
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
  /** Null at a learner: its leader knows when sessions end. */
  readonly deadlines: readonly SessionDeadline[] | null;
  /** Of the sessions that only this member knows; null where there are none. */
  readonly localDeadlines: readonly SessionDeadline[] | null;
  /** By id. */
  readonly sessions: readonly { readonly sessionId: bigint; readonly timeoutMs: number }[];
  readonly ephemerals: readonly { readonly sessionId: bigint; readonly paths: readonly string[] }[];
  readonly digests: readonly { readonly zxid: number; readonly digest: bigint }[];
  readonly metrics: Metrics;
  sizes(): { readonly snapshotBytes: number; readonly logBytes: number };
  resetServerStats(): void;
  resetConnectionStats(): void;
}
