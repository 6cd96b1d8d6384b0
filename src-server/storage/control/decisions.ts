/**
 * What a controller does about what it sees. Pure: the same situation gives the same changes, and a situation in which they were
 * all made gives none.
 *
 *    no ring ──▶ form it ──▶ make its partitions ──▶ and then, in this order of urgency:
 *
 *    orders of an operator · leaders for those that have none · who is in and who is out · copies · the wanted leaders ·
 *    how far an operator's rebalance is
 */
import { carryOutForces } from './forces.ts';
import { form, goOnForming, tellMissing } from './formation.ts';
import { failOver, handOver } from './leaders.ts';
import { moveCopies } from './mover.ts';
import { changeNodes } from './outs.ts';
import { conductRebalance } from './rebalance.ts';
import { type Change, Round, type Situation, type Wait } from './round.ts';

export interface Decision {
  readonly changes: readonly Change[];
  readonly waits: readonly Wait[];
  /** Partitions whose copies are to be compared. */
  readonly comparisons: readonly number[];
  /** When to decide again although nothing has changed; Infinity for never. */
  readonly wakeAtMs: number;
}

export function decide(situation: Situation): Decision {
  const round = new Round(situation);
  decideIn(round);
  const { changes, waits, comparisons, wakeAtMs } = round;
  return { changes, waits, comparisons, wakeAtMs };
}

function decideIn(round: Round): void {
  const { view, paths } = round;
  if (view.config === null) {
    form(round);
    return;
  }
  for (const [znode, words] of view.problems) {
    const place = paths.placeOf(znode);
    const partition = place?.kind === 'partition' ? place.partition : null;
    round.wait({ reason: 'unreadable', partition, node: null, znode, words });
  }
  // What is wanted cannot be changed, and may be something else than what is known: leaders are all that can be seen to.
  const isConfigReadable = !view.problems.has(paths.config);
  carryOutForces(round);
  failOver(round);
  if (!isConfigReadable) return;
  if (view.config.value.phase === 'forming') {
    goOnForming(round);
    return;
  }
  tellMissing(round);
  if (changeNodes(round)) return;
  moveCopies(round);
  handOver(round);
  // How far it is cannot be read, and must not be written over.
  if (!view.problems.has(paths.rebalance)) conductRebalance(round);
}
