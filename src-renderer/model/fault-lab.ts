/**
 * The links between members as the fault lab shows them: what is done to each way, where members stand in the drawing, and
 * who could still lead when something is broken.
 */
import type { EnsembleMember } from '#contract/ensemble-models.ts';
import type { FaultsView, LinkFault } from '#contract/fault-models.ts';

// --- ways ---

/** One way of a link. */
export interface Way {
  readonly from: number;
  readonly to: number;
}

export function healthy({ from, to }: Way): LinkFault {
  return { from, to, isCut: false, delayMs: 0, lossPercent: 0 };
}

export function cut(way: Way): LinkFault {
  return { ...healthy(way), isCut: true };
}

export function faultOf(links: readonly LinkFault[], { from, to }: Way): LinkFault {
  return links.find((link) => link.from === from && link.to === to) ?? healthy({ from, to });
}

/** 'away': one of its ends does not take part, so that nothing can pass whatever is done to the way. */
export type WayState = 'open' | 'slow' | 'lossy' | 'cut' | 'away';

export function wayState(
  { isCut, delayMs, lossPercent }: LinkFault,
  ends: { readonly areHere: boolean },
): WayState {
  if (isCut) return 'cut';
  if (!ends.areHere) return 'away';
  if (lossPercent > 0) return 'lossy';
  return delayMs > 0 ? 'slow' : 'open';
}

/** The links as they are when these are changed. */
export function changed(
  links: readonly LinkFault[],
  changes: readonly LinkFault[],
): readonly LinkFault[] {
  const kept = links.filter(
    ({ from, to }) => !changes.some((change) => change.from === from && change.to === to),
  );
  return [...kept, ...changes];
}

/** Every link once, the smaller id first. */
export function linksOf(ids: readonly number[]): Way[] {
  return ids.flatMap((from, i) => ids.slice(i + 1).map((to) => ({ from, to })));
}

export function back({ from, to }: Way): Way {
  return { from: to, to: from };
}

/** Both ways to everybody else. */
export function isolation(ids: readonly number[], id: number): LinkFault[] {
  return ids
    .filter((other) => other !== id)
    .flatMap((other) => [cut({ from: id, to: other }), cut({ from: other, to: id })]);
}

// --- members ---

/** Members of this program among which links can be broken; none where there is nobody to be linked to. */
export function labMembers(
  members: readonly EnsembleMember[],
): (EnsembleMember & { id: number })[] {
  const ours = members.filter(
    (member): member is EnsembleMember & { id: number } =>
      member.local !== null && member.id !== null,
  );
  return ours.length > 1 ? ours : [];
}

/** Whether it runs, so that it could speak with others. */
export function isHere({ local }: Pick<EnsembleMember, 'local'>): boolean {
  return local?.kind === 'serving' || (local?.kind === 'starting' && local.step === 'electing');
}

export interface FaultCounts {
  readonly cut: number;
  readonly slow: number;
  readonly lossy: number;
  readonly paused: number;
}

export function countFaults({ links, paused }: FaultsView): FaultCounts {
  const count = (fits: (link: LinkFault) => boolean): number => links.filter(fits).length;
  return {
    cut: count(({ isCut }) => isCut),
    slow: count(({ isCut, delayMs }) => !isCut && delayMs > 0),
    lossy: count(({ isCut, lossPercent }) => !isCut && lossPercent > 0),
    paused: paused.length,
  };
}

// --- what comes of it ---

/**
 * Whether somebody can lead. Who leads needs both ways to as many voters as a quorum has; a way that is merely slow or lossy
 * counts as open, however long members are patient with it.
 */
export type Outlook =
  /** The one who leads goes on, with so many voters, itself among them. */
  | {
      readonly kind: 'leads-on';
      readonly leader: number;
      readonly reached: number;
      readonly leftOut: readonly number[];
    }
  /** One of these can be elected. */
  | { readonly kind: 'elects'; readonly candidates: readonly number[] }
  | { readonly kind: 'nobody' };

/** Null where no single number decides who is enough, as with groups and weights. */
export function outlookOf(
  members: readonly (EnsembleMember & { id: number })[],
  links: readonly LinkFault[],
  needed: number | null,
): Outlook | null {
  if (needed === null) return null;
  const voters = members.filter((member) => member.votes !== false && isHere(member));
  const isOpen = (way: Way): boolean => !faultOf(links, way).isCut;
  const reachOf = (id: number): number[] =>
    voters
      .map((voter) => voter.id)
      .filter(
        (other) =>
          other === id || (isOpen({ from: id, to: other }) && isOpen({ from: other, to: id })),
      );
  const leader = voters.find(({ role }) => role === 'leader')?.id ?? null;
  if (leader !== null && reachOf(leader).length >= needed) {
    const reached = reachOf(leader);
    const leftOut = voters.map(({ id }) => id).filter((id) => !reached.includes(id));
    return { kind: 'leads-on', leader, reached: reached.length, leftOut };
  }
  const candidates = voters.map(({ id }) => id).filter((id) => reachOf(id).length >= needed);
  return candidates.length > 0 ? { kind: 'elects', candidates } : { kind: 'nobody' };
}

/** So slow, or sent again so often, that members may take each other for dead. */
const TRYING_DELAY_MS = 2000;
const TRYING_LOSS_PERCENT = 30;

export function isTrying({ isCut, delayMs, lossPercent }: LinkFault): boolean {
  return !isCut && (delayMs >= TRYING_DELAY_MS || lossPercent >= TRYING_LOSS_PERCENT);
}

// --- the drawing ---

export interface Point {
  readonly x: number;
  readonly y: number;
}

/** On a circle stretched to the whole drawing, the first at the top; two stand beside each other. */
export function placesOf(
  count: number,
  sizes: { readonly width: number; readonly height: number; readonly margin: Point },
): Point[] {
  const { width, height, margin } = sizes;
  const start = count === 2 ? Math.PI : -Math.PI / 2;
  const angles = Array.from({ length: count }, (_, i) => start + (i * 2 * Math.PI) / count);
  const xs = stretched(angles.map(Math.cos), margin.x, width - margin.x);
  const ys = stretched(angles.map(Math.sin), margin.y, height - margin.y);
  return xs.map((x, i) => ({ x, y: ys[i]! }));
}

/** From the first to the last of the range; in its middle where all are the same. */
function stretched(values: readonly number[], from: number, to: number): number[] {
  const least = Math.min(...values);
  const span = Math.max(...values) - least;
  return values.map((value) =>
    span < 1e-6 ? (from + to) / 2 : from + ((value - least) / span) * (to - from),
  );
}

/** An arrow from one member to another, to the right of the line between them, so that there is room for the one back. */
export interface Arrow {
  readonly start: Point;
  readonly end: Point;
  /** Where the words about it stand: further on the same side. */
  readonly label: Point;
  /** Which end of the words that is, so that they do not run across the arrow. */
  readonly labelAnchor: 'start' | 'middle' | 'end';
  readonly middle: Point;
}

/** Beside arrows that are less steep than this the words stand in the middle. */
const LEVEL = 0.3;

export function arrowOf(
  from: Point,
  to: Point,
  sizes: { readonly radius: number; readonly apart: number; readonly labelApart: number },
): Arrow {
  const length = Math.hypot(to.x - from.x, to.y - from.y) || 1;
  const along = { x: (to.x - from.x) / length, y: (to.y - from.y) / length };
  const side = { x: -along.y, y: along.x };
  const at = (share: number, apart: number): Point => ({
    x: from.x + along.x * share + side.x * apart,
    y: from.y + along.y * share + side.y * apart,
  });
  return {
    start: at(sizes.radius, sizes.apart),
    end: at(length - sizes.radius, sizes.apart),
    middle: at(length / 2, sizes.apart),
    label: at(length / 2, sizes.labelApart),
    labelAnchor: Math.abs(side.x) < LEVEL ? 'middle' : side.x > 0 ? 'start' : 'end',
  };
}
