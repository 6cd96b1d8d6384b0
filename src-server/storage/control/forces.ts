/**
 * Orders of an operator to elect a leader that is not in sync: the only way in which anything acknowledged can be given up.
 *
 * An order names the epoch it was given at and the entries that may be lost, as the operator was shown them. It is carried out
 * to the letter or refused; either way it is taken away, and history keeps it.
 */
import { ledBy } from './leaders.ts';
import { copiesOf, type ForceRecord, type PartitionState } from './records.ts';
import type { Round, Write } from './round.ts';
import type { Versioned } from './view.ts';

export function carryOutForces(round: Round): void {
  const { view } = round;
  const states = new Map(round.partitions());
  for (const [partition, order] of view.forces) {
    const known = states.get(partition);
    // A partition that is unreadable, or was changed in this round, is looked at again in a later one.
    if (known === undefined) continue;
    const done: Write = { kind: 'force-done', partition, expectedVersion: order.version };
    const refusal = whyRefused(round, known, order.value);
    if (refusal !== null) {
      const { epoch } = known.value;
      const words = `${refusal} (${sentence(order.value)})`;
      round.changes.push({
        writes: [done],
        entry: { kind: 'force-refused', partition, node: order.value.leader, epoch, words },
      });
      continue;
    }
    const next = forced(round, known.value, order.value);
    round.changePartition(
      partition,
      known,
      next,
      { kind: 'forced', node: order.value.leader, words: sentence(order.value) },
      [done],
    );
  }
}

/** Alone in sync, whatever the others hold: they are copies of this one from now on. */
function forced(round: Round, state: PartitionState, { leader }: ForceRecord): PartitionState {
  const next = ledBy(round, state, leader);
  return {
    ...next,
    forcedEpoch: next.epoch,
    inSync: [leader],
    replicas: state.replicas.includes(leader) ? state.replicas : [...state.replicas, leader],
    learners: state.learners.filter((id) => id !== leader),
  };
}

function whyRefused(
  round: Round,
  { value: state }: Versioned<PartitionState>,
  { epoch, leader }: ForceRecord,
): string | null {
  if (epoch !== state.epoch)
    return `it was ordered at epoch ${epoch}, and it is ${state.epoch} now`;
  if (!copiesOf(state).includes(leader)) return `${leader} has no copy`;
  if (!round.isUsable(leader)) return `${leader} is away`;
  return null;
}

function sentence({ by, why, mayLose }: ForceRecord): string {
  const last = mayLose.toSeq === null ? 'an unknown end' : `entry ${mayLose.toSeq}`;
  return `by ${by}: ${why}; may lose entry ${mayLose.fromSeq} to ${last}`;
}
