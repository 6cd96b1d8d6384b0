/**
 * Brings copies to where the table wants them: repair after a failure and an operator's new placement are the same thing here.
 *
 *    wanted, no copy     ──▶ learner            as many at a time as nodes may give and take, the most urgent first
 *    learner             ──▶ in-sync replica    the leader's own change, once it has caught up
 *    replica, not wanted ──▶ dropped            only when every wanted copy is in sync and alive
 *
 * So a partition never has fewer copies on the way than before, and a placement that is taken back half way drops its learners
 * and leaves everything else as it is.
 */
import type { NodeId } from '../ring/topology.ts';
import { wantedOf } from './leaders.ts';
import { type Hold, holdOf, isRepair, paceOf, pausedWords } from './pace.ts';
import { isOpen } from './rebalance-records.ts';
import type { PartitionState } from './records.ts';
import type { Round, WaitReason } from './round.ts';
import type { Versioned } from './view.ts';

/** A partition as the mover sees it. */
interface Job {
  readonly partition: number;
  readonly known: Versioned<PartitionState>;
  readonly wanted: readonly NodeId[];
  /** Copies in sync on nodes that are alive. */
  readonly copies: number;
  /** There are fewer than there should be, and not only in other places. */
  readonly isRepair: boolean;
  /** Wanted nodes without any copy. */
  readonly lacking: readonly NodeId[];
}

export function moveCopies(round: Round): void {
  const jobs: Job[] = [];
  const backfills = runningBackfills(round);
  let isRepairing = false;
  for (const [partition, known] of round.partitions()) {
    const wanted = wantedOf(round, partition);
    if (wanted.length === 0) continue;
    const job = jobOf(round, partition, known, wanted);
    isRepairing ||= job.isRepair && known.value.learners.some((id) => round.isUsable(id));
    if (dropLearners(round, job) || dropReplicas(round, job)) continue;
    tellOfSlow(round, job);
    if (job.lacking.length > 0) jobs.push(job);
  }
  const placeOf = plannedPlaces(round);
  jobs.sort(
    (a, b) =>
      a.copies - b.copies ||
      placeOf(a.partition) - placeOf(b.partition) ||
      a.partition - b.partition,
  );
  for (const job of jobs) {
    if (isRepairing && !job.isRepair) {
      wait(
        round,
        job,
        'repairs-first',
        job.lacking[0]!,
        'copies that were lost are made again first',
      );
      continue;
    }
    isRepairing = addLearners(round, job, backfills) && job.isRepair ? true : isRepairing;
  }
}

/** When a partition comes by the plan that is being carried out; all others before. */
function plannedPlaces({ view }: Round): (partition: number) => number {
  const { rebalance, rebalanceRecord: record } = view;
  const places = new Map<number, number>();
  if (rebalance !== null && isOpen(rebalance.value) && record?.name === rebalance.value.record) {
    record.planned.moves.forEach(({ partition }, i) => {
      if (!places.has(partition)) places.set(partition, i);
    });
  }
  return (partition) => places.get(partition) ?? -1;
}

/** How many copies each node gives and takes now, and may. */
class Backfills {
  readonly #given = new Map<NodeId, number>();
  readonly #taken = new Map<NodeId, number>();

  /** @param from more than one where it is not known yet who leads */
  begin(from: readonly (NodeId | null)[], to: NodeId): void {
    for (const id of from) if (id !== null) this.#given.set(id, (this.#given.get(id) ?? 0) + 1);
    this.#taken.set(to, (this.#taken.get(to) ?? 0) + 1);
  }

  /** The node whose limit is in the way, null when there is room. */
  limitOf(from: NodeId, to: NodeId, most: number): NodeId | null {
    if ((this.#taken.get(to) ?? 0) >= most) return to;
    if ((this.#given.get(from) ?? 0) >= most) return from;
    return null;
  }
}

function jobOf(
  round: Round,
  partition: number,
  known: Versioned<PartitionState>,
  wanted: readonly NodeId[],
): Job {
  const { inSync, replicas, learners } = known.value;
  return {
    partition,
    known,
    wanted,
    copies: inSync.filter((id) => round.isUsable(id)).length,
    isRepair: isRepair(round.view, partition),
    lacking: wanted.filter((id) => !replicas.includes(id) && !learners.includes(id)),
  };
}

/** Every copy that is being made takes its place, also where somebody is away for a moment. */
function runningBackfills(round: Round): Backfills {
  const backfills = new Backfills();
  for (const states of round.states()) {
    const learners = new Set(states.flatMap((state) => state.learners));
    const leaders = new Set(states.map(({ leader }) => leader));
    for (const to of learners) backfills.begin([...leaders], to);
  }
  return backfills;
}

/** Nobody wants their copies any more, or nobody is there to be copied from: their places are needed elsewhere. */
function dropLearners(round: Round, { partition, known, wanted }: Job): boolean {
  const { value: state } = known;
  const isIdle = state.leader === null || round.isGone(state.leader);
  const dropped = state.learners.filter((id) => isIdle || !wanted.includes(id));
  if (dropped.length === 0) return false;
  round.changePartition(
    partition,
    known,
    { ...state, learners: state.learners.filter((id) => !dropped.includes(id)) },
    { kind: 'learner-dropped', node: dropped[0]!, words: dropped.join(', ') },
  );
  return true;
}

/** Whatever is not wanted goes, when all that is wanted is there; a leader only after it has handed over. */
function dropReplicas(round: Round, job: Job): boolean {
  const { partition, known, wanted } = job;
  const { value: state } = known;
  const surplus = state.replicas.filter((id) => !wanted.includes(id));
  if (surplus.length === 0) return false;
  const full = round.view.config!.value.table.replicaCount;
  const missing = wanted.filter((id) => !state.inSync.includes(id) || !round.isUsable(id));
  if (wanted.length < full || missing.length > 0) {
    const words =
      missing.length > 0
        ? `kept until these are in sync: ${missing.join(', ')}`
        : `kept: only ${wanted.length} of ${full} copies have a place`;
    wait(round, job, 'not-enough-copies', surplus[0]!, words);
    return false;
  }
  if (state.leader === null || !wanted.includes(state.leader)) return false;
  const goesMs = round.situation.ledSinceMs(partition) + round.terms.farewellMs;
  if (goesMs > round.situation.nowMs) {
    round.wakeAt(goesMs);
    const words = `${surplus[0]!} hears what became of the writes it had begun before its copy goes`;
    wait(round, job, 'hand-over-pace', surplus[0]!, words);
    return false;
  }
  if (round.view.rebalance?.value.phase === 'paused' && !job.isRepair) {
    const words = pausedWords(round.view.rebalance.value);
    waitHeld(round, job, { reason: 'paused', node: null, words }, surplus[0]!);
    return false;
  }
  round.changePartition(
    partition,
    known,
    { ...state, replicas: [...wanted], inSync: state.inSync.filter((id) => wanted.includes(id)) },
    { kind: 'replica-dropped', node: surplus[0]!, words: surplus.join(', ') },
  );
  return true;
}

/** @returns whether there is one more now */
function addLearners(round: Round, job: Job, backfills: Backfills): boolean {
  const { partition, known, lacking } = job;
  const { value: state } = known;
  const { leader } = state;
  if (leader === null || !round.isUsable(leader)) {
    wait(round, job, 'no-leader', lacking[0]!, 'nobody leads it whom one could copy from');
    return false;
  }
  const added: NodeId[] = [];
  const { repairsPerNode, movesPerNode } = paceOf(round.view)!;
  const most = job.isRepair ? repairsPerNode : movesPerNode;
  for (const id of lacking) {
    const limit = backfills.limitOf(leader, id, most);
    const hold = holdOf(round.view, partition, id);
    if (!round.isUsable(id)) {
      wait(round, job, 'away', id, `${id} is to have a copy and is away`);
    } else if (hold !== null) {
      waitHeld(round, job, hold, id);
    } else if (limit !== null) {
      const words = `${limit} gives or takes ${most} copies already`;
      const isOfRebalance = !job.isRepair && round.view.rebalance?.value.phase === 'running';
      const znode = isOfRebalance ? round.paths.rebalance : round.paths.config;
      round.wait({ reason: 'backfill-limit', partition, node: limit, znode, words });
    } else {
      backfills.begin([leader], id);
      added.push(id);
    }
  }
  if (added.length === 0) return false;
  round.changePartition(
    partition,
    known,
    { ...state, learners: [...state.learners, ...added] },
    { kind: 'learner-added', node: added[0]!, words: added.join(', ') },
  );
  return true;
}

/** Copies that are being made, or fetch what they lack: nothing is decided about them, and nobody should wonder. */
function tellOfSlow(round: Round, job: Job): void {
  const { inSync, replicas, learners } = job.known.value;
  for (const id of learners) {
    const hold = holdOf(round.view, job.partition, id);
    if (hold !== null) waitHeld(round, job, hold, id);
    else if (round.isUsable(id)) wait(round, job, 'copying', id, `${id} copies it`);
  }
  for (const id of replicas) {
    if (inSync.includes(id)) continue;
    if (round.isUsable(id)) wait(round, job, 'catching-up', id, `${id} fetches what it lacks`);
    else wait(round, job, 'away', id, `${id} is away`);
  }
}

/** What an operator, or a disk, keeps from going on. */
function waitHeld(round: Round, { partition }: Job, hold: Hold, to: NodeId): void {
  const { paths } = round;
  const { reason, words } = hold;
  const znode = reason === 'paused' ? paths.rebalance : paths.node(to);
  round.wait({ reason, partition, node: to, znode, words });
}

function wait(round: Round, job: Job, reason: WaitReason, node: NodeId, words: string): void {
  const { partition } = job;
  round.wait({ reason, partition, node, znode: round.paths.partition(partition), words });
}
