/** The door for writes: one order at the leader, one for each session at a learner. */
import { beforeEach, describe, expect, test } from 'vitest';

import { sessionId } from '../../../../../src-server/base/ids.ts';
import { nextZxid, type Zxid, zxidOf } from '../../../../../src-server/base/zxid.ts';
import { Writer } from '../../../../../src-server/bytes/writer.ts';
import { limitsFor } from '../../../../../src-server/config/limits.ts';
import { defaultSettings, type Settings } from '../../../../../src-server/config/settings.ts';
import {
  HERE,
  MemberSessions,
} from '../../../../../src-server/coordination/ensemble/member-sessions.ts';
import { Submit } from '../../../../../src-server/coordination/ensemble/submit.ts';
import { OPEN_ACL } from '../../../../../src-server/coordination/model/acl.ts';
import { Code, codeName } from '../../../../../src-server/coordination/model/codes.ts';
import { OpCode } from '../../../../../src-server/coordination/model/ops.ts';
import { CreateFlag, Request } from '../../../../../src-server/coordination/model/request.ts';
import { Txn } from '../../../../../src-server/coordination/model/txn.ts';
import type { Machine, Session } from '../../../../../src-server/coordination/state/machine.ts';
import { writeRequest } from '../../../../../src-server/coordination/wire/requests.ts';
import type { Event } from '../../../../../src-server/coordination/zab/events.ts';
import type { Message } from '../../../../../src-server/coordination/zab/messages.ts';
import { SILENT } from '../../../../../src-server/platform/logger.ts';
import { newMachine } from '../../../../sim/changes.ts';
import { SimClock } from '../../../../sim/clock.ts';
import { viewOf } from '../../../../sim/zab/solo.ts';

const LEADER = 9;
const VIEW = viewOf([1, 2, 3]);

/** A member around the door: it steps nothing, and commits when it is told to. */
class Bench {
  readonly machine: Machine = newMachine();
  readonly sent: [link: number, message: Message][] = [];
  readonly told: string[] = [];
  readonly taken: Event[] = [];
  readonly proposed: Txn[] = [];
  room: 'ok' | 'low' | 'none' = 'ok';
  windowMax = 100;
  /** While false, the core has no time. */
  isFree = true;
  readonly sessions: MemberSessions;
  readonly submit: Submit;
  #last: Zxid = zxidOf(0x1_0000_0000);
  readonly #uncommitted: Txn[] = [];

  constructor(more: Partial<Settings> = {}) {
    const settings = { ...defaultSettings('/d'), reconfigEnabled: true, ...more };
    const entropy = { bytes: (count: number) => new Uint8Array(count), uint32: () => 0 };
    const platform = { clock: new SimClock(), logger: SILENT, entropy };
    const send = (link: number, message: Message): void => {
      this.sent.push([link, message]);
    };
    this.sessions = new MemberSessions({
      settings,
      limits: limitsFor(settings),
      platform,
      send,
      onExpired: () => undefined,
      onLocalExpired: () => undefined,
    });
    // Getters below have a `this` of their own.
    const room = (): typeof this.room => this.room;
    const accepts = (): boolean => this.#uncommitted.length < this.windowMax;
    const next = (): Zxid => nextZxid(this.#last);
    this.submit = new Submit({
      settings,
      limits: limitsFor(settings),
      platform,
      storage: {
        machine: this.machine,
        lastZxid: this.#last,
        journal: {
          get room() {
            return room();
          },
        },
        prepared: (txn) => {
          this.proposed.push(txn);
          this.#uncommitted.push(txn);
          this.#last = txn.zxid;
          return new Uint8Array(10);
        },
      },
      sessions: this.sessions,
      peer: {
        view: VIEW,
        nextView: VIEW,
        isSynchronised: () => true,
        get accepts() {
          return accepts();
        },
        get nextZxid() {
          return next();
        },
      },
      take: (event) => this.taken.push(event),
      goOn: () => this.run(),
      send,
      drop: (link, reason) => this.told.push(`${link} dropped: ${reason}`),
    });
  }

  run(): void {
    if (!this.isFree) return;
    while (this.submit.goOn());
    this.submit.keep();
  }

  /** The oldest proposal is decided. */
  commit(): void {
    this.apply(this.#uncommitted.shift()!);
    this.run();
  }

  apply(txn: Txn): void {
    const outcome = this.machine.apply(txn);
    if (txn.type === OpCode.CREATE_SESSION) this.sessions.onCreated(txn.sessionId);
    this.submit.waiterOf(txn)?.settled(outcome);
  }

  /** A session that exists already. */
  session(id: bigint): Session {
    const txn = new Txn(OpCode.CREATE_SESSION);
    txn.sessionId = id;
    txn.timeoutMs = 1000;
    txn.zxid = zxidOf(1);
    this.machine.apply(txn);
    return this.machine.session(id)!;
  }

  waiter(name: string): { settled(outcome: { readonly code: Code }): void; synced(): void } {
    return {
      settled: ({ code }) => this.told.push(`${name} ${codeName(code)}`),
      synced: () => this.told.push(`${name} synced`),
    };
  }
}

function create(path: string, xid: number, flags: number = CreateFlag.PERSISTENT): Request {
  const request = Object.assign(new Request(OpCode.CREATE), {
    path,
    xid,
    flags,
    acl: OPEN_ACL,
    data: Buffer.from(path),
  });
  const writer = new Writer();
  writeRequest(writer, request);
  // What follows length, xid and type.
  request.body = writer.copy().subarray(12);
  return request;
}

let bench: Bench;

beforeEach(() => {
  bench = new Bench();
});

describe('at the leader', () => {
  let session: Session;

  beforeEach(() => {
    session = bench.session(1n);
    bench.submit.lead(bench.machine);
  });

  test('what is asked here is judged by what was proposed before it, and answered in the order of the log', () => {
    for (const [xid, path] of [
      [1, '/a'],
      [2, '/a/b'],
      [3, '/a'],
    ] as const)
      bench.submit.submit(create(path, xid), session, bench.waiter(`${xid}`));
    expect(bench.proposed.map(({ type, error }) => [type, error])).toEqual([
      [OpCode.CREATE, 0],
      [OpCode.CREATE, 0],
      [OpCode.ERROR, Code.NODE_EXISTS],
    ]);
    expect(bench.taken.map((event) => event.kind)).toEqual(['propose', 'propose', 'propose']);
    expect([bench.told, bench.submit.outstanding]).toEqual([[], 3]);
    for (let i = 0; i < 3; i++) bench.commit();
    expect(bench.told).toEqual(['1 OK', '2 OK', '3 NODE_EXISTS']);
    expect(bench.submit.proposalBytes).toEqual({ last: 10, min: 10, max: 10 });
  });

  test('what the window does not hold waits, even when the bytes it came in are gone', () => {
    bench.windowMax = 1;
    const requests = ['/a', '/b', '/c'].map((path, i) => create(path, i + 1));
    for (const request of requests)
      bench.submit.submit(request, session, bench.waiter(`${request.xid}`));
    for (const { body, data } of requests) {
      body.fill(0xee);
      data?.fill(0xee);
    }
    for (let i = 0; i < 3; i++) bench.commit();
    expect(bench.told).toEqual(['1 OK', '2 OK', '3 OK']);
    expect(bench.proposed.map(({ path }) => path)).toEqual(['/a', '/b', '/c']);
    expect(Buffer.from(bench.proposed[2]!.data!).toString()).toBe('/c');
  });

  test('a learner’s requests take their places among all others, a sync too', () => {
    bench.isFree = false;
    const other = bench.session(2n);
    bench.submit.submit(create('/here', 1), session, bench.waiter('here'));
    const forwarded = { sessionId: sessionId(other.id), identities: [] };
    bench.submit.onRequest(4, {
      kind: 'request',
      ...forwarded,
      cxid: 5,
      op: OpCode.CREATE,
      body: create('/there', 5).body,
    });
    bench.submit.onRequest(4, {
      kind: 'request',
      ...forwarded,
      cxid: 6,
      op: OpCode.SYNC,
      body: Buffer.alloc(4),
    });
    const sync = Object.assign(new Request(OpCode.SYNC), { path: '/' });
    bench.submit.sync(sync, session, bench.waiter('sync'));
    bench.isFree = true;
    bench.run();
    expect(bench.proposed.map(({ path, cxid }) => [path, cxid])).toEqual([
      ['/here', 1],
      ['/there', 5],
    ]);
    expect(bench.taken.slice(2)).toEqual([
      { kind: 'syncRequested', link: 4, token: 1 },
      { kind: 'syncRequested', link: null, token: 2 },
    ]);
    bench.submit.onSynced();
    expect(bench.told).toEqual(['sync synced']);
    bench.commit();
    bench.commit();
    expect(bench.told).toEqual(['sync synced', 'here OK']);
  });

  test('a session is written to from its seat only', () => {
    bench.sessions.lead(bench.machine);
    bench.sessions.attached(session, 1000);
    expect(bench.sessions.standingOf(session, HERE)).toBe(Code.OK);
    bench.submit.onRequest(4, {
      kind: 'request',
      sessionId: sessionId(1n),
      cxid: 5,
      op: OpCode.CREATE,
      body: create('/stale', 5).body,
      identities: [],
    });
    bench.run();
    expect(bench.proposed).toMatchObject([{ type: OpCode.ERROR, error: Code.SESSION_MOVED }]);
    bench.sessions.end();
  });

  test('a learner’s request gets its place even where this member would refuse it, and no other op does', () => {
    bench.room = 'low';
    expect(bench.submit.accepts(OpCode.SET_DATA)).toBe(Code.NOT_READ_ONLY);
    const forwarded = { kind: 'request', sessionId: sessionId(1n), identities: [] } as const;
    bench.submit.onRequest(4, {
      ...forwarded,
      cxid: 1,
      op: OpCode.CREATE,
      body: create('/a', 1).body,
    });
    bench.submit.onRequest(4, {
      ...forwarded,
      cxid: 2,
      op: OpCode.GET_DATA,
      body: Buffer.alloc(0),
    });
    bench.submit.onRequest(4, {
      ...forwarded,
      cxid: 3,
      op: OpCode.CLOSE_SESSION,
      body: Buffer.alloc(0),
    });
    bench.run();
    expect(bench.proposed.map(({ type, cxid, error }) => [type, cxid, error])).toEqual([
      [OpCode.ERROR, 1, Code.NOT_READ_ONLY],
      [OpCode.CLOSE_SESSION, 3, 0],
    ]);
  });

  test('what cannot be read is refused in its place', () => {
    bench.submit.onRequest(4, {
      kind: 'request',
      sessionId: sessionId(1n),
      cxid: 1,
      op: OpCode.CREATE,
      body: Buffer.from([0, 0, 0, 9, 1]),
      identities: [],
    });
    bench.run();
    expect(bench.proposed).toMatchObject([{ error: Code.MARSHALLING_ERROR }]);
  });

  test('when it ends nobody is told anything', () => {
    bench.submit.submit(create('/a', 1), session, bench.waiter('1'));
    bench.submit.end();
    expect([bench.submit.outstanding, bench.submit.goOn()]).toEqual([0, false]);
    bench.apply(bench.proposed[0]!);
    expect(bench.told).toEqual([]);
  });
});

describe('at a learner', () => {
  let a: Session;
  let b: Session;

  beforeEach(() => {
    a = bench.session(1n);
    b = bench.session(2n);
    bench.submit.follow(bench.machine, LEADER);
  });

  function committed(session: bigint, cxid: number, type: OpCode = OpCode.ERROR): Txn {
    const txn = new Txn(type);
    txn.sessionId = session;
    txn.cxid = cxid;
    txn.zxid = zxidOf(100 + cxid);
    txn.paths = [];
    return txn;
  }

  test('a write goes to the leader as it came', () => {
    const request = create('/a', 7);
    request.identities = [{ scheme: 'ip', id: '10.0.0.1' }];
    bench.submit.submit(request, a, bench.waiter('7'));
    expect(bench.sent).toEqual([
      [
        LEADER,
        {
          kind: 'request',
          sessionId: 1n,
          cxid: 7,
          op: OpCode.CREATE,
          body: request.body,
          identities: request.identities,
        },
      ],
    ]);
    bench.submit.createSession(3n, 4000, bench.waiter('new'));
    expect(bench.sent[1]![1]).toMatchObject({
      sessionId: 3n,
      cxid: 0,
      op: OpCode.CREATE_SESSION,
      body: Buffer.from([0, 0, 0x0f, 0xa0]),
    });
    expect(bench.submit.outstanding).toBe(2);
  });

  test('what is decided finds who waits, by session and number; others’ transactions find nobody', () => {
    for (const xid of [1, 2]) bench.submit.submit(create('/a', xid), a, bench.waiter(`a${xid}`));
    bench.submit.submit(create('/b', 1), b, bench.waiter('b1'));
    bench.apply(committed(3n, 1));
    bench.apply(committed(2n, 1));
    // From where the session's client was before.
    bench.apply(committed(1n, 9));
    expect(bench.told).toEqual(['b1 OK']);
    bench.apply(committed(1n, 1));
    bench.apply(committed(1n, 2));
    expect([bench.told, bench.submit.outstanding]).toEqual([['b1 OK', 'a1 OK', 'a2 OK'], 0]);
  });

  test('a session that ends takes with it who still waits in it', () => {
    for (const xid of [1, 2]) bench.submit.submit(create('/a', xid), a, bench.waiter(`a${xid}`));
    bench.apply(committed(1n, 0, OpCode.CLOSE_SESSION));
    expect(bench.submit.outstanding).toBe(0);
    bench.apply(committed(1n, 1));
    expect(bench.told).toEqual([]);
  });

  test('syncs are answered in their order', () => {
    const sync = Object.assign(new Request(OpCode.SYNC), { path: '/' });
    bench.submit.sync(sync, a, bench.waiter('first'));
    bench.submit.sync(sync, b, bench.waiter('second'));
    expect(bench.sent.map(([, message]) => message)).toMatchObject([
      { op: OpCode.SYNC, sessionId: 1n },
      { op: OpCode.SYNC, sessionId: 2n },
    ]);
    for (let i = 0; i < 3; i++) bench.submit.onSync();
    expect(bench.told).toEqual(['first synced', 'second synced']);
  });
});

test('cut off, nothing is written', () => {
  bench.submit.cutOff(bench.machine);
  for (const op of [OpCode.CREATE, OpCode.CLOSE_SESSION])
    expect(bench.submit.accepts(op)).toBe(Code.NOT_READ_ONLY);
});

describe('of a local session', () => {
  const { EPHEMERAL } = CreateFlag;

  function lead(upgrading: boolean): Session {
    bench = new Bench({
      localSessionsEnabled: true,
      localSessionsUpgradingEnabled: upgrading,
    });
    bench.sessions.lead(bench.machine);
    bench.submit.lead(bench.machine);
    return bench.sessions.locals!.open(1000);
  }

  function follow(upgrading: boolean): Session {
    bench = new Bench({
      localSessionsEnabled: true,
      localSessionsUpgradingEnabled: upgrading,
    });
    bench.sessions.follow(bench.machine, LEADER);
    bench.submit.follow(bench.machine, LEADER);
    return bench.sessions.locals!.open(1000);
  }

  const proposed = (): unknown[] => bench.proposed.map(({ type, error }) => [type, error]);
  const sentOps = (): unknown[] =>
    bench.sent.map(([, message]) => (message.kind === 'request' ? message.op : message.kind));

  test('a write at the leader needs no session that others know', () => {
    const session = lead(true);
    bench.submit.submit(create('/a', 1), session, bench.waiter('1'));
    expect(proposed()).toEqual([[OpCode.CREATE, 0]]);
    bench.commit();
    expect([bench.told, bench.machine.sessionCount]).toEqual([['1 OK'], 0]);
  });

  test('M4: its first ephemeral node at the leader makes it the ensemble’s, and what follows is behind that', () => {
    const session = lead(true);
    bench.submit.submit(create('/a', 1), session, bench.waiter('1'));
    bench.submit.submit(create('/b', 2, EPHEMERAL), session, bench.waiter('2'));
    bench.submit.submit(create('/c', 3, EPHEMERAL), session, bench.waiter('3'));
    // Even its end, before any of it is decided.
    bench.submit.submit(new Request(OpCode.CLOSE_SESSION), session, bench.waiter('4'));
    bench.submit.submit(create('/d', 5), session, bench.waiter('5'));
    expect(proposed()).toEqual([
      [OpCode.CREATE, 0],
      [OpCode.CREATE_SESSION, 0],
      [OpCode.CREATE, 0],
      [OpCode.CREATE, 0],
      [OpCode.CLOSE_SESSION, 0],
      [OpCode.ERROR, Code.SESSION_EXPIRED],
    ]);
    expect(bench.proposed[1]).toMatchObject({ sessionId: session.id, cxid: 0, timeoutMs: 1000 });
    expect(bench.proposed[4]!.paths).toEqual(['/b', '/c']);
    for (let i = 0; i < 6; i++) bench.commit();
    expect(bench.told).toEqual(['1 OK', '2 OK', '3 OK', '4 OK', '5 SESSION_EXPIRED']);
  });

  test('where it must stay local, an ephemeral node is refused at the leader', () => {
    const session = lead(false);
    bench.submit.submit(create('/a', 1, EPHEMERAL), session, bench.waiter('1'));
    const multi = new Request(OpCode.MULTI);
    multi.ops = [create('/b', 0), create('/c', 0, EPHEMERAL), create('/d', 0)];
    bench.submit.submit(multi, session, null);
    expect(proposed()).toEqual([
      [OpCode.ERROR, Code.EPHEMERAL_ON_LOCAL_SESSION],
      [OpCode.MULTI, 0],
    ]);
    expect(bench.proposed[1]!.ops?.map(({ error }) => error)).toEqual([
      Code.OK,
      Code.EPHEMERAL_ON_LOCAL_SESSION,
      Code.RUNTIME_INCONSISTENCY,
    ]);
    bench.commit();
    expect(bench.told).toEqual(['1 EPHEMERAL_ON_LOCAL_SESSION']);
    expect(bench.sessions.isLocal(session)).toBe(true);
  });

  test('a learner sends a createSession before its first ephemeral node, and nothing like it before', () => {
    const session = follow(true);
    bench.submit.submit(create('/a', 1), session, bench.waiter('1'));
    expect(sentOps()).toEqual([OpCode.CREATE]);
    const multi = Object.assign(new Request(OpCode.MULTI), {
      xid: 2,
      ops: [create('/b', 0), create('/c', 0, EPHEMERAL)],
    });
    bench.submit.submit(multi, session, bench.waiter('2'));
    bench.submit.submit(create('/d', 3, EPHEMERAL), session, bench.waiter('3'));
    expect(sentOps()).toEqual([OpCode.CREATE, OpCode.CREATE_SESSION, OpCode.MULTI, OpCode.CREATE]);
    expect(bench.sent[1]![1]).toMatchObject({ sessionId: session.id, cxid: 0 });
  });

  test('a learner whose leader refuses the createSession keeps it local', () => {
    const session = follow(true);
    bench.submit.submit(create('/a', 1, EPHEMERAL), session, bench.waiter('1'));
    expect(bench.sessions.isLocal(session)).toBe(false);
    for (const cxid of [0, 1]) {
      const txn = new Txn(OpCode.ERROR);
      txn.sessionId = session.id;
      txn.cxid = cxid;
      txn.error = cxid === 0 ? Code.NOT_READ_ONLY : Code.SESSION_EXPIRED;
      txn.zxid = zxidOf(100 + cxid);
      bench.apply(txn);
    }
    expect(bench.told).toEqual(['1 SESSION_EXPIRED']);
    expect(bench.sessions.isLocal(session)).toBe(true);
  });

  test('where it must stay local, the leader refuses the node and the learner says why', () => {
    const session = follow(false);
    bench.submit.submit(create('/a', 1, EPHEMERAL), session, bench.waiter('1'));
    expect(sentOps()).toEqual([OpCode.CREATE]);
    const txn = new Txn(OpCode.ERROR);
    txn.sessionId = session.id;
    txn.cxid = 1;
    txn.error = Code.SESSION_EXPIRED;
    txn.zxid = zxidOf(100);
    bench.apply(txn);
    expect(bench.told).toEqual(['1 EPHEMERAL_ON_LOCAL_SESSION']);
  });

  test('a leader lets a learner’s through, save what must live as long as it', () => {
    lead(true);
    const id = sessionId((3n << 56n) | 1n);
    for (const [cxid, flags] of [
      [1, CreateFlag.PERSISTENT],
      [2, EPHEMERAL],
    ] as const)
      bench.submit.onRequest(4, {
        kind: 'request',
        sessionId: id,
        cxid,
        op: OpCode.CREATE,
        body: create(`/${cxid}`, cxid, flags).body,
        identities: [],
      });
    bench.run();
    expect(proposed()).toEqual([
      [OpCode.CREATE, 0],
      [OpCode.ERROR, Code.SESSION_EXPIRED],
    ]);
  });
});
