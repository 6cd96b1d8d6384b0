/**
 * Reads that wait until everybody who could have elected another leader says that it has not, asked after the read came. Those
 * of one turn share one question.
 */
import { Fifo } from '../../base/fifo.ts';
import type { NodeId } from '../ring/topology.ts';

interface Batch {
  lastToken: number;
  /** Whose answer to which of our numbers is waited for. */
  readonly waiting: ReadonlyMap<NodeId, number>;
}

export class StrictReads {
  readonly #batches = new Fifo<Batch>();
  #open: Batch | null = null;

  get isEmpty(): boolean {
    return this.#batches.length === 0;
  }

  add(token: number, ask: () => ReadonlyMap<NodeId, number>): void {
    if (this.#open !== null) {
      this.#open.lastToken = token;
      return;
    }
    this.#open = { lastToken: token, waiting: ask() };
    this.#batches.push(this.#open);
  }

  /** The questions leave: who comes later asks anew. */
  endTurn(): void {
    this.#open = null;
  }

  /** @returns the newest token that all answers have come for, null for none */
  confirm(hasAnswered: (node: NodeId, number: number) => boolean): number | null {
    let confirmed: number | null = null;
    for (let batch = this.#batches.peek(); batch !== undefined; batch = this.#batches.peek()) {
      for (const [node, number] of batch.waiting) if (!hasAnswered(node, number)) return confirmed;
      confirmed = batch.lastToken;
      if (batch === this.#open) this.#open = null;
      this.#batches.shift();
    }
    return confirmed;
  }

  /** @returns the newest token of all that waited, null for none */
  clear(): number | null {
    let last: number | null = null;
    for (let batch = this.#batches.shift(); batch !== undefined; batch = this.#batches.shift()) {
      last = batch.lastToken;
    }
    this.#open = null;
    return last;
  }
}
