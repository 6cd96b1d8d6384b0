/** Clusters and nodes as the service tells of them, whole and ordinary unless a test says otherwise. */
import type { EnsembleMember, EnsembleView, MemberFigures } from '#contract/ensemble-models.ts';
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

const FIGURES: MemberFigures = {
  version: '3.9.5',
  zxid: 0x1_0000_0005,
  latency: { minMs: 0, averageMs: 0.42, maxMs: 12 },
  connections: 1,
  outstanding: 0,
  nodeCount: 5,
  sessions: 1,
  watches: 0,
  ephemerals: 0,
  dataBytes: 100,
  uptimeMs: 61_000,
  openFiles: 30,
  following: null,
  diskBytes: 67_108_880,
};

export function memberOf(
  id: number | null,
  part: Partial<Omit<EnsembleMember, 'figures'>> & {
    readonly figures?: Partial<MemberFigures>;
  } = {},
): EnsembleMember {
  const { figures, ...rest } = part;
  const address = `127.0.0.1:${2180 + (id ?? 1)}`;
  return {
    key: id === null ? address : String(id),
    id,
    address,
    quorumAddress: id === null ? null : `127.0.0.1:288${id}:388${id}`,
    votes: id === null ? null : true,
    role: 'follower',
    trouble: null,
    detail: null,
    refusedWords: [],
    figures: { ...FIGURES, ...figures },
    lag: 0,
    answerMs: 1,
    ifStopped: null,
    local: null,
    ...rest,
  };
}

/** Three members, the second of which leads, unless a test says otherwise. */
export function ensembleOf(part: Partial<EnsembleView> = {}): EnsembleView {
  const ifStopped = { voters: 3, alive: 2, needed: 2, isMet: true, mayFail: 0 };
  return {
    atMs: 1_700_000_000_000,
    members: [
      memberOf(1, { ifStopped }),
      memberOf(2, { ifStopped, role: 'leader', figures: { following: 3 } }),
      memberOf(3, { ifStopped }),
    ],
    quorum: { voters: 3, alive: 3, needed: 2, isMet: true, mayFail: 1 },
    configVersion: 0x1_0000_0000,
    isConfigKnown: true,
    samples: [],
    ...part,
  };
}
