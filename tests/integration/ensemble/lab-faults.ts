/** Faults of links that a test switches on and off. */
import type { Sid } from '../../../src-server/base/ids.ts';
import type {
  Direction,
  LinkFaults,
} from '../../../src-server/coordination/ensemble/link-faults.ts';

export class LabFaults implements LinkFaults {
  readonly #cut = new Set<string>();
  readonly #listeners = new Set<() => void>();
  #delayMs = 0;
  #breaks = false;

  isOpen(peer: Sid, direction: Direction): boolean {
    return !this.#cut.has(`${peer} ${direction}`);
  }

  delayMs(): number {
    return this.#delayMs;
  }

  breaks(): boolean {
    return this.#breaks;
  }

  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  cut(peer: number, direction: Direction): void {
    this.#change(() => this.#cut.add(`${peer} ${direction}`));
  }

  mend(): void {
    this.#change(() => {
      this.#cut.clear();
      this.#delayMs = 0;
      this.#breaks = false;
    });
  }

  delay(delayMs: number): void {
    this.#change(() => (this.#delayMs = delayMs));
  }

  breakNext(): void {
    this.#change(() => (this.#breaks = true));
  }

  get listeners(): number {
    return this.#listeners.size;
  }

  #change(change: () => void): void {
    change();
    for (const listener of [...this.#listeners]) listener();
  }
}
