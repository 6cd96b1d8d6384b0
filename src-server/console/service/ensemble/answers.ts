/** What four-letter words answer, read: `srvr`, `mntr`, `conf`, `isro`, from Apache's servers of any version and from ours. */
import type { MemberFigures } from '#contract/ensemble-models.ts';

/** An answer that is not the one asked for. */
export type NoAnswer = 'refused' | 'not-serving' | 'empty';

export interface ServerAnswer {
  readonly mode: string;
  readonly figures: Pick<
    MemberFigures,
    'version' | 'zxid' | 'latency' | 'connections' | 'outstanding' | 'nodeCount'
  >;
  /** Packets received, four-letter words among them. */
  readonly received: number | null;
}

export interface MonitorAnswer {
  readonly mode: string | null;
  readonly figures: Omit<MemberFigures, 'zxid' | 'diskBytes'>;
  /** Voters of its ensemble. */
  readonly quorumSize: number | null;
  /** Requests answered so far, and how long all of them together took; null where the server does not sum up. */
  readonly requests: { readonly count: number; readonly sumMs: number } | null;
}

export interface ConfigurationAnswer {
  /** 0 for a server on its own. */
  readonly serverId: number | null;
  /** Snapshots and logs together. */
  readonly diskBytes: number | null;
  /** The ensemble's configuration as text; null for a server on its own. */
  readonly membership: string | null;
}

/** Why this is no answer, or null where it may be one. */
export function noAnswer(text: string): NoAnswer | null {
  if (/is not executed because it is not in the whitelist/.test(text)) return 'refused';
  // Nobody answers so who serves: it is about to end, or takes TLS on this port.
  if (text.trim() === '') return 'empty';
  if (/not currently serving requests/.test(text)) return 'not-serving';
  return null;
}

export function parseServer(text: string): ServerAnswer | null {
  const mode = /^Mode: (\S+)/m.exec(text)?.[1];
  if (mode === undefined) return null;
  const latency = /^Latency min\/avg\/max: ([\d.,]+)\/([\d.,]+)\/([\d.,]+)/m.exec(text);
  return {
    mode,
    figures: {
      version: /^Zookeeper version: ([^,\s]+)/m.exec(text)?.[1] ?? null,
      zxid: hexNumber(/^Zxid: 0x([0-9a-fA-F]+)/m.exec(text)?.[1]),
      latency:
        latency === null
          ? null
          : {
              minMs: decimal(latency[1]) ?? 0,
              averageMs: decimal(latency[2]) ?? 0,
              maxMs: decimal(latency[3]) ?? 0,
            },
      connections: withoutUs(decimal(/^Connections: (\d+)/m.exec(text)?.[1])),
      outstanding: decimal(/^Outstanding: (\d+)/m.exec(text)?.[1]),
      nodeCount: decimal(/^Node count: (\d+)/m.exec(text)?.[1]),
    },
    received: decimal(/^Received: (\d+)/m.exec(text)?.[1]),
  };
}

export function parseMonitor(text: string): MonitorAnswer | null {
  const found = new Map<string, string>();
  for (const line of text.split('\n')) {
    const [name = '', value] = line.trim().split('\t');
    if (name.startsWith('zk_') && value !== undefined) found.set(name.slice(3), value);
  }
  if (found.size === 0) return null;
  const figure = (name: string): number | null => decimal(found.get(name));
  const whole = (name: string): number | null => rounded(figure(name));
  const minMs = figure('min_latency');
  const averageMs = figure('avg_latency');
  const maxMs = figure('max_latency');
  const synced = whole('synced_followers');
  return {
    mode: found.get('server_state') ?? null,
    figures: {
      version: found.get('version')?.split(',')[0] ?? null,
      latency:
        minMs === null || averageMs === null || maxMs === null ? null : { minMs, averageMs, maxMs },
      connections: withoutUs(whole('num_alive_connections')),
      outstanding: whole('outstanding_requests'),
      nodeCount: whole('znode_count'),
      sessions: sum(whole('global_sessions'), whole('local_sessions')),
      watches: whole('watch_count'),
      ephemerals: whole('ephemerals_count'),
      dataBytes: figure('approximate_data_size'),
      uptimeMs: figure('uptime'),
      openFiles: whole('open_file_descriptor_count'),
      following: synced === null ? null : synced + 1,
    },
    quorumSize: whole('quorum_size'),
    requests: requestsOf(figure),
  };
}

/** Reads and updates are counted apart, each by clients of this server. */
function requestsOf(
  figure: (name: string) => number | null,
): { readonly count: number; readonly sumMs: number } | null {
  let count = 0;
  let sumMs = 0;
  for (const kind of ['readlatency', 'updatelatency']) {
    const counted = figure(`cnt_${kind}`);
    const summed = figure(`sum_${kind}`);
    if (counted === null || summed === null) return null;
    count += counted;
    sumMs += summed;
  }
  return { count, sumMs };
}

export function parseConfiguration(text: string): ConfigurationAnswer | null {
  const value = (key: string): string | undefined =>
    new RegExp(`^${key}=(.*)$`, 'm').exec(text)?.[1]?.trim();
  if (value('clientPort') === undefined && value('serverId') === undefined) return null;
  const membership = /^membership: *$([\s\S]*)/m.exec(text)?.[1]?.trim();
  return {
    serverId: decimal(value('serverId')),
    diskBytes: diskBytes({
      isOneFolder: value('dataDir') === value('dataLogDir'),
      data: decimal(value('dataDirSize')),
      log: decimal(value('dataLogSize')),
    }),
    membership: membership === undefined || membership === '' ? null : membership,
  };
}

/** Apache measures folders, and one folder twice where both are the same; we measure snapshots and logs. */
function diskBytes(sizes: {
  readonly isOneFolder: boolean;
  readonly data: number | null;
  readonly log: number | null;
}): number | null {
  const { isOneFolder, data, log } = sizes;
  if (data === null || log === null) return null;
  return isOneFolder && data === log ? data : data + log;
}

/** The connection on which a word is asked is counted as well. */
function withoutUs(connections: number | null): number | null {
  return connections === null ? null : Math.max(0, connections - 1);
}

/** Java writes decimals with the comma of its locale. */
function decimal(text: string | undefined): number | null {
  if (text === undefined || text === '') return null;
  const value = Number(text.replace(',', '.'));
  return Number.isFinite(value) && value >= 0 ? value : null;
}

function hexNumber(text: string | undefined): number | null {
  if (text === undefined) return null;
  const value = Number.parseInt(text, 16);
  return Number.isSafeInteger(value) ? value : null;
}

function rounded(value: number | null): number | null {
  return value === null ? null : Math.round(value);
}

/** Of what is known of the two. */
function sum(a: number | null, b: number | null): number | null {
  return a === null ? b : a + (b ?? 0);
}
