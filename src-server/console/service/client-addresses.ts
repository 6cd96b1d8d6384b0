/** Where the clients of sessions are: asked for those that are looked at, and remembered after they have left. */
import type { ClientAddress } from '#contract/timing-models.ts';

import type { Clock, Timer } from '../../platform/clock.ts';
import type { LocalEnsemble } from './local-ensemble.ts';

/** What is looked at comes line by line, and is asked for together. */
const GATHER_MS = 30;
/** A session may have moved, or its client come back. */
const AGAIN_MS = 5000;
const KNOWN_MAX = 5000;

interface Known {
  readonly client: ClientAddress | null;
  readonly askedMs: number;
}

export class ClientAddresses {
  readonly #clock: Clock;
  readonly #local: Pick<LocalEnsemble, 'addresses'>;
  readonly #onNews: () => void;
  /** By session, the longest known first. */
  readonly #known = new Map<string, Known>();
  readonly #wanted = new Set<string>();
  #timer: Timer | null = null;

  constructor(parts: {
    readonly clock: Clock;
    readonly local: Pick<LocalEnsemble, 'addresses'>;
    readonly onNews: () => void;
  }) {
    this.#clock = parts.clock;
    this.#local = parts.local;
    this.#onNews = parts.onNews;
  }

  /** What is known by now; whoever is not is asked for. */
  of(sessionId: string): ClientAddress | null {
    const known = this.#known.get(sessionId);
    if (known === undefined || this.#clock.nowMs() - known.askedMs > AGAIN_MS)
      this.#want(sessionId);
    return known?.client ?? null;
  }

  close(): void {
    this.#timer?.cancel();
  }

  #want(sessionId: string): void {
    this.#wanted.add(sessionId);
    this.#timer ??= this.#clock.after(GATHER_MS, () => {
      this.#timer = null;
      void this.#ask([...this.#wanted]);
      this.#wanted.clear();
    });
  }

  async #ask(sessionIds: readonly string[]): Promise<void> {
    const askedMs = this.#clock.nowMs();
    const ids = sessionIds.map((id) => BigInt.asIntN(64, BigInt(`0x${id}`)));
    const found = await this.#local.addresses(ids).catch(() => []);
    let isNews = false;
    for (const [i, sessionId] of sessionIds.entries()) {
      const before = this.#known.get(sessionId)?.client ?? null;
      // One that has left is where it was.
      const client = found[i] ?? before;
      isNews ||= client?.address !== before?.address;
      this.#known.delete(sessionId);
      this.#known.set(sessionId, { client, askedMs });
    }
    for (const oldest of this.#known.keys()) {
      if (this.#known.size <= KNOWN_MAX) break;
      this.#known.delete(oldest);
    }
    if (isNews) this.#onNews();
  }
}
