/** Scrolling more rows than an element can be high: every row can be reached, in order, and stays where it was put. */
import { describe, expect, test } from 'vitest';

import { ScaledScroll, TRACK_MAX_PX } from '../../../../src-renderer/model/scaled-scroll.ts';
import { Prng } from '../../../../src-server/base/prng.ts';

const ROW_PX = 24;
const VIEWPORT_PX = 600;

function scrollOf(rowCount: number, trackMax = TRACK_MAX_PX): ScaledScroll {
  const scroll = new ScaledScroll(trackMax);
  scroll.resize({ rowHeight: ROW_PX, rowCount, viewport: VIEWPORT_PX });
  return scroll;
}

/** Lists that fit, that barely do not, and that are far too long, over a short track and a real one. */
const LISTS: readonly (readonly [rows: number, track: number])[] = [
  [0, TRACK_MAX_PX],
  [1, TRACK_MAX_PX],
  [100, TRACK_MAX_PX],
  [100_000, TRACK_MAX_PX],
  [625_000, TRACK_MAX_PX],
  [625_001, TRACK_MAX_PX],
  [5_000_000, TRACK_MAX_PX],
  [100_000, 10_000],
];

describe.each(LISTS)('%i rows over a track of %i px', (rows, track) => {
  test('the scroll bar reaches the first and the last row, and never goes back on the way', () => {
    const scroll = scrollOf(rows, track);
    const end = Math.max(0, scroll.trackHeight - VIEWPORT_PX);
    let before = -1;
    for (let step = 0; step <= 1000; step++) {
      scroll.onScrollTop(Math.round((end * step) / 1000));
      expect(scroll.offset).toBeGreaterThanOrEqual(before);
      before = scroll.offset;
      if (step === 0) expect(scroll.visible.from).toBe(0);
    }
    expect(scroll.visible.from + scroll.visible.count).toBe(rows);
    expect(scroll.offset).toBe(Math.max(0, rows * ROW_PX - VIEWPORT_PX));
  });

  test('every row can be shown, whole, wherever it was scrolled to before', () => {
    const random = new Prng(rows);
    const scroll = scrollOf(rows, track);
    if (rows === 0) return;
    for (let round = 0; round < 2000; round++) {
      const row = random.below(rows);
      if (random.chance(0.5)) scroll.reveal(row);
      else scroll.center(row);
      const top = row * ROW_PX - scroll.offset;
      expect(top).toBeGreaterThanOrEqual(0);
      expect(top + ROW_PX).toBeLessThanOrEqual(VIEWPORT_PX);
      const { from, count } = scroll.visible;
      expect(row >= from && row < from + count).toBe(true);
      // Drawn inside the track, at its place on the screen.
      expect(scroll.topOf(row) - scroll.scrollTop).toBeCloseTo(top, 6);
      expect(scroll.topOf(row)).toBeLessThanOrEqual(scroll.trackHeight);
    }
  });

  test('what the browser tells back of our own move is no move', () => {
    const random = new Prng(rows + 1);
    const scroll = scrollOf(rows, track);
    for (let round = 0; round < 500; round++) {
      scroll.moveBy(random.between(-5000, 5000));
      const { offset } = scroll;
      scroll.onScrollTop(scroll.scrollTop);
      expect(scroll.offset).toBe(offset);
    }
  });

  test('the wheel moves by the pixels it was turned', () => {
    const scroll = scrollOf(rows, track);
    const reach = Math.max(0, rows * ROW_PX - VIEWPORT_PX);
    scroll.moveBy(120);
    expect(scroll.offset).toBe(Math.min(120, reach));
    scroll.moveBy(-40);
    expect(scroll.offset).toBe(Math.max(0, Math.min(120, reach) - 40));
  });
});

test('by the wheel every single one of many rows comes by', () => {
  const scroll = scrollOf(120_000, 10_000);
  let next = 0;
  for (;;) {
    const { from, count } = scroll.visible;
    expect(from).toBeLessThanOrEqual(next);
    next = Math.max(next, from + count);
    if (next === 120_000) break;
    scroll.moveBy(VIEWPORT_PX);
  }
});

test('a track is no higher than browsers can draw', () => {
  expect(scrollOf(10_000_000).trackHeight).toBe(TRACK_MAX_PX);
  expect(scrollOf(10_000_000).isScaled).toBe(true);
  expect(scrollOf(100).trackHeight).toBe(100 * ROW_PX);
  expect(scrollOf(100).isScaled).toBe(false);
  // Firefox ends at 17,895,698 px, Chromium at 33,554,428.
  expect(TRACK_MAX_PX).toBeLessThan(17_895_698);
});

describe('what is to be drawn', () => {
  test('is what is seen, and so many rows more on either side, within the list', () => {
    const scroll = scrollOf(1000);
    expect(scroll.around(16)).toEqual({ from: 0, count: 25 + 16 });
    scroll.moveTo(100 * ROW_PX + 1);
    expect(scroll.visible).toEqual({ from: 100, count: 26 });
    expect(scroll.around(16)).toEqual({ from: 84, count: 58 });
    scroll.moveTo(Infinity);
    expect(scroll.around(16)).toEqual({ from: 975 - 16, count: 25 + 16 });
  });

  test('is nothing of an empty list', () => {
    expect(scrollOf(0).around(16)).toEqual({ from: 0, count: 0 });
  });
});

describe('another size', () => {
  test('of rows keeps the first one where it was', () => {
    const scroll = scrollOf(1000);
    scroll.moveTo(300 * ROW_PX);
    scroll.resize({ rowHeight: 22, rowCount: 1000, viewport: VIEWPORT_PX });
    expect(scroll.visible.from).toBe(300);
  });

  test('of the list leaves nothing seen behind its end', () => {
    const scroll = scrollOf(1000);
    scroll.moveTo(Infinity);
    scroll.resize({ rowHeight: ROW_PX, rowCount: 30, viewport: VIEWPORT_PX });
    expect(scroll.visible).toEqual({ from: 5, count: 25 });
    scroll.resize({ rowHeight: ROW_PX, rowCount: 3, viewport: VIEWPORT_PX });
    expect([scroll.offset, scroll.scrollTop]).toEqual([0, 0]);
  });
});

test('a row that is seen already is not moved', () => {
  const scroll = scrollOf(1000);
  scroll.moveTo(50 * ROW_PX);
  for (const row of [50, 60, 74]) {
    scroll.reveal(row);
    scroll.center(row);
    expect(scroll.offset).toBe(50 * ROW_PX);
  }
  scroll.reveal(49);
  expect(scroll.offset).toBe(49 * ROW_PX);
  scroll.reveal(74);
  expect(scroll.offset).toBe(50 * ROW_PX);
  scroll.center(500);
  expect(scroll.offset).toBe(500 * ROW_PX - (VIEWPORT_PX - ROW_PX) / 2);
});

test('a page leaves one row to hold on to', () => {
  expect(scrollOf(1000).rowsPerPage).toBe(24);
  const tiny = new ScaledScroll();
  tiny.resize({ rowHeight: ROW_PX, rowCount: 10, viewport: 10 });
  expect(tiny.rowsPerPage).toBe(1);
});
