/**
 * The last placements of a ring that were seen here, so that of a plan for a ring that has moved on it can be said what the same
 * edits do otherwise now.
 */
import type { Edit } from '../ring/edits.ts';
import type { Measured } from '../ring/plan.ts';
import { differenceOf } from '../ring/progress.ts';
import type { Ring } from '../ring/stage.ts';
import type { NodeId } from '../ring/topology.ts';
import { type Staged, stagedOf, type StagePace } from './staging.ts';

/** A table of 16384 partitions is a hundred kilobytes. */
const KEPT = 8;

export interface PlanDifference {
  readonly added: number;
  readonly dropped: number;
  readonly bytes: number;
  readonly leadersChanged: number;
}

export class RingMemory {
  /** The newest last. */
  readonly #rings: Ring[] = [];

  remember(ring: Ring): void {
    if (this.#rings.at(-1)?.version === ring.version) return;
    this.#rings.push(ring);
    if (this.#rings.length > KEPT) this.#rings.shift();
  }

  of(version: number): Ring | null {
    return this.#rings.findLast((ring) => ring.version === version) ?? null;
  }
}

/** What the newer plan does otherwise than the same edits did to the older ring. */
export function driftOf(
  older: Ring,
  newer: Staged,
  parts: {
    readonly measured: Measured;
    readonly dead: ReadonlySet<NodeId>;
    readonly pace: StagePace;
    readonly edits: readonly Edit[];
  },
): PlanDifference {
  const was = stagedOf(older, parts.edits, parts).plan;
  const { added, dropped, bytes, leadersChanged } = differenceOf(was, newer.stage.plan);
  return { added: added.length, dropped: dropped.length, bytes, leadersChanged };
}
