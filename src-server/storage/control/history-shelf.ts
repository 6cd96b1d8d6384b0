/** Keeps the history of a ring from growing without end: the oldest records go when there are too many. */
import type { Step } from '../../coordination/client/client.ts';
import type { Pen } from './batch.ts';
import type { Membership } from './membership.ts';
import { STEPS_MAX } from './transaction.ts';

/** So many of the newest stay. */
export const HISTORY_MAX = 500;
/** Looked after again when so many were added. */
const TRIM_EVERY = 50;

export class HistoryShelf {
  readonly #door: Pick<Membership, 'paths' | 'transact' | 'childrenOf'>;
  /** Records that were written since it was last looked after; unknown at first. */
  #added = TRIM_EVERY;

  constructor(door: Pick<Membership, 'paths' | 'transact' | 'childrenOf'>) {
    this.#door = door;
  }

  noteWritten(): void {
    this.#added += 1;
  }

  async trim({ paths, fenceVersion }: Pen): Promise<void> {
    if (this.#added < TRIM_EVERY) return;
    this.#added = 0;
    const names = (await this.#door.childrenOf(paths.history)).sort();
    const old = names.slice(0, Math.max(0, names.length - HISTORY_MAX));
    for (let from = 0; from < old.length; from += STEPS_MAX - 1) {
      const steps = old
        .slice(from, from + STEPS_MAX - 1)
        .map((name): Step => ({ kind: 'delete', path: `${paths.history}/${name}`, version: -1 }));
      const fence: Step = { kind: 'check', path: paths.controllerEpoch, version: fenceVersion };
      const outcome = await this.#door.transact([fence, ...steps]);
      if (outcome.kind !== 'ok') return;
    }
  }
}
