/**
 * The geometry of a chord diagram: who gives how much to whom. Everybody has an arc of the rim, as long as what they give and
 * take together; a ribbon is as wide at both ends as what it stands for, and points at whoever takes.
 *
 *        ╭── a ──╮
 *       ╱  ╲ ╲    ╲        ribbons of one arc leave it in the order of those they lead to, so that few of them cross
 *      c ◀──╲─▶ b  │
 *       ╲____╲____╱
 */
import { angleOf } from './ring-circle.ts';

export interface Flow {
  readonly from: string;
  readonly to: string;
  readonly amount: number;
}

export interface ChordArc {
  readonly id: string;
  readonly path: string;
  /** Where its name stands, and how that is turned, in degrees; names on the left are turned to be read. */
  readonly x: number;
  readonly y: number;
  readonly turn: number;
  readonly isLeft: boolean;
}

export interface ChordRibbon {
  readonly flow: Flow;
  readonly path: string;
}

export interface ChordDiagram {
  readonly arcs: readonly ChordArc[];
  readonly ribbons: readonly ChordRibbon[];
  /** Flows too many to be told apart: the least of them are left out. */
  readonly leftOut: number;
}

export interface ChordShape {
  readonly size: number;
  /** Room for names outside of the rim. */
  readonly margin: number;
  readonly rim: number;
}

/** Of the circle: for spaces between arcs, and for arcs of those who neither give nor take. */
const GAPS = 0.12;
const IDLE = 0.1;
const RIBBONS_MAX = 400;
const ARROW = 9;

export function chordsOf(
  ids: readonly string[],
  flows: readonly Flow[],
  { size, margin, rim }: ChordShape,
): ChordDiagram {
  const places = new Map(ids.map((id, place) => [id, place]));
  const known = flows.filter(
    ({ from, to, amount }) => amount > 0 && places.has(from) && places.has(to),
  );
  const shown = [...known].sort((a, b) => b.amount - a.amount).slice(0, RIBBONS_MAX);
  const centre = size / 2;
  const outer = centre - margin;
  const inner = outer - rim;
  const at = (share: number, radius: number): string => {
    const angle = angleOf(share);
    return `${round(centre + Math.cos(angle) * radius)} ${round(centre + Math.sin(angle) * radius)}`;
  };

  const ends = ids.map((id, place) =>
    shown
      .flatMap((flow) => {
        const here: { flow: Flow; isGiver: boolean; partner: number }[] = [];
        if (flow.from === id) here.push({ flow, isGiver: true, partner: places.get(flow.to)! });
        if (flow.to === id) here.push({ flow, isGiver: false, partner: places.get(flow.from)! });
        return here;
      })
      .sort((a, b) => before(place, a.partner, ids.length) - before(place, b.partner, ids.length)),
  );
  const totals = ends.map((own) => own.reduce((sum, { flow }) => sum + flow.amount, 0));
  const all = totals.reduce((sum, total) => sum + total, 0);
  const gap = ids.length > 1 ? GAPS / ids.length : 0;
  const idle = (all === 0 ? 1 - GAPS : IDLE) / Math.max(1, ids.length);
  const perUnit = all === 0 ? 0 : (1 - GAPS - IDLE) / all;

  const givers = new Map<Flow, readonly [number, number]>();
  const takers = new Map<Flow, readonly [number, number]>();
  const arcs: ChordArc[] = [];
  let share = 0;
  for (const [place, id] of ids.entries()) {
    const length = idle + totals[place]! * perUnit;
    let end = share + idle / 2;
    for (const { flow, isGiver } of ends[place]!) {
      const next = end + flow.amount * perUnit;
      (isGiver ? givers : takers).set(flow, [end, next]);
      end = next;
    }
    const middle = share + length / 2;
    const angle = angleOf(middle);
    const isLeft = middle > 0.5;
    arcs.push({
      id,
      path: bandOf(share, share + length, outer, inner, at),
      x: round(centre + Math.cos(angle) * (outer + 7)),
      y: round(centre + Math.sin(angle) * (outer + 7)),
      turn: round((angle * 180) / Math.PI + (isLeft ? 180 : 0)),
      isLeft,
    });
    share += length + gap;
  }
  const rest = inner - 2;
  const ribbons = shown.map((flow) => {
    const [a0, a1] = givers.get(flow)!;
    const [b0, b1] = takers.get(flow)!;
    const large = a1 - a0 > 0.5 ? 1 : 0;
    const path = [
      `M${at(a0, rest)}`,
      `A${round(rest)} ${round(rest)} 0 ${large} 1 ${at(a1, rest)}`,
      `Q${round(centre)} ${round(centre)} ${at(b0, rest - ARROW)}`,
      `L${at((b0 + b1) / 2, rest)}`,
      `L${at(b1, rest - ARROW)}`,
      `Q${round(centre)} ${round(centre)} ${at(a0, rest)}Z`,
    ].join('');
    return { flow, path };
  });
  return { arcs, ribbons, leftOut: known.length - shown.length };
}

/** How far round the circle somebody's partner is, so that the next one clockwise comes last. */
function before(place: number, partner: number, count: number): number {
  return (place - partner + count) % count;
}

function bandOf(
  from: number,
  to: number,
  outer: number,
  inner: number,
  at: (share: number, radius: number) => string,
): string {
  const large = to - from > 0.5 ? 1 : 0;
  return [
    `M${at(from, outer)}`,
    `A${round(outer)} ${round(outer)} 0 ${large} 1 ${at(to, outer)}`,
    `L${at(to, inner)}`,
    `A${round(inner)} ${round(inner)} 0 ${large} 0 ${at(from, inner)}Z`,
  ].join('');
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}
