/** Tokens on the rim of the circle: which one is near, which comes next, and how they are drawn. */
import { type Circle, placeAt } from './ring-circle.ts';
import { cssOf } from './ring-colours.ts';
import type { Rgb } from './ring-raster.ts';
import { CIRCLE, type PlainTokens } from './staged-ring.ts';

const TAU = 2 * Math.PI;
/** How far from a token, in pixels of the rim, it is still meant. */
const REACH_PX = 9;

export function positionAt(share: number): number {
  return Math.floor((share - Math.floor(share)) * CIRCLE);
}

/** The position of the token that is nearest to a place of the rim; null where none is near. */
export function tokenNear(
  { positions }: PlainTokens,
  position: number,
  { traffic }: Circle,
): number | null {
  let best: number | null = null;
  let least = (REACH_PX / (TAU * traffic.outer)) * CIRCLE;
  for (const candidate of positions) {
    const apart = Math.abs(candidate - position);
    const distance = Math.min(apart, CIRCLE - apart);
    if (distance > least) continue;
    least = distance;
    best = candidate;
  }
  return best;
}

/** The next token round the circle, of one node or of all; the first where none is chosen yet. */
export function tokenNext(
  { positions, nodes }: PlainTokens,
  from: number | null,
  options: { readonly step: 1 | -1; readonly node: number | null },
): number | null {
  const own = [...positions].filter((_, i) => options.node === null || nodes[i] === options.node);
  if (own.length === 0) return null;
  const place = from === null ? -1 : own.indexOf(from);
  if (place === -1) return own[0]!;
  return own[(place + options.step + own.length) % own.length]!;
}

/** A dot for each token; those of who is not meant are faint, the chosen one has a ring. */
export function drawTokens(
  pen: CanvasRenderingContext2D,
  circle: Circle,
  tokens: PlainTokens,
  look: {
    readonly colours: readonly Rgb[];
    readonly meant: ReadonlySet<number> | null;
    readonly chosen: number | null;
    readonly ink: Rgb;
    readonly surface: Rgb;
  },
): void {
  const radius = (circle.traffic.outer + circle.traffic.inner) / 2;
  const width = Math.max(
    2,
    Math.min(4.5, (TAU * radius) / Math.max(1, tokens.positions.length) / 2.4),
  );
  for (const [i, position] of tokens.positions.entries()) {
    const node = tokens.nodes[i]!;
    const { x, y } = placeAt(circle, position / CIRCLE, radius);
    const isMeant = look.meant === null || look.meant.has(node);
    pen.fillStyle = cssOf(look.colours[node] ?? look.ink, isMeant ? 1 : 0.2);
    pen.beginPath();
    pen.arc(x, y, width, 0, TAU);
    pen.fill();
    if (position !== look.chosen) continue;
    pen.lineWidth = 2;
    pen.strokeStyle = cssOf(look.surface);
    pen.stroke();
    pen.beginPath();
    pen.arc(x, y, width + 3, 0, TAU);
    pen.strokeStyle = cssOf(look.ink);
    pen.stroke();
  }
}
