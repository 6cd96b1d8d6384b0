/**
 * The connections of the quorum port: those that learners make to us while we lead, and the one we make to our leader.
 *
 * Links are numbered, and no number comes twice. What was sent in a turn leaves when the turn's owner calls `flush`, or at the
 * end of the turn by itself.
 */
import type { Sid } from '../../base/ids.ts';
import { type HostPort, hostPortText } from '../../config/ensemble-config.ts';
import type { Limits } from '../../config/limits.ts';
import type { Clock } from '../../platform/clock.ts';
import { type LinkFaults, mayConnect, throughFaults } from '../../platform/link-faults.ts';
import type { Logger } from '../../platform/logger.ts';
import { type Listener, type Net, NetError, type Socket } from '../../platform/net.ts';
import type { LinkId } from '../zab/events.ts';
import { Complaints } from './complaints.ts';
import { Link, type LinkHandler } from './link.ts';
import { listenEverywhere } from './listening.ts';

export interface LinksOptions {
  readonly net: Net;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly limits: Pick<Limits, 'recordBytesMax' | 'learnerUnsentBytesMax'>;
  readonly faults: LinkFaults<Sid> | null;
  readonly handler: LinkHandler;
  /** A learner connected; its first message says who it is. */
  readonly onAccepted: (link: Link) => void;
}

export interface DialOptions {
  readonly leader: Sid;
  /** All of them are tried at the same time; the first connection is kept. */
  readonly addresses: readonly HostPort[];
  /** For all tries together. */
  readonly timeoutMs: number;
  readonly retryMs: number;
  readonly onLink: (link: Link) => void;
  readonly onFailed: (reason: string) => void;
}

/** An attempt to connect that can be given up; neither callback comes after that. */
export interface Dial {
  cancel(): void;
}

const DIAL_TRIES = 5;
/** The member that led before may still be closing its port; longer than a moment and the election is better repeated. */
const BIND_TRIES = 3;
/** Learners there are at the most, and a few that come anew before their old connection was noticed to be dead. */
const ACCEPTED_MAX = 1024;

export class Links {
  readonly #options: LinksOptions;
  readonly #complaints: Complaints;
  readonly #links = new Map<LinkId, Link>();
  /** Closed, and not gone yet. */
  readonly #leaving = new Set<Link>();
  readonly #dials = new Set<Dial>();
  #dirty: Link[] = [];
  #isFlushPlanned = false;
  #lastId: LinkId = 0;
  #listeners: Listener[] = [];
  #port: AbortController | null = null;

  constructor(options: LinksOptions) {
    this.#options = options;
    this.#complaints = new Complaints(options.logger);
  }

  byId(id: LinkId): Link | null {
    return this.#links.get(id) ?? null;
  }

  get all(): Iterable<Link> {
    return this.#links.values();
  }

  // --- leading ---

  /**
   * Lets learners in.
   * @throws NetError when none of the addresses can be listened on, or the port was closed meanwhile
   */
  async openPort(options: {
    readonly addresses: readonly HostPort[];
    readonly onEveryInterface: boolean;
  }): Promise<void> {
    this.closePort();
    const port = new AbortController();
    this.#port = port;
    const { net, clock, logger } = this.#options;
    const listeners = await listenEverywhere({
      net,
      clock,
      logger,
      ...options,
      triesMax: BIND_TRIES,
      onSocket: (socket) => this.#onSocket(socket),
      onRefused: (from, why) =>
        this.#complaints.make(from, 'somebody who wants to learn is not let in', { why }),
      signal: port.signal,
    });
    this.#listeners.push(...listeners);
  }

  /** The ports listened on. */
  get ports(): readonly number[] {
    return this.#listeners.map(({ port }) => port);
  }

  /** Lets nobody in any more; links stay. */
  closePort(): void {
    void this.#stopListening();
  }

  /** Nobody is let in from here on; resolves when the last of those who were has gone. */
  async #stopListening(): Promise<void> {
    this.#port?.abort();
    this.#port = null;
    await Promise.all(this.#listeners.splice(0).map((listener) => listener.close()));
  }

  #onSocket(socket: Socket): void {
    if (this.#port === null || this.#links.size >= ACCEPTED_MAX) {
      socket.destroy();
      return;
    }
    this.#options.onAccepted(this.#linkOf(socket, 'learner', null));
  }

  // --- learning ---

  dial(options: DialOptions): Dial {
    const { net, clock, logger, faults } = this.#options;
    const dial = new Dialing({
      ...options,
      net,
      clock,
      logger,
      complaints: this.#complaints,
      mayConnect: () => mayConnect(faults, options.leader),
      onSocket: (socket) => {
        this.#dials.delete(dial);
        options.onLink(this.#linkOf(socket, 'leader', options.leader));
      },
      onFailed: (reason) => {
        this.#dials.delete(dial);
        options.onFailed(reason);
      },
      onCancelled: () => this.#dials.delete(dial),
    });
    this.#dials.add(dial);
    dial.start();
    return dial;
  }

  #linkOf(socket: Socket, from: 'leader' | 'learner', peer: Sid | null): Link {
    const { clock, handler, limits } = this.#options;
    const link = new Link({
      id: ++this.#lastId,
      socket: throughFaults(socket, this.#options),
      clock,
      from,
      handler,
      recordBytesMax: limits.recordBytesMax,
      unsentBytesMax: limits.learnerUnsentBytesMax,
      markDirty: (dirty) => this.#markDirty(dirty),
      onClosed: (closed) => {
        this.#links.delete(closed.id);
        if (closed.isLeaving) this.#leaving.add(closed);
      },
      onGone: (gone) => this.#leaving.delete(gone),
    });
    if (peer !== null) link.name(peer);
    this.#links.set(link.id, link);
    return link;
  }

  // --- the end of a turn ---

  flush(): void {
    while (this.#dirty.length > 0) {
      const dirty = this.#dirty;
      this.#dirty = [];
      for (const link of dirty) link.flush();
    }
  }

  #markDirty(link: Link): void {
    this.#dirty.push(link);
    if (this.#isFlushPlanned) return;
    this.#isFlushPlanned = true;
    this.#options.clock.defer(() => {
      this.#isFlushPlanned = false;
      this.flush();
    });
  }

  /** Ends everything at once. No callback comes afterwards. */
  async close(): Promise<void> {
    for (const dial of [...this.#dials]) dial.cancel();
    for (const link of [...this.#links.values(), ...this.#leaving]) link.destroy();
    await this.#stopListening();
  }
}

interface DialingParts extends Omit<DialOptions, 'onLink'> {
  readonly net: Net;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly complaints: Complaints;
  readonly mayConnect: () => boolean;
  readonly onSocket: (socket: Socket) => void;
  readonly onCancelled: () => void;
}

/** Tries all addresses of a leader at the same time, each a few times with pauses, until one of them answers. */
class Dialing implements Dial {
  readonly #parts: DialingParts;
  readonly #over = new AbortController();
  readonly #endMs: number;
  #open = 0;
  #lastReason = 'its address is not known';

  constructor(parts: DialingParts) {
    this.#parts = parts;
    this.#endMs = parts.clock.nowMs() + parts.timeoutMs;
  }

  start(): void {
    const { addresses, clock, onFailed } = this.#parts;
    this.#open = addresses.length;
    for (const address of addresses) this.#try(address, 1);
    if (addresses.length > 0) return;
    clock.defer(() => {
      if (!this.#over.signal.aborted) onFailed(this.#lastReason);
    });
  }

  cancel(): void {
    this.#over.abort();
    this.#parts.onCancelled();
  }

  #try(address: HostPort, tries: number): void {
    const { net, clock, mayConnect } = this.#parts;
    const { signal } = this.#over;
    if (signal.aborted) return;
    const timeoutMs = this.#endMs - clock.nowMs();
    const connecting = mayConnect()
      ? net.connect({ ...address, timeoutMs: Math.max(1, timeoutMs), signal })
      : Promise.reject(new Error('the way there is cut'));
    connecting.then(
      (socket) => {
        if (signal.aborted) {
          socket.destroy();
          return;
        }
        // The others are given up.
        this.#over.abort();
        this.#parts.complaints.withdraw(this.#parts.leader);
        this.#parts.onSocket(socket);
      },
      (error: unknown) => {
        if (!signal.aborted) this.#onRefused(address, tries, error);
      },
    );
  }

  #onRefused(address: HostPort, tries: number, error: unknown): void {
    const { clock, logger, complaints, leader, retryMs, onFailed } = this.#parts;
    this.#lastReason = error instanceof Error ? error.message : String(error);
    if (error instanceof NetError && error.code === 'tls')
      complaints.make(leader, 'the leader cannot be reached safely', { why: this.#lastReason });
    const hasTime = this.#endMs - clock.nowMs() > retryMs;
    logger.debug('the leader cannot be reached', {
      leader,
      address: hostPortText(address),
      tries,
      why: this.#lastReason,
    });
    if (tries < DIAL_TRIES && hasTime) {
      clock.after(retryMs, () => this.#try(address, tries + 1));
      return;
    }
    this.#open--;
    if (this.#open === 0) onFailed(this.#lastReason);
  }
}
