/**
 * Follows the rebalance of a ring for whoever looks: told by the ensemble at once, and by the nodes that copy once a second while
 * one is open.
 */
import type { RebalanceNow } from '#contract/rebalance-models.ts';

import type { Clock, Timer } from '../../../platform/clock.ts';
import type { RebalanceDesk } from '../../../storage/control/rebalance-desk.ts';
import type { LiveFigures } from '../../../storage/control/rebalance-progress.ts';
import { isOpen } from '../../../storage/control/rebalance-records.ts';
import { controllerOf } from '../../../storage/control/view.ts';
import { copiesOf, waitsOf } from '../../../storage/planning/answers.ts';
import { runOf } from './rebalance-views.ts';
import type { OpenRing } from './rings.ts';

const ROUND_MS = 1000;
const PATIENCE_MS = 700;
/** What the ensemble tells of one turn is told together. */
const GATHER_MS = 120;
const NOTHING: LiveFigures = { copies: [], waits: [] };

export class RebalanceWatch {
  readonly #clock: Clock;
  /** As it is entered at present. */
  readonly #ring: () => OpenRing;
  readonly #desk: RebalanceDesk;
  readonly #listeners = new Set<(now: RebalanceNow) => void>();
  #stops: (() => void)[] = [];
  #round: Timer | null = null;
  #telling: Timer | null = null;
  #live: LiveFigures = NOTHING;
  #last: RebalanceNow | null = null;

  constructor(parts: {
    readonly clock: Clock;
    readonly ring: () => OpenRing;
    readonly desk: RebalanceDesk;
  }) {
    this.#clock = parts.clock;
    this.#ring = parts.ring;
    this.#desk = parts.desk;
  }

  follow(send: (now: RebalanceNow) => void): () => void {
    this.#listeners.add(send);
    if (this.#listeners.size === 1) this.#begin();
    else if (this.#last !== null) send(this.#last);
    return () => {
      if (this.#listeners.delete(send) && this.#listeners.size === 0) this.#rest();
    };
  }

  #begin(): void {
    const { watch } = this.#ring();
    this.#stops = [watch.hold(), watch.onChange(() => this.#tellSoon())];
    if (watch.known.isConnected) this.#tellSoon();
    this.#goRound();
  }

  #rest(): void {
    for (const stop of this.#stops.splice(0)) stop();
    this.#round?.cancel();
    this.#telling?.cancel();
    this.#round = null;
    this.#telling = null;
    this.#live = NOTHING;
    this.#last = null;
  }

  #goRound(): void {
    const round = this.#clock.after(ROUND_MS, () => this.#goRound());
    this.#round = round;
    const current = this.#desk.current();
    if (current === null || !isOpen(current.state)) {
      this.#live = NOTHING;
      return;
    }
    void this.#ask().then((live) => {
      // Another round has begun, or nobody looks any more.
      if (this.#round !== round) return;
      this.#live = live;
      this.#tell();
    });
  }

  /** Asks everybody for their copies, and whoever controls the ring for what waits; who does not answer tells nothing. */
  async #ask(): Promise<LiveFigures> {
    const { watch, doors } = this.#ring();
    const controller = controllerOf(watch.known);
    const figures: { copies: LiveFigures['copies'][number][]; waits: LiveFigures['waits'] } = {
      copies: [],
      waits: [],
    };
    const asked = (watch.shown?.nodes ?? []).map(async ({ id, isAlive, proxyAddress }) => {
      if (!isAlive || proxyAddress === null) return;
      const commands = id === controller ? [['RING.COPIES'], ['RING.WAITS']] : [['RING.COPIES']];
      try {
        const [copies = null, waits = null] = await doors.ask(proxyAddress, ...commands);
        figures.copies.push(...copiesOf(copies));
        if (id === controller) figures.waits = waitsOf(waits);
      } catch {
        // What it copies goes on, and is counted once it is in sync.
      }
    });
    const patience = new Promise<void>((resolve) => this.#clock.after(PATIENCE_MS, resolve));
    await Promise.race([Promise.all(asked), patience]);
    return { copies: [...figures.copies], waits: figures.waits };
  }

  #tellSoon(): void {
    this.#telling ??= this.#clock.after(GATHER_MS, () => {
      this.#telling = null;
      this.#tell();
    });
  }

  #tell(): void {
    const { known } = this.#ring().watch;
    const current = this.#desk.current();
    const wallMs = this.#clock.wallMs();
    this.#last = {
      atMs: wallMs,
      isCurrent: known.isConnected,
      run: current === null ? null : runOf(known, current, { live: this.#live, wallMs }),
    };
    for (const listener of [...this.#listeners]) listener(this.#last);
  }
}
