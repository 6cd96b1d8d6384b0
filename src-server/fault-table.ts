/**
 * What is done to the links between this program's members, or between its storage nodes, as people asked for it. They are
 * told, again and again as they come and go; nothing of it outlives the program.
 */
interface Fault<Id> {
  readonly from: Id;
  readonly to: Id;
  readonly isCut: boolean;
  readonly delayMs: number;
  readonly lossPercent: number;
}

export class FaultTable<Id extends number | string> {
  readonly #faults = new Map<string, Fault<Id>>();

  get all(): readonly Fault<Id>[] {
    return [...this.#faults.values()];
  }

  /** Ways that are healthy again are forgotten; those not named stay as they are. */
  change(faults: readonly Fault<Id>[]): void {
    for (const fault of faults) {
      const { from, to, isCut, delayMs, lossPercent } = fault;
      const way = `${from} ${to}`;
      if (isCut || delayMs > 0 || lossPercent > 0) this.#faults.set(way, fault);
      else this.#faults.delete(way);
    }
  }

  /** Nobody is called so any more. */
  forget(id: Id): void {
    for (const [way, { from, to }] of this.#faults)
      if (from === id || to === id) this.#faults.delete(way);
  }

  heal(): void {
    this.#faults.clear();
  }
}
