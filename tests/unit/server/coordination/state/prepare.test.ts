/** Requests become transactions: which refusal comes first, what a proposal sees of those before it, what a group leaves. */
import { beforeEach, describe, expect, test } from 'vitest';

import { Prng } from '../../../../../src-server/base/prng.ts';
import {
  type Acl,
  type Identity,
  OPEN_ACL,
  Permission,
  READ_ACL,
} from '../../../../../src-server/coordination/model/acl.ts';
import { Code, codeName } from '../../../../../src-server/coordination/model/codes.ts';
import { OpCode } from '../../../../../src-server/coordination/model/ops.ts';
import {
  CreateFlag,
  NO_TTL,
  Request,
} from '../../../../../src-server/coordination/model/request.ts';
import type { Txn } from '../../../../../src-server/coordination/model/txn.ts';
import type { Machine } from '../../../../../src-server/coordination/state/machine.ts';
import {
  ANN,
  Changes,
  describeState,
  firstDifference,
  newMachine,
  Pipeline,
} from '../../../../sim/changes.ts';

const ADDRESS: Identity = { scheme: 'ip', id: '127.0.0.1' };

let machine: Machine;
let pipeline: Pipeline;
let session: bigint;

function begin(rules: Parameters<typeof newMachine>[0] = {}): void {
  machine = newMachine(rules);
  machine.createSystemNodes();
  pipeline = new Pipeline(machine);
  session = pipeline.newSession();
  pipeline.applyAll();
}

beforeEach(() => begin());

function request(op: OpCode, path: string | null, fields: Partial<Request> = {}): Request {
  return Object.assign(new Request(op), {
    path,
    acl: OPEN_ACL,
    version: -1,
    identities: [ADDRESS],
    ...fields,
  });
}

const createOf = (path: string | null, fields: Partial<Request> = {}): Request =>
  request(OpCode.CREATE, path, { data: new Uint8Array(), ...fields });
const deleteOf = (path: string, version = -1): Request => request(OpCode.DELETE, path, { version });
const setOf = (path: string, text: string, version = -1): Request =>
  request(OpCode.SET_DATA, path, { data: Buffer.from(text), version });
const multiOf = (...ops: Request[]): Request => request(OpCode.MULTI, null, { ops });

/** The name of the refusal, or the path. */
function result(asked: Request): string {
  const txn = pipeline.propose(asked, session);
  return txn.type === OpCode.ERROR ? codeName(txn.error) : txn.path;
}

function digestOf(txn: Txn): bigint {
  return BigInt.asIntN(64, (BigInt(txn.digestHigh) << 32n) | BigInt(txn.digestLow));
}

describe('refusals, in the order that decides which one a client sees', () => {
  const NOBODY_MAY: Acl = [{ permissions: Permission.READ, scheme: 'digest', id: ANN.id }];

  beforeEach(() => {
    for (const asked of [
      createOf('/open'),
      createOf('/open/child'),
      createOf('/closed', { acl: NOBODY_MAY }),
      createOf('/eph', { flags: CreateFlag.EPHEMERAL }),
    ])
      pipeline.do(asked, session);
  });

  test.each([
    ['flags above the last mode', createOf('/x', { flags: 7 }), 'BAD_ARGUMENTS'],
    ['flags below the first', createOf('/x', { flags: -1 }), 'BAD_ARGUMENTS'],
    ['a TTL mode without a TTL', createOf('/x', { flags: 5 }), 'BAD_ARGUMENTS'],
    ['no slash at all', createOf('x'), 'BAD_ARGUMENTS'],
    ['an empty path', createOf(''), 'BAD_ARGUMENTS'],
    ['NUL in a path whose parent is missing', createOf('/no/x\0'), 'BAD_ARGUMENTS'],
    ['null path', createOf(null), 'MARSHALLING_ERROR'],
    ['a bad list before a missing parent', createOf('/no/x', { acl: [] }), 'INVALID_ACL'],
    ['null list', createOf('/x', { acl: null }), 'INVALID_ACL'],
    ['a missing parent before a bad name', createOf('/no/./x'), 'NO_NODE'],
    ['an empty component is a missing parent', createOf('/open//x'), 'NO_NODE'],
    ['a slash at the end is a missing parent', createOf('/new/'), 'NO_NODE'],
    ['no permission before a bad name', createOf('/closed/..'), 'NO_AUTH'],
    ['no permission before an existing node', createOf('/closed/x'), 'NO_AUTH'],
    ['a bad name', createOf('/open/..'), 'BAD_ARGUMENTS'],
    ['a slash at the end below a parent that is there', createOf('/open/'), 'BAD_ARGUMENTS'],
    ['an existing node', createOf('/open/child'), 'NODE_EXISTS'],
    ['the root', createOf('/'), 'NODE_EXISTS'],
    ['below an ephemeral node', createOf('/eph/x'), 'NO_CHILDREN_FOR_EPHEMERALS'],
  ])('create: %s', (_, asked, refusal) => expect(result(asked)).toBe(refusal));

  test.each([
    ['no slash', deleteOf('x'), 'BAD_ARGUMENTS'],
    ['NUL', deleteOf('/x\0'), 'BAD_ARGUMENTS'],
    ['the root', deleteOf('/'), 'BAD_ARGUMENTS'],
    ['/zookeeper', deleteOf('/zookeeper'), 'BAD_ARGUMENTS'],
    ['/zookeeper/quota', deleteOf('/zookeeper/quota'), 'BAD_ARGUMENTS'],
    ['/zookeeper/config', deleteOf('/zookeeper/config'), 'BAD_ARGUMENTS'],
    ['a missing parent', deleteOf('/no/x'), 'NO_NODE'],
    ['no permission on the parent before a missing node', deleteOf('/closed/x'), 'NO_AUTH'],
    ['a missing node', deleteOf('/open/x'), 'NO_NODE'],
    ['a bad version before children', deleteOf('/open', 5), 'BAD_VERSION'],
    ['children', deleteOf('/open'), 'NOT_EMPTY'],
  ])('delete: %s', (_, asked, refusal) => expect(result(asked)).toBe(refusal));

  test.each([
    ['a bad path before a missing node', setOf('/no/', ''), 'BAD_ARGUMENTS'],
    ['a missing node', setOf('/no', ''), 'NO_NODE'],
    ['no permission before a bad version', setOf('/closed', '', 9), 'NO_AUTH'],
    ['a bad version', setOf('/open', '', 9), 'BAD_VERSION'],
  ])('setData: %s', (_, asked, refusal) => expect(result(asked)).toBe(refusal));

  test.each([
    ['a bad path before a bad list', request(OpCode.SET_ACL, '/x/', { acl: [] }), 'BAD_ARGUMENTS'],
    [
      'a bad list before a missing node',
      request(OpCode.SET_ACL, '/no', { acl: [] }),
      'INVALID_ACL',
    ],
    ['a missing node', request(OpCode.SET_ACL, '/no'), 'NO_NODE'],
    ['no permission', request(OpCode.SET_ACL, '/closed', { version: 9 }), 'NO_AUTH'],
    ['a bad version', request(OpCode.SET_ACL, '/open', { version: 9 }), 'BAD_VERSION'],
  ])('setACL: %s', (_, asked, refusal) => expect(result(asked)).toBe(refusal));

  test.each([
    ['a missing node', request(OpCode.CHECK, '/no'), Code.NO_NODE],
    ['no permission', request(OpCode.CHECK, '/eph/../x'), Code.BAD_ARGUMENTS],
    ['a bad version', request(OpCode.CHECK, '/open', { version: 9 }), Code.BAD_VERSION],
  ])('check in a group: %s', (_, asked, code) => {
    const txn = pipeline.propose(multiOf(asked), session);
    expect(txn.ops?.map(({ type, error }) => [type, error])).toEqual([[OpCode.ERROR, code]]);
  });

  test('a session nobody knows, and one that is closing', () => {
    const unknown = pipeline.propose(createOf('/x'), 99n);
    expect(codeName(unknown.error)).toBe('UNKNOWN_SESSION');
    pipeline.propose(new Request(OpCode.CLOSE_SESSION), session);
    expect(result(createOf('/x'))).toBe('SESSION_EXPIRED');
    expect(result(setOf('/open', ''))).toBe('SESSION_EXPIRED');
  });

  test('a refusal takes a zxid, is logged with session, xid and time, and has no digest', () => {
    const zxid = pipeline.lastProposed;
    const txn = pipeline.propose(deleteOf('/no/x'), session);
    expect(txn).toMatchObject({
      type: OpCode.ERROR,
      error: Code.NO_NODE,
      zxid: zxid + 1,
      sessionId: session,
      timeMs: pipeline.timeMs,
      hasDigest: false,
    });
    const before = machine.digest;
    pipeline.applyAll();
    expect([machine.lastZxid, machine.digest]).toEqual([zxid + 1, before]);
  });

  test('bytes that were no request are refused as such', () => {
    expect(result(createOf('/x', { malformed: Code.MARSHALLING_ERROR }))).toBe('MARSHALLING_ERROR');
  });
});

describe('sequence suffixes', () => {
  const sequential = (path: string): Request =>
    createOf(path, { flags: CreateFlag.PERSISTENT_SEQUENTIAL });

  test('count the creates below a parent, of any kind, and not the deletes', () => {
    expect(result(createOf('/q'))).toBe('/q');
    expect(result(sequential('/q/a-'))).toBe('/q/a-0000000000');
    expect(result(createOf('/q/plain'))).toBe('/q/plain');
    expect(result(sequential('/q/b-'))).toBe('/q/b-0000000002');
    expect(result(deleteOf('/q/plain'))).toBe('/q/plain');
    expect(result(deleteOf('/q/a-0000000000'))).toBe('/q/a-0000000000');
    expect(result(sequential('/q/a-'))).toBe('/q/a-0000000003');
    expect(result(createOf('/q/b-0000000002'))).toBe('NODE_EXISTS');
  });

  test('a path may end in a slash', () => {
    pipeline.do(createOf('/q'), session);
    expect(result(sequential('/q/'))).toBe('/q/0000000000');
  });

  test('at the end of the count the same name comes again and exists for ever', () => {
    pipeline.do(createOf('/q'), session);
    const jump = pipeline.propose(createOf('/q/jump'), session);
    jump.parentCversion = 0x7fff_ffff;
    // What is proposed next has to be judged against the tree with that jump in it.
    pipeline.applyAll();
    expect(result(sequential('/q/a-'))).toBe('/q/a-2147483647');
    pipeline.applyAll();
    expect(result(sequential('/q/a-'))).toBe('NODE_EXISTS');
    expect(result(sequential('/q/b-'))).toBe('/q/b-2147483647');
  });
});

describe('kinds of nodes', () => {
  const statOf = (path: string) => machine.nodes.stat(machine.find(path));
  const kindOf = (path: string): string => machine.nodes.kind(machine.find(path));

  test('the operation decides a container and a TTL node, not the flags', () => {
    pipeline.do(request(OpCode.CREATE_CONTAINER, '/c', { flags: 0 }), session);
    pipeline.do(createOf('/plain', { flags: CreateFlag.CONTAINER }), session);
    pipeline.do(request(OpCode.CREATE_TTL, '/t', { flags: 5, ttlMs: 1000 }), session);
    expect(['/c', '/plain', '/t'].map(kindOf)).toEqual(['container', 'persistent', 'ttl']);
    expect(['/c', '/plain', '/t'].map((path) => statOf(path).ephemeralOwner)).toEqual([0n, 0n, 0n]);
    expect(machine.digestMismatches).toBe(0);
  });

  test.each([
    [0, 'BAD_ARGUMENTS'],
    [1, '/t'],
    [0xff_ffff_ffff, '/t'],
    [0x100_0000_0000, 'BAD_ARGUMENTS'],
  ])('a time to live of %i ms: %s', (ttlMs, expected) => {
    expect(result(request(OpCode.CREATE_TTL, '/t', { flags: 5, ttlMs }))).toBe(expected);
  });

  test('without extended types a TTL is not implemented, and its mark is a session', () => {
    begin({ extendedTypes: false });
    expect(result(request(OpCode.CREATE_TTL, '/t', { flags: 5, ttlMs: 1 }))).toBe('UNIMPLEMENTED');
  });

  test('a TTL operation without a TTL mode is refused', () => {
    expect(result(request(OpCode.CREATE_TTL, '/t', { flags: 0, ttlMs: 5 }))).toBe('BAD_ARGUMENTS');
    expect(result(request(OpCode.CREATE_TTL, '/t', { flags: 0, ttlMs: NO_TTL }))).toBe(
      'BAD_ARGUMENTS',
    );
  });

  test('containers fall due once emptied, TTL nodes once old, never with children', () => {
    for (const path of ['/used', '/unused', '/full'])
      pipeline.do(request(OpCode.CREATE_CONTAINER, path, { flags: 4 }), session);
    for (const path of ['/used/a', '/full/a']) pipeline.do(createOf(path), session);
    pipeline.do(deleteOf('/used/a'), session);
    pipeline.do(request(OpCode.CREATE_TTL, '/t', { flags: 5, ttlMs: 100 }), session);
    pipeline.do(request(OpCode.CREATE_TTL, '/parent', { flags: 5, ttlMs: 100 }), session);
    pipeline.do(createOf('/parent/child'), session);
    const now = pipeline.timeMs;
    expect(machine.dueForRemoval(now + 100, 0)).toEqual(['/used']);
    expect(machine.dueForRemoval(now + 101, 0)).toEqual(['/used', '/t']);
    expect(machine.dueForRemoval(now + 101, 50)).toEqual(['/used', '/unused', '/t']);
    pipeline.timeMs += 100;
    pipeline.do(setOf('/t', 'young again'), session);
    expect(machine.dueForRemoval(now + 101, 0)).toEqual(['/used']);
  });

  test('housekeeping removes what is due, and nothing that has become something else meanwhile', () => {
    pipeline.do(request(OpCode.CREATE_CONTAINER, '/c', { flags: 4 }), session);
    const reap = (path: string): string => result(request(OpCode.DELETE_CONTAINER, path));
    pipeline.do(createOf('/c/x'), session);
    expect(reap('/c')).toBe('NOT_EMPTY');
    pipeline.do(deleteOf('/c/x'), session);
    pipeline.do(deleteOf('/c'), session);
    expect(reap('/c')).toBe('NO_NODE');
    pipeline.do(createOf('/c'), session);
    expect(reap('/c')).toBe('BAD_VERSION');
    expect(reap('/zookeeper')).toBe('BAD_ARGUMENTS');
    pipeline.do(deleteOf('/c'), session);
    pipeline.do(request(OpCode.CREATE_CONTAINER, '/c', { flags: 4 }), session);
    expect(reap('/c')).toBe('/c');
  });
});

describe('the end of a session', () => {
  test('deletes its ephemerals, those still proposed included, and no others', () => {
    const other = pipeline.newSession();
    pipeline.do(createOf('/applied', { flags: CreateFlag.EPHEMERAL }), session);
    pipeline.do(createOf('/gone', { flags: CreateFlag.EPHEMERAL }), session);
    pipeline.do(createOf('/others', { flags: CreateFlag.EPHEMERAL }), other);
    pipeline.propose(createOf('/proposed', { flags: CreateFlag.EPHEMERAL }), session);
    pipeline.propose(deleteOf('/gone'), session);
    pipeline.propose(createOf('/lasting'), session);
    const txn = pipeline.propose(new Request(OpCode.CLOSE_SESSION), session);
    expect([...(txn.paths ?? [])].sort()).toEqual(['/applied', '/proposed']);
    pipeline.applyAll();
    const left = ['/applied', '/gone', '/proposed', '/others', '/lasting'].filter(
      (path) => machine.find(path) >= 0,
    );
    expect(left).toEqual(['/others', '/lasting']);
    expect([machine.sessionCount, machine.ephemeralCount]).toEqual([1, 1]);
    expect(machine.digestMismatches).toBe(0);
  });

  test('what was proposed and will never be applied is forgotten, with the ends of sessions', () => {
    pipeline.propose(createOf('/x'), session);
    pipeline.propose(new Request(OpCode.CLOSE_SESSION), session);
    expect(machine.pendingCount).toBeGreaterThan(0);
    machine.abandonPending();
    const fresh = new Pipeline(machine, session);
    const txn = fresh.propose(createOf('/x'), session);
    expect(txn.path).toBe('/x');
    fresh.applyAll();
    expect(machine.digestMismatches).toBe(0);
  });
});

describe('a group', () => {
  beforeEach(() => pipeline.do(createOf('/m'), session));

  test('each part sees those before it', () => {
    const txn = pipeline.propose(
      multiOf(
        createOf('/m/a'),
        setOf('/m/a', 'x', 0),
        request(OpCode.CHECK, '/m/a', { version: 1 }),
        createOf('/m/s-', { flags: CreateFlag.PERSISTENT_SEQUENTIAL }),
        deleteOf('/m/a', 1),
        createOf('/m/a'),
      ),
      session,
    );
    expect(txn.ops?.map(({ type }) => type)).toEqual([
      OpCode.CREATE,
      OpCode.SET_DATA,
      OpCode.CHECK,
      OpCode.CREATE,
      OpCode.DELETE,
      OpCode.CREATE,
    ]);
    expect(txn.ops?.[3]?.path).toBe('/m/s-0000000001');
    pipeline.applyAll();
    expect(machine.nodes.stat(machine.find('/m'))).toMatchObject({ cversion: 4, numChildren: 2 });
    expect(digestOf(txn)).toBe(machine.digest);
  });

  test('that fails leaves no trace: parts that will not be applied, errors at and after the refusal, the digest from before', () => {
    pipeline.propose(createOf('/m/pending'), session);
    const before = pipeline.propose(setOf('/m', 'before'), session);
    const failed = pipeline.propose(
      multiOf(
        createOf('/m/a'),
        setOf('/m', 'inside'),
        deleteOf('/m/pending'),
        deleteOf('/m/none'),
        createOf('/m/b'),
      ),
      session,
    );
    expect(failed.ops?.map(({ type, error }) => [type, error])).toEqual([
      [OpCode.CREATE, Code.OK],
      [OpCode.SET_DATA, Code.OK],
      [OpCode.DELETE, Code.OK],
      [OpCode.ERROR, Code.NO_NODE],
      [OpCode.ERROR, Code.RUNTIME_INCONSISTENCY],
    ]);
    expect(digestOf(failed)).toBe(digestOf(before));
    // What comes next is judged as if the group had not been there.
    expect(result(createOf('/m/a'))).toBe('/m/a');
    expect(result(createOf('/m/pending'))).toBe('NODE_EXISTS');
    const version = pipeline.propose(setOf('/m', 'after', 1), session);
    expect(version.version).toBe(2);
    const last = pipeline.propose(
      createOf('/m/s', { flags: CreateFlag.PERSISTENT_SEQUENTIAL }),
      session,
    );
    expect(last.path).toBe('/m/s0000000002');
    pipeline.applyAll();
    expect(digestOf(last)).toBe(machine.digest);
    expect(machine.digestMismatches).toBe(0);
  });

  const OPS = {
    create: OpCode.CREATE,
    create2: OpCode.CREATE2,
    container: OpCode.CREATE_CONTAINER,
    ttl: OpCode.CREATE_TTL,
  } as const;
  const { EPHEMERAL, CONTAINER, PERSISTENT_WITH_TTL: TTL } = CreateFlag;

  test.each<[keyof typeof OPS, number, string, string]>([
    ['create', 0, 'create', 'create'],
    ['create', CONTAINER, 'container', 'container'],
    ['create', TTL, 'MARSHALLING_ERROR', 'MARSHALLING_ERROR'],
    ['create', 7, 'BAD_ARGUMENTS', 'MARSHALLING_ERROR'],
    ['create2', EPHEMERAL, 'create', 'create2'],
    ['create2', CONTAINER, 'container', 'container'],
    ['create2', TTL, 'MARSHALLING_ERROR', 'MARSHALLING_ERROR'],
    ['container', 0, 'create', 'container'],
    ['container', TTL, 'MARSHALLING_ERROR', 'MARSHALLING_ERROR'],
    ['ttl', TTL, 'ttl', 'ttl'],
    ['ttl', 0, 'create', 'create'],
    ['ttl', CONTAINER, 'container', 'container'],
    ['ttl', 7, 'BAD_ARGUMENTS', 'BAD_ARGUMENTS'],
  ])('%s with mode %i: in 3.8 %s, in 3.9 %s', (op, flags, in38, in39) => {
    const made = (compat38: boolean): string => {
      begin({ compat38 });
      const part = request(OPS[op], '/x', { flags, ttlMs: op === 'ttl' ? 1000 : NO_TTL });
      const txn = pipeline.propose(multiOf(part), session);
      if (txn.type === OpCode.ERROR) return codeName(txn.error);
      const [only] = txn.ops!;
      if (only!.type === OpCode.ERROR) return codeName(only!.error);
      return Object.entries(OPS).find(([, code]) => code === only!.type)![0];
    };
    expect([made(true), made(false)]).toEqual([in38, in39]);
  });

  test('with a part that cannot be read is refused as a whole, and leaves nothing pending', () => {
    const unread = createOf('/m/b', { acl: [{ permissions: 31, scheme: 'world', id: null }] });
    const txn = pipeline.propose(multiOf(createOf('/m/a'), unread, deleteOf('/none')), session);
    expect([txn.type, txn.error]).toEqual([OpCode.ERROR, Code.MARSHALLING_ERROR]);
    expect(result(createOf('/m/a'))).toBe('/m/a');
    // Behind the first refusal nobody looks.
    const unseen = pipeline.propose(multiOf(deleteOf('/none'), unread), session);
    expect(unseen.ops?.map(({ error }) => error)).toEqual([
      Code.NO_NODE,
      Code.RUNTIME_INCONSISTENCY,
    ]);
  });

  test('of nothing is nothing', () => {
    const before = machine.digest;
    const txn = pipeline.propose(multiOf(), session);
    expect(txn.ops).toEqual([]);
    pipeline.applyAll();
    expect([digestOf(txn), machine.digest]).toEqual([before, before]);
  });
});

describe('lists of access', () => {
  const ANN_ONLY: Acl = [{ permissions: Permission.ALL, scheme: 'digest', id: ANN.id }];

  test('`auth` becomes the identities that were proven, once each', () => {
    const txn = pipeline.propose(
      createOf('/x', {
        acl: [
          { permissions: 3, scheme: 'auth', id: 'ignored' },
          { permissions: 3, scheme: 'auth', id: 'ignored' },
          ...READ_ACL,
          ...READ_ACL,
        ],
        identities: [ADDRESS, ANN],
      }),
      session,
    );
    expect(txn.acl).toEqual([{ permissions: 3, scheme: 'digest', id: ANN.id }, ...READ_ACL]);
    expect(result(createOf('/y', { acl: [{ permissions: 1, scheme: 'auth', id: '' }] }))).toBe(
      'INVALID_ACL',
    );
  });

  test.each([
    ['world must be anyone', { scheme: 'world', id: 'somebody' }],
    ['a scheme nobody knows', { scheme: 'kerberos', id: 'x' }],
    ['a digest without a colon', { scheme: 'digest', id: 'ann' }],
    ['an address that is none', { scheme: 'ip', id: '1.2.3' }],
    ['more bits than an address has', { scheme: 'ip', id: '1.2.3.4/33' }],
    ['no scheme', { scheme: null, id: 'x' }],
  ])('%s', (_, entry) => {
    const acl: Acl = [{ permissions: 31, ...entry }];
    expect(result(createOf('/x', { acl }))).toBe('INVALID_ACL');
  });

  const of = (scheme: string | null, id: string | null, permissions = 31): Acl => [
    { permissions, scheme, id },
  ];

  test.each<[string, Acl, string]>([
    ['no id where one is looked at', of('world', null), 'MARSHALLING_ERROR'],
    ['no id of a user', of('digest', null), 'MARSHALLING_ERROR'],
    ['no address', of('ip', null), 'MARSHALLING_ERROR'],
    ['no id in a scheme nobody knows', of('kerberos', null), 'INVALID_ACL'],
    ['no id where it is ignored', of('auth', null), '/x'],
    ['no scheme, and another entry alike', [...READ_ACL, ...of(null, 'x', 1)], 'MARSHALLING_ERROR'],
    ['no scheme, and another entry unlike', [...READ_ACL, ...of(null, 'x', 2)], 'INVALID_ACL'],
    ['no id twice', [...of('auth', null), ...of('auth', null)], 'MARSHALLING_ERROR'],
    ['no id, and another scheme', [...READ_ACL, ...of('auth', null, 1)], '/x'],
  ])('nulls end where Java falls over them: %s', (_, acl, expected) => {
    expect(result(createOf('/x', { acl, identities: [ANN] }))).toBe(expected);
  });

  test('addresses of IPv6 came with 3.9', () => {
    const acl = of('ip', '::1');
    expect(result(createOf('/x', { acl }))).toBe('/x');
    begin({ compat38: true });
    expect(result(createOf('/x', { acl }))).toBe('INVALID_ACL');
    expect(result(createOf('/x', { acl: of('ip', '10.0.0.0/8') }))).toBe('/x');
  });

  test('are judged as they will be once everything proposed is applied', () => {
    pipeline.propose(createOf('/p', { acl: ANN_ONLY }), session);
    expect(result(createOf('/p/x'))).toBe('NO_AUTH');
    expect(result(createOf('/p/x', { identities: [ANN] }))).toBe('/p/x');
    expect(result(request(OpCode.SET_ACL, '/p', { identities: [ANN] }))).toBe('/p');
    expect(result(createOf('/p/y'))).toBe('/p/y');
  });

  test('super and skipAcl pass everywhere', () => {
    pipeline.do(createOf('/p', { acl: ANN_ONLY }), session);
    expect(result(setOf('/p', ''))).toBe('NO_AUTH');
    expect(
      result(request(OpCode.SET_DATA, '/p', { identities: [{ scheme: 'super', id: '' }] })),
    ).toBe('/p');
    begin({ skipAcl: true });
    pipeline.do(createOf('/p', { acl: ANN_ONLY }), session);
    expect(result(setOf('/p', ''))).toBe('/p');
  });
});

describe('what is precomputed comes true', () => {
  test.each([1, 2, 3, 4, 5, 6])(
    'the digest of every transaction is the tree after it, however far ahead it was proposed (seed %i)',
    (seed) => {
      const random = new Prng(seed);
      const changes = new Changes(new Prng(seed + 100));
      const counts = new Map<number, number>();
      let ahead = 0;
      for (let step = 0; step < 3000; step++) {
        const txn = changes.propose(pipeline);
        counts.set(txn.type, (counts.get(txn.type) ?? 0) + 1);
        ahead = Math.max(ahead, pipeline.waiting.length);
        const limit = Math.floor(step / 500) % 2 === 0 ? 60 : 3;
        while (pipeline.waiting.length > random.below(limit)) {
          const next = pipeline.waiting[0]!;
          pipeline.applyOne();
          if (next.hasDigest && digestOf(next) !== machine.digest)
            expect.fail(`zxid ${next.zxid}, type ${next.type}: the digest differs`);
        }
      }
      pipeline.applyAll();
      expect(machine.digestMismatches).toBe(0);
      expect(machine.pendingCount).toBe(0);
      expect(ahead).toBeGreaterThan(20);
      // The work was rich enough to mean something.
      for (const type of [-11, -10, -1, 1, 2, 5, 7, 14, 15, 19, 21])
        expect(counts.get(type) ?? 0, `transactions of type ${type}`).toBeGreaterThan(3);
    },
  );

  test('proposed ahead or one by one, the same requests make the same transactions and the same tree', () => {
    const run = (aheadMax: number): { log: readonly Txn[]; state: string[] } => {
      begin();
      const changes = new Changes(new Prng(42));
      for (let step = 0; step < 2000; step++) {
        changes.propose(pipeline);
        while (pipeline.waiting.length > aheadMax) pipeline.applyOne();
      }
      pipeline.applyAll();
      return { log: pipeline.log, state: describeState(machine) };
    };
    const [stepwise, ahead] = [run(0), run(100)];
    expect(firstDifference(ahead.state, stepwise.state)).toBeNull();
    const differing = ahead.log.findIndex(
      (txn, i) => JSON.stringify(txn, comparable) !== JSON.stringify(stepwise.log[i], comparable),
    );
    expect(differing).toBe(-1);
  });
});

/** What may differ: in which order a close names its ephemerals, and whether a session is closing or closed already. */
function comparable(key: string, value: unknown): unknown {
  if (typeof value === 'bigint') return value.toString();
  if (key === 'paths' && Array.isArray(value)) return [...(value as string[])].sort();
  return key === 'error' && value === Code.SESSION_EXPIRED ? Code.UNKNOWN_SESSION : value;
}
