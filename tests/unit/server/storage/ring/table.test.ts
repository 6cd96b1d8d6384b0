/** A ring table survives being written and read, and nothing damaged or impossible is taken for one. */
import { describe, expect, test } from 'vitest';

import { Prng } from '../../../../../src-server/base/prng.ts';
import { fromBase64, toBase64 } from '../../../../../src-server/storage/ring/base64.ts';
import {
  emptyTable,
  isSamePlacement,
  NOBODY,
  nodeIndexOf,
  partitionsOf,
  preferredLeaderOf,
  replicasOf,
  type RingTable,
  tableFaultOf,
  tableOver,
} from '../../../../../src-server/storage/ring/table.ts';
import {
  decodeTable,
  encodeTable,
  tableOfText,
  tableText,
} from '../../../../../src-server/storage/ring/table-text.ts';
import { type NodeId, nodeId } from '../../../../../src-server/storage/ring/topology.ts';

const ids = (...names: string[]): NodeId[] => names.map(nodeId);

function smallTable(): RingTable {
  return {
    partitionCount: 4,
    replicaCount: 2,
    nodeIds: ids('a', 'b', 'c'),
    cells: Uint16Array.of(0, 1, 2, 0, 1, NOBODY, NOBODY, NOBODY),
  };
}

function randomTable(random: Prng, nodeCount: number): RingTable {
  const partitionCount = 2 ** random.below(9);
  const replicaCount = random.between(1, 4);
  const nodeIds = Array.from({ length: nodeCount }, (_, i) =>
    nodeId(`n${`${i}`.padStart(4, '0')}`),
  );
  const table = emptyTable({ partitionCount, replicaCount }, nodeIds);
  for (let start = 0; start < table.cells.length; start += replicaCount) {
    const chosen = new Set<number>();
    for (let i = random.below(replicaCount + 1); i > 0; i--) chosen.add(random.below(nodeCount));
    [...chosen].forEach((node, i) => (table.cells[start + i] = node));
  }
  return table;
}

test('answers who holds and who should lead', () => {
  const table = smallTable();
  expect(replicasOf(table, 1)).toEqual(['c', 'a']);
  expect(replicasOf(table, 2)).toEqual(['b']);
  expect(replicasOf(table, 3)).toEqual([]);
  expect([0, 1, 2, 3].map((partition) => preferredLeaderOf(table, partition))).toEqual([
    'a',
    'c',
    'b',
    null,
  ]);
  expect(partitionsOf(table, nodeId('a'))).toEqual({ held: [0, 1], led: [0] });
  expect(partitionsOf(table, nodeId('x'))).toEqual({ held: [], led: [] });
  expect(ids('a', 'b', 'c', 'x').map((id) => nodeIndexOf(table, id))).toEqual([0, 1, 2, -1]);
});

test('written over another list of nodes it places the same, without those who left', () => {
  const table = smallTable();
  const wider = tableOver(table, ids('a', 'aa', 'b', 'c', 'd'));
  expect(isSamePlacement(table, wider)).toBe(true);
  const narrower = tableOver(table, ids('b', 'c'));
  expect([0, 1, 2, 3].map((partition) => replicasOf(narrower, partition))).toEqual([
    ['b'],
    ['c'],
    ['b'],
    [],
  ]);
  expect(tableFaultOf(narrower)).toBeNull();
  expect(isSamePlacement(table, narrower)).toBe(false);
});

describe('written', () => {
  test.each([1, 3, 254, 255, 256, 700])('with %d nodes it comes back the same', (nodeCount) => {
    const random = new Prng(nodeCount);
    for (let i = 0; i < 20; i++) {
      const table = randomTable(random, nodeCount);
      expect(tableFaultOf(table)).toBeNull();
      expect(tableOfText(tableText(table))).toEqual({ ok: true, value: table });
    }
  });

  test('the largest usual ring takes 48 KiB', () => {
    const nodeIds = Array.from({ length: 100 }, (_, i) => nodeId(`node-${100 + i}`));
    const table = emptyTable({ partitionCount: 16384, replicaCount: 3 }, nodeIds);
    expect(encodeTable(table).length).toBeLessThan(50 * 1024);
  });

  test('cut anywhere or with any bit flipped it is refused', () => {
    const bytes = encodeTable(smallTable());
    for (let length = 0; length < bytes.length; length++) {
      expect(decodeTable(bytes.subarray(0, length)).ok).toBe(false);
    }
    for (let bit = 0; bit < bytes.length * 8; bit++) {
      const flipped = bytes.slice();
      flipped[bit >>> 3]! ^= 1 << (bit & 7);
      expect(decodeTable(flipped).ok).toBe(false);
    }
    expect(tableOfText('no base64!').ok).toBe(false);
  });

  test('C2: a table that cannot be is refused though its checksum is right', () => {
    const cells = (...list: number[]): RingTable => ({
      ...smallTable(),
      cells: Uint16Array.from(list),
    });
    expect(decodeTable(encodeTable(cells(0, 0, 1, 2, 0, 1, 0, 1))).ok).toBe(false);
    expect(decodeTable(encodeTable(cells(NOBODY, 0, 1, 2, 0, 1, 0, 1))).ok).toBe(false);
    expect(decodeTable(encodeTable(cells(0, 3, 1, 2, 0, 1, 0, 1))).ok).toBe(false);
    expect(decodeTable(encodeTable({ ...smallTable(), nodeIds: ids('b', 'a', 'c') })).ok).toBe(
      false,
    );
  });
});

test('base64 is the one everybody uses', () => {
  const random = new Prng(64);
  for (let length = 0; length < 50; length++) {
    const bytes = Uint8Array.from({ length }, () => random.below(256));
    const text = Buffer.from(bytes).toString('base64');
    expect(toBase64(bytes)).toBe(text);
    expect(fromBase64(text)).toEqual(bytes);
  }
  expect(['A', 'AA=A', 'AAA*', '====', 'é===', 'A==='].map(fromBase64)).toEqual(
    Array.from({ length: 6 }, () => null),
  );
});
