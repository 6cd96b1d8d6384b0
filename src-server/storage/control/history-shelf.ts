/** Keeps the history of a ring from growing without end: the oldest records go when there are too many. */
import { ClientError, type Step } from '../../coordination/client/client.ts';
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
    const names = await this.#names(paths.history);
    if (names === null) return;
    this.#added = 0;
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

  /** Oldest first; null while the ensemble does not say, or nobody has made the folder yet: there is always a later time. */
  async #names(folder: string): Promise<readonly string[] | null> {
    try {
      return (await this.#door.childrenOf(folder)).sort();
    } catch (error) {
      if (error instanceof ClientError) return null;
      throw error;
    }
  }
}
