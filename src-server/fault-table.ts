/**
 * What is done to the links between this program's members, as people asked for it. The members are told, again and again as
 * they come and go; nothing of it outlives the program.
 */
import type { LinkFault } from '#contract/fault-models.ts';

export class FaultTable {
  readonly #faults = new Map<string, LinkFault>();

  get all(): readonly LinkFault[] {
    return [...this.#faults.values()];
  }

  /** Ways that are healthy again are forgotten; those not named stay as they are. */
  change(faults: readonly LinkFault[]): void {
    for (const fault of faults) {
      const { from, to, isCut, delayMs, lossPercent } = fault;
      const way = `${from} ${to}`;
      if (isCut || delayMs > 0 || lossPercent > 0) this.#faults.set(way, fault);
      else this.#faults.delete(way);
    }
  }

  /** Nobody is called so any more. */
  forget(id: number): void {
    for (const [way, { from, to }] of this.#faults)
      if (from === id || to === id) this.#faults.delete(way);
  }

  heal(): void {
    this.#faults.clear();
  }
}
