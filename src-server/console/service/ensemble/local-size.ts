/**
 * Members of this program's ensemble that come and go: a thread and a folder by the host, and a place in the configuration
 * by the members themselves.
 *
 *   grow:    folder and thread ─▶ in step with the leader, without a vote ─▶ let in by reconfiguration
 *   shrink:  taken out by reconfiguration ─▶ thread ended ─▶ folder kept aside, or deleted
 *
 * So a member votes only once it has what the others have, and one that is taken out has served until then. What fails on
 * the way is undone, as far as it is known to have failed.
 */
import { ApiError } from '#contract/errors.ts';
import type { Membership, MembershipChange } from '#contract/membership-models.ts';

import { parseEnsembleConfig } from '../../../config/ensemble-config.ts';
import type { Clock } from '../../../platform/clock.ts';
import { LOCAL_ID } from '../clusters.ts';
import type { LocalEnsemble, LocalMember, Resize, Resized } from '../local-ensemble.ts';
import type { Progress } from '../operations.ts';
import { membersOf } from './membership.ts';
import type { Memberships } from './memberships.ts';

/** Steps of growing: started, in step, let in. */
const STEPS = 3;
const LOOK_AGAIN_MS = 100;
/** Somebody else may change the configuration at the same time; a member that comes or goes is not in their way. */
const TRIES_MAX = 3;

export class LocalSize {
  readonly #local: LocalEnsemble;
  readonly #memberships: Memberships;
  readonly #clock: Clock;
  #isChanging = false;

  constructor(parts: {
    readonly local: LocalEnsemble;
    readonly memberships: Memberships;
    readonly clock: Clock;
  }) {
    this.#local = parts.local;
    this.#memberships = parts.memberships;
    this.#clock = parts.clock;
  }

  /** @throws ApiError where it cannot be done, or could not */
  async grow(role: 'participant' | 'observer', progress: Progress): Promise<void> {
    await this.#alone(async () => {
      progress.advance(0, STEPS);
      const before = await this.#memberships.config(LOCAL_ID);
      if (before.isGrouped)
        throw new ApiError(
          'reconfig-refused',
          'with groups and weights nobody knows what a new vote would count',
        );
      const { id, line } = await this.#resize({ kind: 'add', role });
      try {
        progress.advance(1, STEPS);
        await this.#inStep(id, () => progress.advance(1, STEPS));
        progress.advance(2, STEPS);
        await this.#reconfigure({ joining: joiningOf(line!), leaving: [] });
      } catch (error) {
        await this.#undo(id, error);
      }
      progress.advance(STEPS, STEPS);
    });
  }

  /** @returns where its data is kept, or null where it is not */
  async shrink(id: number, isDataKept: boolean): Promise<string | null> {
    return this.#alone(async () => {
      if (this.#memberOf(id) === undefined)
        throw new ApiError('not-found', `this program runs no member ${id}`);
      const { members } = await this.#memberships.config(LOCAL_ID);
      // One that was taken out before only goes on running.
      if (members.some((member) => member.id === id))
        await this.#reconfigure({ joining: [], leaving: [id] });
      return (await this.#resize({ kind: 'remove', id, isDataKept })).folder;
    });
  }

  async #alone<T>(work: () => Promise<T>): Promise<T> {
    if (this.#isChanging)
      throw new ApiError('reconfig-in-progress', 'another member is coming or going just now');
    this.#isChanging = true;
    try {
      return await work();
    } finally {
      this.#isChanging = false;
    }
  }

  #memberOf(id: number): LocalMember | undefined {
    return this.#local.members.find((member) => member.id === id);
  }

  /** Until it serves, which it does once it has everything the leader has. */
  async #inStep(id: number, onWait: () => void): Promise<void> {
    for (;;) {
      const state = this.#memberOf(id)?.state;
      if (state?.kind === 'serving') return;
      if (state?.kind === 'failed')
        throw new ApiError('reconfig-refused', `member ${id} could not start: ${state.why}`);
      onWait();
      await new Promise<void>((resolve) => this.#clock.after(LOOK_AGAIN_MS, resolve));
    }
  }

  async #reconfigure(
    step: Omit<Extract<MembershipChange, { kind: 'step' }>, 'kind'>,
  ): Promise<void> {
    for (let tries = 1; ; tries++) {
      const { version } = await this.#memberships.config(LOCAL_ID);
      try {
        const order = { fromVersion: version, change: { kind: 'step', ...step } } as const;
        await this.#memberships.reconfigure(LOCAL_ID, order);
        return;
      } catch (error) {
        const isOutdated = error instanceof ApiError && error.code === 'bad-version';
        if (!isOutdated || tries === TRIES_MAX) throw error;
      }
    }
  }

  /** One that is in the configuration after all has come; one of which that is not known is let be. */
  async #undo(id: number, error: unknown): Promise<void> {
    const now: Membership | null = await this.#memberships.config(LOCAL_ID).catch(() => null);
    if (now?.members.some((member) => member.id === id) === true) return;
    if (now !== null) await this.#resize({ kind: 'remove', id, isDataKept: false });
    throw error;
  }

  async #resize(resize: Resize): Promise<Resized> {
    const outcome = await this.#local.resize(resize);
    if (!outcome.ok) throw new ApiError('reconfig-refused', outcome.error);
    return outcome.value;
  }
}

function joiningOf(line: string): ReturnType<typeof membersOf> {
  const config = parseEnsembleConfig(line);
  if (!config.ok) throw new Error(`the line of a new member cannot be read: ${config.error}`);
  return membersOf(config.value);
}
