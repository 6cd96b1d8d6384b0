/** Whether the voters that are there suffice, by the arithmetic the members themselves use; and what one more loss does. */
import type { QuorumView } from '#contract/ensemble-models.ts';

import type { Sid } from '../../../base/ids.ts';
import { quorumOf } from '../../../coordination/zab/quorum.ts';
import { type View, votersOf } from '../../../coordination/zab/view.ts';

/** Above this many voters with groups the worst loss is not searched for; nobody runs as many. */
const SEARCHED_VOTERS_MAX = 15;

export function quorumView(view: View, alive: ReadonlySet<Sid>): QuorumView {
  const voters = votersOf(view);
  const living = voters.filter((sid) => alive.has(sid));
  const isMet = quorumOf(view).isMet((sid) => alive.has(sid));
  const counted = { voters: voters.length, alive: living.length, isMet };
  if (view.groups === null) {
    const needed = Math.floor(voters.length / 2) + 1;
    return { ...counted, needed, mayFail: Math.max(0, living.length - needed) };
  }
  return { ...counted, needed: null, mayFail: isMet ? survivable(view, living) : 0 };
}

/** How many voters decide nothing about who is enough: an ensemble whose configuration nobody tells. */
export function majorityView(voters: number, alive: number): QuorumView {
  const needed = Math.floor(voters / 2) + 1;
  const mayFail = Math.max(0, alive - needed);
  return { voters, alive, needed, isMet: alive >= needed, mayFail };
}

/** The largest number of failures that every choice of as many leaves a quorum after. */
function survivable(view: View, living: readonly Sid[]): number {
  if (living.length > SEARCHED_VOTERS_MAX) return 0;
  const quorum = quorumOf(view);
  let fewest = living.length;
  for (let failed = 1; failed < 1 << living.length; failed++) {
    const count = bitsOf(failed);
    if (count >= fewest) continue;
    const left = new Set(living.filter((_, i) => ((failed >>> i) & 1) === 0));
    if (!quorum.isMet((sid) => left.has(sid))) fewest = count;
  }
  return fewest - 1;
}

function bitsOf(set: number): number {
  let count = 0;
  for (let rest = set; rest !== 0; rest &= rest - 1) count++;
  return count;
}
