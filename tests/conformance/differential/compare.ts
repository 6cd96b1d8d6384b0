/**
 * Where two transcripts of one script differ, after everything that may.
 *
 *   lane   events… reply   events… reply   events… end
 *
 * Replies are paired by their order, and the events between two of them by what they say; each pair has to be equal byte
 * for byte, or a row of the table of known differences says why it is not.
 */
import type { Lane, Sighted, Transcript } from './play.ts';
import { Story } from './story.ts';

export interface Difference {
  readonly lane: string;
  /** Null where one side said nothing. */
  readonly theirs: Sighted | null;
  readonly ours: Sighted | null;
  /** How the connection ended, where that is the difference. */
  readonly states?: { readonly theirs: string; readonly ours: string };
}

export interface KnownDifference {
  readonly name: string;
  /** Where the fact sheet says so, and what. */
  readonly reference: string;
  readonly explains: (difference: Difference, story: Story) => boolean;
}

export interface Differences {
  readonly unexplained: readonly Difference[];
  /** How often each known difference was met. */
  readonly explained: ReadonlyMap<KnownDifference, number>;
}

export function compare(
  theirs: Transcript,
  ours: Transcript,
  known: readonly KnownDifference[],
): Differences {
  const unexplained: Difference[] = [];
  const explained = new Map<KnownDifference, number>();
  for (const [i, lane] of lanesOf(theirs).entries()) {
    const story = new Story(theirs.root);
    for (const difference of differencesOf(lane, lanesOf(ours)[i]!, story)) {
      const row = known.find(({ explains }) => explains(difference, story));
      if (row === undefined) unexplained.push(difference);
      else explained.set(row, (explained.get(row) ?? 0) + 1);
    }
  }
  return { unexplained, explained };
}

/** The shared nodes were not alike even before. */
export function hasDrifted(theirs: Transcript, ours: Transcript): boolean {
  const story = new Story(theirs.root);
  return !differencesOf(theirs.prelude, ours.prelude, story).next().done;
}

export function lanesOf(transcript: Transcript): readonly Lane[] {
  return [transcript.prelude, ...transcript.lanes, transcript.audit];
}

export function areEqual(theirs: Sighted, ours: Sighted): boolean {
  return theirs.kind === ours.kind && theirs.normal.equals(ours.normal);
}

/** Pairs of frames, null where the other side has none. */
export function pairsOf(theirs: Lane, ours: Lane): (readonly [Sighted | null, Sighted | null])[] {
  const [their, our] = [partsOf(theirs), partsOf(ours)];
  return Array.from({ length: Math.max(their.length, our.length) }, (_, i) => {
    const [a, b] = [their[i] ?? EMPTY, our[i] ?? EMPTY];
    return [...pairEvents(a.events, b.events), [a.end, b.end] as const];
  })
    .flat()
    .filter(([a, b]) => a !== null || b !== null);
}

/** In the order of the lane, with the story told as far as the difference. */
function* differencesOf(theirs: Lane, ours: Lane, story: Story): Generator<Difference> {
  for (const [their, our] of pairsOf(theirs, ours)) {
    if (their === null || our === null || !areEqual(their, our))
      yield { lane: theirs.name, theirs: their, ours: our };
    story.note(their, our);
  }
  if (theirs.state === ours.state) return;
  const states = { theirs: theirs.state, ours: ours.state };
  yield { lane: theirs.name, theirs: null, ours: null, states };
}

interface LanePart {
  readonly events: readonly Sighted[];
  /** The reply they came before; null at the end of the lane. */
  readonly end: Sighted | null;
}

const EMPTY: LanePart = { events: [], end: null };

function partsOf(lane: Lane): LanePart[] {
  const parts: LanePart[] = [];
  let events: Sighted[] = [];
  for (const arrival of lane.arrivals) {
    if (arrival.kind === 'event') {
      events.push(arrival);
    } else {
      parts.push({ events, end: arrival });
      events = [];
    }
  }
  return [...parts, { events, end: null }];
}

/** The longest common subsequence of events; the others stay alone. */
function pairEvents(
  theirs: readonly Sighted[],
  ours: readonly Sighted[],
): (readonly [Sighted | null, Sighted | null])[] {
  /** How many pairs there are among `theirs` from i and `ours` from j. */
  const lengths = theirs.map(() => new Array<number>(ours.length + 1).fill(0));
  const lengthFrom = (i: number, j: number): number => lengths[i]?.[j] ?? 0;
  for (let i = theirs.length - 1; i >= 0; i--) {
    for (let j = ours.length - 1; j >= 0; j--) {
      lengths[i]![j] = saysTheSame(theirs[i]!, ours[j]!)
        ? lengthFrom(i + 1, j + 1) + 1
        : Math.max(lengthFrom(i + 1, j), lengthFrom(i, j + 1));
    }
  }
  const pairs: (readonly [Sighted | null, Sighted | null])[] = [];
  let [i, j] = [0, 0];
  while (i < theirs.length || j < ours.length) {
    const [their, our] = [theirs[i] ?? null, ours[j] ?? null];
    if (their !== null && our !== null && saysTheSame(their, our)) {
      pairs.push([their, our]);
      i++;
      j++;
    } else if (our === null || (their !== null && lengthFrom(i + 1, j) >= lengthFrom(i, j + 1))) {
      pairs.push([their, null]);
      i++;
    } else {
      pairs.push([null, our]);
      j++;
    }
  }
  return pairs;
}

/** Behind xid and zxid. */
const CODE_AT = 12;

/** Alike but for the zxid. */
function saysTheSame(theirs: Sighted, ours: Sighted): boolean {
  return theirs.frame.subarray(CODE_AT).equals(ours.frame.subarray(CODE_AT));
}
