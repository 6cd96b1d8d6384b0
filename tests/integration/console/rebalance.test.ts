/** From a preview to its end and back, in the console: with storage nodes in processes of their own. */
import { afterEach, beforeEach, expect, test } from 'vitest';

import type { ParamsOf } from '#contract/api.ts';
import type { RebalanceNow, RebalanceRun, StagePreview } from '#contract/rebalance-models.ts';

import { NodeNet } from '../../../src-server/platform/node/net.ts';
import { RespClient } from '../../../src-server/storage/resp/client.ts';
import {
  endServedConsole,
  type ServedConsole,
  startServedConsole,
} from '../../peers/served-console.ts';
import { StorageRing } from '../../peers/storage-ring.ts';
import { until } from '../../peers/wait.ts';

const AT = { cluster: 'local', root: '/ring' } as const;
const PACE = { bytesPerSecond: null, transfersPerNode: 4, isAdaptive: false } as const;
const KEYS = 4000;
const VALUE_BYTES = 2000;
const NEW_NODE: ParamsOf<'ring.preview'>['edits'] = [
  {
    kind: 'addNode',
    node: { id: 'n4', region: 'default', zone: 'zone-4', host: 'n4', weight: 1, capBytes: null },
  },
];

let served: ServedConsole;
let ring: StorageRing;

beforeEach(async () => {
  served = await startServedConsole();
  ring = await StorageRing.start({ nodes: 3, ensemble: `127.0.0.1:${served.server.port}` });
}, 120_000);

afterEach(async () => {
  await ring.close();
  await endServedConsole(served);
});

async function preview(wish: Partial<ParamsOf<'ring.preview'>>): Promise<StagePreview> {
  const answer = await served.rpc.call('ring.preview', {
    ...AT,
    request: 1,
    edits: [],
    basedOn: null,
    pace: PACE,
    ...wish,
  });
  if (answer.kind !== 'preview') throw new Error('it was overtaken');
  return answer.preview;
}

async function write(): Promise<void> {
  const client = await RespClient.connect({
    net: new NodeNet(),
    host: '127.0.0.1',
    port: ring.nodes[0]!.proxyPort,
    timeoutMs: 10_000,
  });
  const value = 'x'.repeat(VALUE_BYTES);
  await until('the ring takes writes', async () => (await client.ask(['SET', 'a', 'b'])) === 'OK');
  const replies = await client.pipeline(
    Array.from({ length: KEYS }, (_, i) => ['SET', `key:${i}`, value]),
  );
  expect(replies.every((reply) => reply === 'OK')).toBe(true);
  client.close();
}

test('a node comes: what was told beforehand is what moves; then it is undone', async () => {
  await write();
  await (await ring.add('n4', { zone: 'zone-4' })).serves();
  const told: RebalanceNow[] = [];
  served.rpc.subscribe('ring.rebalance', AT, {
    onEvent: (now) => told.push(now),
    onEnd: () => undefined,
  });
  const reached = (is: (run: RebalanceRun) => boolean): Promise<RebalanceRun> =>
    until(
      'the rebalance is told so',
      () => told.findLast(({ run }) => run !== null && is(run))?.run ?? null,
      120_000,
    );

  const planned = await until('every size is told, and the new node is there', async () => {
    const seen = await preview({ edits: NEW_NODE });
    const isWhole = seen.figures.unknownPartitions === 0 && seen.unsettledPartitions === 0;
    return isWhole && seen.figures.bytes !== null && seen.obstacles.length === 0 ? seen : null;
  });
  const { figures, nodes } = planned;
  // A quarter of all copies goes to one of four nodes.
  expect(figures).toMatchObject({ movedReplicas: 12, unplaced: 0, unsafePartitions: 0 });
  expect(figures.least.replicas).toBe(12);
  expect(figures.bytes!).toBeGreaterThan(KEYS * VALUE_BYTES * 0.6);
  expect(nodes.find(({ id }) => id === 'n4')).toMatchObject({ before: null, heldAfter: 12 });
  const all = nodes.reduce((sum, { bytesBefore }) => sum + bytesBefore!, 0);
  expect(all).toBeGreaterThan(3 * KEYS * VALUE_BYTES);

  const { version } = planned;
  const order = { ...AT, version, edits: NEW_NODE, why: 'more room', pace: PACE };
  const { name } = await served.rpc.call('ring.rebalance.start', order);
  expect(name).toBe('b-1');
  const done = await reached(({ summary }) => summary.phase === 'done');
  expect(done).toMatchObject({
    partitionsDone: done.partitionsTotal,
    canUndo: true,
    canPause: false,
    summary: { outcome: { digestsEqual: true } },
  });
  const moved = done.summary.outcome!.bytesMoved;
  expect(Math.abs(moved - figures.bytes!) / figures.bytes!).toBeLessThan(0.02);

  const after = await until('sizes are told anew', async () => {
    const seen = await preview({ basedOn: version });
    return seen.figures.unknownPartitions === 0 && seen.unsettledPartitions === 0 ? seen : null;
  });
  expect(after.version).toBe(version + 1);
  expect(after.drift).toMatchObject({ from: version, why: 'more room', difference: {} });
  expect(after.nodes.map(({ heldBefore }) => heldBefore)).toEqual([12, 12, 12, 12]);

  await served.rpc.call('ring.rebalance.undo', { ...AT, name, why: 'it was the wrong one' });
  const undone = await reached(({ summary }) => summary.phase === 'undone');
  expect(undone.goal).toBe('before');
  // Whoever handed over still had everything.
  expect(undone.summary.outcome!.bytesMoved).toBeLessThan(moved / 20);
  const history = await served.rpc.call('ring.rebalances', AT);
  expect(history.map(({ phase }) => phase)).toEqual(['undone']);
  const replay = await served.rpc.call('ring.rebalanceReplay', { ...AT, name });
  expect(replay.moves.count).toBe(planned.moves.count);
  expect(replay.nodes.map(({ before }) => before !== null)).toEqual([true, true, true, false]);
}, 300_000);
