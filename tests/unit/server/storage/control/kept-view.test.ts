/** The view that a process keeps: what is believed, what is told, and what survives a tree that is spoilt. */
import { beforeEach, expect, test } from 'vitest';

import { KeptView, type Znode } from '../../../../../src-server/storage/control/kept-view.ts';
import {
  formatCandidate,
  formatNode,
  formatPartition,
} from '../../../../../src-server/storage/control/records.ts';
import { formatConfig } from '../../../../../src-server/storage/control/ring-config.ts';
import { controllerOf, type ViewChange } from '../../../../../src-server/storage/control/view.ts';
import { nodeId } from '../../../../../src-server/storage/ring/topology.ts';
import { config, node, PATHS, state } from './situations.ts';

let view: KeptView;
let changes: ViewChange[];
let zxid = 0;

beforeEach(() => {
  view = new KeptView(PATHS);
  changes = [];
  zxid = 0;
  view.onChange((change) => changes.push(change));
});

function znode(text: string, more: Partial<Znode> = {}): Znode {
  zxid += 1;
  return { text, version: 0, createdZxid: zxid, zxid, changedAtMs: 5, session: '0', ...more };
}

const STATE = state('a* b');

test('listeners hear once of all that changed together', () => {
  view.take(PATHS.partition(3), znode(formatPartition(STATE)));
  view.take(PATHS.node(nodeId('a')), znode(formatNode(node('a'))));
  view.take(PATHS.history + '/h-1', znode('anything'));
  view.tell();
  view.tell();
  expect(changes).toEqual([
    {
      isWhole: false,
      isConnectionChanged: false,
      isConfigChanged: false,
      areNodesChanged: true,
      partitions: [3],
    },
  ]);
  expect(view.partitions.get(3)).toEqual({ value: STATE, version: 0, changedAtMs: 5 });
});

test('an answer that is late does not undo a later one', () => {
  const old = znode(formatPartition(STATE));
  view.take(PATHS.partition(0), znode(formatPartition({ ...STATE, epoch: 2 })));
  view.take(PATHS.partition(0), old);
  expect(view.partitions.get(0)?.value.epoch).toBe(2);
});

test('what cannot be read, or is gone, leaves what was there, and a word about it', () => {
  const path = PATHS.partition(0);
  view.take(path, znode(formatPartition(STATE)));
  view.take(path, znode('{"format":9}'));
  expect(view.problems.get(path)).toBe('its format 9 is of a later program: this one knows 1');
  expect(view.partitions.get(0)?.value).toEqual(STATE);
  view.renew(new Map());
  expect(view.problems.get(path)).toMatch(/^somebody deleted it/);
  expect(view.partitions.get(0)?.value).toEqual(STATE);
  view.take(path, znode(formatPartition({ ...STATE, epoch: 3 })));
  expect([view.problems.size, view.partitions.get(0)?.value.epoch]).toEqual([0, 3]);
});

test('after a gap nodes and candidates that are missing are gone', () => {
  const a = PATHS.node(nodeId('a'));
  view.take(a, znode(formatNode(node('a'))));
  for (const [name, id] of [
    ['c-0000000012', 'b'],
    ['c-0000000003', 'a'],
  ] as const) {
    const text = formatCandidate({ node: nodeId(id), incarnation: 1 });
    view.take(`${PATHS.candidates}/${name}`, znode(text, { session: `s-${id}` }));
  }
  expect(controllerOf(view)).toBe('a');
  const left = znode(formatCandidate({ node: nodeId('b'), incarnation: 1 }));
  view.renew(new Map([[`${PATHS.candidates}/c-0000000012`, left]]));
  view.tell();
  expect([view.nodes.size, controllerOf(view)]).toEqual([0, 'b']);
  expect(changes.at(-1)).toMatchObject({ isWhole: true, areNodesChanged: true });
});

test('another ring in the same place has nothing of the one before', () => {
  const one = config('a b', ['a b', 'b a']);
  view.take(PATHS.config, znode(formatConfig(one)));
  view.take(PATHS.partition(0), znode(formatPartition(STATE)));
  view.take(PATHS.partition(1), znode(formatPartition(STATE)));
  // Somebody made it anew, and one of its partitions is seen before its configuration.
  view.take(PATHS.config, null);
  const made = znode(formatConfig({ ...one, ringId: 'other' }));
  view.take(PATHS.partition(1), znode(formatPartition(state('b*'))));
  view.take(PATHS.config, made);
  expect([...view.partitions.keys()]).toEqual([1]);
  expect([view.config?.value.ringId, view.problems.size]).toEqual(['other', 0]);
});
