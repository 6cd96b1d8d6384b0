/** Of several questions that wait, the last one is answered: those before it are told that they were overtaken. */
import type { Clock } from '../../../platform/clock.ts';

export class LatestOnly<K extends object> {
  readonly #clock: Clock;
  /** How to overtake whoever of them waits. */
  readonly #waiting = new WeakMap<K, () => void>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Reckons once everything that has arrived was seen; null where another question of theirs came meanwhile. */
  ask<T>(who: K, reckon: () => T): Promise<T | null> {
    this.#waiting.get(who)?.();
    const turn = new Promise<boolean>((resolve) => {
      this.#waiting.set(who, () => resolve(false));
      this.#clock.defer(() => resolve(true));
    });
    return turn.then((isLatest) => {
      if (!isLatest) return null;
      this.#waiting.delete(who);
      return reckon();
    });
  }
}
