/**
 * The sessions of a member among others.
 *
 *   leader    knows when each ends, from its own clients and what learners tell it; and whose each is, that is, at which
 *             member its client sits, so that a request from where the client left is refused
 *   learner   notes who showed life and tells it with every pong; asks the leader whether a client may come back
 */
import { sessionHex, type SessionId, sessionId } from '../../base/ids.ts';
import type { Settings } from '../../config/settings.ts';
import type { Platform } from '../../platform/platform.ts';
import { Code } from '../model/codes.ts';
import type { Machine, Session } from '../state/machine.ts';
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
  /** At the leader: nothing was heard of these for their whole timeout. */
  readonly onExpired: (sessions: readonly Session[]) => void;
}

type Answer = (session: Session | null) => void;

type Duty =
  | { readonly kind: 'none' }
  | { readonly kind: 'leader'; readonly machine: Machine; readonly clock: SessionClock }
  | { readonly kind: 'learner'; readonly machine: Machine; readonly leader: LinkId };

const NONE: Duty = { kind: 'none' };

export class MemberSessions {
  readonly #parts: MemberSessionsParts;
  readonly #ids: SessionIds;
  #duty: Duty = NONE;
  /** At the leader. */
  readonly #seats = new Map<Session, Seat>();
  readonly #closing = new Map<bigint, Session>();
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
    const { settings, platform, onExpired } = this.#parts;
    const clock = new SessionClock({
      clock: platform.clock,
      tickMs: settings.tickTimeMs,
      onExpired,
    });
    this.#duty = { kind: 'leader', machine, clock };
    for (const session of machine.sessions) clock.track(session, session.timeoutMs);
    clock.start();
  }

  follow(machine: Machine, leader: LinkId): void {
    this.#duty = { kind: 'learner', machine, leader };
  }

  /** Nobody leads here or is followed any more. Questions stay without an answer: who asked is sent away. */
  end(): void {
    if (this.#duty.kind === 'leader') this.#duty.clock.stop();
    this.#duty = NONE;
    this.#seats.clear();
    this.#closing.clear();
    this.#touched.clear();
    this.#questions.clear();
  }

  /** When sessions end; null where that is not known. */
  get clock(): SessionClock | null {
    return this.#duty.kind === 'leader' ? this.#duty.clock : null;
  }

  // --- for clients of this member ---

  newSessionId(): SessionId {
    const duty = this.#duty;
    return this.#ids.next((id) => duty.kind !== 'none' && duty.machine.session(id) !== undefined);
  }

  touch(session: Session, timeoutMs: number, nowMs: number): void {
    if (this.#duty.kind === 'leader') this.#duty.clock.touch(session, nowMs);
    else this.#touched.set(session, timeoutMs);
  }

  attached(session: Session, timeoutMs: number): void {
    if (this.#duty.kind === 'leader') {
      this.#duty.clock.track(session, timeoutMs);
      this.#seats.set(session, HERE);
    } else {
      this.#touched.set(session, timeoutMs);
    }
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
