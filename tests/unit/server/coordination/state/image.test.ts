/** Images of the state: walked in slices while changes go on, loaded, and put right by replay. */
import { describe, expect, test } from 'vitest';

import { Prng } from '../../../../../src-server/base/prng.ts';
import { type Zxid, ZXID_ZERO } from '../../../../../src-server/base/zxid.ts';
import { type Acl, OPEN_ACL } from '../../../../../src-server/coordination/model/acl.ts';
import { OpCode } from '../../../../../src-server/coordination/model/ops.ts';
import { CreateFlag, Request } from '../../../../../src-server/coordination/model/request.ts';
import type { Txn } from '../../../../../src-server/coordination/model/txn.ts';
import type { DigestedStat } from '../../../../../src-server/coordination/state/digest.ts';
import type { ImageWalk } from '../../../../../src-server/coordination/state/image.ts';
import { type Machine, NO_ROW } from '../../../../../src-server/coordination/state/machine.ts';
import { OPEN_ACL_ID } from '../../../../../src-server/coordination/state/permissions.ts';
import {
  ANN,
  Changes,
  describeFigures,
  describeState,
  firstDifference,
  newMachine,
  Pipeline,
} from '../../../../sim/changes.ts';

interface StoredNode {
  readonly path: string;
  readonly data: Uint8Array | null;
  readonly acl: number;
  readonly stat: DigestedStat;
}

interface Image {
  readonly zxid: Zxid;
  readonly sessions: ImageWalk['sessions'];
  readonly acls: ImageWalk['acls'];
  readonly nodes: readonly StoredNode[];
  readonly stated: Machine['digestNow'];
}

/** Walks the state, and lets `meanwhile` happen after every so many nodes. */
function takeImage(machine: Machine, nodesPerSlice: number, meanwhile: () => void): Image {
  const zxid = machine.lastZxid;
  const walk = machine.walkImage();
  const nodes: StoredNode[] = [];
  while (walk.next()) {
    const length = walk.dataLength;
    const data =
      length > 0
        ? walk.dataBytes.slice(walk.dataOffset, walk.dataOffset + length)
        : new Uint8Array();
    nodes.push({
      path: walk.path,
      data: length < 0 ? null : data,
      acl: walk.acl,
      stat: { ...walk.stat },
    });
    if (nodes.length % nodesPerSlice === 0) meanwhile();
  }
  return { zxid, sessions: walk.sessions, acls: walk.acls, nodes, stated: machine.digestNow };
}

function load({ zxid, sessions, acls, nodes, stated }: Image): Machine {
  const machine = newMachine();
  const loader = machine.loader();
  for (const { id, timeoutMs } of sessions) loader.addSession(id, timeoutMs);
  for (const { id, acl } of acls) loader.addAcl(id, acl);
  for (const { path, data, acl, stat } of nodes)
    expect(loader.addNode(path, data, acl, stat)).toBeNull();
  machine.finishLoading(zxid, stated);
  return machine;
}

function replay(machine: Machine, log: readonly Txn[]): void {
  const after = machine.lastZxid;
  for (const txn of log) if (txn.zxid > after) machine.apply(txn);
}

function expectEqual(found: Machine, original: Machine): void {
  expect(firstDifference(describeState(found), describeState(original))).toBeNull();
  expect(describeFigures(found)).toEqual(describeFigures(original));
  expect(found.lastZxid).toBe(original.lastZxid);
  expect(found.digestMismatches).toBe(0);
}

function begin(): Pipeline {
  const machine = newMachine();
  machine.createSystemNodes();
  return new Pipeline(machine);
}

function create(path: string, fields: Partial<Request> = {}): Request {
  return Object.assign(new Request(OpCode.CREATE), { path, acl: OPEN_ACL, ...fields });
}

describe('an image of a quiet state', () => {
  test('holds every node once, parents first, and gives the same state back', () => {
    const pipeline = begin();
    const changes = new Changes(new Prng(11));
    for (let i = 0; i < 2000; i++) {
      changes.propose(pipeline);
      pipeline.applyAll();
    }
    const { machine } = pipeline;
    const image = takeImage(machine, 1, () => undefined);
    const seen = new Set<string>();
    for (const { path } of image.nodes) {
      expect(path === '' || seen.has(path.slice(0, path.lastIndexOf('/')))).toBe(true);
      expect(seen.has(path)).toBe(false);
      seen.add(path);
    }
    expect(image.nodes.length).toBe(machine.nodeCount - 1);
    const found = load(image);
    expectEqual(found, machine);
    expect(found.removeOrphans()).toEqual([]);
    // The copy goes on like the original: same rules, same sums.
    const [here, there] = [pipeline, new Pipeline(found)];
    const request = create('/went-on', { flags: CreateFlag.PERSISTENT_SEQUENTIAL });
    const session = changes.sessions[0]!;
    expect(there.propose(request, session).path).toBe(here.propose(request, session).path);
    here.applyAll();
    there.applyAll();
    expect(found.digest).toBe(machine.digest);
    expect(found.digestMismatches).toBe(0);
  });

  test('of a new database is what a new database is', () => {
    const { machine } = begin();
    const found = load(takeImage(machine, 1, () => undefined));
    expect(found.digest).toBe(1_371_985_504n);
    expect(found.nodeCount).toBe(5);
    expect(found.lastZxid).toBe(ZXID_ZERO);
  });

  test('may hold a transaction more than it states, which the next sum tells from a wrong one', () => {
    for (const isWrong of [false, true]) {
      const pipeline = begin();
      const session = pipeline.newSession();
      pipeline.settle();
      const write = (path: string): void => {
        pipeline.propose(create(path), session);
        pipeline.applyAll();
      };
      write('/before');
      const { machine } = pipeline;
      const [zxid, stated] = [machine.lastZxid, machine.digestNow];
      write('/in-part');
      const { nodes, ...image } = takeImage(machine, 1, () => undefined);
      const kept = isWrong ? nodes.filter(({ path }) => path !== '/before') : nodes;
      const found = load({ ...image, nodes: kept, zxid, stated });
      expect(found.digestMismatches).toBe(1);
      replay(found, pipeline.log);
      expect(found.digestMismatches).toBe(isWrong ? 1 : 0);
      if (!isWrong) expectEqual(found, machine);
    }
  });

  test('from before there were all system nodes gets the missing ones', () => {
    const { machine } = begin();
    const image = takeImage(machine, 1, () => undefined);
    const old = { ...image, nodes: image.nodes.filter(({ path }) => path !== '/zookeeper/config') };
    expect(load(old).nodeCount).toBe(5);
  });
});

test('the lists of access in an image are those that nodes have, and no others', () => {
  const pipeline = begin();
  const changes = new Changes(new Prng(17));
  for (let round = 0; round < 20; round++) {
    for (let i = 0; i < 150; i++) {
      changes.propose(pipeline);
      pipeline.applyAll();
    }
    const image = takeImage(pipeline.machine, 1, () => undefined);
    const used = new Set(image.nodes.map(({ acl }) => acl).filter((acl) => acl !== OPEN_ACL_ID));
    expect(new Set(image.acls.map(({ id }) => id))).toEqual(used);
  }
});

describe('an image taken while changes go on', () => {
  test.each(Array.from({ length: 24 }, (_, i) => i + 1))(
    'gives the same state back once the log is replayed over it (seed %i)',
    (seed) => {
      const random = new Prng(seed);
      const pipeline = begin();
      const { machine } = pipeline;
      const changes = new Changes(new Prng(seed + 1000), { depthMax: 2 + (seed % 4) });
      const work = (count: number): void => {
        for (let i = 0; i < count; i++) {
          changes.propose(pipeline);
          while (pipeline.waiting.length > random.below(8)) pipeline.applyOne();
        }
      };
      work(random.between(50, 1500));
      const image = takeImage(machine, random.between(1, 12), () => work(random.below(10)));
      work(random.below(100));
      pipeline.applyAll();
      expect(machine.digestMismatches).toBe(0);
      const found = load(image);
      replay(found, pipeline.log);
      expectEqual(found, machine);
      expect(found.removeOrphans()).toEqual([]);
    },
  );

  test('goes on behind a node that is removed where the walk stands, and behind its siblings', () => {
    const pipeline = begin();
    const session = pipeline.newSession();
    const names = Array.from({ length: 10 }, (_, i) => `/n${i}`);
    for (const name of names) pipeline.do(create(name), session);
    const walk = pipeline.machine.walkImage();
    const visited: string[] = [];
    while (walk.next()) {
      visited.push(walk.path);
      if (walk.path !== '/n3') continue;
      for (const path of ['/n3', '/n4', '/n5'])
        pipeline.do(Object.assign(new Request(OpCode.DELETE), { path, version: -1 }), session);
    }
    expect(visited.filter((path) => path.startsWith('/n'))).toEqual(
      names.filter((name) => name !== '/n4' && name !== '/n5'),
    );
  });

  test('leaves out what is younger than itself, so that no reader has to know its access list', () => {
    const pipeline = begin();
    const session = pipeline.newSession();
    pipeline.do(create('/old'), session);
    const secret: Acl = [{ permissions: 31, scheme: 'digest', id: ANN.id }];
    let isDone = false;
    const image = takeImage(pipeline.machine, 1, () => {
      if (isDone) return;
      isDone = true;
      pipeline.do(create('/old/young', { acl: secret }), session);
      pipeline.do(create('/old/young/younger', { identities: [ANN] }), session);
    });
    expect(image.nodes.map(({ path }) => path).filter((path) => path.startsWith('/old'))).toEqual([
      '/old',
    ]);
    const found = load(image);
    replay(found, pipeline.log);
    expectEqual(found, pipeline.machine);
    expect(found.aclOf(found.find('/old/young'))).toEqual(secret);
  });

  test('a list set meanwhile on an older node is put right by replay', () => {
    const pipeline = begin();
    const session = pipeline.newSession();
    pipeline.do(create('/old'), session);
    const secret: Acl = [{ permissions: 31, scheme: 'digest', id: ANN.id }];
    let isDone = false;
    const image = takeImage(pipeline.machine, 1, () => {
      if (isDone) return;
      isDone = true;
      pipeline.do(
        Object.assign(new Request(OpCode.SET_ACL), { path: '/old', acl: secret, version: -1 }),
        session,
      );
    });
    expect(image.nodes.find(({ path }) => path === '/old')?.acl).toBe(OPEN_ACL_ID);
    const found = load(image);
    replay(found, pipeline.log);
    expectEqual(found, pipeline.machine);
  });

  test('a walk that is given up stops listening', () => {
    const pipeline = begin();
    const session = pipeline.newSession();
    pipeline.do(create('/a'), session);
    const walk = pipeline.machine.walkImage();
    walk.next();
    walk.close();
    pipeline.do(Object.assign(new Request(OpCode.DELETE), { path: '/a', version: -1 }), session);
    expect(pipeline.machine.find('/a')).toBe(NO_ROW);
  });
});

describe('an image that cannot be', () => {
  const STAT: DigestedStat = {
    czxid: 1,
    mzxid: 1,
    pzxid: 1,
    ctime: 1,
    mtime: 1,
    version: 0,
    cversion: 0,
    aversion: 0,
    ownerHigh: 0,
    ownerLow: 0,
  };

  test.each([
    ['a node before its parent', '/a/b', /before its parent/],
    ['a node twice', '/zookeeper', /twice/],
    ['a path without a slash', 'a', /without a slash/],
  ])('%s is named', (_, path, problem) => {
    const machine = newMachine();
    const loader = machine.loader();
    loader.addNode('', null, OPEN_ACL_ID, STAT);
    loader.addNode('/zookeeper', null, OPEN_ACL_ID, STAT);
    expect(loader.addNode(path, null, OPEN_ACL_ID, STAT)).toMatch(problem);
  });

  test('a node whose list is missing is closed to all until replay names its list', () => {
    const machine = newMachine();
    const loader = machine.loader();
    loader.addNode('', null, OPEN_ACL_ID, STAT);
    expect(loader.addNode('/a', null, 77, STAT)).toBeNull();
    machine.finishLoading(1 as Zxid, null);
    const row = machine.find('/a');
    expect(machine.isPermitted(row, 31, [ANN, { scheme: 'ip', id: '127.0.0.1' }])).toBe(false);
    expect(machine.isPermitted(row, 31, [{ scheme: 'super', id: '' }])).toBe(true);
    const pipeline = new Pipeline(machine);
    const created = pipeline.propose(create('/elsewhere'), pipeline.newSession());
    created.type = OpCode.CREATE;
    created.path = '/a';
    created.acl = OPEN_ACL;
    machine.apply(created);
    expect(machine.isPermitted(row, 31, [])).toBe(true);
  });
});

describe('ephemerals whose session nobody knows', () => {
  test('are removed after replay, and only they', () => {
    const pipeline = begin();
    const [gone, alive] = [pipeline.newSession(), pipeline.newSession()];
    pipeline.do(create('/left', { flags: CreateFlag.EPHEMERAL }), gone);
    pipeline.do(create('/kept', { flags: CreateFlag.EPHEMERAL }), alive);
    const image = takeImage(pipeline.machine, 1, () => undefined);
    const found = load({
      ...image,
      sessions: image.sessions.filter(({ id }) => id !== gone),
    });
    expect(found.removeOrphans()).toEqual(['/left']);
    expect([found.find('/left'), found.ephemeralCount]).toEqual([NO_ROW, 1]);
    expect(found.find('/kept')).not.toBe(NO_ROW);
  });

  test('are adopted when replay creates the session', () => {
    const pipeline = begin();
    let session = 0n;
    const image = takeImage(pipeline.machine, 2, () => {
      if (session !== 0n) return;
      session = pipeline.newSession();
      pipeline.do(create('/zookeeper/late', { flags: CreateFlag.EPHEMERAL }), session);
    });
    const found = load(image);
    replay(found, pipeline.log);
    expect(found.removeOrphans()).toEqual([]);
    expect(found.ephemeralPathsOf(session)).toEqual(['/zookeeper/late']);
  });
});
