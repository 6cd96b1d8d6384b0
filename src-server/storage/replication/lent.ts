/**
 * What a replica granted to leaders that it follows no more. Before it commits anything as a leader, all of it must have run out
 * or been given back: until then one of them may still answer reads (R7).
 */
import type { NodeId } from '../ring/topology.ts';

export class Lent {
  readonly #untilMs = new Map<NodeId, number>();
  /** Granted before this process began; to whom is not known. */
  #byFormerStartUntilMs = -Infinity;

  /** A process that was here before may have granted something until a moment ago. */
  onStart(nowMs: number, leaseMs: number): void {
    this.#byFormerStartUntilMs = nowMs + leaseMs;
  }

  onLeft(leader: NodeId, untilMs: number): void {
    const known = this.#untilMs.get(leader) ?? -Infinity;
    if (untilMs > known) this.#untilMs.set(leader, untilMs);
  }

  /** That node promised an epoch newer than those it led. */
  onGivenBack(leader: NodeId): void {
    this.#untilMs.delete(leader);
  }

  /** Who may still use something at this time. */
  holders(nowMs: number): NodeId[] {
    return [...this.#untilMs].filter(([, untilMs]) => untilMs > nowMs).map(([node]) => node);
  }

  get untilMs(): number {
    return Math.max(this.#byFormerStartUntilMs, ...this.#untilMs.values());
  }
}
