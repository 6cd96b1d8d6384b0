/** What the compositions of a member have in common: what they are given, their face, and the parts both build alike. */
import type { Sid } from '../base/ids.ts';
import { type EnsembleConfig, hostPortText } from '../config/ensemble-config.ts';
import { type Limits, limitsFor } from '../config/limits.ts';
import type { Settings } from '../config/settings.ts';
import type { LinkFaults } from '../platform/link-faults.ts';
import { type Metrics } from '../platform/metrics.ts';
import type { Platform } from '../platform/platform.ts';
import type { ElectionLinkStatus } from './ensemble/election-links.ts';
import type { MemberStatus } from './ensemble/member.ts';
import type { TimelinePart } from './ensemble/timeline.ts';
import type { Recovered, RecoveryProgress } from './journal/journal.ts';
import { type NodeKind, ttlOfOwner } from './model/owner.ts';
import type { Door } from './serving/door.ts';
import { Reads } from './serving/reads.ts';
import { ServerStats } from './serving/stats.ts';
import { Watches } from './serving/watches.ts';
import { type Machine, NO_ROW } from './state/machine.ts';

export interface ServerOptions {
  readonly settings: Settings;
  readonly platform: Platform;
  /** As `srvr` prints it. */
  readonly version: string;
  /** Null, or left out, for a server on its own. */
  readonly ensemble?: EnsembleOptions | null;
  readonly onProgress: (progress: RecoveryProgress) => void;
  /** The member cannot go on: what is durable is unknown. It has stopped serving. */
  readonly onFatal: (error: Error) => void;
}

export interface EnsembleOptions {
  readonly config: EnsembleConfig;
  /** A configuration that was proposed and perhaps decided, or null. */
  readonly next: EnsembleConfig | null;
  /** The zoo.cfg to keep up to date when the ensemble changes; null where there is none. */
  readonly file: string | null;
  /** What a lab does to the links between members. */
  readonly faults?: LinkFaults<Sid> | null;
  readonly onPhase?: (status: MemberStatus) => void;
}

export interface Server {
  /** Where clients connect. */
  readonly clientPort: number;
  readonly recovered: Recovered;
  /** Null for a server on its own. */
  readonly ensemble: EnsembleFace | null;
  /** What clients cannot see of a node: whether it is a container, or how long it lives. Null where there is none. */
  natureOf(path: string): NodeNature | null;
  /** `host:port` of the client that has this session here; null where it has none here. */
  addressOf(sessionId: bigint): string | null;
  stop(): Promise<void>;
}

/** What may be known of a member among others. */
export interface EnsembleFace {
  readonly status: MemberStatus;
  readonly zxid: number;
  readonly isServing: boolean;
  /** The configuration in force. */
  readonly config: EnsembleConfig;
  /** At the leader: whom it leads. */
  readonly learners: readonly {
    readonly sid: number;
    readonly role: 'follower' | 'observer';
    readonly isSynced: boolean;
  }[];
  /** The connections to the other members over which leaders are elected. */
  readonly peers: readonly ElectionLinkStatus[];
  /** When what happened to the last transactions, after this revision; noted from the first question on. */
  timelineSince(revision: number): TimelinePart;
  /** Nobody asks for it any more. */
  restTimeline(): void;
  /** Looks for a leader again. */
  stepDown(reason: string): void;
}

export interface NodeNature {
  readonly kind: NodeKind;
  readonly ttlMs: number | null;
}

/** What serving needs whatever stands behind it. */
export interface ServingParts {
  readonly limits: Limits;
  readonly metrics: Metrics;
  readonly stats: ServerStats;
  readonly watches: Watches;
  readonly reads: Reads;
}

export function servingParts(settings: Settings, metrics: Metrics, machine: Machine): ServingParts {
  const compat38 = settings.compat === '3.8';
  const watches = new Watches({ compat38 });
  return {
    limits: limitsFor(settings),
    metrics,
    stats: new ServerStats(metrics),
    watches,
    reads: new Reads({ machine, watches, compat38 }),
  };
}

export function addressAt(door: Door, sessionId: bigint): string | null {
  const connection = door.connectionOf(sessionId);
  if (connection === undefined) return null;
  const { remoteAddress: host, remotePort: port } = connection;
  return hostPortText({ host, port });
}

export function natureIn(machine: Machine, path: string): NodeNature | null {
  const row = machine.find(path);
  if (row === NO_ROW) return null;
  const kind = machine.nodes.kind(row);
  return { kind, ttlMs: kind === 'ttl' ? ttlOfOwner(machine.nodes.owner(row)) : null };
}
