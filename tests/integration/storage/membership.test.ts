/** A process's place in the ring, with our server and with Apache's: registered, informed, and back after every loss. */
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';

import { Client } from '../../../src-server/coordination/client/client.ts';
import {
  type Membership,
  type MembershipOptions,
  type NodeRecord,
} from '../../../src-server/storage/control/membership.ts';
import {
  formatPartition,
  type PartitionState,
} from '../../../src-server/storage/control/records.ts';
import { nodeId } from '../../../src-server/storage/ring/topology.ts';
import { type Folder, temporaryFolder } from '../../peers/folders.ts';
import { type Proxy, startProxy } from '../../peers/proxy.ts';
import { until } from '../../peers/wait.ts';
import {
  describeWithServers,
  membershipAt,
  nodeRecord,
  PLATFORM,
  type Stoppable,
} from './control-stage.ts';

const A = nodeId('a');
const B = nodeId('b');
const C = nodeId('c');
const STATE: PartitionState = {
  epoch: 3,
  leader: A,
  leaderIncarnation: 1,
  forcedEpoch: 0,
  inSync: [A, B],
  replicas: [A, B],
  learners: [C],
};

describeWithServers((start) => {
  let folder: Folder;
  let server: Stoppable;
  let proxy: Proxy;
  let operator: Client;
  let root: string;
  let nextRoot = 0;
  const open: Membership[] = [];

  const join = (port: number, more: Partial<MembershipOptions> = {}): Membership => {
    const membership = membershipAt(port, { root, ...more });
    open.push(membership);
    return membership;
  };

  const joinAs = (port: number, id: string, more: Partial<NodeRecord> = {}): Membership => {
    const membership = join(port);
    membership.register(nodeRecord(id, more));
    return membership;
  };

  /** Ids of the nodes that are alive in somebody's view. */
  const alive = (membership: Membership): string => [...membership.view.nodes.keys()].sort().join();

  beforeAll(async () => {
    folder = temporaryFolder();
    server = await start(folder.path);
    proxy = await startProxy(server.port);
    operator = new Client({
      platform: PLATFORM,
      connect: `127.0.0.1:${server.port}`,
      sessionTimeoutMs: 20_000,
    });
  });

  beforeEach(() => {
    nextRoot += 1;
    root = `/rings/ring-${nextRoot}`;
    proxy.setOpen(true);
  });

  afterEach(async () => {
    await Promise.all(open.splice(0).map((membership) => membership.close()));
  });

  afterAll(async () => {
    await operator.close();
    await proxy.close();
    await server.stop();
    folder[Symbol.dispose]();
  });

  test('nodes see each other come, change and go', async () => {
    const watcher = join(server.port);
    await watcher.ready();
    const a = joinAs(server.port, 'a');
    joinAs(server.port, 'b', { zone: 'east' });
    await until('both are seen', () => alive(watcher) === 'a,b');
    expect(watcher.view.nodes.get(B)).toEqual(nodeRecord('b', { zone: 'east' }));
    a.register(nodeRecord('a', { weight: 2 }));
    await until('the weight is seen', () => watcher.view.nodes.get(A)?.weight === 2);
    await a.close();
    await until('it is gone', () => alive(watcher) === 'b');
    expect([...watcher.view.members.keys()].sort()).toEqual([A, B]);
    expect(a.registration.kind).toBe('registered');
  });

  test('an expired session: the view stays, and the node is there again', async () => {
    const sessions: string[] = [];
    const a = join(proxy.port, { onSession: (session) => sessions.push(session) });
    a.register(nodeRecord('a'));
    const watcher = joinAs(server.port, 'b');
    await until('both are seen', () => alive(watcher) === 'a,b' && alive(a) === 'a,b');
    proxy.setOpen(false);
    proxy.cut();
    await until('the others take it for dead', () => alive(watcher) === 'b');
    expect(a.view.isConnected).toBe(false);
    expect(alive(a)).toBe('a,b');
    proxy.setOpen(true);
    await until('it is back', () => alive(watcher) === 'a,b' && a.view.isConnected);
    expect(sessions).toHaveLength(2);
    expect(a.session).toBe(sessions[1]);
  });

  test('what changes while there is no connection is seen after it', async () => {
    const a = join(proxy.port, { sessionTimeoutMs: 20_000 });
    joinAs(server.port, 'b');
    await until('b is seen', () => alive(a) === 'b');
    proxy.setOpen(false);
    proxy.cut();
    await until('it knows', () => !a.view.isConnected);
    await open[1]!.close();
    joinAs(server.port, 'c');
    await until('c is there', async () => (await operator.exists(`${root}/nodes/c`)) !== null);
    await operator.create(`${root}/p/7`, Buffer.from(formatPartition(STATE)));
    expect(alive(a)).toBe('b');
    const changes: boolean[] = [];
    a.onChange(({ isWhole }) => changes.push(isWhole));
    proxy.setOpen(true);
    await until('all is seen', () => alive(a) === 'c');
    expect(a.view.partitions.get(7)?.value).toEqual(STATE);
    expect(changes).toEqual([true]);
  });

  test('a later start takes the name over; an earlier one is told that it was replaced', async () => {
    const old = joinAs(server.port, 'a');
    await until('registered', () => old.registration.kind === 'registered');
    const late = joinAs(server.port, 'a', { incarnation: 2 });
    await until('taken over', () => late.registration.kind === 'registered');
    await until('told', () => old.registration.kind === 'refused');
    expect(old.registration).toMatchObject({
      why: 'a process with a later start of node a is there, at 127.0.0.1:7201',
    });
    await late.close();
    await until('the name is free again', () => old.registration.kind === 'registered');
  });

  test('who deletes a living node only makes it come again', async () => {
    const a = joinAs(server.port, 'a');
    await until('it is seen', () => alive(a) === 'a');
    let isGone = false;
    a.onChange(() => (isGone ||= alive(a) === ''));
    await operator.delete(`${root}/nodes/a`, -1);
    await until('it is back', () => isGone && alive(a) === 'a');
  });

  test('in-sync sets change against the version that was seen, or not at all', async () => {
    const a = joinAs(server.port, 'a');
    await until('registered', () => a.registration.kind === 'registered');
    await operator.create(`${root}/p/0`, Buffer.from(formatPartition(STATE)));
    const state = await until('seen', () => a.view.partitions.get(0));
    expect(state.version).toBe(0);
    expect(await a.changeInSync(0, { inSync: [A, B, C] }, 0)).toEqual({ kind: 'ok', version: 1 });
    await until('seen', () => a.view.partitions.get(0)?.version === 1);
    expect(a.view.partitions.get(0)!.value).toEqual({
      ...STATE,
      inSync: [A, B, C],
      replicas: [A, B, C],
      learners: [],
    });
    expect(await a.changeInSync(0, { inSync: [A] }, 0)).toMatchObject({ kind: 'conflict' });
    // Somebody else was first, and the view does not know it yet.
    const [one, two] = await Promise.all([
      a.changeInSync(0, { inSync: [A, B] }, 1),
      a.changeInSync(0, { inSync: [A, C] }, 1),
    ]);
    expect(one).toEqual({ kind: 'ok', version: 2 });
    expect(two).toMatchObject({ kind: 'conflict', why: `set ${root}/p/0: BAD_VERSION` });
    await until('seen', () => a.view.partitions.get(0)?.version === 2);
    // C stays a replica, though it has to fetch what it lacks.
    expect(a.view.partitions.get(0)!.value).toMatchObject({ inSync: [A, B], replicas: [A, B, C] });
    expect(await a.changeInSync(0, { inSync: [B] }, 2)).toMatchObject({ kind: 'conflict' });
  });

  test('a node that cannot vouch for its copy is not in sync any more, unless it is the last', async () => {
    const a = joinAs(server.port, 'a');
    await until('registered', () => a.registration.kind === 'registered');
    await operator.create(`${root}/p/0`, Buffer.from(formatPartition(STATE)));
    await until('seen', () => a.view.partitions.has(0));
    expect(await a.resign(0, A, 0)).toEqual({ kind: 'ok', version: 1 });
    await until('seen', () => a.view.partitions.get(0)?.version === 1);
    expect(a.view.partitions.get(0)!.value).toMatchObject({ leader: null, inSync: [A, B] });
    expect(await a.withdraw(0, A, 1)).toEqual({ kind: 'ok', version: 2 });
    await until('seen', () => a.view.partitions.get(0)?.version === 2);
    expect(a.view.partitions.get(0)!.value).toMatchObject({
      leader: null,
      inSync: [B],
      replicas: [A, B],
    });
    expect(await a.withdraw(0, B, 2)).toEqual({ kind: 'conflict', why: 'nobody is in sync' });
  });

  test('a record that cannot be read, or is gone, takes nothing away and is told of', async () => {
    const a = joinAs(server.port, 'a');
    await until('registered', () => a.registration.kind === 'registered');
    const path = `${root}/p/3`;
    await operator.create(path, Buffer.from(formatPartition(STATE)));
    await until('seen', () => a.view.partitions.has(3));
    await operator.setData(path, Buffer.from('{"format":1,"epoch":4}'), -1);
    await until('told', () => a.view.problems.get(path) === 'leaderIncarnation is not a number');
    expect(a.view.partitions.get(3)!.value).toEqual(STATE);
    expect(await a.changeInSync(3, { inSync: [A] }, 0)).toMatchObject({ kind: 'conflict' });
    await operator.delete(path, -1);
    await until('told', () => a.view.problems.get(path)?.startsWith('somebody deleted it'));
    expect(a.view.partitions.get(3)!.value).toEqual(STATE);
    await operator.create(path, Buffer.from(formatPartition({ ...STATE, epoch: 5 })));
    await until('seen', () => a.view.partitions.get(3)?.value.epoch === 5);
    expect(a.view.problems.size).toBe(0);
  });

  test('without an ensemble changes are lost, not refused', async () => {
    const a = join(proxy.port);
    a.register(nodeRecord('a'));
    await until('registered', () => a.registration.kind === 'registered');
    await operator.create(`${root}/p/0`, Buffer.from(formatPartition(STATE)));
    await until('seen', () => a.view.partitions.has(0));
    proxy.setOpen(false);
    proxy.cut();
    await until('it knows', () => !a.view.isConnected);
    expect(await a.changeInSync(0, { inSync: [A] }, 0)).toMatchObject({ kind: 'lost' });
    expect(a.view.partitions.get(0)?.value).toEqual(STATE);
  });
});
