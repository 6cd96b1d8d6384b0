/**
 * Who is enough: a plain majority, groups with weights, and several views at once.
 *
 * A quorum is asked with a predicate over sids and counts only the voters of its own view, so that acknowledgements of
 * observers and of servers that left can be kept in the same set without harm. Law Z2: any two quorums of one view share a
 * voter; while a view is being replaced, both views must agree.
 */
import { assert } from '../../base/assert.ts';
import type { Sid } from '../../base/ids.ts';
import { type View, votersOf, weightOf } from './view.ts';

export interface Quorum {
  isMet(has: (sid: Sid) => boolean): boolean;
}

export function quorumOf(view: View): Quorum {
  return view.groups === null ? new Majority(votersOf(view)) : new Hierarchy(view);
}

/** A joint decision: every view has its quorum. */
export function areMet(quorums: readonly Quorum[], has: (sid: Sid) => boolean): boolean {
  assert(quorums.length > 0, 'Z2: somebody must agree');
  for (const quorum of quorums) if (!quorum.isMet(has)) return false;
  return true;
}

class Majority implements Quorum {
  readonly #voters: readonly Sid[];
  readonly #needed: number;

  constructor(voters: readonly Sid[]) {
    this.#voters = voters;
    this.#needed = Math.floor(voters.length / 2) + 1;
  }

  isMet(has: (sid: Sid) => boolean): boolean {
    let count = 0;
    for (const voter of this.#voters) if (has(voter)) count++;
    return count >= this.#needed;
  }
}

interface WeighedGroup {
  readonly members: readonly { readonly sid: Sid; readonly weight: number }[];
  readonly weight: number;
}

/** More than half of the groups that weigh anything, each won by more than half of its weight. */
class Hierarchy implements Quorum {
  readonly #groups: readonly WeighedGroup[];

  constructor(view: View) {
    assert(view.groups !== null, 'a hierarchy has groups');
    const voters = new Set(votersOf(view));
    this.#groups = view.groups
      .map(({ sids }) => {
        const members = sids
          .filter((sid) => voters.has(sid))
          .map((sid) => ({ sid, weight: weightOf(view, sid) }));
        return { members, weight: members.reduce((sum, { weight }) => sum + weight, 0) };
      })
      .filter(({ weight }) => weight > 0);
  }

  isMet(has: (sid: Sid) => boolean): boolean {
    let won = 0;
    for (const group of this.#groups) {
      let weight = 0;
      for (const member of group.members) if (has(member.sid)) weight += member.weight;
      if (weight * 2 > group.weight) won++;
    }
    return won * 2 > this.#groups.length;
  }
}
