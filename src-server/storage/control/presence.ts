/**
 * Since when each node is there, or away, as this process has seen it.
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
      if (known?.isThere === isThere && !isUnsure) continue;
      this.#known.set(id, { isThere, sinceMs: nowMs, isSeen: known !== undefined && !isGap });
    }
  }

  /** Null for a node nobody has heard of. */
  of(id: NodeId): Presence | null {
    return this.#known.get(id) ?? null;
  }
}
