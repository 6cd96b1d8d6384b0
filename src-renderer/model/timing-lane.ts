/**
 * The geometry of timings: a track for each member from the proposal on, all on one scale.
 *
 *   0 ────────────────┬──────────────── scale's end
 *   1 ▐███████████◆   │  ┊                ███ until it is on disk, ◆ the leader knows of it
 *   2   ▐█████████████◆  ┊                ┊ decided there, │ the decision itself
 *   3     ▐██████████████████████▸        longer than the scale
 */
import type { MemberTiming, TimingSummary, TxnTiming } from '#contract/timing-models.ts';

const SERIES_COLOURS = 8;
const SCALE_MIN_US = 500;

/** A member's place among all of them, which is by id: the same colour wherever it is drawn. */
export function colourOfMember(members: readonly { readonly id: number }[], id: number): number {
  const at = members.findIndex((member) => member.id === id);
  return Math.max(0, at) % SERIES_COLOURS;
}

const ROUND = [1, 2, 5, 10] as const;
/** Closer to each other, so that little of a lane stays empty. */
const ROUND_FINELY = [1, 1.5, 2, 3, 4, 5, 7, 10] as const;

/** The least round value that is not below. */
export function roundUp(us: number, steps: readonly number[] = ROUND): number {
  const power = 10 ** Math.floor(Math.log10(Math.max(us, 1)));
  const step = steps.find((factor) => factor * power >= us * (1 - 1e-9))!;
  return step * power;
}

/**
 * Where the scale of the lines ends: most decisions fit, and the few that do not are seen to be long. It stays while that
 * remains so, or lines could not be compared with those of a moment ago.
 */
export function scaleFor(summary: TimingSummary | null, beforeUs: number | null): number {
  const { p50Us, p90Us } = summary ?? { p50Us: null, p90Us: null };
  const wanted = Math.max(SCALE_MIN_US, (p50Us ?? 0) * 2.5, (p90Us ?? 0) * 1.2);
  const isEnough = beforeUs !== null && wanted <= beforeUs * 1.1 && wanted > beforeUs / 2.5;
  return isEnough ? beforeUs : roundUp(wanted, ROUND_FINELY);
}

/** One that holds all of a transaction. */
export function scaleOfOne(timing: TxnTiming): number {
  return roundUp(Math.max(100, endOf(timing) * 1.02), ROUND_FINELY);
}

function endOf({ members, commitUs, waitedUs }: TxnTiming): number {
  return Math.max(
    commitUs ?? 0,
    waitedUs ?? 0,
    ...members.flatMap(({ ackUs, durableUs, appliedUs, committedUs }) =>
      [ackUs, durableUs, appliedUs, committedUs].map((us) => us ?? 0),
    ),
  );
}

export interface Track {
  readonly id: number;
  readonly isLeader: boolean;
  /** Left and right end of its way to the disk, as shares of the scale; null where nobody told. */
  readonly bar: { readonly from: number; readonly to: number; readonly isOpen: boolean } | null;
  readonly ack: number | null;
  readonly committed: number | null;
  readonly applied: number | null;
  /** Something of it lies beyond the scale. */
  readonly isLonger: boolean;
}

/** What becomes of it in the end is not known while it waits. */
export function tracksOf(timing: TxnTiming, scaleUs: number): Track[] {
  const { members, leader, waitedUs, standing } = timing;
  const share = (us: number): number => Math.min(1, us / scaleUs);
  const shareOf = (us: number | null): number | null =>
    us === null || us > scaleUs ? null : us / scaleUs;
  return members.map((member) => {
    const { id, receivedUs, durableUs, ackUs, committedUs, appliedUs } = member;
    const isLeader = id === leader;
    const fromUs = isLeader ? 0 : receivedUs;
    const isOpen = fromUs !== null && durableUs === null;
    const toUs = durableUs ?? (standing === 'waiting' ? waitedUs : null) ?? fromUs;
    const all = [durableUs, ackUs, committedUs, appliedUs, isOpen ? toUs : null];
    return {
      id,
      isLeader,
      bar: fromUs === null ? null : { from: share(fromUs), to: share(toUs ?? fromUs), isOpen },
      ack: shareOf(ackUs),
      committed: shareOf(committedUs),
      applied: shareOf(appliedUs),
      isLonger: all.some((us) => us !== null && us > scaleUs),
    };
  });
}

/** Round values from 0 on, as many as there is room for. */
export function scaleTicks(scaleUs: number, max: number): number[] {
  const step = roundUp(scaleUs / max);
  const count = Math.floor(scaleUs / step + 1e-9);
  return Array.from({ length: count + 1 }, (_, i) => i * step);
}

/** Who had it last, of those who tell or acknowledged. */
export function slowestOf({ members }: TxnTiming): MemberTiming | null {
  const atUs = ({ ackUs, durableUs }: MemberTiming): number => ackUs ?? durableUs ?? -1;
  return members.reduce<MemberTiming | null>(
    (slowest, member) =>
      atUs(member) > (slowest === null ? -1 : atUs(slowest)) ? member : slowest,
    null,
  );
}
