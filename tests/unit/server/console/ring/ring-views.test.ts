/** The ring as the tree tells of it, in the shapes of the contract; and what would become of it without some nodes. */
import { describe, expect, test } from 'vitest';

import { NOBODY, ringView, whatIf } from '#contract/ring-models.ts';

import { chancesOf } from '../../../../../src-server/console/service/ring/loss-chances.ts';
import { partitionReportOf } from '../../../../../src-server/console/service/ring/partition-report.ts';
import { ringViewOf } from '../../../../../src-server/console/service/ring/ring-views.ts';
import { whatIfOf } from '../../../../../src-server/console/service/ring/what-if.ts';
import { KeptView, type Znode } from '../../../../../src-server/storage/control/kept-view.ts';
import { RingPaths } from '../../../../../src-server/storage/control/paths.ts';
import { formatNode, formatPartition } from '../../../../../src-server/storage/control/records.ts';
import { formatConfig } from '../../../../../src-server/storage/control/ring-config.ts';
import { type RingFixture, ringRecords } from '../../../../peers/ring-fixture.ts';

const PARTS = { root: '/ring', atMs: 5, local: [] };

function known(fixture: RingFixture): KeptView {
  const paths = new RingPaths('/ring');
  const view = new KeptView(paths);
  const { config, nodes, partitions } = ringRecords(fixture);
  const znodes = new Map<string, Znode>();
  let zxid = 0;
  const put = (path: string, text: string): void => {
    zxid++;
    const times = { version: 3, createdZxid: 1, zxid, changedAtMs: 9, session: '0'.repeat(16) };
    znodes.set(path, { text, ...times });
  };
  put(paths.config, formatConfig(config));
  for (const [place, node] of nodes.entries()) {
    put(paths.member(node.id), formatNode(node));
    if (fixture.away?.includes(place) !== true) put(paths.node(node.id), formatNode(node));
  }
  for (const [p, state] of partitions.entries()) put(paths.partition(p), formatPartition(state));
  view.renew(znodes);
  view.setConnected(true);
  return view;
}

const THREE = { nodes: 3, zones: 3, partitionCount: 16 } as const;

function words(bytes: Uint8Array): Uint16Array {
  return new Uint16Array(bytes.slice().buffer);
}

describe('the view', () => {
  test('has every column, and fits the contract', () => {
    const view = ringViewOf(known(THREE), PARTS);
    expect(ringView.problem(view, 'ring')).toBeNull();
    expect(view.absence).toBeNull();
    expect(view.nodes.map(({ id, isAlive, isPlaced }) => [id, isAlive, isPlaced])).toEqual([
      ['node-1', true, true],
      ['node-2', true, true],
      ['node-3', true, true],
    ]);
    const { wanted, copies, leaders, inSync } = view.columns!;
    expect(words(copies)).toEqual(words(wanted));
    expect([...words(leaders)]).toEqual([...words(copies)].filter((_, i) => i % 3 === 0));
    expect(new Set(words(inSync))).toEqual(new Set([0b111]));
  });

  test('a learner is one more copy, and a node that is away stays listed', () => {
    const view = ringViewOf(
      known({
        ...THREE,
        nodes: 4,
        zones: 4,
        away: [0],
        change: (partition, state) => {
          if (partition !== 0) return state;
          const replicas = state.replicas.slice(0, 2);
          const others = ['node-1', 'node-2', 'node-3', 'node-4'].filter(
            (id) => !replicas.includes(id as never),
          );
          return { ...state, replicas, inSync: replicas, learners: others.slice(0, 1) as never };
        },
      }),
      PARTS,
    );
    const { width, copies, learning, inSync } = view.columns!;
    expect(width).toBe(3);
    expect([words(inSync)[0], words(learning)[0]]).toEqual([0b011, 0b100]);
    expect(words(copies)[2]).not.toBe(NOBODY);
    expect(view.nodes.find(({ id }) => id === 'node-1')?.isAlive).toBe(false);
  });

  test('nodes of this program are listed before they have registered', () => {
    const state = { kind: 'stopped' } as const;
    const ports = { clusterPort: 7001, proxyPort: 7101, peerPort: 7201 };
    const local = [{ id: 'storage-1', host: '127.0.0.1', ...ports, state }];
    const view = ringViewOf(new KeptView(new RingPaths('/ring')), { ...PARTS, local });
    expect(view.nodes).toMatchObject([
      { id: 'storage-1', isAlive: false, proxyAddress: '127.0.0.1:7101', local: state },
    ]);
    expect(view.absence).toBe('no-ring');
  });

  test('says why there is none', () => {
    const empty = new KeptView(new RingPaths('/ring'));
    expect(ringViewOf(empty, PARTS).absence).toBe('no-ring');
    empty.refuse('/ring/config', 'this session may not read it');
    expect(ringViewOf(empty, PARTS).absence).toBe('no-auth');
    const other = new KeptView(new RingPaths('/ring'));
    const times = { version: 0, createdZxid: 1, zxid: 1, changedAtMs: 1, session: '0'.repeat(16) };
    other.take('/ring/config', { text: 'something else', ...times });
    const view = ringViewOf(other, PARTS);
    expect([view.absence, view.detail]).toEqual(['unreadable', '/ring/config: it is not JSON']);
  });
});

describe('what if', () => {
  const ring = known({ nodes: 10, zones: 5, partitionCount: 64 });
  const config = ring.config!.value;

  test('counts leaders and copies of those that die, and what copying takes', () => {
    const partitionBytes = new Float64Array(64).fill(100);
    const found = whatIfOf(ring, config, { without: ['node-01'], partitionBytes });
    expect(whatIf.problem(found, 'whatIf')).toBeNull();
    const held = [...ring.partitions.values()].filter(({ value }) =>
      value.replicas.includes('node-01' as never),
    ).length;
    expect([found.copies, found.copyBytes]).toEqual([held, held * 100]);
    expect(found.failOvers).toBeGreaterThan(0);
    expect(found.canRecover).toBe(true);
  });

  test('too few left cannot hold as many copies', () => {
    const without = Array.from({ length: 8 }, (_, i) => `node-${String(i + 1).padStart(2, '0')}`);
    const found = whatIfOf(ring, config, { without, partitionBytes: null });
    expect([found.canRecover, found.copyBytes]).toEqual([false, null]);
  });

  test('loss needs all copies of something, and is likelier with nodes gone', () => {
    const before = chancesOf(ring, new Set());
    expect(before.slice(0, 2).map(({ chance }) => chance)).toEqual([0, 0]);
    expect(before[2]!.chance).toBeGreaterThan(0);
    const after = chancesOf(ring, new Set(['node-01', 'node-02']));
    expect(after[1]!.chance).toBeGreaterThan(before[1]!.chance);
  });
});

test('a partition tells what the ensemble and what each copy says of it', () => {
  const ring = known({ ...THREE, away: [1] });
  const holding = {
    ...{ partition: 2, role: 'leader', epoch: 1, lastSeq: 9, committedSeq: 8 },
    ...{ keys: 3, bytes: 30, reads: 0, writes: 9, waits: null },
  };
  const report = partitionReportOf(ring, 2, new Map([['node-1', holding]]));
  expect([report.version, report.changedMs]).toEqual([3, 9]);
  const by = new Map(report.replicas.map((one) => [one.id, one]));
  expect(by.get('node-1')).toMatchObject({ role: 'leader', lastSeq: 9, trouble: null });
  expect(by.get('node-2')).toMatchObject({ role: null, trouble: 'away' });
  expect(by.get('node-3')).toMatchObject({ role: null, trouble: 'silent' });
});
