/** The texts of the four-letter words, in Apache's shapes: monitoring scripts read them line by line. */
import { zxidHex } from '../../base/zxid.ts';
import type {
  ConnectionFacts,
  LeadingFacts,
  MemberFacts,
  QuorumFacts,
  SessionDeadline,
} from './member-facts.ts';

export function serverReport(facts: MemberFacts): string {
  return `${headLines(facts)}${figures(facts)}`;
}

export function statReport(facts: MemberFacts): string {
  const clients = facts.connections.map((connection) => ` ${brief(connection)}\n`).join('');
  return `${headLines(facts)}Clients:\n${clients}\n${figures(facts)}`;
}

export function connectionsReport(facts: MemberFacts): string {
  return `${facts.connections.map((connection) => ` ${full(connection)}\n`).join('')}\n`;
}

export function configurationReport(facts: MemberFacts): string {
  const { configuration } = facts;
  const { snapshotBytes, logBytes } = facts.sizes();
  return lines([
    `clientPort=${configuration.clientPort}`,
    'secureClientPort=-1',
    `dataDir=${configuration.dataDir}`,
    `dataDirSize=${snapshotBytes}`,
    `dataLogDir=${configuration.dataLogDir}`,
    `dataLogSize=${logBytes}`,
    `tickTime=${configuration.tickTimeMs}`,
    `maxClientCnxns=${configuration.maxClientConnections}`,
    `minSessionTimeout=${configuration.minSessionTimeoutMs}`,
    `maxSessionTimeout=${configuration.maxSessionTimeoutMs}`,
    `clientPortListenBacklog=${configuration.backlog}`,
    `serverId=${configuration.serverId}`,
    ...(facts.quorum === null ? [] : quorumLines(facts.quorum)),
  ]);
}

function quorumLines(quorum: QuorumFacts): string[] {
  return [
    `initLimit=${quorum.initLimitTicks}`,
    `syncLimit=${quorum.syncLimitTicks}`,
    // The one there is since 3.6.
    'electionAlg=3',
    `electionPort=${quorum.electionPorts.join('|')}`,
    `quorumPort=${quorum.quorumPorts.join('|')}`,
    `peerType=${quorum.isObserver ? 1 : 0}`,
    'membership: ',
    quorum.membership,
  ];
}

export function dumpReport(facts: MemberFacts): string {
  const report = ['SessionTracker dump:', ...sessionLines(facts)];
  report.push('ephemeral nodes dump:', `Sessions with Ephemerals (${facts.ephemerals.length}):`);
  for (const { sessionId, paths } of facts.ephemerals) {
    report.push(`0x${hex(sessionId)}:`);
    for (const path of paths) report.push(`\t${path}`);
  }
  report.push('Connections dump:', `Connections Sets (1)/(${facts.connections.length}):`);
  report.push(`${facts.connections.length} open:`);
  for (const { remoteAddress, remotePort, sessionId } of facts.connections) {
    report.push(`\tip: /${remoteAddress}:${remotePort} sessionId: 0x${hex(sessionId)}`);
  }
  return lines(report);
}

/** Who knows when sessions end says it; others have only their timeouts. */
function sessionLines({ deadlines, localDeadlines, sessions }: MemberFacts): string[] {
  const local = localDeadlines === null ? [] : deadlineLines('Local ', localDeadlines);
  if (deadlines !== null)
    return [...local, ...deadlineLines(localDeadlines === null ? '' : 'Global ', deadlines)];
  return [
    ...local,
    `Global Sessions(${sessions.length}):`,
    ...sessions.map(({ sessionId, timeoutMs }) => `0x${hex(sessionId)}\t${timeoutMs}ms`),
  ];
}

function deadlineLines(kind: string, deadlines: readonly SessionDeadline[]): string[] {
  const count = deadlines.reduce((sum, { sessionIds }) => sum + sessionIds.length, 0);
  const report = [`${kind}Session Sets (${deadlines.length})/(${count}):`];
  for (const { atWallMs, sessionIds } of deadlines) {
    report.push(`${sessionIds.length} expire at ${javaDate(atWallMs)}:`);
    for (const id of sessionIds) report.push(`\t0x${hex(id)}`);
  }
  return report;
}

export function environmentReport(facts: MemberFacts): string {
  return lines(['Environment:', ...facts.environment.map(([key, value]) => `${key}=${value}`)]);
}

export function watchSummaryReport({ watches }: MemberFacts): string {
  return lines([
    `${watches.watcherCount} connections watching ${watches.pathCount} paths`,
    `Total watches:${watches.count}`,
  ]);
}

export function watchesBySessionReport({ watches }: MemberFacts): string {
  const report: string[] = [];
  for (const [sessionId, paths] of watches.bySession()) {
    report.push(`0x${hex(sessionId)}`);
    for (const path of paths) report.push(`\t${path}`);
  }
  return `${lines(report)}\n`;
}

export function watchesByPathReport({ watches }: MemberFacts): string {
  const report: string[] = [];
  for (const [path, sessionIds] of watches.byPath()) {
    report.push(path);
    for (const id of sessionIds) report.push(`\t0x${hex(id)}`);
  }
  return `${lines(report)}\n`;
}

export function directoriesReport(facts: MemberFacts): string {
  const { snapshotBytes, logBytes } = facts.sizes();
  return lines([`datadir_size: ${snapshotBytes}`, `logdir_size: ${logBytes}`]);
}

export function digestsReport(facts: MemberFacts): string {
  return lines(facts.digests.map(({ zxid, digest }) => `${zxidHex(zxid)}: ${digest}`));
}

/** `mntr`: what is measured, under Apache's names; a figure this server does not have is left out. */
export function monitorReport(facts: MemberFacts): string {
  const report: (readonly [string, string | number])[] = [
    ['version', facts.version],
    ['server_state', facts.mode],
    ...(facts.quorum === null ? [] : quorumFigures(facts.quorum)),
    ['ephemerals_count', facts.ephemeralCount],
    ['num_alive_connections', facts.connections.length],
    ['avg_latency', decimal(facts.averageLatencyMs)],
    ['outstanding_requests', facts.outstanding],
    ['znode_count', facts.nodeCount],
    ['global_sessions', facts.sessionCount],
    ['local_sessions', facts.localSessionCount],
    ['packets_sent', facts.sent],
    ['packets_received', facts.received],
    ['watch_count', facts.watchCount],
    ['min_latency', Math.round(facts.minLatencyMs)],
    ['max_latency', Math.round(facts.maxLatencyMs)],
    ['approximate_data_size', facts.approximateBytes],
    ['open_file_descriptor_count', facts.openFiles],
    ['max_file_descriptor_count', facts.maxOpenFiles],
    ['uptime', Math.round(facts.uptimeMs)],
    ['digest_mismatches_count', facts.digestMismatches],
  ];
  for (const [name, counter] of facts.metrics.counters) report.push([name, counter.value]);
  for (const [name, summary] of facts.metrics.summaries) {
    report.push([`avg_${name}`, decimal(summary.average)]);
    report.push([`min_${name}`, summary.count === 0 ? 0 : Math.round(summary.min)]);
    report.push([`max_${name}`, Math.round(summary.max)]);
    report.push([`cnt_${name}`, summary.count]);
    report.push([`sum_${name}`, Math.round(summary.sum)]);
    for (const [label, share] of PERCENTILES)
      report.push([`${label}_${name}`, Math.round(summary.percentile(share))]);
  }
  return lines(report.map(([name, value]) => `zk_${name}\t${value}`));
}

function quorumFigures({
  peerState,
  quorumSize,
  leader,
  isObserver,
  leading,
}: QuorumFacts): (readonly [string, string | number])[] {
  const report: (readonly [string, string | number])[] = [['peer_state', peerState]];
  if (isObserver && leader !== null) report.push(['observer_master_id', leader]);
  report.push(['quorum_size', quorumSize]);
  if (leading === null) return report;
  const { last, min, max } = leading.proposalBytes;
  return [
    ...report,
    ['learners', leading.learners],
    ['synced_followers', leading.syncedFollowers],
    ['synced_non_voting_followers', leading.syncedNonVotingFollowers],
    ['synced_observers', leading.syncedObservers],
    ['pending_syncs', leading.pendingSyncs],
    ['leader_uptime', Math.round(leading.uptimeMs)],
    ['last_proposal_size', last],
    ['max_proposal_size', max],
    ['min_proposal_size', min],
  ];
}

const PERCENTILES = [
  ['p50', 0.5],
  ['p95', 0.95],
  ['p99', 0.99],
  ['p999', 0.999],
] as const;

function headLines({ version, mode }: MemberFacts): string {
  const head = [`Zookeeper version: ${version}`];
  if (mode === 'read-only') head.push('READ-ONLY mode; serving only read-only clients');
  return lines(head);
}

function figures(facts: MemberFacts): string {
  const { minLatencyMs, averageLatencyMs, maxLatencyMs } = facts;
  return lines([
    `Latency min/avg/max: ${Math.round(minLatencyMs)}/${decimal(averageLatencyMs)}/${Math.round(maxLatencyMs)}`,
    `Received: ${facts.received}`,
    `Sent: ${facts.sent}`,
    `Connections: ${facts.connections.length}`,
    `Outstanding: ${facts.outstanding}`,
    `Zxid: 0x${zxidHex(facts.zxid)}`,
    `Mode: ${facts.mode}`,
    `Node count: ${facts.nodeCount}`,
    ...proposalLines(facts.quorum?.leading ?? null),
  ]);
}

function proposalLines(leading: LeadingFacts | null): string[] {
  if (leading === null) return [];
  const { last, min, max } = leading.proposalBytes;
  return [`Proposal sizes last/min/max: ${last}/${min}/${max}`];
}

function brief(connection: ConnectionFacts): string {
  const interest = connection.sessionId === 0n ? 0 : 1;
  return (
    `/${connection.remoteAddress}:${connection.remotePort}[${interest}]` +
    `(queued=${connection.outstanding},recved=${connection.received},sent=${connection.sent})`
  );
}

function full(connection: ConnectionFacts): string {
  if (connection.sessionId === 0n) return brief(connection);
  const more = [
    `sid=0x${hex(connection.sessionId)}`,
    `lop=${connection.lastOperation}`,
    `est=${connection.establishedMs}`,
    `to=${connection.timeoutMs}`,
    // Both are −1 before the first answer; Apache leaves out only the xid then.
    connection.lastCxid >= 0 ? `lcxid=0x${connection.lastCxid.toString(16)}` : null,
    `lzxid=0x${zxidHex(connection.lastZxid)}`,
    `lresp=${Math.round(connection.lastResponseMs)}`,
    `llat=${Math.round(connection.lastLatencyMs)}`,
    `minlat=${Math.round(connection.minLatencyMs)}`,
    `avglat=${Math.round(connection.averageLatencyMs)}`,
    `maxlat=${Math.round(connection.maxLatencyMs)}`,
  ];
  return `${brief(connection).slice(0, -1)},${more.filter((field) => field !== null).join(',')})`;
}

/** At most four decimals and at least one, as Java's DecimalFormat gives an average. */
function decimal(value: number): string {
  const rounded = Math.round(value * 10_000) / 10_000;
  return Number.isInteger(rounded) ? `${rounded}.0` : String(rounded);
}

/** `Sun Nov 22 16:04:22 UTC 2026`, which is what java.util.Date prints. */
function javaDate(wallMs: number): string {
  const [weekday, day, month, year, time] = new Date(wallMs)
    .toUTCString()
    .replace(',', '')
    .split(' ');
  return `${weekday} ${month} ${day} ${time} UTC ${year}`;
}

function hex(sessionId: bigint): string {
  return BigInt.asUintN(64, sessionId).toString(16);
}

function lines(all: readonly string[]): string {
  return all.map((line) => `${line}\n`).join('');
}
