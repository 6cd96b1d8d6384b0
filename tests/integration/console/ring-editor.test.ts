/** The ring editor's half of the service, over a session with a real server; the ring is a fixture: znodes without nodes. */
import { afterEach, beforeEach, describe, expect, test } from 'vitest';

import type { ParamsOf } from '#contract/api.ts';
import type { RebalanceNow, StagePreview } from '#contract/rebalance-models.ts';

import { RingPaths } from '../../../src-server/storage/control/paths.ts';
import { formatConfig, parseConfig } from '../../../src-server/storage/control/ring-config.ts';
import { writeRing } from '../../peers/ring-fixture.ts';
import {
  endServedConsole,
  type ServedConsole,
  startServedConsole,
} from '../../peers/served-console.ts';
import { until } from '../../peers/wait.ts';

const AT = { cluster: 'local', root: '/ring' } as const;
const RING = { nodes: 6, zones: 3, partitionCount: 64 } as const;
const PACE = { bytesPerSecond: 1_000_000, transfersPerNode: 2, isAdaptive: false } as const;
const HEAVIER: ParamsOf<'ring.preview'>['edits'] = [{ kind: 'setWeight', id: 'node-1', weight: 2 }];

let served: ServedConsole;

beforeEach(async () => {
  served = await startServedConsole();
});

afterEach(() => endServedConsole(served));

async function preview(wish: Partial<ParamsOf<'ring.preview'>> = {}): Promise<StagePreview> {
  const answer = await served.rpc.call('ring.preview', {
    ...AT,
    request: 1,
    edits: [],
    basedOn: null,
    pace: null,
    ...wish,
  });
  if (answer.kind !== 'preview') throw new Error('it was overtaken');
  return answer.preview;
}

/** Somebody else changes the placement, as a controller would. */
async function moveOn(change: (text: string) => string = (text) => text): Promise<void> {
  const { config } = new RingPaths('/ring');
  const { data, stat } = await served.client.getData(config);
  const parsed = parseConfig(change(data!.toString('utf8')));
  if (!parsed.ok) throw new Error(parsed.error);
  const { value } = parsed;
  const changed = { atMs: 7, by: 'node-2', why: 'node-6 is back' };
  const next = formatConfig({ ...value, version: value.version + 1, changed });
  await served.client.setData(config, Buffer.from(next), stat.version);
}

/** What is started is refused once the ring moved on; the mirror hears of it a moment later. */
async function seenVersion(version: number): Promise<void> {
  await until('the console sees it', async () => (await preview()).version === version);
}

function uint16(column: Uint8Array): Uint16Array {
  return new Uint16Array(column.slice().buffer);
}

describe('a preview', () => {
  test('tells both tables, every move, and whose size nobody told', async () => {
    await writeRing(served.client, RING);

    const seen = await preview({ edits: HEAVIER, request: 17 });

    expect(seen).toMatchObject({
      request: 17,
      drift: null,
      faults: [null],
      obstacles: [],
      measuredAtMs: null,
      unsettledPartitions: 0,
      settingsAfter: { partitionCount: 64, replicaCount: 3, strategy: 'balanced' },
      figures: { bytes: null, keys: null, unplaced: 0, unsafePartitions: 0 },
    });
    const { moves, tableBefore, tableAfter, nodes, figures, steps } = seen;
    expect(nodes.map(({ id }) => id)).toEqual([
      'node-1',
      'node-2',
      'node-3',
      'node-4',
      'node-5',
      'node-6',
    ]);
    expect(nodes[0]).toMatchObject({ before: { weight: 1 }, after: { weight: 2 }, bytesIn: null });
    expect(nodes[0]!.heldAfter).toBeGreaterThan(nodes[0]!.heldBefore);
    // The moves lead from one table to the other.
    const [before, after] = [uint16(tableBefore.cells), uint16(tableAfter.cells)];
    const [partitions, to, from] = [moves.partitions, moves.to, moves.from].map(uint16);
    const rows = Array.from({ length: 64 }, (_, p) => new Set(before.slice(p * 3, p * 3 + 3)));
    for (let i = 0; i < moves.count; i++) {
      if (from![i] !== 0xffff) rows[partitions![i]!]!.delete(from![i]!);
      if (to![i] !== 0xffff) rows[partitions![i]!]!.add(to![i]!);
    }
    for (const [p, row] of rows.entries())
      expect([...row].sort()).toEqual([...after.slice(p * 3, p * 3 + 3)].sort());
    expect(steps.count).toBe(figures.steps);
    expect(new Float64Array(moves.bytes.slice().buffer).some(Number.isNaN)).toBe(true);
    expect(figures.movedReplicas).toBe(figures.least.replicas);
  });

  test('that is overtaken says so, and the last one is answered', async () => {
    await writeRing(served.client, RING);
    await preview();

    const answers = await Promise.all(
      Array.from({ length: 20 }, (_, request) =>
        served.rpc.call('ring.preview', {
          ...AT,
          request,
          edits: [{ kind: 'setWeight', id: 'node-1', weight: 1 + request / 10 }],
          basedOn: null,
          pace: null,
        }),
      ),
    );

    expect(answers.slice(0, -1).every(({ kind }) => kind === 'overtaken')).toBe(true);
    expect(answers.at(-1)).toMatchObject({ kind: 'preview', preview: { request: 19 } });
  });

  test('for a ring that moved on says what that changed', async () => {
    await writeRing(served.client, RING);
    const { version } = await preview({ edits: HEAVIER });
    await moveOn((text) => text.replace('"weight":1', '"weight":3'));
    await seenVersion(version + 1);

    const seen = await preview({ edits: HEAVIER, basedOn: version });

    expect(seen.drift).toMatchObject({
      from: version,
      to: version + 1,
      by: 'node-2',
      why: 'node-6 is back',
      difference: { bytes: null },
    });
    expect((await preview({ edits: HEAVIER, basedOn: version - 1 })).drift).toMatchObject({
      difference: null,
    });
  });

  test('edits that cannot be done say why, each for itself', async () => {
    await writeRing(served.client, RING);

    const { faults, obstacles } = await preview({
      edits: [
        { kind: 'setWeight', id: 'node-9', weight: 1 },
        { kind: 'setReplicas', replicaCount: 7 },
        {
          kind: 'addNode',
          node: { id: 'a b', region: '', zone: 'z', host: 'h', weight: -1, capBytes: null },
        },
        { kind: 'addToken', id: 'node-1', position: 5 },
      ],
    });

    expect(faults).toEqual([
      { kind: 'noNode', id: 'node-9' },
      { kind: 'outOfRange', least: 1, most: 6 },
      { kind: 'badId', id: 'a b' },
      { kind: 'noTokens' },
    ]);
    expect(obstacles[0]!.kind).toBe('faulty-edits');
  });

  test('where there is no ring is refused, and so is nonsense', async () => {
    await expect(preview()).rejects.toMatchObject({ code: 'not-found' });
    await expect(preview({ root: 'ring' })).rejects.toMatchObject({ code: 'bad-path' });
    await expect(preview({ request: -1 })).rejects.toMatchObject({ code: 'bad-request' });
  });
});

describe('beside it', () => {
  test('keys are located in both rings', async () => {
    await writeRing(served.client, RING);

    const found = await served.rpc.call('ring.locateStaged', {
      ...AT,
      edits: [{ kind: 'setPartitions', partitionCount: 128 }],
      key: Buffer.from('user:1'),
    });

    expect(found.place.partition).toBe(found.before.partition);
    expect(found.after.partition >> 1).toBe(found.before.partition);
    expect(found.after.nodes).toEqual(found.before.nodes);
  });

  test('scenarios stand side by side', async () => {
    await writeRing(served.client, RING);

    const { scenarios } = await served.rpc.call('ring.scenarios', {
      ...AT,
      edits: HEAVIER,
      losses: [{ kind: 'node', id: 'node-2' }],
      pace: PACE,
    });

    expect(scenarios.map(({ kind }) => kind)).toEqual([
      'staged',
      'least-movement',
      'best-balance',
      'lose-node',
    ]);
    expect(scenarios[3]).toMatchObject({ subject: 'node-2', lostPartitions: 0 });
  });

  test('a layout goes into a file and comes back as edits', async () => {
    await writeRing(served.client, RING);
    const { text } = await served.rpc.call('ring.exportLayout', { ...AT, edits: HEAVIER });

    expect(await served.rpc.call('ring.importLayout', { ...AT, text })).toEqual({
      kind: 'edits',
      edits: HEAVIER,
    });
    expect(
      await served.rpc.call('ring.importLayout', { ...AT, text: text.replace('2', '"2"') }),
    ).toMatchObject({ kind: 'problem', problem: { words: expect.any(String) as string } });
  });
});

describe('a rebalance', () => {
  function follow(): RebalanceNow[] {
    const told: RebalanceNow[] = [];
    served.rpc.subscribe('ring.rebalance', AT, {
      onEvent: (now) => told.push(now),
      onEnd: () => undefined,
    });
    return told;
  }

  async function start(version: number): Promise<{ name: string; version: number }> {
    return served.rpc.call('ring.rebalance.start', {
      ...AT,
      version,
      edits: HEAVIER,
      why: 'a larger disk',
      pace: PACE,
    });
  }

  test('is ordered, told, paused, resumed, slowed and cancelled; and is history then', async () => {
    await writeRing(served.client, RING);
    const told = follow();
    await until('there was none', () => told.at(-1)?.run === null);
    const { version } = await preview({ edits: HEAVIER });
    const started = await start(version);
    expect(started).toEqual({ name: 'b-1', version: version + 1 });
    const order = { ...AT, name: 'b-1', why: 'lunch' };
    const last = (is: (run: NonNullable<RebalanceNow['run']>) => boolean) =>
      until('it is told', () => told.findLast(({ run }) => run !== null && is(run)) ?? null);

    const running = (await last(({ summary }) => summary.phase === 'running')).run!;
    expect(running).toMatchObject({
      pace: PACE,
      goal: 'after',
      canPause: true,
      canResume: false,
      summary: { why: 'a larger disk', version, edits: HEAVIER },
    });
    expect(running.partitionsTotal).toBeGreaterThan(5);

    await served.rpc.call('ring.rebalance.pause', order);
    await last(({ summary }) => summary.phase === 'paused' && summary.phaseWhy === 'lunch');
    await served.rpc.call('ring.rebalance.resume', order);
    await last(({ canPause }) => canPause);
    await served.rpc.call('ring.rebalance.setPace', {
      ...AT,
      name: 'b-1',
      pace: { ...PACE, bytesPerSecond: 5 },
    });
    await last(({ pace }) => pace.bytesPerSecond === 5);
    await served.rpc.call('ring.rebalance.cancel', order);
    await last(({ summary }) => summary.phase === 'cancelled');

    const [past, ...others] = await served.rpc.call('ring.rebalances', AT);
    expect(others).toEqual([]);
    expect(past).toMatchObject({ name: 'b-1', phase: 'cancelled', why: 'a larger disk' });
    const replay = await served.rpc.call('ring.rebalanceReplay', { ...AT, name: 'b-1' });
    expect(replay.moves.count).toBeGreaterThanOrEqual(past!.planned.movedReplicas);
    expect(replay.nodes[0]).toMatchObject({ before: { weight: 1 }, after: { weight: 2 } });
  });

  test('is refused for a ring that moved on, for what is in the way, and beside another one', async () => {
    await writeRing(served.client, RING);
    const { version } = await preview({ edits: HEAVIER });
    await moveOn();
    await seenVersion(version + 1);
    await expect(start(version)).rejects.toMatchObject({ code: 'ring-moved' });

    await start(version + 1);
    await seenVersion(version + 2);
    const again = await preview({ edits: [{ kind: 'drainNode', id: 'node-2' }] });
    expect(again.obstacles).toMatchObject([{ kind: 'rebalance-running' }]);
    await expect(start(version + 2)).rejects.toMatchObject({ code: 'rebalance-refused' });
    await expect(
      served.rpc.call('ring.rebalance.cancel', { ...AT, name: 'b-7', why: '' }),
    ).rejects.toMatchObject({ code: 'rebalance-refused' });
  });
});
