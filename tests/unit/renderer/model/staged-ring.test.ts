/** Two rings beside each other: what differs, how a plan comes from one to the other, and who gives what to whom. */
import { describe, expect, test } from 'vitest';

import { NOBODY } from '#contract/ring-models.ts';

import { bytesOfText, textOfBytes } from '../../../../src-renderer/model/byte-size.ts';
import { chordsOf } from '../../../../src-renderer/model/chord-diagram.ts';
import {
  changesOf,
  type PlainTable,
  stagedCircleOf,
} from '../../../../src-renderer/model/staged-circle.ts';
import {
  flowLinesOf,
  movesUntil,
  plainMovesOf,
  runsOf,
  tableAfterMoves,
  zoneWords,
} from '../../../../src-renderer/model/staged-ring.ts';
import { stepLineOf } from '../../../../src-renderer/model/step-line.ts';
import { tokenNear, tokenNext } from '../../../../src-renderer/model/token-dial.ts';

const table = (rows: readonly (readonly number[])[]): PlainTable => ({
  partitionCount: rows.length,
  replicaCount: rows[0]!.length,
  cells: Uint16Array.from(rows.flat()),
});
const bytes = (column: Uint16Array | Uint32Array | Float64Array): Uint8Array =>
  new Uint8Array(column.buffer);

const BEFORE = table([
  [0, 1],
  [1, 0],
  [0, 1],
  [1, 0],
]);
const AFTER = table([
  [2, 1],
  [1, 2],
  [1, 0],
  [1, 0],
]);
/** Two copies in two steps, and a leader in a third. */
const MOVES = plainMovesOf({
  partitionCount: 4,
  count: 3,
  steps: bytes(Uint32Array.of(0, 1, 2)),
  partitions: bytes(Uint16Array.of(0, 1, 2)),
  to: bytes(Uint16Array.of(2, 2, NOBODY)),
  from: bytes(Uint16Array.of(0, 0, NOBODY)),
  sources: bytes(Uint16Array.of(0, 1, NOBODY)),
  leaders: bytes(Uint16Array.of(2, NOBODY, 1)),
  bytes: bytes(Float64Array.of(10, 20, 0)),
  keys: bytes(Float64Array.of(1, 2, 0)),
});

describe('what differs', () => {
  test('is told for each partition: nothing, the leader, or a copy', () => {
    expect([...changesOf(BEFORE, AFTER)]).toEqual([2, 2, 1, 0]);
  });

  test('is counted in the finer of both', () => {
    const finer = table([...Array.from({ length: 8 }, (_, p) => [p < 4 ? 0 : 1, 2])]);
    expect(changesOf(BEFORE, finer)).toHaveLength(8);
  });
});

describe('a plan', () => {
  test('comes move by move from the one table to the other', () => {
    expect([...tableAfterMoves(BEFORE, MOVES, 0).cells]).toEqual([...BEFORE.cells]);
    expect([...tableAfterMoves(BEFORE, MOVES, 1).cells].slice(0, 4)).toEqual([2, 1, 1, 0]);
    expect([...tableAfterMoves(BEFORE, MOVES, 3).cells]).toEqual([...AFTER.cells]);
    expect([movesUntil(MOVES, 0), movesUntil(MOVES, 2), movesUntil(MOVES, 9)]).toEqual([0, 2, 3]);
  });

  test('names the slots of each pair, neighbours as one run', () => {
    const flow = { from: 'a', to: 'c', partitions: 1, bytes: 10, keys: 1, isAcrossZones: false };
    const nodes = [{ id: 'a' }, { id: 'b' }, { id: 'c' }];
    expect(flowLinesOf([flow], MOVES, nodes, 'sources')[0]!.ranges).toEqual([
      { first: 0, last: 4095 },
    ]);
    expect(flowLinesOf([flow], MOVES, nodes, 'from')[0]!.ranges).toEqual([
      { first: 0, last: 8191 },
    ]);
    expect(runsOf([3, 0, 1], 4)).toEqual([
      { first: 0, last: 8191 },
      { first: 12288, last: 16383 },
    ]);
  });
});

describe('drawings', () => {
  test('bands of both rings lie within each other and do not overlap', () => {
    const circle = stagedCircleOf(400, { then: 3, now: 2 });
    const [a, b, c, d, e] = circle.copies;
    const bands = [circle.traffic, a!, b!, c!, circle.health, d!, e!];
    for (const [i, band] of bands.entries()) {
      expect(band.outer).toBeGreaterThan(band.inner);
      const next = bands[i + 1];
      if (next !== undefined) expect(band.inner).toBeGreaterThan(next.outer);
    }
    expect(circle.hole).toBeGreaterThan(50);
  });

  test('everybody has an arc; flows too many to be told apart are counted', () => {
    const ids = Array.from({ length: 30 }, (_, i) => `n${i}`);
    const flows = ids.flatMap((from) =>
      ids.filter((to) => to !== from).map((to) => ({ from, to, amount: 1 })),
    );
    const { arcs, ribbons, leftOut } = chordsOf(ids, flows, { size: 300, margin: 40, rim: 8 });
    expect(arcs).toHaveLength(30);
    expect(ribbons.length + leftOut).toBe(870);
    for (const { path } of [...arcs, ...ribbons]) expect(path).not.toContain('NaN');
    const still = chordsOf(ids, [], { size: 300, margin: 40, rim: 8 });
    expect([still.arcs.length, still.ribbons.length]).toEqual([30, 0]);
  });

  test('equal steps are one stroke', () => {
    const { line } = stepLineOf([1, 1, 2, 2], { width: 40, height: 10, most: 2 });
    expect(line).toBe('M0 5H20V0H40');
    expect(stepLineOf([], { width: 40, height: 10, most: 2 }).line).toBe('');
  });

  test('tokens are found by nearness, also across the top, and one after the other', () => {
    const tokens = {
      positions: Uint32Array.of(10, 2 ** 31, 2 ** 32 - 10),
      nodes: Uint16Array.of(0, 1, 0),
    };
    const circle = stagedCircleOf(400, { then: 3, now: 3 });
    expect(tokenNear(tokens, 2 ** 32 - 2, circle)).toBe(2 ** 32 - 10);
    expect(tokenNear(tokens, 2 ** 30, circle)).toBeNull();
    expect(tokenNext(tokens, null, { step: 1, node: null })).toBe(10);
    expect(tokenNext(tokens, 10, { step: 1, node: 0 })).toBe(2 ** 32 - 10);
    expect(tokenNext(tokens, 10, { step: -1, node: null })).toBe(2 ** 32 - 10);
  });
});

test('sizes are read as people write them, and written so that they are read again', () => {
  const texts = ['20 GiB', '500MB', '1,5g', '12', '', 'x', '3 apples'];
  expect(texts.map(bytesOfText)).toEqual([20 * 2 ** 30, 5e8, 1.5 * 2 ** 30, 12, null, null, null]);
  for (const size of [0, 1, 1023, 2 ** 20, 1.5 * 2 ** 30, 20 * 2 ** 40, 123_456_789])
    expect(bytesOfText(textOfBytes(size))).toBe(size);
});

test('a zone is called with its region only where there are several', () => {
  expect(zoneWords('eu/a', ['eu/a', 'eu/b'])).toBe('a');
  expect(zoneWords('eu/a', ['eu/a', 'us/a'])).toBe('eu / a');
});
