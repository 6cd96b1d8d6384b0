/**
 * The sessions of a member among others.
 *
 *   leader    knows when each ends, from its own clients and what learners tell it; and whose each is, that is, at which
 *             member its client sits, so that a request from where the client left is refused
 *   learner   notes who showed life and tells it with every pong; asks the leader whether a client may come back
 *   cut off   knows nobody's end, and is asked for nothing but reads
 *
 * Local sessions are a member's own: no transaction made them, they end here, and nobody else knows them. Whoever is cut off
 * has no others; with localSessionsEnabled every new session is one, until it needs what only the ensemble can give.
 *
 *   local ──ephemeral node──▶ upgrading ──createSession applied──▶ the ensemble's
 *     ▲                           │
 *     └────────── refused ────────┘
 */
import { sessionHex, type SessionId, sessionId } from '../../base/ids.ts';
import type { Limits } from '../../config/limits.ts';
import type { Settings } from '../../config/settings.ts';
import type { Platform } from '../../platform/platform.ts';
import { Code } from '../model/codes.ts';
import { type Machine, Session } from '../state/machine.ts';
import type { LinkId } from '../zab/events.ts';
import type { Message, Revalidate, Revalidated, SessionTouch } from '../zab/messages.ts';
import { SessionClock } from './session-clock.ts';
import { SessionIds } from './session-ids.ts';

/** Where a client sits: behind a learner's link, or here. Links are numbered from 1. */
export type Seat = LinkId;
export const HERE: Seat = 0;

/** What a session that no transaction made may ask for: in general, and for nodes that live as long as it does. */
export interface LocalStanding {
  readonly any: Code;
  readonly ephemerals: Code;
}

const OURS: LocalStanding = { any: Code.OK, ephemerals: Code.EPHEMERAL_ON_LOCAL_SESSION };
const OF_A_LEARNER: LocalStanding = { any: Code.OK, ephemerals: Code.SESSION_EXPIRED };
const NOBODYS: LocalStanding = {
  any: Code.SESSION_EXPIRED,
  ephemerals: Code.SESSION_EXPIRED,
};

export interface MemberSessionsParts {
  readonly settings: Settings;
  readonly limits: Pick<Limits, 'endedSessionsMax'>;
  readonly platform: Pick<Platform, 'clock' | 'entropy' | 'logger'>;
  readonly send: (link: LinkId, message: Message) => void;
  /** At the leader: nothing was heard of these for their whole timeout. */
  readonly onExpired: (sessions: readonly Session[]) => void;
  /** The same of a local session, which is gone by now. */
  readonly onLocalExpired: (session: Session) => void;
}

/** Of clients of this member. */
interface LocalSessions {
  open(timeoutMs: number): Session;
  find(id: bigint): Session | null;
  close(session: Session): void;
}

type Answer = (session: Session | null) => void;

type Duty =
  | { readonly kind: 'none' }
  | { readonly kind: 'leader'; readonly machine: Machine; readonly clock: SessionClock }
  | { readonly kind: 'learner'; readonly machine: Machine; readonly leader: LinkId }
  | { readonly kind: 'cut-off'; readonly machine: Machine };

const NONE: Duty = { kind: 'none' };

export class MemberSessions {
  readonly #parts: MemberSessionsParts;
  readonly #ids: SessionIds;
  #duty: Duty = NONE;
  /** At the leader. */
  readonly #seats = new Map<Session, Seat>();
  readonly #closing = new Map<bigint, Session>();
  /** The newest of those that have ended, oldest first. */
  readonly #ended = new Set<bigint>();
  readonly #locals = new Map<bigint, Session>();
  /** When local sessions end; null while there are none. */
  #localClock: SessionClock | null = null;
  readonly #upgrading = new Map<bigint, Session>();
  /** Who came back to a session whose creation has yet to be applied here. */
  readonly #awaiting = new Map<bigint, Answer[]>();
  /** At a learner: who showed life since the last pong, and with which timeout. */
  readonly #touched = new Map<Session, number>();
  /** At a learner: questions under way, answered in the order they were asked for each session. */
  readonly #questions = new Map<bigint, Answer[]>();

  constructor(parts: MemberSessionsParts) {
    this.#parts = parts;
    this.#ids = new SessionIds(parts.settings.serverId, parts.platform);
  }

  // --- the part this member plays ---

  /** Whoever was known to the leader before has a whole timeout to come back. */
  lead(machine: Machine): void {
    const { settings, onExpired } = this.#parts;
    const clock = this.#newClock(onExpired);
    this.#duty = { kind: 'leader', machine, clock };
    for (const session of machine.sessions) clock.track(session, session.timeoutMs);
    clock.start();
    if (settings.localSessionsEnabled) this.#beginLocals();
  }

  follow(machine: Machine, leader: LinkId): void {
    this.#duty = { kind: 'learner', machine, leader };
    if (this.#parts.settings.localSessionsEnabled) this.#beginLocals();
  }

  /** Nobody can be asked: whoever comes only reads. */
  cutOff(machine: Machine): void {
    this.#duty = { kind: 'cut-off', machine };
    this.#beginLocals();
  }

  #beginLocals(): void {
    this.#localClock = this.#newClock((sessions) => {
      for (const session of sessions) {
        this.#locals.delete(session.id);
        this.#parts.onLocalExpired(session);
      }
    });
    this.#localClock.start();
  }

  #newClock(onExpired: (sessions: readonly Session[]) => void): SessionClock {
    const { settings, platform } = this.#parts;
    return new SessionClock({ clock: platform.clock, tickMs: settings.tickTimeMs, onExpired });
  }

  /**
   * Nobody leads here or is followed any more. Questions stay without an answer: who asked is sent away. Local sessions end
   * with the service they belong to, as Apache's do.
   */
  end(): void {
    if (this.#duty.kind === 'leader') this.#duty.clock.stop();
    this.#duty = NONE;
    this.#localClock?.stop();
    this.#localClock = null;
    this.#locals.clear();
    this.#upgrading.clear();
    this.#awaiting.clear();
    this.#seats.clear();
    this.#closing.clear();
    this.#ended.clear();
    this.#touched.clear();
    this.#questions.clear();
  }

  /** When the ensemble's sessions end; null where that is not known. */
  get clock(): SessionClock | null {
    return this.#duty.kind === 'leader' ? this.#duty.clock : null;
  }

  /** When local sessions end; null where there are none. */
  get localClock(): SessionClock | null {
    return this.#localClock;
  }

  get localCount(): number {
    return this.#locals.size;
  }

  // --- for clients of this member ---

  newSessionId(): SessionId {
    const duty = this.#duty;
    return this.#ids.next(
      (id) =>
        this.#locals.has(id) || (duty.kind !== 'none' && duty.machine.session(id) !== undefined),
    );
  }

  touch(session: Session, timeoutMs: number, nowMs: number): void {
    if (this.#localClock?.touch(session, nowMs) === true) return;
    const { clock } = this;
    if (clock === null) this.#touched.set(session, timeoutMs);
    else clock.touch(session, nowMs);
  }

  attached(session: Session, timeoutMs: number): void {
    if (this.isLocal(session)) {
      this.#localClock?.track(session, timeoutMs);
      return;
    }
    const { clock } = this;
    if (clock === null) this.#touched.set(session, timeoutMs);
    else clock.track(session, timeoutMs);
    if (this.#duty.kind === 'leader') this.#seats.set(session, HERE);
  }

  /** Null while new sessions are the ensemble's. */
  get locals(): LocalSessions | null {
    return this.#localClock === null ? null : this.#ofLocals;
  }

  readonly #ofLocals = {
    open: (timeoutMs: number): Session => {
      const session = new Session(this.newSessionId(), timeoutMs);
      this.#locals.set(session.id, session);
      return session;
    },
    find: (id: bigint): Session | null => this.#locals.get(id) ?? null,
    close: (session: Session): void => this.#forgetLocal(session.id),
  };

  isLocal(session: Session): boolean {
    return this.#locals.size > 0 && this.#locals.get(session.id) === session;
  }

  #forgetLocal(id: bigint): void {
    const session = this.#locals.get(id);
    if (session === undefined) return;
    this.#locals.delete(id);
    this.#localClock?.forget(session);
  }

  /** The transaction that makes it the ensemble's is on its way. */
  upgrade(session: Session): void {
    this.#forgetLocal(session.id);
    this.#upgrading.set(session.id, session);
    this.#parts.platform.logger.debug('a local session becomes one of the ensemble', {
      session: `0x${sessionHex(session.id)}`,
    });
  }

  /** That transaction was refused. */
  stayLocal(session: Session): void {
    if (!this.#upgrading.delete(session.id)) return;
    this.#locals.set(session.id, session);
    this.#localClock?.track(session, session.timeoutMs);
    this.#answerAwaiting(session);
  }

  revalidate(id: bigint, timeoutMs: number, answer: Answer): void {
    const duty = this.#duty;
    const local = this.#locals.get(id);
    if (local !== undefined) {
      answer(local);
    } else if (this.#upgrading.has(id)) {
      this.#await(id, answer);
    } else if (duty.kind === 'leader') {
      answer(livingIn(duty.machine, id));
    } else if (duty.kind === 'learner') {
      const asked = this.#questions.get(id);
      if (asked === undefined) this.#questions.set(id, [answer]);
      else asked.push(answer);
      this.#parts.send(duty.leader, { kind: 'revalidate', sessionId: sessionId(id), timeoutMs });
    }
  }

  // --- at the leader ---

  onTouched(touches: readonly SessionTouch[]): void {
    const duty = this.#duty;
    if (duty.kind !== 'leader') return;
    for (const { sessionId: id, timeoutMs } of touches) {
      const session = livingIn(duty.machine, id);
      if (session !== null) duty.clock.renew(session, timeoutMs);
    }
  }

  #await(id: bigint, answer: Answer): void {
    const awaiting = this.#awaiting.get(id);
    if (awaiting === undefined) this.#awaiting.set(id, [answer]);
    else awaiting.push(answer);
  }

  #answerAwaiting(session: Session): void {
    const awaiting = this.#awaiting.get(session.id);
    if (awaiting === undefined) return;
    this.#awaiting.delete(session.id);
    for (const answer of awaiting) answer(session);
  }

  onRevalidate(link: LinkId, { sessionId: id, timeoutMs }: Revalidate): void {
    const duty = this.#duty;
    if (duty.kind !== 'leader') return;
    // Its creation may be on its way: a local session that becomes the ensemble's, and whose client has moved meanwhile.
    const session = living(duty.machine.proposedSession(id));
    if (session !== null) {
      duty.clock.track(session, timeoutMs);
      this.#seats.set(session, link);
    }
    this.#parts.send(link, { kind: 'revalidated', sessionId: id, isValid: session !== null });
  }

  /** OK, or why a request from there may not be made. Whoever asks first for a session that is nobody's yet has it. */
  standingOf(session: Session | undefined, seat: Seat): Code {
    if (session === undefined || session.isClosing) return Code.SESSION_EXPIRED;
    const known = this.#seats.get(session);
    if (known === undefined) this.#seats.set(session, seat);
    return known === undefined || known === seat ? Code.OK : Code.SESSION_MOVED;
  }

  /** What this member knows of a session that no transaction made, asked for by a client there. */
  localStandingOf(id: bigint, seat: Seat): LocalStanding {
    if (seat === HERE) return this.#locals.has(id) ? OURS : NOBODYS;
    // Only the learner can know. As in Apache, what bears this member's own id is no learner's; unlike there, what has ended
    // here is not taken for a learner's own either.
    const { localSessionsEnabled, serverId } = this.#parts.settings;
    const isPossible =
      localSessionsEnabled && serverByteOf(id) !== (serverId & 0xff) && !this.#ended.has(id);
    return isPossible ? OF_A_LEARNER : NOBODYS;
  }

  /** Its end is proposed. */
  onClosing(session: Session): void {
    this.#closing.set(session.id, session);
  }

  // --- applied here ---

  onCreated(id: bigint): void {
    const duty = this.#duty;
    if (duty.kind === 'none') return;
    const session = duty.machine.session(id);
    if (session === undefined) return;
    if (duty.kind === 'leader') duty.clock.track(session, session.timeoutMs);
    this.#upgrading.delete(id);
    this.#forgetLocal(id);
    this.#answerAwaiting(session);
  }

  onClosed(id: bigint): void {
    this.#forgetLocal(id);
    if (this.#duty.kind !== 'leader') return;
    this.#remember(id);
    const session = this.#closing.get(id);
    if (session === undefined) return;
    this.#closing.delete(id);
    this.#seats.delete(session);
    this.#duty.clock.forget(session);
  }

  #remember(id: bigint): void {
    if (!this.#parts.settings.localSessionsEnabled) return;
    this.#ended.add(id);
    if (this.#ended.size <= this.#parts.limits.endedSessionsMax) return;
    for (const oldest of this.#ended) {
      this.#ended.delete(oldest);
      return;
    }
  }

  // --- at a learner ---

  /** Whoever showed life since this was asked last. */
  takeTouches(): SessionTouch[] {
    const touches: SessionTouch[] = [];
    for (const [session, timeoutMs] of this.#touched)
      touches.push({ sessionId: sessionId(session.id), timeoutMs });
    this.#touched.clear();
    return touches;
  }

  onRevalidated({ sessionId: id, isValid }: Revalidated): void {
    const duty = this.#duty;
    const asked = this.#questions.get(id);
    const answer = asked?.shift();
    if (asked === undefined || answer === undefined || duty.kind !== 'learner') return;
    if (asked.length === 0) this.#questions.delete(id);
    const session = duty.machine.session(id);
    if (!isValid) answer(null);
    else if (session !== undefined) answer(session);
    // A local session that becomes the ensemble's, from elsewhere: what makes it comes over the same link.
    else this.#await(id, answer);
  }
}

function serverByteOf(id: bigint): number {
  return Number((id >> 56n) & 0xffn);
}

function livingIn(machine: Machine, id: bigint): Session | null {
  return living(machine.session(id));
}

function living(session: Session | undefined): Session | null {
  return session === undefined || session.isClosing ? null : session;
}
