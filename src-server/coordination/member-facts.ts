/** Gathers what reports may say of a member from the rooms that know it. */
import type { Settings } from '../config/settings.ts';
import type { Clock } from '../platform/clock.ts';
import type { Metrics } from '../platform/metrics.ts';
import type { Platform } from '../platform/platform.ts';
import type {
  ConnectionFacts,
  MemberFacts,
  QuorumFacts,
  SessionDeadline,
  WatchFacts,
} from './admin/member-facts.ts';
import type { SessionClock } from './ensemble/session-clock.ts';
import { type Journal, VERSION_DIRECTORY } from './journal/journal.ts';
import type { Connection } from './serving/connection.ts';
import type { Door } from './serving/door.ts';
import type { ServerStats } from './serving/stats.ts';
import type { Watches } from './serving/watches.ts';
import type { Machine } from './state/machine.ts';

export interface MemberParts {
  readonly version: string;
  readonly settings: Settings;
  readonly platform: Platform;
  readonly metrics: Metrics;
  /** Another one once the leader has sent its state. */
  readonly machine: () => Machine;
  readonly journal: Journal;
  readonly mode: () => MemberFacts['mode'];
  readonly isServing: () => boolean;
  readonly outstanding: () => number;
  /** Null where another member knows when sessions end. */
  readonly sessionClock: () => SessionClock | null;
  /** Null where there are no local sessions. */
  readonly localSessions: () => { readonly clock: SessionClock; readonly count: number } | null;
  /** Null for a server on its own. */
  readonly quorum: () => QuorumFacts | null;
  readonly serverId: number;
  readonly watches: Watches;
  readonly stats: ServerStats;
  readonly startedMs: number;
  /** The door asks for words and so needs the facts before it exists itself. */
  readonly door: () => Door;
}

export function memberFacts(parts: MemberParts): MemberFacts {
  const { settings, platform, machine, journal, watches, stats, door } = parts;
  return {
    version: parts.version,
    get configuration() {
      return {
        clientPort: door().port,
        dataDir: platform.disk.join(settings.dataDir, VERSION_DIRECTORY),
        dataLogDir: platform.disk.join(settings.dataLogDir, VERSION_DIRECTORY),
        tickTimeMs: settings.tickTimeMs,
        maxClientConnections: settings.maxClientConnections,
        minSessionTimeoutMs: settings.minSessionTimeoutMs,
        maxSessionTimeoutMs: settings.maxSessionTimeoutMs,
        backlog: settings.clientPortListenBacklog,
        serverId: parts.serverId,
      };
    },
    get environment() {
      return platform.process.environment();
    },
    get mode() {
      return parts.mode();
    },
    get isServing() {
      return parts.isServing();
    },
    get quorum() {
      return parts.quorum();
    },
    get zxid() {
      return machine().lastZxid;
    },
    get nodeCount() {
      return machine().nodeCount;
    },
    get approximateBytes() {
      return machine().approximateBytes;
    },
    get ephemeralCount() {
      return machine().ephemeralCount;
    },
    get sessionCount() {
      return machine().sessionCount;
    },
    get localSessionCount() {
      return parts.localSessions()?.count ?? 0;
    },
    get watchCount() {
      return watches.count;
    },
    get uptimeMs() {
      return platform.clock.nowMs() - parts.startedMs;
    },
    get outstanding() {
      return parts.outstanding();
    },
    get received() {
      return stats.received;
    },
    get sent() {
      return stats.sent;
    },
    get minLatencyMs() {
      return stats.minLatencyMs;
    },
    get averageLatencyMs() {
      return stats.averageLatencyMs;
    },
    get maxLatencyMs() {
      return stats.maxLatencyMs;
    },
    get openFiles() {
      return platform.process.openFiles();
    },
    get maxOpenFiles() {
      return platform.process.maxOpenFiles();
    },
    get digestMismatches() {
      return machine().digestMismatches;
    },
    get connections() {
      return [...door().connections].map(connectionFacts);
    },
    watches: watchFacts(watches),
    get deadlines() {
      return deadlines(platform.clock, parts.sessionClock());
    },
    get localDeadlines() {
      return deadlines(platform.clock, parts.localSessions()?.clock ?? null);
    },
    get sessions() {
      return [...machine().sessions]
        .map(({ id, timeoutMs }) => ({ sessionId: id, timeoutMs }))
        .sort((a, b) => (a.sessionId < b.sessionId ? -1 : 1));
    },
    get ephemerals() {
      return [...machine().sessions]
        .filter(({ ephemerals }) => ephemerals.size > 0)
        .map(({ id }) => ({ sessionId: id, paths: machine().ephemeralPathsOf(id) }));
    },
    get digests() {
      return machine().digestLog;
    },
    metrics: parts.metrics,
    sizes: () => journal.sizes(),
    resetServerStats: () => stats.reset(),
    resetConnectionStats: () => {
      for (const connection of door().connections) connection.stats.reset();
    },
  };
}

function connectionFacts(connection: Connection): ConnectionFacts {
  const { stats } = connection;
  return {
    remoteAddress: connection.remoteAddress,
    remotePort: connection.remotePort,
    sessionId: connection.sessionId,
    establishedMs: connection.establishedMs,
    timeoutMs: connection.timeoutMs,
    outstanding: connection.outstanding,
    received: stats.received,
    sent: stats.sent,
    lastOperation: stats.lastOperation,
    lastCxid: stats.lastCxid,
    lastZxid: stats.lastZxid,
    lastResponseMs: stats.lastResponseMs,
    lastLatencyMs: stats.lastLatencyMs,
    minLatencyMs: Number.isFinite(stats.minLatencyMs) ? stats.minLatencyMs : 0,
    averageLatencyMs: stats.averageLatencyMs,
    maxLatencyMs: stats.maxLatencyMs,
  };
}

function watchFacts({ data }: Watches): WatchFacts {
  return {
    get watcherCount() {
      return data.watcherCount;
    },
    get pathCount() {
      return data.pathCount;
    },
    get count() {
      return data.count;
    },
    *byPath() {
      for (const [path, watchers] of data.byPath())
        yield [path, watchers.map(({ sessionId }) => sessionId)];
    },
    *bySession() {
      for (const [{ sessionId }, paths] of data.byWatcher()) yield [sessionId, [...paths]];
    },
  };
}

function deadlines(clock: Clock, sessions: SessionClock | null): SessionDeadline[] | null {
  if (sessions === null) return null;
  const toWall = clock.wallMs() - clock.nowMs();
  return [...sessions.byDeadline()].map(([endMs, ending]) => ({
    atWallMs: endMs + toWall,
    sessionIds: [...ending].map(({ id }) => id),
  }));
}
