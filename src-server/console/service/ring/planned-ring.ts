/**
 * A ring that somebody edits: it is watched, and its nodes are asked for sizes, as long as previews are asked for and a little
 * longer, so that each preview is of the ring as it is then.
 */
import { ApiError } from '#contract/errors.ts';
import type { Drift, Pace } from '#contract/rebalance-models.ts';

import type { Clock, Timer } from '../../../platform/clock.ts';
import { RebalanceDesk } from '../../../storage/control/rebalance-desk.ts';
import type { RingConfig } from '../../../storage/control/ring-config.ts';
import { driftOf } from '../../../storage/planning/ring-memory.ts';
import { deadOf } from '../../../storage/planning/ring-now.ts';
import { type FormerRun, formerRuns } from '../../../storage/planning/speed.ts';
import type { Grounds, Staged } from '../../../storage/planning/staging.ts';
import { doorOf } from './ring-door.ts';
import type { OpenRing } from './rings.ts';

/** Who looks at a preview thinks for a while before the next one. */
const LINGER_MS = 15_000;
/** A ring that cannot be read by then is one that cannot be read. */
const PATIENCE_MS = 5000;

export class PlannedRing {
  readonly #clock: Clock;
  readonly #ring: OpenRing;
  readonly #onRest: () => void;
  readonly desk: RebalanceDesk;
  #former: Promise<readonly FormerRun[]> | null = null;
  #release: (() => void) | null = null;
  #stopAsking: (() => void) | null = null;
  #lingering: Timer | null = null;

  constructor(parts: {
    readonly clock: Clock;
    readonly ring: OpenRing;
    /** Nobody has asked for a while. */
    readonly onRest: () => void;
  }) {
    this.#clock = parts.clock;
    this.#ring = parts.ring;
    this.#onRest = parts.onRest;
    this.desk = new RebalanceDesk(doorOf(parts.ring.watch, parts.clock));
  }

  get known(): OpenRing['watch']['known'] {
    return this.#ring.watch.known;
  }

  get watch(): OpenRing['watch'] {
    return this.#ring.watch;
  }

  /** @throws ApiError not-found */
  get config(): RingConfig {
    const config = this.known.config?.value;
    if (config === undefined) throw new ApiError('not-found', 'there is no ring here');
    return config;
  }

  /** What plans are reckoned from; the first time it takes until the nodes were asked. @throws ApiError not-found */
  async grounds(pace: Pace | null): Promise<Grounds> {
    this.#use();
    if (this.watch.shown === null) await this.#read();
    this.#listen();
    const { backfillsPerNode, transferBytesPerSecond } = this.config;
    await this.#ring.live.asked();
    this.#former ??= this.#learn();
    return {
      view: this.known,
      sizes: this.#ring.live.sizes,
      pace: {
        bytesPerSecond: pace === null ? transferBytesPerSecond : pace.bytesPerSecond,
        transfersPerNode: pace?.transfersPerNode ?? backfillsPerNode,
      },
      former: await this.#former,
    };
  }

  /** What has come between the version that somebody looked at and the ring of this stage; null where nothing has. */
  drift(from: number | null, grounds: Grounds, now: Staged): Drift | null {
    if (from === null || from === now.ring.version) return null;
    const config = this.config;
    const older = this.#ring.memory.of(from);
    const { sizes, pace, view } = grounds;
    const measured = sizes.measured;
    const difference =
      older === null
        ? null
        : driftOf(older, now, { measured, pace, edits: now.edits, dead: deadOf(view, config) });
    return {
      from,
      to: now.ring.version,
      ...config.changed,
      difference:
        difference === null || sizes.known > 0 ? difference : { ...difference, bytes: null },
    };
  }

  close(): void {
    this.#lingering?.cancel();
    this.#release?.();
    this.#release = null;
    this.#onRest();
  }

  #use(): void {
    this.#lingering?.cancel();
    this.#lingering = this.#clock.after(LINGER_MS, () => this.close());
    if (this.#release !== null) return;
    const { watch } = this.#ring;
    const release = watch.hold();
    const stopLooking = watch.onChange((change) => {
      // What was learnt is learnt anew when a rebalance may have ended.
      if (change.isConfigChanged) this.#former = null;
    });
    this.#release = () => {
      this.#stopAsking?.();
      this.#stopAsking = null;
      stopLooking();
      release();
    };
  }

  /** Nodes are asked from now on: it is known who they are. */
  #listen(): void {
    if (this.#release !== null) this.#stopAsking ??= this.#ring.live.follow(() => undefined);
  }

  /** Resolves once the ring was read. @throws ApiError not-connected */
  #read(): Promise<void> {
    const { watch } = this.#ring;
    return new Promise((resolve, reject) => {
      const patience = this.#clock.after(PATIENCE_MS, () => {
        stop();
        reject(new ApiError('not-connected', 'the ring could not be read yet'));
      });
      const stop = watch.follow(() => {
        patience.cancel();
        stop();
        resolve();
      });
    });
  }

  async #learn(): Promise<readonly FormerRun[]> {
    try {
      return formerRuns(await this.desk.history());
    } catch {
      // How long it takes is then not known; what moves is.
      this.#former = null;
      return [];
    }
  }
}
