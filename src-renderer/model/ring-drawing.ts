/** What of the circle is drawn with lines: slot numbers, traffic, and marks of what is pointed at, chosen or looked for. */
import { angleOf, type Circle, placeAt } from './ring-circle.ts';
import { cssOf, type RingPalette, type RingTints } from './ring-colours.ts';
import { SLOTS } from './ring-table.ts';

type Pen = CanvasRenderingContext2D;

const TAU = 2 * Math.PI;
const LABELLED = 8;
const TICKS = 32;
/** Bars of traffic are not narrower, and stand no closer. */
const BAR_PIXELS = 2.6;

/** Slot numbers around, and thin circles that hold the bands together. */
export function drawFrame(pen: Pen, circle: Circle, palette: RingPalette, font: string): void {
  const { traffic } = circle;
  pen.lineWidth = 1;
  pen.strokeStyle = cssOf(palette.line);
  ringLine(pen, circle, traffic.inner - 1.5);
  for (let i = 0; i < TICKS; i++) {
    const isLabelled = i % (TICKS / LABELLED) === 0;
    const from = placeAt(circle, i / TICKS, traffic.inner - 1.5);
    const to = placeAt(circle, i / TICKS, traffic.inner + (isLabelled ? 6 : 3));
    pen.beginPath();
    pen.moveTo(from.x, from.y);
    pen.lineTo(to.x, to.y);
    pen.stroke();
  }
  pen.font = font;
  pen.fillStyle = cssOf(palette.quiet);
  pen.textBaseline = 'middle';
  pen.textAlign = 'center';
  for (let i = 0; i < LABELLED; i++) {
    const share = i / LABELLED;
    const { x, y } = placeAt(circle, share, circle.labels);
    pen.save();
    pen.translate(x, y);
    // Along the circle, and never upside down.
    const isBelow = share > 0.25 && share < 0.75;
    pen.rotate(share * TAU + (isBelow ? Math.PI : 0));
    pen.fillText(String(share * SLOTS), 0, 0);
    pen.restore();
  }
}

function ringLine(pen: Pen, { centre }: Circle, radius: number): void {
  pen.beginPath();
  pen.arc(centre, centre, radius, 0, TAU);
  pen.stroke();
}

/**
 * A bar for each partition, or for as many together as a bar is wide: its height is the root of their share of the busiest, so
 * that the quiet ones are seen beside it.
 */
export function drawTraffic(
  pen: Pen,
  circle: Circle,
  traffic: Float32Array,
  palette: RingPalette,
): void {
  const { inner, outer } = circle.traffic;
  const bars = barsOf(traffic, Math.floor((TAU * inner) / BAR_PIXELS));
  const most = bars.reduce((max, value) => Math.max(max, value), 0);
  if (most === 0) return;
  pen.fillStyle = cssOf(palette.traffic);
  pen.beginPath();
  const half = Math.min(0.42 / bars.length, 3 / (TAU * inner));
  for (const [i, value] of bars.entries()) {
    if (value <= 0) continue;
    const height = Math.sqrt(value / most) * (outer - inner - 2) + 1;
    const at = (i + 0.5) / bars.length;
    const [from, to] = [angleOf(at - half), angleOf(at + half)];
    pen.moveTo(circle.centre + Math.cos(from) * inner, circle.centre + Math.sin(from) * inner);
    pen.arc(circle.centre, circle.centre, inner + height, from, to);
    pen.arc(circle.centre, circle.centre, inner, to, from, true);
  }
  pen.fill();
}

/** Sums of neighbours where there is no room for each. */
export function barsOf(values: Float32Array, room: number): Float32Array {
  let each = 1;
  while (values.length / each > room) each *= 2;
  if (each === 1) return values;
  const bars = new Float32Array(values.length / each);
  for (const [i, value] of values.entries()) bars[Math.floor(i / each)]! += value;
  return bars;
}

/** A partition's wedge through all bands: an outline, or a needle where it is narrower than that. */
export function drawWedge(
  pen: Pen,
  circle: Circle,
  wedge: { readonly partition: number; readonly partitionCount: number },
  tint: RingTints,
): void {
  const { partition, partitionCount } = wedge;
  const outer = circle.copies[0]!.outer + 2;
  const inner = circle.health.inner - 2;
  const from = partition / partitionCount;
  const to = (partition + 1) / partitionCount;
  if ((to - from) * TAU * outer < 5) {
    needle(pen, circle, (from + to) / 2, { inner, outer: circle.traffic.outer }, tint);
    return;
  }
  pen.lineJoin = 'round';
  pen.fillStyle = tint.fill;
  pen.beginPath();
  pen.arc(circle.centre, circle.centre, outer, angleOf(from), angleOf(to));
  pen.arc(circle.centre, circle.centre, inner, angleOf(to), angleOf(from), true);
  pen.closePath();
  pen.fill();
  strokeBoth(pen, tint);
}

/** Where a key lies: a needle from the hole to the outside, with a head. */
export function drawPin(pen: Pen, circle: Circle, slot: number, tint: RingTints): void {
  const share = (slot + 0.5) / SLOTS;
  needle(pen, circle, share, { inner: circle.hole - 4, outer: circle.traffic.outer }, tint);
  const { x, y } = placeAt(circle, share, circle.traffic.outer);
  pen.fillStyle = tint.line;
  pen.beginPath();
  pen.arc(x, y, 5, 0, TAU);
  strokeBoth(pen, tint);
  pen.fill();
}

function needle(
  pen: Pen,
  circle: Circle,
  share: number,
  { inner, outer }: { readonly inner: number; readonly outer: number },
  tint: RingTints,
): void {
  const from = placeAt(circle, share, inner);
  const to = placeAt(circle, share, outer);
  pen.beginPath();
  pen.moveTo(from.x, from.y);
  pen.lineTo(to.x, to.y);
  strokeBoth(pen, tint);
}

/** The path's halo, and the line in it. */
function strokeBoth(pen: Pen, { line, halo }: RingTints): void {
  pen.strokeStyle = halo;
  pen.lineWidth = 4.5;
  pen.stroke();
  pen.strokeStyle = line;
  pen.lineWidth = 1.75;
  pen.stroke();
}
