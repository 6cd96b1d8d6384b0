/**
 * The sessions of a member among others.
 *
 *   leader    knows when each ends, from its own clients and what learners tell it; and whose each is, that is, at which
 *             member its client sits, so that a request from where the client left is refused
 *   learner   notes who showed life and tells it with every pong; asks the leader whether a client may come back
 *   cut off   has sessions of its own, for clients that only read until there is a leader again
 */
import { sessionHex, type SessionId, sessionId } from '../../base/ids.ts';
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

export interface MemberSessionsParts {
  readonly settings: Settings;
  readonly platform: Pick<Platform, 'clock' | 'logger'>;
  readonly send: (link: LinkId, message: Message) => void;
  /** At the leader, and of readers' own sessions: nothing was heard of these for their whole timeout. */
  readonly onExpired: (sessions: readonly Session[]) => void;
}

type Answer = (session: Session | null) => void;

type Duty =
  | { readonly kind: 'none' }
  | { readonly kind: 'leader'; readonly machine: Machine; readonly clock: SessionClock }
  | { readonly kind: 'learner'; readonly machine: Machine; readonly leader: LinkId }
  | { readonly kind: 'cut-off'; readonly machine: Machine; readonly clock: SessionClock };

const NONE: Duty = { kind: 'none' };

export class MemberSessions {
  readonly #parts: MemberSessionsParts;
  readonly #ids: SessionIds;
  #duty: Duty = NONE;
  /** At the leader. */
  readonly #seats = new Map<Session, Seat>();
  readonly #closing = new Map<bigint, Session>();
  /** Of clients that only read, while this member is cut off. */
  readonly #locals = new Map<bigint, Session>();
  /** At a learner: who showed life since the last pong, and with which timeout. */
  readonly #touched = new Map<Session, number>();
  /** At a learner: questions under way, answered in the order they were asked for each session. */
  readonly #questions = new Map<bigint, Answer[]>();

  constructor(parts: MemberSessionsParts) {
    this.#parts = parts;
    this.#ids = new SessionIds(parts.settings.serverId, parts.platform.clock.wallMs());
  }

  // --- the part this member plays ---

  /** Whoever was known to the leader before has a whole timeout to come back. */
  lead(machine: Machine): void {
    const clock = this.#newClock();
    this.#duty = { kind: 'leader', machine, clock };
    for (const session of machine.sessions) clock.track(session, session.timeoutMs);
    clock.start();
  }

  follow(machine: Machine, leader: LinkId): void {
    this.#duty = { kind: 'learner', machine, leader };
  }

  /** Nobody can be asked: whoever comes only reads. */
  cutOff(machine: Machine): void {
    const clock = this.#newClock();
    this.#duty = { kind: 'cut-off', machine, clock };
    clock.start();
  }

  #newClock(): SessionClock {
    const { settings, platform, onExpired } = this.#parts;
    return new SessionClock({ clock: platform.clock, tickMs: settings.tickTimeMs, onExpired });
  }

  /** Nobody leads here or is followed any more. Questions stay without an answer: who asked is sent away. */
  end(): void {
    const duty = this.#duty;
    if (duty.kind === 'leader' || duty.kind === 'cut-off') duty.clock.stop();
    this.#duty = NONE;
    this.#locals.clear();
    this.#seats.clear();
    this.#closing.clear();
    this.#touched.clear();
    this.#questions.clear();
  }

  /** When sessions end; null where that is not known. */
  get clock(): SessionClock | null {
    const duty = this.#duty;
    return duty.kind === 'leader' || duty.kind === 'cut-off' ? duty.clock : null;
  }

  // --- for clients of this member ---

  newSessionId(): SessionId {
    const duty = this.#duty;
    return this.#ids.next((id) => duty.kind !== 'none' && duty.machine.session(id) !== undefined);
  }

  touch(session: Session, timeoutMs: number, nowMs: number): void {
    const { clock } = this;
    if (clock === null) this.#touched.set(session, timeoutMs);
    else clock.touch(session, nowMs);
  }

  attached(session: Session, timeoutMs: number): void {
    const { clock } = this;
    if (clock === null) this.#touched.set(session, timeoutMs);
    else clock.track(session, timeoutMs);
    if (this.#duty.kind === 'leader') this.#seats.set(session, HERE);
  }

  readonly locals = {
    open: (timeoutMs: number): Session => {
      const session = new Session(this.newSessionId(), timeoutMs);
      this.#locals.set(session.id, session);
      return session;
    },
    find: (id: bigint): Session | null => this.#locals.get(id) ?? null,
  };

  /** @returns whether it was one */
  closeLocal(id: bigint): boolean {
    const session = this.#locals.get(id);
    if (session === undefined) return false;
    this.#locals.delete(id);
    this.clock?.forget(session);
    return true;
  }

  revalidate(id: bigint, timeoutMs: number, answer: Answer): void {
    const duty = this.#duty;
    if (duty.kind === 'leader') {
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

  onRevalidate(link: LinkId, { sessionId: id, timeoutMs }: Revalidate): void {
    const duty = this.#duty;
    if (duty.kind !== 'leader') return;
    const session = livingIn(duty.machine, id);
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

  onCreated(id: bigint): void {
    const duty = this.#duty;
    if (duty.kind !== 'leader') return;
    const session = duty.machine.session(id);
    if (session !== undefined) duty.clock.track(session, session.timeoutMs);
  }

  /** Its end is proposed. */
  onClosing(session: Session): void {
    this.#closing.set(session.id, session);
  }

  onClosed(id: bigint): void {
    const session = this.#closing.get(id);
    if (session === undefined || this.#duty.kind !== 'leader') return;
    this.#closing.delete(id);
    this.#seats.delete(session);
    this.#duty.clock.forget(session);
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
    // What made the session came over the same link before this answer.
    const session = duty.machine.session(id);
    if (isValid && session === undefined)
      this.#parts.platform.logger.warn('the leader knows a session that is not known here', {
        session: `0x${sessionHex(id)}`,
      });
    answer(isValid ? (session ?? null) : null);
  }
}

function livingIn(machine: Machine, id: bigint): Session | null {
  const session = machine.session(id);
  return session === undefined || session.isClosing ? null : session;
}
