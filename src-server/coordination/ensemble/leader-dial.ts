/** A learner's way to its leader: one try at a time, and the newest is the one that counts. */
import { parseHostPorts } from '../../config/ensemble-config.ts';
import type { Settings } from '../../config/settings.ts';
import type { Logger } from '../../platform/logger.ts';
import type { Connect } from '../zab/effects.ts';
import type { Event } from '../zab/events.ts';
import type { Dial, Links } from './links.ts';

export class LeaderDial {
  readonly #links: Links;
  readonly #logger: Logger;
  readonly #timeoutMs: number;
  readonly #take: (event: Event) => void;
  #dial: Dial | null = null;

  constructor(parts: {
    readonly settings: Settings;
    readonly links: Links;
    readonly logger: Logger;
    readonly take: (event: Event) => void;
  }) {
    const { connectToLearnerMasterLimitTicks, initLimitTicks, tickTimeMs } = parts.settings;
    this.#links = parts.links;
    this.#logger = parts.logger;
    this.#timeoutMs = (connectToLearnerMasterLimitTicks || initLimitTicks) * tickTimeMs;
    this.#take = parts.take;
  }

  /** One try: the core tries again, and knows how often and for how long. */
  connect({ attempt, sid: leader, address }: Connect): void {
    this.cancel();
    this.#dial = this.#links.dial({
      leader,
      addresses: parseHostPorts(address) ?? [],
      timeoutMs: this.#timeoutMs,
      retryMs: this.#timeoutMs,
      onLink: (link) => this.#take({ kind: 'connected', attempt, link: link.id }),
      onFailed: (reason) => {
        this.#logger.debug('the leader cannot be reached', { leader, address, why: reason });
        this.#take({ kind: 'connectFailed', attempt });
      },
    });
  }

  cancel(): void {
    this.#dial?.cancel();
    this.#dial = null;
  }
}
