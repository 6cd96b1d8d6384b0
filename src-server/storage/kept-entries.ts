/**
 * Which entries partitions keep for those who will need them: a copy under way goes on with what was written since it began, and who
 * gave up a copy needs only what it missed if that is taken back.
 *
 * Everybody who holds a partition keeps them, as anybody may lead it by then. The engine bounds how much that is; who finds
 * them gone is copied as a whole.
 */
import type { RingView } from './control/membership.ts';
import { partitionsOf } from './control/rebalance-progress.ts';
import { isOpen } from './control/rebalance-records.ts';
import type { PartitionState } from './control/records.ts';
import type { Store } from './engine/engine.ts';
import type { NodeId } from './ring/topology.ts';

export interface KeptEntriesParts {
  readonly self: NodeId;
  readonly view: RingView;
  readonly store: (partition: number) => Store | null;
  readonly nowMs: () => number;
}

/** From which entry on they are kept, and for what; null: not for that. */
interface Need {
  forCopies: number | null;
  forMoves: number | null;
}

/** What is not known any more: as many as there are. */
const FIRST_SEQ = 1;

export class KeptEntries {
  readonly #parts: KeptEntriesParts;
  readonly #needs = new Map<number, Need>();
  /** Of the rebalance of the view, and when this node saw it closed; null while it is open. */
  #rebalance = '';
  #moved: ReadonlySet<number> = new Set();
  #closedAtMs: number | null = null;
  #isFirstView = true;

  constructor(parts: KeptEntriesParts) {
    this.#parts = parts;
  }

  /** What copies out of this node go on from. */
  keepForCopies(partition: number, seq: number | null): void {
    const need = this.#needOf(partition);
    need.forCopies = seq;
    this.#apply(partition, need);
  }

  /** @param changed partitions whose records are not as they were */
  onView(changed: Iterable<number>): void {
    const { view } = this.#parts;
    this.#look();
    for (const partition of changed) {
      const state = view.partitions.get(partition)?.value;
      if (state !== undefined) this.#weigh(partition, state);
    }
    this.#isFirstView = false;
  }

  /** The time in which a rebalance is easily undone may be over. */
  onPulse(): void {
    if (this.#closedAtMs === null || this.#isInGrace) return;
    this.#closedAtMs = null;
    this.#moved = new Set();
    this.onView([...this.#needs.keys()]);
  }

  #look(): void {
    const { rebalance, rebalanceRecord: record } = this.#parts.view;
    if (rebalance === null || record?.name !== rebalance.value.record) return;
    const { value } = rebalance;
    const name = `${value.record} ${value.goal} ${isOpen(value)}`;
    if (name === this.#rebalance) return;
    this.#rebalance = name;
    this.#moved = partitionsOf(record);
    this.#closedAtMs = isOpen(value) ? null : this.#parts.nowMs();
  }

  get #isInGrace(): boolean {
    const graceMs = this.#parts.view.config?.value.graceMs ?? 0;
    return this.#closedAtMs !== null && this.#parts.nowMs() - this.#closedAtMs < graceMs;
  }

  #weigh(partition: number, state: PartitionState): void {
    const { self, store } = this.#parts;
    const need = this.#needOf(partition);
    const isHere = state.replicas.includes(self);
    // From before its first copy begins: what somebody who gives up a copy then has is never less.
    const isAwaited = state.learners.length > 0 || this.#moved.has(partition);
    if (!isHere || !isAwaited) need.forMoves = null;
    else if (need.forMoves === null) {
      const known = store(partition)?.committedSeq ?? 0;
      need.forMoves = this.#isFirstView ? FIRST_SEQ : Math.max(FIRST_SEQ, known);
    }
    this.#apply(partition, need);
  }

  #needOf(partition: number): Need {
    let need = this.#needs.get(partition);
    if (need === undefined) {
      need = { forCopies: null, forMoves: null };
      this.#needs.set(partition, need);
    }
    return need;
  }

  #apply(partition: number, { forCopies, forMoves }: Need): void {
    if (forCopies === null && forMoves === null) {
      if (this.#needs.delete(partition)) this.#parts.store(partition)?.keepFrom(null);
      return;
    }
    const seq = Math.min(forCopies ?? Infinity, forMoves ?? Infinity);
    this.#parts.store(partition)?.keepFrom(seq);
  }
}
