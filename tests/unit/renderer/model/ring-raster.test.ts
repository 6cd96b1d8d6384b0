/** The circle's geometry, and bands that are painted pixel by pixel. */
import { describe, expect, test } from 'vitest';

import { circleOf, placeAt, shareAt } from '../../../../src-renderer/model/ring-circle.ts';
import { barsOf } from '../../../../src-renderer/model/ring-drawing.ts';
import { mapPixels, paintStrips, stripOf } from '../../../../src-renderer/model/ring-raster.ts';

const RED = [255, 0, 0, 255];
const BLUE = [0, 0, 255, 255];

function cells(...colours: readonly (readonly number[])[]): Uint8ClampedArray {
  return Uint8ClampedArray.from(colours.flat());
}

describe('the circle', () => {
  test('bands lie one inside the other, whatever their number', () => {
    for (const copyCount of [1, 2, 3, 6, 12]) {
      const { traffic, copies, health, hole } = circleOf(600, copyCount);
      const edges = [traffic, ...copies, health].flatMap(({ outer, inner }) => [outer, inner]);
      expect([...edges].sort((a, b) => b - a)).toEqual(edges);
      expect(hole).toBeLessThan(health.inner);
      expect(hole).toBeGreaterThan(100);
    }
  });

  test('a place on a band is the share it was made from; elsewhere is none', () => {
    const circle = circleOf(600, 3);
    for (const share of [0, 0.1, 0.25, 0.5, 0.749, 0.999]) {
      const radius = circle.copies[0]!.outer - 2;
      expect(shareAt(circle, placeAt(circle, share, radius))).toBeCloseTo(share, 9);
    }
    expect(shareAt(circle, { x: 300, y: 300 })).toBeNull();
    expect(shareAt(circle, { x: 0, y: 0 })).toBeNull();
  });
});

describe('strips', () => {
  test('wide cells keep their colours, with a gap between them', () => {
    const strip = stripOf(cells(RED, BLUE), 40);
    expect([...strip.slice(10 * 4, 10 * 4 + 4)]).toEqual(RED);
    expect([...strip.slice(30 * 4, 30 * 4 + 4)]).toEqual(BLUE);
    expect(strip[0 * 4 + 3]).toBeLessThan(255);
    expect(strip[20 * 4 + 3]).toBeLessThan(255);
  });

  test('cells narrower than a pixel are averaged, by how much of each is seen', () => {
    const many = cells(...Array.from({ length: 1000 }, (_, i) => (i % 4 === 0 ? RED : BLUE)));
    const strip = stripOf(many, 10);
    for (let place = 0; place < 10; place++) {
      expect(strip[place * 4]!).toBeGreaterThan(58);
      expect(strip[place * 4]!).toBeLessThan(70);
      expect(strip[place * 4 + 3]).toBe(255);
    }
    const half = cells(
      ...Array.from({ length: 1000 }, (_, i) => (i % 2 === 0 ? RED : [0, 0, 0, 0])),
    );
    expect([...stripOf(half, 10).slice(0, 3)]).toEqual([255, 0, 0]);
    expect(Math.abs(stripOf(half, 10)[3]! - 128)).toBeLessThan(3);
  });
});

describe('painting', () => {
  const size = 120;
  const bands = [
    { outer: 58, inner: 48 },
    { outer: 46, inner: 40 },
  ];

  test('every pixel of a band is painted once, and no other', () => {
    const map = mapPixels(size, bands);
    expect(new Set(map.pixels).size).toBe(map.pixels.length);
    const image = new Uint8ClampedArray(size * size * 4);
    const full = stripOf(cells(RED, RED, RED, RED), map.stripLength);
    paintStrips(map, [full, full], image);
    const painted = new Set(map.pixels);
    for (let i = 0; i < size * size; i++) {
      const radius = Math.hypot((i % size) + 0.5 - 60, Math.floor(i / size) + 0.5 - 60);
      if (!painted.has(i)) expect(image[i * 4 + 3]).toBe(0);
      if (radius > 49.5 && radius < 56.5) expect(painted.has(i)).toBe(true);
      if (radius > 59 || radius < 39 || (radius > 47 && radius < 47.2))
        expect(image[i * 4 + 3]!).toBeLessThan(140);
    }
    const area = map.coverage.reduce((sum, share) => sum + share / 255, 0);
    const exact = Math.PI * (58 ** 2 - 48 ** 2 + 46 ** 2 - 40 ** 2);
    expect(Math.abs(area - exact) / exact).toBeLessThan(0.01);
  });

  test('the first quarter lies at the right, at the top', () => {
    const map = mapPixels(size, bands);
    const image = new Uint8ClampedArray(size * size * 4);
    const strip = stripOf(cells(RED, BLUE, BLUE, BLUE), map.stripLength);
    paintStrips(map, [strip, strip], image);
    const at = (x: number, y: number): number[] => [
      ...image.slice((y * size + x) * 4, (y * size + x) * 4 + 4),
    ];
    expect(at(97, 23)).toEqual(RED);
    expect(at(97, 97)).toEqual(BLUE);
    expect(at(22, 23)).toEqual(BLUE);
  });
});

test('bars that have no room each are put together, and nothing is lost', () => {
  const values = Float32Array.from({ length: 1024 }, (_, i) => i % 7);
  const sum = (bars: Float32Array): number => bars.reduce((all, value) => all + value, 0);
  expect(barsOf(values, 2000)).toBe(values);
  for (const room of [1000, 300, 10]) {
    expect(barsOf(values, room).length).toBeLessThanOrEqual(room);
    expect(sum(barsOf(values, room))).toBe(sum(values));
  }
});
