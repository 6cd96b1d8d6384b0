/** What a node makes of the ring before it knows one. */
import { expect, test } from 'vitest';

import { KeptView } from '../../../../src-server/storage/control/kept-view.ts';
import { RingPaths } from '../../../../src-server/storage/control/paths.ts';
import { nodeId } from '../../../../src-server/storage/ring/topology.ts';
import { RingPicture, UNKNOWN_PARTITION } from '../../../../src-server/storage/ring-picture.ts';

const SELF = {
  id: nodeId('n1'),
  region: 'here',
  zone: 'one',
  host: 'h1',
  weight: 1,
  capBytes: null,
  incarnation: 1,
  ringId: null,
  address: '127.0.0.1',
  clusterPort: 1,
  proxyPort: 2,
  peerPort: 3,
  clusterId: 'a'.repeat(40),
  mode: 'durable',
  fullPercent: null,
  version: '1',
  startedAtMs: 0,
} as const;

test('while no ring is known no slot has a partition whose number could mean another one later', () => {
  const view = new KeptView(new RingPaths('/ring'));
  const picture = new RingPicture({ self: SELF, name: '/ring', view, isLinked: () => false });
  for (const when of ['before', 'after it was introduced']) {
    for (const slot of [0, 5000, 16_383])
      expect(picture.routeOf(slot), when).toEqual({ kind: 'nobody', partition: UNKNOWN_PARTITION });
    picture.introduce(SELF);
  }
  expect(picture.isKnown).toBe(false);
});
