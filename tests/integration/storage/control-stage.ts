/** What tests of the ring's control begin with: a server, a wire to it that can be cut, and nodes that know nothing but control. */
import { describe } from 'vitest';

import { nodePlatform } from '../../../src-server/platform/node/platform.ts';
import {
  Membership,
  type MembershipOptions,
  type NodeRecord,
} from '../../../src-server/storage/control/membership.ts';
import { nodeId } from '../../../src-server/storage/ring/topology.ts';
import { startApache } from '../../peers/apache.ts';
import { APACHE, describeWith } from '../../peers/peers.ts';
import { startZabring } from '../../peers/zabring.ts';

export interface Stoppable {
  readonly port: number;
  stop(): Promise<void>;
}

/** Sessions end soon here, so that a test sees one end. */
export const SESSION_MS = 1000;
const TICK_MS = 250;

export const PLATFORM = nodePlatform({
  version: 'test',
  logLevel: 'error',
  writeLog: () => undefined,
});

/** The same tests with our server and with Apache's. */
export function describeWithServers(
  suite: (start: (folder: string) => Promise<Stoppable>) => void,
): void {
  describe('our server', () => {
    suite((folder) =>
      startZabring(folder, {
        tickTimeMs: TICK_MS,
        minSessionTimeoutMs: SESSION_MS,
        maxSessionTimeoutMs: SESSION_MS * 20,
      }),
    );
  });
  describeWith([APACHE], "Apache's server", () => {
    suite((folder) =>
      startApache({ folder, settings: { tickTime: TICK_MS, minSessionTimeout: SESSION_MS } }),
    );
  });
}

export function nodeRecord(id: string, more: Partial<NodeRecord> = {}): NodeRecord {
  return {
    id: nodeId(id),
    region: 'r',
    zone: `zone-${id}`,
    host: id,
    weight: 1,
    capBytes: null,
    incarnation: 1,
    ringId: null,
    address: '127.0.0.1',
    clusterPort: 7001,
    proxyPort: 7101,
    peerPort: 7201,
    clusterId: Buffer.from(id.padEnd(20, '.')).toString('hex'),
    mode: 'durable',
    fullPercent: null,
    version: 'test',
    startedAtMs: 1_700_000_000_000,
    ...more,
  };
}

export function membershipAt(port: number, more: Partial<MembershipOptions> = {}): Membership {
  return new Membership({
    platform: PLATFORM,
    connect: `127.0.0.1:${port}`,
    sessionTimeoutMs: SESSION_MS,
    ...more,
  });
}
