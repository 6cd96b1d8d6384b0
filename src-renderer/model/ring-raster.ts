/**
 * Draws bands of very many narrow cells, pixel by pixel.
 *
 * Sixteen thousand partitions are narrower than a pixel each. Filled as arcs they would take a tenth of a second and blend into
 * noise; here a band is first averaged into a strip, one colour for each pixel of its outermost circle, and then every pixel
 * of the canvas looks its colour up. What lies where is reckoned once for a size, so that drawing again is a few milliseconds
 * whatever has changed.
 */
import { type Band, turnOf } from './ring-circle.ts';

/** Red, green, blue, each 0…255. */
export type Rgb = readonly [red: number, green: number, blue: number];

/** Colours with their opacity as the fourth, four bytes for each place of a strip. */
export type Strip = Uint8ClampedArray;

/** Where the pixels of some bands lie, in columns. */
export interface PixelMap {
  readonly size: number;
  /** Places of a strip. */
  readonly stripLength: number;
  readonly pixels: Uint32Array;
  readonly bands: Uint8Array;
  /** Between two places of the strip, in 256ths. */
  readonly places: Uint32Array;
  /** How much of the pixel the band covers, 0…255. */
  readonly coverage: Uint8Array;
}

/** @param bands in pixels of the canvas, from outside to inside, apart from each other */
export function mapPixels(size: number, bands: readonly Band[]): PixelMap {
  const outermost = Math.max(1, ...bands.map(({ outer }) => outer));
  const stripLength = Math.max(8, Math.ceil(2 * Math.PI * outermost));
  const most = bands.reduce(
    (sum, { outer, inner }) => sum + Math.ceil(Math.PI * ((outer + 2) ** 2 - (inner - 2) ** 2)),
    64,
  );
  const pixels = new Uint32Array(most);
  const bandOf = new Uint8Array(most);
  const places = new Uint32Array(most);
  const coverage = new Uint8Array(most);
  const centre = size / 2;
  let count = 0;
  for (let y = 0; y < size; y++) {
    for (let x = 0; x < size; x++) {
      const [dx, dy] = [x + 0.5 - centre, y + 0.5 - centre];
      const radius = Math.sqrt(dx * dx + dy * dy);
      for (let i = 0; i < bands.length; i++) {
        const { outer, inner } = bands[i]!;
        const share = clamp(outer - radius + 0.5) * clamp(radius - inner + 0.5);
        if (share <= 0) continue;
        pixels[count] = y * size + x;
        bandOf[count] = i;
        places[count] = Math.floor(turnOf(dx, dy) * stripLength * 256);
        coverage[count] = Math.round(share * 255);
        count++;
        break;
      }
    }
  }
  return {
    size,
    stripLength,
    pixels: pixels.slice(0, count),
    bands: bandOf.slice(0, count),
    places: places.slice(0, count),
    coverage: coverage.slice(0, count),
  };
}

function clamp(value: number): number {
  return Math.min(1, Math.max(0, value));
}

/** A colour for each cell, four bytes; cells of opacity 0 are not seen. */
export type Cells = Uint8ClampedArray;

/** Wide cells stand apart by this much of a strip's place; narrow ones would be nothing but gaps. */
const GAP_PLACES = 1;
const GAP_FROM_PLACES = 5;

/** Averages cells of equal width into a strip. */
export function stripOf(cells: Cells, stripLength: number): Strip {
  const cellCount = cells.length / 4;
  const width = stripLength / cellCount;
  const gap = width >= GAP_FROM_PLACES ? GAP_PLACES / 2 : 0;
  const sums = new Float32Array(stripLength * 4);
  for (let cell = 0; cell < cellCount; cell++) {
    const opacity = cells[cell * 4 + 3]!;
    if (opacity === 0) continue;
    const from = cell * width + gap;
    const to = (cell + 1) * width - gap;
    for (let place = Math.floor(from); place < to; place++) {
      const share = (Math.min(to, place + 1) - Math.max(from, place)) * opacity;
      const at = (place % stripLength) * 4;
      sums[at]! += cells[cell * 4]! * share;
      sums[at + 1]! += cells[cell * 4 + 1]! * share;
      sums[at + 2]! += cells[cell * 4 + 2]! * share;
      sums[at + 3]! += share;
    }
  }
  const strip = new Uint8ClampedArray(stripLength * 4);
  for (let at = 0; at < sums.length; at += 4) {
    const opacity = sums[at + 3]!;
    if (opacity === 0) continue;
    strip[at] = sums[at]! / opacity;
    strip[at + 1] = sums[at + 1]! / opacity;
    strip[at + 2] = sums[at + 2]! / opacity;
    strip[at + 3] = opacity;
  }
  return strip;
}

/** Writes the bands' pixels, and no others, into an image of the map's size. */
export function paintStrips(
  map: PixelMap,
  strips: readonly Strip[],
  image: Uint8ClampedArray,
): void {
  const { pixels, bands, places, coverage, stripLength } = map;
  const end = stripLength * 4;
  for (let i = 0; i < pixels.length; i++) {
    const strip = strips[bands[i]!]!;
    const place = places[i]!;
    const here = (place >>> 8) * 4;
    const next = here + 4 === end ? 0 : here + 4;
    const share = place & 255;
    const rest = 256 - share;
    // Colours count by their opacity: an unseen neighbour has none to lend.
    const seenHere = strip[here + 3]! * rest;
    const seenNext = strip[next + 3]! * share;
    const seen = seenHere + seenNext;
    const at = pixels[i]! * 4;
    if (seen === 0) {
      image[at + 3] = 0;
      continue;
    }
    image[at] = (strip[here]! * seenHere + strip[next]! * seenNext) / seen;
    image[at + 1] = (strip[here + 1]! * seenHere + strip[next + 1]! * seenNext) / seen;
    image[at + 2] = (strip[here + 2]! * seenHere + strip[next + 2]! * seenNext) / seen;
    image[at + 3] = (seen * coverage[i]!) / 65_280;
  }
}
