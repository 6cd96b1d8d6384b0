/** Pretend storage nodes: RESP doors on the machine's own net, over keys in memory. */
import type { Logger } from '../../src-server/platform/logger.ts';
import { SILENT } from '../../src-server/platform/logger.ts';
import type { Net } from '../../src-server/platform/net.ts';
import { NodeClock } from '../../src-server/platform/node/clock.ts';
import { NodeEntropy } from '../../src-server/platform/node/entropy.ts';
import { NodeNet } from '../../src-server/platform/node/net.ts';
import { Doors } from '../../src-server/storage/resp/door.ts';
import type { RespLimits } from '../../src-server/storage/resp/limits.ts';
import { type UserRecord, Users } from '../../src-server/storage/resp/users.ts';
import { MemoryKeyspace, MemoryRing } from './memory-keyspace.ts';

export interface RespNode {
  readonly keyspace: MemoryKeyspace;
  readonly doors: Doors;
  readonly clusterPort: number;
  readonly proxyPort: number;
}

export interface RespNodes {
  readonly ring: MemoryRing;
  readonly nodes: readonly RespNode[];
  close(): Promise<void>;
}

export async function startRespNodes(
  options: {
    readonly count?: number;
    readonly partitionCount?: number;
    readonly users?: readonly UserRecord[];
    readonly limits?: Partial<RespLimits>;
    readonly net?: Net;
    readonly logger?: Logger;
  } = {},
): Promise<RespNodes> {
  const { count = 1, partitionCount = 16, users: records = [], limits = {} } = options;
  const { net = new NodeNet(), logger = SILENT } = options;
  const clock = new NodeClock();
  const entropy = new NodeEntropy();
  const ring = new MemoryRing(partitionCount);
  const nodes: RespNode[] = [];
  for (let i = 0; i < count; i++) {
    const keyspace = new MemoryKeyspace(ring);
    const users = new Users({ records, clock, entropy });
    const doors = new Doors({
      ...{ keyspace, users, clock, entropy, logger, limits },
      version: 'of the test',
    });
    await doors.open({ kind: 'cluster', net, host: '127.0.0.1', port: 0 });
    await doors.open({ kind: 'proxy', net, host: '127.0.0.1', port: 0 });
    const clusterPort = doors.port('cluster');
    const proxyPort = doors.port('proxy');
    keyspace.announce({ clusterPort, proxyPort });
    nodes.push({ keyspace, doors, clusterPort, proxyPort });
  }
  ring.share();
  return {
    ring,
    nodes,
    close: async () => {
      await Promise.all(nodes.map(({ doors }) => doors.close()));
    },
  };
}
