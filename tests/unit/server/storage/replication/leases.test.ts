/** What a node knows of the time it was given, and of the time in which it was there to hear. */
import { expect, test } from 'vitest';

import { Effects } from '../../../../../src-server/storage/replication/effects.ts';
import { Leases } from '../../../../../src-server/storage/replication/leases.ts';
import { DEFAULT_REPLICATION_SETTINGS } from '../../../../../src-server/storage/replication/settings.ts';
import { nodeId } from '../../../../../src-server/storage/ring/topology.ts';

const OTHER = nodeId('other');
const SETTINGS = { ...DEFAULT_REPLICATION_SETTINGS, attentionMs: 50 };

test('time in which this process had no turn is nobody else’s silence', () => {
  const leases = new Leases(SETTINGS);
  leases.tick(1000);
  leases.tick(1040);
  expect(leases.attendedMs(1000)).toBe(40);
  leases.tick(4040);
  expect(leases.attendedMs(1000)).toBe(90);
  expect(leases.attendedMs(4000)).toBe(0);
  leases.tick(4090);
  expect(leases.attendedMs(1000)).toBe(140);
  expect(leases.attendedMs(-Infinity)).toBe(Infinity);
});

test('a beat is answered at the end of the turn, not with the next one', () => {
  const leases = new Leases(SETTINGS);
  const effects = new Effects();
  leases.tick(1000);
  leases.linkUp(OTHER);
  leases.turnEnd(effects);
  effects.clear();
  leases.tick(1010);
  leases.onMessage(OTHER, { kind: 'beat', number: 7, heard: 1 });
  leases.turnEnd(effects);
  expect(effects.list).toEqual([
    { kind: 'send', to: OTHER, message: { kind: 'answer', number: 7 } },
  ]);
  expect(leases.lentUntilMs(OTHER)).toBe(1010 + SETTINGS.leaseMs);
  expect(leases.answeredSentMs(OTHER)).toBe(1000);
});
