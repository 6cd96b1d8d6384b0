/** Clusters and nodes as the service tells of them, whole and ordinary unless a test says otherwise. */
import type {
  Cluster,
  ConnectionState,
  Stat,
  TreeRow,
  TreeWindow,
  Znode,
} from '#contract/models.ts';

export function connectedState(
  part: Partial<Extract<ConnectionState, { kind: 'connected' }>> = {},
): Extract<ConnectionState, { kind: 'connected' }> {
  return {
    kind: 'connected',
    server: '127.0.0.1:2181',
    sessionId: '0100000000000001',
    sessionTimeoutMs: 30_000,
    readOnly: false,
    sinceMs: 1,
    ...part,
  };
}

export function clusterOf(part: Partial<Cluster> & { readonly name?: string } = {}): Cluster {
  const { name = 'Local', ...rest } = part;
  return {
    id: 'local',
    origin: 'local',
    settings: {
      name,
      connect: '127.0.0.1:2181',
      environment: 'lab',
      sessionTimeoutMs: 30_000,
      canBeReadOnly: false,
    },
    state: connectedState(),
    zxid: 1,
    latencyMs: 1,
    server: null,
    watchCount: 0,
    ...rest,
  };
}

export function statOf(part: Partial<Stat> = {}): Stat {
  return {
    czxid: 10,
    mzxid: 10,
    pzxid: 10,
    ctime: 1_700_000_000_000,
    mtime: 1_700_000_000_000,
    version: 0,
    cversion: 0,
    aversion: 0,
    ephemeralOwner: null,
    dataLength: 0,
    numChildren: 0,
    ...part,
  };
}

export function znodeOf(
  part: Partial<Omit<Znode, 'stat' | 'data'>> & {
    readonly stat?: Partial<Stat>;
    readonly data?: string | Uint8Array | null;
  } = {},
): Znode {
  const { stat, data = '', ...rest } = part;
  const bytes = typeof data === 'string' ? new TextEncoder().encode(data) : data;
  return {
    path: '/a',
    kind: 'persistent',
    ttlMs: null,
    dataRefused: false,
    acl: [{ scheme: 'world', id: 'anyone', permissions: 31 }],
    ...rest,
    data: bytes,
    stat: statOf({ dataLength: bytes?.length ?? 0, ...stat }),
  };
}

export function rowOf(path: string, part: Partial<TreeRow> = {}): TreeRow {
  return {
    path,
    name: path.slice(path.lastIndexOf('/') + 1),
    depth: 1,
    position: 0,
    siblings: 1,
    isExpanded: false,
    isLoading: false,
    problem: null,
    refusal: null,
    facts: null,
    ...part,
  };
}

export function windowOf(
  rows: readonly TreeRow[],
  part: Partial<Omit<TreeWindow, 'rows'>> = {},
): TreeWindow {
  return { revision: 0, rowCount: rows.length, from: 0, ...part, rows: [...rows] };
}
