/** What an ensemble's members look like: how well each is, how well all are, and what is worth a word. */
import type { EnsembleMember, EnsembleView, QuorumView } from '#contract/ensemble-models.ts';

export type Tone = 'ok' | 'warn' | 'danger' | 'idle';

/** As seen from outside, unless this program knows better of its own. */
export function toneOf({ role, trouble, local }: EnsembleMember): Tone {
  if (local?.kind === 'stopped') return 'idle';
  if (local?.kind === 'failed') return 'danger';
  if (local?.kind === 'starting' || local?.kind === 'paused') return 'warn';
  if (role === 'unreachable') return 'danger';
  if (role === 'looking' || role === 'read-only' || trouble === 'silent') return 'warn';
  return role === 'unknown' ? 'idle' : 'ok';
}

export type Standing =
  'met' | 'on-the-edge' | 'electing' | 'lost' | 'alone' | 'many-alone' | 'unknown';

/** How all of them are together. */
export function standingOf({ members, quorum }: EnsembleView): Standing {
  if (quorum === null) {
    const alone = members.filter(({ role }) => role === 'standalone').length;
    if (alone === 0) return isOwnAndAlone(members) ? 'alone' : 'unknown';
    return alone === 1 && members.length === 1 ? 'alone' : 'many-alone';
  }
  if (quorum.isMet) return quorum.mayFail > 0 ? 'met' : 'on-the-edge';
  const looking = members.filter(({ role }) => role === 'looking').length;
  const mayElect = quorum.needed !== null && quorum.alive + looking >= quorum.needed;
  return mayElect ? 'electing' : 'lost';
}

/** A server of this program that has not said yet what it is: it starts, or was stopped. */
function isOwnAndAlone(members: readonly EnsembleMember[]): boolean {
  return members.length === 1 && members[0]!.local !== null && members[0]!.id === null;
}

const STANDING_TONES: Readonly<Record<Standing, Tone>> = {
  met: 'ok',
  'on-the-edge': 'warn',
  electing: 'warn',
  lost: 'danger',
  alone: 'idle',
  'many-alone': 'warn',
  unknown: 'idle',
};

export function toneOfStanding(standing: Standing): Tone {
  return STANDING_TONES[standing];
}

/** What ending one member would do to the others' being able to write. */
export type Consequence = 'none' | 'goes-on' | 'goes-on-barely' | 'loses-quorum' | 'ends-all';

export function consequenceOf(
  { role, ifStopped }: Pick<EnsembleMember, 'role' | 'ifStopped'>,
  quorum: QuorumView | null,
): Consequence {
  if (role === 'standalone') return 'ends-all';
  if (ifStopped === null || quorum?.isMet !== true) return 'none';
  if (!ifStopped.isMet) return 'loses-quorum';
  return ifStopped.mayFail > 0 ? 'goes-on' : 'goes-on-barely';
}

/** Words that some do not answer, and who those are. */
export function refusals(members: readonly EnsembleMember[]): {
  readonly words: readonly string[];
  readonly count: number;
} {
  const refusing = members.filter(({ refusedWords }) => refusedWords.length > 0);
  const words = new Set(refusing.flatMap(({ refusedWords }) => refusedWords));
  return { words: [...words].sort(), count: refusing.length };
}

/** The largest lag there is, so that bars of one table have one measure; never nothing. */
export function lagScale(members: readonly EnsembleMember[]): number {
  // A few transactions are the time between two answers, and not worth a full bar.
  const small = 100;
  return Math.max(small, ...members.map(({ lag }) => lag ?? 0));
}

/** What a member is called where there is little room. */
export function shortName({ id, address, key }: EnsembleMember): string {
  return id === null ? (address ?? key) : String(id);
}

const SERIES_COLOURS = 8;

/** Members keep their colour as long as they are listed in the same order, which is by id. */
export function colourOf(members: readonly EnsembleMember[], key: string): number {
  return (
    Math.max(
      0,
      members.findIndex((member) => member.key === key),
    ) % SERIES_COLOURS
  );
}
