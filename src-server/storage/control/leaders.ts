/**
 * Who leads: fail-over to somebody in sync when the leader is gone, and the way back to the wanted leaders.
 *
 * A leader is elected among those in sync and alive, always under a new epoch, and nobody else is ever elected here.
 */
import { replicasOf } from '../ring/table.ts';
import type { NodeId } from '../ring/topology.ts';
import type { PartitionState } from './records.ts';
import type { Round } from './round.ts';

/** Every partition whose leader is gone, resigned or was started again gets one, if anybody can lead it. */
export function failOver(round: Round): void {
  const config = round.view.config!.value;
  for (const [partition, known] of round.partitions()) {
    const state = known.value;
    const trouble = whyLeaderless(round, state);
    if (trouble === null) {
      tellOfMissingLeader(round, partition, state);
      continue;
    }
    const leader = electable(round, state, wantedOf(round, partition));
    if (leader === null) {
      round.wait({
        reason: 'no-leader',
        partition,
        node: state.inSync[0] ?? null,
        znode: round.paths.node(state.inSync[0]!),
        words: `${trouble}, and nobody in sync is there: ${state.inSync.join(', ')}`,
      });
      continue;
    }
    const next = ledBy(round, state, leader);
    const inSync = stillInSync(round, next.inSync, config.minInSync);
    round.changePartition(
      partition,
      known,
      { ...next, inSync },
      { kind: 'fail-over', node: leader, words: trouble },
    );
  }
}

/** Partitions go back to the leaders that the table wants, some at a time, once these have proved to stay. */
export function handOver(round: Round): void {
  const { paths, terms, situation } = round;
  // Told by whoever sees to the rebalance.
  if (round.view.rebalance?.value.phase === 'paused') return;
  for (const [partition, known] of round.partitions()) {
    const state = known.value;
    const wanted = wantedOf(round, partition)[0];
    if (wanted === undefined || wanted === state.leader || !state.inSync.includes(wanted)) continue;
    if (state.leader === null || !round.isUsable(state.leader) || !round.isSteady(wanted)) continue;
    if (round.handOvers === 0) {
      round.wakeAt(situation.nowMs + terms.handOverEveryMs);
      round.wait({
        reason: 'hand-over-pace',
        partition,
        node: wanted,
        znode: paths.partition(partition),
        words: `${wanted} is to lead, after others: ${terms.handOversAtOnce} in ${terms.handOverEveryMs} ms`,
      });
      continue;
    }
    round.handOvers -= 1;
    round.changePartition(partition, known, ledBy(round, state, wanted), {
      kind: 'hand-over',
      node: wanted,
      words: `from ${state.leader}`,
    });
  }
}

/** The nodes that should hold it, the preferred leader first; none for a partition that the table does not know. */
export function wantedOf(round: Round, partition: number): NodeId[] {
  const { table } = round.view.config!.value;
  return partition < table.partitionCount ? replicasOf(table, partition) : [];
}

/** Null for a partition that has a leader, or whose leader may only not be back yet. */
function whyLeaderless(round: Round, { leader, leaderIncarnation }: PartitionState): string | null {
  if (leader === null) return 'it has no leader';
  const node = round.nodeOf(leader);
  if (node === null || !round.isUsable(leader)) {
    return round.isGone(leader) ? `its leader ${leader} is away` : null;
  }
  if (node.incarnation !== leaderIncarnation) return `its leader ${leader} was started again`;
  return null;
}

function tellOfMissingLeader(round: Round, partition: number, { leader }: PartitionState): void {
  if (leader === null || round.isUsable(leader)) return;
  round.wait({
    reason: 'settling',
    partition,
    node: leader,
    znode: round.paths.node(leader),
    words: `its leader ${leader} is given ${round.terms.settleMs} ms to register again`,
  });
}

/** The one it should have, else whoever leads least; the order of the table decides between equals. */
function electable(round: Round, state: PartitionState, wanted: readonly NodeId[]): NodeId | null {
  const there = state.inSync.filter((id) => round.isUsable(id));
  const preferred = wanted[0];
  if (preferred !== undefined && there.includes(preferred)) return preferred;
  const place = (id: NodeId): number => (wanted.includes(id) ? wanted.indexOf(id) : wanted.length);
  there.sort((a, b) => round.ledBy(a) - round.ledBy(b) || place(a) - place(b) || (a < b ? -1 : 1));
  return there[0] ?? null;
}

export function ledBy(round: Round, state: PartitionState, leader: NodeId): PartitionState {
  const leaderIncarnation = round.nodeOf(leader)?.incarnation ?? 0;
  return { ...state, epoch: state.epoch + 1, leader, leaderIncarnation };
}

/**
 * Those who are gone are dropped, so that the new leader does not have to do it before its first write. As many stay as a write
 * needs: with fewer nothing is acknowledged anyway, and whoever stays in can still be elected when the others are gone, too.
 */
export function stillInSync(round: Round, inSync: readonly NodeId[], minInSync: number): NodeId[] {
  const here = inSync.filter((id) => !round.isGone(id));
  const gone = inSync.filter((id) => round.isGone(id));
  const staying = gone.slice(0, Math.max(0, minInSync - here.length));
  return inSync.filter((id) => here.includes(id) || staying.includes(id));
}
