/** The story of a run, one line an event: virtual time, who, what. Written only where somebody reads it. */
import type { World } from './world.ts';

export type WriteLine = (line: string) => void;

export class Trace {
  readonly #world: World;
  readonly #write: WriteLine | null;

  constructor(world: World, write: WriteLine | null) {
    this.#world = world;
    this.#write = write;
  }

  get isOn(): boolean {
    return this.#write !== null;
  }

  line(who: string, what: string, ...details: readonly (string | number | bigint)[]): void {
    if (this.#write === null) return;
    const at = this.#world.nowMs.toFixed(3).padStart(11);
    this.#write(`${at}  ${who.padEnd(9)} ${[what, ...details.map(String)].join(' · ')}`);
  }
}
