/**
 * The circle's geometry: slot 0 at the top, clockwise, to scale. From outside to inside:
 *
 *   slot numbers · traffic (bars outwards) · leaders · the other copies, a band each · health · room for words
 */

export interface Band {
  readonly outer: number;
  readonly inner: number;
}

export interface Circle {
  /** Of the square it is drawn in. */
  readonly size: number;
  readonly centre: number;
  /** Where slot numbers stand. */
  readonly labels: number;
  readonly traffic: Band;
  /** Leaders first. */
  readonly copies: readonly Band[];
  readonly health: Band;
  /** Free inside. */
  readonly hole: number;
}

const TAU = 2 * Math.PI;

/** What slot numbers need outside of everything else, in pixels, and where in it they stand. */
const RIM = { width: 19, labels: 8 } as const;
/** As shares of what is left of the radius. */
const TRAFFIC = { outer: 1, inner: 0.9 } as const;
const COPIES = { outer: 0.888, leader: 0.115, others: 0.15 } as const;
const HEALTH = 0.03;
const GAP = 0.009;

export function circleOf(size: number, copyCount: number): Circle {
  const radius = size / 2 - RIM.width;
  const band = (outer: number, inner: number): Band => ({
    outer: outer * radius,
    inner: inner * radius,
  });
  const others = Math.max(0, copyCount - 1);
  let at = COPIES.outer;
  const copies: Band[] = [band(at, at - COPIES.leader)];
  at -= COPIES.leader + GAP;
  const each = others === 0 ? 0 : (COPIES.others - GAP * (others - 1)) / others;
  for (let i = 0; i < others; i++) {
    copies.push(band(at, at - each));
    at -= each + GAP;
  }
  at -= GAP;
  return {
    size,
    centre: size / 2,
    labels: size / 2 - RIM.labels,
    traffic: band(TRAFFIC.outer, TRAFFIC.inner),
    copies,
    health: band(at, at - HEALTH),
    hole: (at - HEALTH - GAP) * radius,
  };
}

/** A share of the circle, 0…1, as an angle of the canvas, where 0 lies to the right. */
export function angleOf(share: number): number {
  return share * TAU - Math.PI / 2;
}

export interface Place {
  readonly x: number;
  readonly y: number;
}

export function placeAt({ centre }: Circle, share: number, radius: number): Place {
  const angle = angleOf(share);
  return { x: centre + Math.cos(angle) * radius, y: centre + Math.sin(angle) * radius };
}

/** The share of the circle a place lies at; null where it lies on none of the bands. */
export function shareAt(circle: Circle, { x, y }: Place): number | null {
  const [dx, dy] = [x - circle.centre, y - circle.centre];
  const radius = Math.hypot(dx, dy);
  if (radius > circle.traffic.outer || radius < circle.health.inner) return null;
  return turnOf(dx, dy);
}

/** 0 at the top, growing clockwise to 1. */
export function turnOf(dx: number, dy: number): number {
  const turn = Math.atan2(dx, -dy) / TAU;
  return turn < 0 ? turn + 1 : turn;
}
