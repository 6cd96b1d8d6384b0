/**
 * Two rings in one circle, to scale: the staged one outside, today's inside, and between them what changes.
 *
 *   slot numbers · tokens · staged: leaders, other copies · what changes · today: leaders, other copies · room for words
 */
import { NOBODY } from '#contract/ring-models.ts';

import type { Band, Circle } from './ring-circle.ts';
import type { Cells, Rgb } from './ring-raster.ts';

const RIM_PX = 19;
const LABELS_PX = 8;
/** As shares of what is left of the radius. */
const WIDTHS = {
  tokens: 0.055,
  leader: 0.085,
  others: 0.11,
  change: 0.035,
  gap: 0.009,
  apart: 0.018,
};

/** As a circle of copies, with the bands of both rings as copies and what changes in place of health. */
export function stagedCircleOf(
  size: number,
  copies: { readonly then: number; readonly now: number },
): Circle {
  const radius = size / 2 - RIM_PX;
  let at = 1;
  const next = (width: number, gap: number): Band => {
    const outer = at * radius;
    at -= width;
    const inner = at * radius;
    at -= gap;
    return { outer, inner };
  };
  const ring = (count: number): Band[] => {
    const others = Math.max(0, count - 1);
    const width = (WIDTHS.others - WIDTHS.gap * Math.max(0, others - 1)) / Math.max(1, others);
    return [
      next(WIDTHS.leader, WIDTHS.gap),
      ...Array.from({ length: others }, () => next(width, WIDTHS.gap)),
    ];
  };
  const traffic = next(WIDTHS.tokens, WIDTHS.gap);
  const then = ring(copies.then);
  at -= WIDTHS.apart;
  const health = next(WIDTHS.change, WIDTHS.gap + WIDTHS.apart);
  const now = ring(copies.now);
  return {
    size,
    centre: size / 2,
    labels: size / 2 - LABELS_PX,
    traffic,
    copies: [...then, ...now],
    health,
    hole: at * radius,
  };
}

/** A table as plain columns: the first of each row leads. */
export interface PlainTable {
  readonly partitionCount: number;
  readonly replicaCount: number;
  readonly cells: Uint16Array;
}

/** Of what is not meant, while some of it is. */
const ASIDE = 0.14;

/** @param meant which nodes to bring out, or null for all alike */
export function tableCells(
  { partitionCount, replicaCount, cells }: PlainTable,
  colours: readonly Rgb[],
  meant: ReadonlySet<number> | null,
): Cells[] {
  return Array.from({ length: replicaCount }, (_, copy) => {
    const band = new Uint8ClampedArray(partitionCount * 4);
    for (let p = 0; p < partitionCount; p++) {
      const node = cells[p * replicaCount + copy]!;
      const colour = node === NOBODY ? undefined : colours[node];
      if (colour === undefined) continue;
      band.set(colour, p * 4);
      band[p * 4 + 3] = meant === null || meant.has(node) ? 255 : 255 * ASIDE;
    }
    return band;
  });
}

/** For each partition of the finer table: 0 where nothing changes, 1 where only the leader does, 2 where a copy moves. */
export function changesOf(now: PlainTable, then: PlainTable): Uint8Array {
  const count = Math.max(now.partitionCount, then.partitionCount);
  const changes = new Uint8Array(count);
  for (let p = 0; p < count; p++) {
    const a = rowOf(now, p, count);
    const b = rowOf(then, p, count);
    const isMoved = b.some((node) => !a.includes(node)) || a.some((node) => !b.includes(node));
    changes[p] = isMoved ? 2 : a[0] === b[0] ? 0 : 1;
  }
  return changes;
}

export function changeCells(
  changes: Uint8Array,
  tints: { readonly moved: Rgb; readonly led: Rgb },
): Cells {
  const cells = new Uint8ClampedArray(changes.length * 4);
  for (let p = 0; p < changes.length; p++) {
    if (changes[p] === 0) continue;
    cells.set(changes[p] === 2 ? tints.moved : tints.led, p * 4);
    cells[p * 4 + 3] = 255;
  }
  return cells;
}

/** The nodes of a partition, counted in the finer table of both. */
export function rowOf(
  { partitionCount, replicaCount, cells }: PlainTable,
  partition: number,
  finest: number,
): number[] {
  const own = Math.floor((partition * partitionCount) / finest);
  return [...cells.subarray(own * replicaCount, (own + 1) * replicaCount)].filter(
    (node) => node !== NOBODY,
  );
}
