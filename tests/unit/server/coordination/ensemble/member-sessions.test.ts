/** Who knows of a member's sessions: the leader when they end and where they sit, a learner who showed life. */
import { beforeEach, describe, expect, test } from 'vitest';

import { sessionId, sid } from '../../../../../src-server/base/ids.ts';
import { zxidOf } from '../../../../../src-server/base/zxid.ts';
import { defaultSettings, type Settings } from '../../../../../src-server/config/settings.ts';
import {
  HERE,
  MemberSessions,
} from '../../../../../src-server/coordination/ensemble/member-sessions.ts';
import { Code } from '../../../../../src-server/coordination/model/codes.ts';
import { OpCode } from '../../../../../src-server/coordination/model/ops.ts';
import { Txn } from '../../../../../src-server/coordination/model/txn.ts';
import type { Machine, Session } from '../../../../../src-server/coordination/state/machine.ts';
import type { Message } from '../../../../../src-server/coordination/zab/messages.ts';
import { SILENT } from '../../../../../src-server/platform/logger.ts';
import { newMachine } from '../../../../sim/changes.ts';
import { SimClock } from '../../../../sim/clock.ts';

const TICK_MS = 100;
const TIMEOUT_MS = 1000;

const NO_CHANCE = { bytes: (count: number) => new Uint8Array(count), uint32: () => 0 };

let clock: SimClock;
let machine: Machine;
let sent: [link: number, message: Message][];
let expired: bigint[];
let expiredHere: bigint[];
let sessions: MemberSessions;
let zxid = 0;

beforeEach(() => {
  clock = new SimClock();
  machine = newMachine();
  sent = [];
  expired = [];
  expiredHere = [];
  zxid = 0;
  sessions = sessionsWith({});
});

function sessionsWith(settings: Partial<Settings>): MemberSessions {
  return new MemberSessions({
    settings: { ...defaultSettings('/d'), tickTimeMs: TICK_MS, serverId: 2, ...settings },
    limits: { endedSessionsMax: 2 },
    platform: { clock, logger: SILENT, entropy: NO_CHANCE },
    send: (link, message) => sent.push([link, message]),
    onExpired: (all) => expired.push(...all.map(({ id }) => id)),
    onLocalExpired: ({ id }) => expiredHere.push(id),
  });
}

function apply(type: typeof OpCode.CREATE_SESSION | typeof OpCode.CLOSE_SESSION, id: bigint): void {
  const txn = new Txn(type);
  txn.sessionId = id;
  txn.timeoutMs = TIMEOUT_MS;
  txn.paths = [];
  txn.zxid = zxidOf(++zxid);
  machine.apply(txn);
}

function created(id: bigint): Session {
  apply(OpCode.CREATE_SESSION, id);
  sessions.onCreated(id);
  return machine.session(id)!;
}

describe('at the leader', () => {
  test('who was known before has a whole timeout to come back', () => {
    apply(OpCode.CREATE_SESSION, 7n);
    clock.advance(10 * TIMEOUT_MS);
    sessions.lead(machine);
    clock.advance(TIMEOUT_MS - 1);
    expect(expired).toEqual([]);
    clock.advance(2 * TICK_MS);
    expect(expired).toEqual([7n]);
  });

  test('life shown at a learner counts, with the timeout that was agreed on there', () => {
    sessions.lead(machine);
    created(7n);
    created(8n);
    for (let i = 0; i < 5; i++) {
      clock.advance(TIMEOUT_MS / 2);
      sessions.onTouched([{ sessionId: sessionId(7n), timeoutMs: 3 * TIMEOUT_MS }]);
    }
    expect(expired).toEqual([8n]);
    clock.advance(2 * TIMEOUT_MS);
    expect(expired).toEqual([8n]);
    clock.advance(TIMEOUT_MS + 2 * TICK_MS);
    expect(expired).toEqual([8n, 7n]);
  });

  test('a session has one seat: whoever asks from another has lost it', () => {
    sessions.lead(machine);
    const session = created(7n);
    expect(sessions.standingOf(session, 4)).toBe(Code.OK);
    expect(sessions.standingOf(session, HERE)).toBe(Code.SESSION_MOVED);
    sessions.onRevalidate(5, { kind: 'revalidate', sessionId: sessionId(7n), timeoutMs: 500 });
    expect(sent).toEqual([[5, { kind: 'revalidated', sessionId: 7n, isValid: true }]]);
    expect(sessions.standingOf(session, 4)).toBe(Code.SESSION_MOVED);
    expect(sessions.standingOf(session, 5)).toBe(Code.OK);
    sessions.attached(session, TIMEOUT_MS);
    expect(sessions.standingOf(session, 5)).toBe(Code.SESSION_MOVED);
    expect(sessions.standingOf(session, HERE)).toBe(Code.OK);
  });

  test('one that has ended, or is about to, is nobody’s', () => {
    sessions.lead(machine);
    const session = created(7n);
    session.isClosing = true;
    expect(sessions.standingOf(session, HERE)).toBe(Code.SESSION_EXPIRED);
    expect(sessions.standingOf(undefined, HERE)).toBe(Code.SESSION_EXPIRED);
    sessions.onRevalidate(5, { kind: 'revalidate', sessionId: sessionId(7n), timeoutMs: 500 });
    sessions.onRevalidate(5, { kind: 'revalidate', sessionId: sessionId(9n), timeoutMs: 500 });
    expect(sent.map(([, message]) => message)).toMatchObject([
      { isValid: false },
      { isValid: false },
    ]);
    sessions.onClosing(session);
    apply(OpCode.CLOSE_SESSION, 7n);
    sessions.onClosed(7n);
    clock.advance(10 * TIMEOUT_MS);
    expect(expired).toEqual([]);
  });
});

describe('at a learner', () => {
  const answers: (bigint | null)[] = [];
  const note = (session: Session | null): number => answers.push(session?.id ?? null);

  beforeEach(() => {
    answers.length = 0;
    sessions.follow(machine, 3);
  });

  test('a client may come back when the leader says so', () => {
    sessions.revalidate(7n, 500, note);
    expect(sent).toEqual([[3, { kind: 'revalidate', sessionId: 7n, timeoutMs: 500 }]]);
    expect(answers).toEqual([]);
    // What made it has been applied before the answer comes.
    apply(OpCode.CREATE_SESSION, 7n);
    sessions.onRevalidated({ kind: 'revalidated', sessionId: sessionId(7n), isValid: true });
    expect(answers).toEqual([7n]);
  });

  test('two who ask for the same are both answered, and late answers are nobody’s', () => {
    apply(OpCode.CREATE_SESSION, 7n);
    sessions.revalidate(7n, 500, note);
    sessions.revalidate(7n, 500, note);
    const answer = { kind: 'revalidated', sessionId: sessionId(7n), isValid: false } as const;
    for (let i = 0; i < 3; i++) sessions.onRevalidated(answer);
    expect(answers).toEqual([null, null]);
    sessions.revalidate(7n, 500, note);
    sessions.end();
    sessions.follow(machine, 4);
    sessions.onRevalidated(answer);
    expect(answers).toEqual([null, null]);
  });

  test('who showed life is told once, with its timeout', () => {
    apply(OpCode.CREATE_SESSION, 7n);
    apply(OpCode.CREATE_SESSION, 8n);
    const [a, b] = [machine.session(7n)!, machine.session(8n)!];
    sessions.attached(a, 500);
    sessions.touch(a, 500, clock.nowMs());
    sessions.touch(b, 900, clock.nowMs());
    expect(sessions.takeTouches()).toEqual([
      { sessionId: 7n, timeoutMs: 500 },
      { sessionId: 8n, timeoutMs: 900 },
    ]);
    expect(sessions.takeTouches()).toEqual([]);
    expect(sessions.clock).toBeNull();
  });

  test('ids bear the member’s own in their highest byte', () => {
    expect(sessions.newSessionId() >> 56n).toBe(BigInt(sid(2)));
  });
});

describe('local sessions', () => {
  const answers: (bigint | null)[] = [];
  const note = (session: Session | null): number => answers.push(session?.id ?? null);

  beforeEach(() => {
    answers.length = 0;
    sessions = sessionsWith({ localSessionsEnabled: true });
  });

  test('are there where the settings say so, and wherever there is no leader', () => {
    expect(sessions.locals).toBeNull();
    sessions.follow(machine, 3);
    expect(sessions.locals).not.toBeNull();
    sessions.end();
    sessions.lead(machine);
    expect(sessions.locals).not.toBeNull();
    sessions.end();
    expect(sessions.locals).toBeNull();
    sessions = sessionsWith({});
    sessions.follow(machine, 3);
    expect(sessions.locals).toBeNull();
    sessions.end();
    sessions.cutOff(machine);
    expect(sessions.locals).not.toBeNull();
  });

  test('end here, when nothing was heard of them, and nobody else is told of them', () => {
    sessions.follow(machine, 3);
    const [a, b] = [sessions.locals!.open(TIMEOUT_MS), sessions.locals!.open(TIMEOUT_MS)];
    sessions.attached(a, TIMEOUT_MS);
    sessions.attached(b, TIMEOUT_MS);
    expect(sessions.localCount).toBe(2);
    for (let i = 0; i < 5; i++) {
      clock.advance(TIMEOUT_MS / 2);
      sessions.touch(a, TIMEOUT_MS, clock.nowMs());
    }
    expect([expiredHere, expired]).toEqual([[b.id], []]);
    expect([sessions.isLocal(a), sessions.isLocal(b)]).toEqual([true, false]);
    expect(sessions.takeTouches()).toEqual([]);
    sessions.locals!.close(a);
    clock.advance(10 * TIMEOUT_MS);
    expect([expiredHere, sessions.localCount]).toEqual([[b.id], 0]);
  });

  test('a client may come back to the member it was at, and to no other', () => {
    sessions.follow(machine, 3);
    const session = sessions.locals!.open(TIMEOUT_MS);
    sessions.revalidate(session.id, 500, note);
    expect([answers, sent]).toEqual([[session.id], []]);
    sessions.end();
    sessions.lead(machine);
    sessions.revalidate(session.id, 500, note);
    sessions.onRevalidate(5, {
      kind: 'revalidate',
      sessionId: sessionId(session.id),
      timeoutMs: 500,
    });
    expect(answers).toEqual([session.id, null]);
    expect(sent).toMatchObject([[5, { isValid: false }]]);
  });

  test('one that becomes the ensemble’s is the leader’s to end from then on', () => {
    sessions.lead(machine);
    const session = sessions.locals!.open(TIMEOUT_MS);
    sessions.attached(session, TIMEOUT_MS);
    sessions.upgrade(session);
    expect(sessions.isLocal(session)).toBe(false);
    // Whoever comes back meanwhile waits for what it has become.
    sessions.revalidate(session.id, 500, note);
    expect(answers).toEqual([]);
    const made = created(session.id);
    expect(answers).toEqual([session.id]);
    sessions.attached(made, TIMEOUT_MS);
    expect(sessions.standingOf(made, HERE)).toBe(Code.OK);
    clock.advance(TIMEOUT_MS + 2 * TICK_MS);
    expect([expired, expiredHere]).toEqual([[session.id], []]);
  });

  test('one whose upgrade is refused is what it was', () => {
    sessions.follow(machine, 3);
    const session = sessions.locals!.open(TIMEOUT_MS);
    sessions.upgrade(session);
    sessions.revalidate(session.id, 500, note);
    sessions.stayLocal(session);
    expect([answers, sessions.isLocal(session)]).toEqual([[session.id], true]);
    clock.advance(TIMEOUT_MS + 2 * TICK_MS);
    expect(expiredHere).toEqual([session.id]);
  });

  test('who moves while its session becomes the ensemble’s waits until it is known here', () => {
    sessions.follow(machine, 3);
    sessions.revalidate(7n, 500, note);
    sessions.onRevalidated({ kind: 'revalidated', sessionId: sessionId(7n), isValid: true });
    expect(answers).toEqual([]);
    created(7n);
    expect(answers).toEqual([7n]);
  });

  test('what a leader knows of them: its own, perhaps a learner’s, or none at all', () => {
    sessions.lead(machine);
    const own = sessions.locals!.open(TIMEOUT_MS).id;
    const another = (3n << 56n) | 1n;
    const ephemerals = (id: bigint, seat: number): unknown[] => {
      const standing = sessions.localStandingOf(id, seat);
      return [standing.any, standing.ephemerals];
    };
    expect(ephemerals(own, HERE)).toEqual([Code.OK, Code.EPHEMERAL_ON_LOCAL_SESSION]);
    expect(ephemerals(own, 4)).toEqual([Code.SESSION_EXPIRED, Code.SESSION_EXPIRED]);
    expect(ephemerals(another, 4)).toEqual([Code.OK, Code.SESSION_EXPIRED]);
    expect(ephemerals(another, HERE)).toEqual([Code.SESSION_EXPIRED, Code.SESSION_EXPIRED]);
    // A request that was on its way when its session ended is no learner's.
    for (const id of [another, another + 1n, another + 2n]) sessions.onClosed(id);
    expect(sessions.localStandingOf(another + 2n, 4).any).toBe(Code.SESSION_EXPIRED);
    expect(sessions.localStandingOf(another, 4).any).toBe(Code.OK);
  });
});
