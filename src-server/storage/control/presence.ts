/**
 * Since when each node is there, or away, and since when each partition is led as it is, as this process has seen it.
 *
 * A node that goes while one watches is gone. One that is found missing after a gap may only not be back yet: when the ensemble
 * was lost for long, all sessions have expired, and whoever reconnects first would take everybody else for dead.
 */
import type { NodeId } from '../ring/topology.ts';
import { isUsable, type RingView } from './view.ts';

export interface Presence {
  readonly isThere: boolean;
  /** Of a clock that never goes back. */
  readonly sinceMs: number;
  /** Whether the change itself was seen. */
  readonly isSeen: boolean;
}

export class Presences {
  readonly #known = new Map<NodeId, Presence>();
  /** Of those who are there: a node that was started again in between has not been there all the time. */
  readonly #starts = new Map<NodeId, number>();

  /** @param isGap changes may have been missed since the last time */
  update(view: RingView, nowMs: number, isGap: boolean): void {
    const ids = [
      ...view.nodes.keys(),
      ...view.members.keys(),
      ...(view.config?.value.nodes.map(({ id }) => id) ?? []),
    ];
    for (const id of ids) {
      const known = this.#known.get(id);
      const isThere = isUsable(view, id);
      const isUnsure = isGap && !isThere;
      const isRestarted = this.#noteStart(view, id);
      if (known?.isThere === isThere && !isUnsure && !isRestarted) continue;
      this.#known.set(id, { isThere, sinceMs: nowMs, isSeen: known !== undefined && !isGap });
    }
  }

  /** @returns whether it is another start than the one that was there before */
  #noteStart(view: RingView, id: NodeId): boolean {
    const start = view.nodes.get(id)?.incarnation;
    const before = this.#starts.get(id);
    if (start === undefined) return false;
    this.#starts.set(id, start);
    return before !== undefined && start !== before;
  }

  /** Null for a node nobody has heard of. */
  of(id: NodeId): Presence | null {
    return this.#known.get(id) ?? null;
  }
}

/** Since when each partition is led under its epoch. */
export class Reigns {
  readonly #known = new Map<number, { readonly epoch: number; readonly sinceMs: number }>();

  update({ partitions }: RingView, changed: Iterable<number>, nowMs: number): void {
    for (const partition of changed) {
      const epoch = partitions.get(partition)?.value.epoch;
      if (epoch === undefined || epoch === this.#known.get(partition)?.epoch) continue;
      this.#known.set(partition, { epoch, sinceMs: nowMs });
    }
  }

  /** Of a partition that nobody has told of, it begins now. */
  sinceMs(partition: number, nowMs: number): number {
    return this.#known.get(partition)?.sinceMs ?? nowMs;
  }
}
