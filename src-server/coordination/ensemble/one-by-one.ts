/** Work on files that must not run beside other work of its kind: one after the other, in the order it was asked for. */
import { Fifo } from '../../base/fifo.ts';
import { DiskError } from '../../platform/disk.ts';

/** Calls `end` when it is over, now or later. */
export type Work = (end: () => void) => void;

export class OneByOne {
  readonly #waiting = new Fifo<Work>();
  #isBusy = false;
  #isStopped = false;

  get isBusy(): boolean {
    return this.#isBusy;
  }

  run(work: Work): void {
    this.#waiting.push(work);
    if (!this.#isBusy) this.#next();
  }

  /** What waits is never begun. */
  stop(): void {
    this.#isStopped = true;
  }

  #next(): void {
    const work = this.#waiting.shift();
    this.#isBusy = work !== undefined;
    if (work !== undefined && !this.#isStopped) work(() => this.#next());
  }
}

/** Work of this turn, for whoever waits for its end. */
export function attempting(work: () => void): (done: (error: DiskError | null) => void) => void {
  return (done) => {
    let failure: DiskError | null = null;
    try {
      work();
    } catch (error) {
      if (!(error instanceof DiskError)) throw error;
      failure = error;
    }
    done(failure);
  };
}
