/**
 * The geometry of a line chart over time: where values lie, which round numbers stand beside them, where a line breaks off.
 *
 *   top ┬ 20 ┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄     plot: left..width, top..height, y grows downwards
 *       │      ╱╲     ╱
 *       ┼ 10 ┄╱┄┄╲┄ ┄╱┄┄┄┄┄┄┄     a gap where nothing was measured
 *       └ 0 ───────────────
 *         −5 min        now
 */

export interface Point {
  readonly atMs: number;
  readonly value: number;
}

export interface Frame {
  readonly left: number;
  readonly top: number;
  readonly right: number;
  readonly bottom: number;
}

/** Samples come every second; a longer silence was not measured and is not drawn. */
export const GAP_MS = 3500;

/** Round numbers from 0 to at least `max`: three steps, or as few as make sense of small whole numbers. */
export function ticksTo(max: number, options: { readonly isWhole?: boolean } = {}): number[] {
  const wanted = options.isWhole === true ? Math.max(1, max) : max;
  if (wanted <= 0) return [0, 1];
  const rough = wanted / 3;
  const power = 10 ** Math.floor(Math.log10(rough));
  const factor = [1, 2, 2.5, 5, 10].find((step) => step * power >= rough * (1 - 1e-9))!;
  let step = factor * power;
  if (options.isWhole === true) step = Math.max(1, Math.ceil(step));
  const count = Math.ceil(wanted / step - 1e-9);
  return Array.from({ length: count + 1 }, (_, i) => Number((i * step).toPrecision(12)));
}

export interface Scale {
  x(atMs: number): number;
  y(value: number): number;
  /** The time at a place, within the window. */
  at(x: number): number;
}

export function scaleOf(
  frame: Frame,
  domain: { readonly fromMs: number; readonly toMs: number; readonly max: number },
): Scale {
  const { left, top, right, bottom } = frame;
  const { fromMs, toMs, max } = domain;
  const spanMs = Math.max(1, toMs - fromMs);
  return {
    x: (atMs) => left + ((atMs - fromMs) / spanMs) * (right - left),
    y: (value) => bottom - (Math.min(value, max) / max) * (bottom - top),
    at: (x) => {
      const share = Math.min(1, Math.max(0, (x - left) / Math.max(1, right - left)));
      return fromMs + share * spanMs;
    },
  };
}

/** The `d` of a path through the points, broken where too long nothing was measured; a lone point is a dot. */
export function pathOf(points: readonly Point[], { x, y }: Scale): string {
  const parts: string[] = [];
  for (const [i, { atMs, value }] of points.entries()) {
    const before = points[i - 1];
    const place = `${round(x(atMs))} ${round(y(value))}`;
    const isFirst = before === undefined || atMs - before.atMs > GAP_MS;
    parts.push(isFirst ? `M${place}` : `L${place}`);
    const next = points[i + 1];
    const isLone = isFirst && (next === undefined || next.atMs - atMs > GAP_MS);
    if (isLone) parts.push('h0.01');
  }
  return parts.join('');
}

/** The point nearest to a time, if it is near enough to speak for it. */
export function nearest(points: readonly Point[], atMs: number): Point | null {
  let best: Point | null = null;
  for (const point of points) {
    if (best === null || Math.abs(point.atMs - atMs) < Math.abs(best.atMs - atMs)) best = point;
  }
  return best !== null && Math.abs(best.atMs - atMs) <= GAP_MS / 2 ? best : null;
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}
