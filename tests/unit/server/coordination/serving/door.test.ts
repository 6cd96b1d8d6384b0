/** The door and its connections, with a client of ours before it and nobody behind it. */
import { expect, test } from 'vitest';

import { limitsFor } from '../../../../../src-server/config/limits.ts';
import { defaultSettings } from '../../../../../src-server/config/settings.ts';
import {
  Client,
  type EventListener,
} from '../../../../../src-server/coordination/client/client.ts';
import { OPEN_ACL } from '../../../../../src-server/coordination/model/acl.ts';
import { OpCode } from '../../../../../src-server/coordination/model/ops.ts';
import { Request } from '../../../../../src-server/coordination/model/request.ts';
import { Door } from '../../../../../src-server/coordination/serving/door.ts';
import type { SyncWaiter, Waiter } from '../../../../../src-server/coordination/serving/ports.ts';
import { Reads } from '../../../../../src-server/coordination/serving/reads.ts';
import { ServerStats } from '../../../../../src-server/coordination/serving/stats.ts';
import { Watches } from '../../../../../src-server/coordination/serving/watches.ts';
import { SILENT } from '../../../../../src-server/platform/logger.ts';
import { Metrics } from '../../../../../src-server/platform/metrics.ts';
import { newMachine, Pipeline } from '../../../../sim/changes.ts';
import { SimDisk } from '../../../../sim/disk.ts';
import { Network } from '../../../../sim/network.ts';
import { simPlatform, TRUE_CLOCK } from '../../../../sim/platform.ts';
import { type Life, World } from '../../../../sim/world.ts';

/** A door whose writes are submitted and decided only when a test says so; sessions come to be at once. */
async function openDoor() {
  const world = new World(1);
  const network = new Network(world, {
    delayMinMs: 1,
    delayMaxMs: 1,
    cutting: 'whole',
    bufferBytes: 0x1_0000,
  });
  const platformOf = (life: Life) => {
    const host = life.name;
    return simPlatform({
      world,
      life,
      clock: TRUE_CLOCK,
      random: world.stream(),
      net: network.netOf(life, host, host),
      log: () => undefined,
      disk: (clock) => new SimDisk({ clock }),
    });
  };
  const settings = defaultSettings('/data');
  const pipeline = new Pipeline(newMachine());
  const { machine } = pipeline;
  machine.createSystemNodes();
  const watches = new Watches({ compat38: false });
  const submitted: Request[] = [];
  const syncs: SyncWaiter[] = [];
  const { clock, net } = platformOf(world.newLife('server'));
  const door = new Door({
    settings: { ...settings, clientPortAddress: null },
    limits: limitsFor(settings),
    clock,
    net,
    logger: SILENT,
    machine,
    watches,
    reads: new Reads({ machine, watches, compat38: false }),
    writes: {
      accepts: () => 0,
      submit: (request) => submitted.push(request),
      createSession: (id: bigint, timeoutMs: number, waiter: Waiter) => {
        const request = new Request(OpCode.CREATE_SESSION);
        request.timeoutMs = timeoutMs;
        waiter.settled(pipeline.do(request, id));
      },
      mayLag: true,
      sync: (_request, _session, waiter) => syncs.push(waiter),
      outstanding: 0,
    },
    sessions: {
      newSessionId: () => 7n,
      revalidate: (id, _timeoutMs, answer) => answer(machine.session(id) ?? null),
      touch: () => undefined,
      attached: () => undefined,
      locals: null,
    },
    words: () => null,
    stats: new ServerStats(new Metrics()),
  });
  const opening = door.open();
  await world.run(10);
  await opening;
  door.beginService(machine, 'full');
  const clientLife = world.newLife('client');
  const client = new Client({
    platform: platformOf(clientLife),
    connect: 'server:2181',
    sessionTimeoutMs: 10_000,
  });
  await world.run(100, () => client.state.kind === 'connected');
  return { world, door, client, clientLife, submitted, syncs, pipeline };
}

test('whoever has said goodbye and was not answered is sent away with all others when service ends', async () => {
  const { world, door, client, submitted } = await openDoor();
  let isClosed = false;
  void client.close().then(() => (isClosed = true));
  await world.run(200, () => submitted.length === 1);
  expect(submitted.map(({ op }) => op)).toEqual([OpCode.CLOSE_SESSION]);
  expect(door.connections.size).toBe(1);
  door.endService();
  await world.run(300);
  expect(door.connections.size).toBe(0);
  expect(isClosed).toBe(true);
});

test('nobody is answered after the end of the session, also not in the turn that has words for the client still', async () => {
  const { world, door, client, submitted, syncs, pipeline } = await openDoor();
  const { sessionId } = client;
  let told = '';
  const tell = (word: string) => () => (told += word);
  void client.exists('/watched', tell('event ')).then(tell('no node '));
  await world.run(world.nowMs + 20, () => told !== '');
  void client.setData('/watched', null, -1).catch(tell('no write '));
  void client.sync('/').catch(tell('no sync'));
  await world.run(world.nowMs + 20, () => submitted.length === 1 && syncs.length === 1);
  const create = new Request(OpCode.CREATE);
  create.path = '/watched';
  create.acl = OPEN_ACL;
  for (const request of [create, new Request(OpCode.CLOSE_SESSION)]) {
    const txn = pipeline.propose(request, sessionId);
    door.onApplied(txn, pipeline.applyOne()!, null);
  }
  syncs[0]!.synced();
  door.flush();
  await world.run(world.nowMs + 20, () => door.connections.size === 0);
  expect(door.connections.size).toBe(0);
  void client.close();
  await world.run(world.nowMs + 20);
  expect(told).toBe('no node event no write no sync');
});

test('W1: an event reaches its listener behind the answer that set the watch and before those that show the change', async () => {
  const { world, door, client, clientLife, pipeline } = await openDoor();
  for (let round = 0; round < 20; round++) {
    const path = `/n${round}`;
    const heard: string[] = [];
    const isThere = async (name: string, listener?: EventListener): Promise<void> => {
      const stat = await client.exists(path, listener);
      heard.push(`${name} ${stat === null ? 'no' : 'yes'}`);
    };
    void isThere('first', ({ kind }) => heard.push(kind));
    // The client asks and is stopped; what it is sent meanwhile it reads in one go afterwards, or piece by piece.
    await world.run(world.nowMs + 0.5);
    world.stop(clientLife);
    await world.run(world.nowMs + 5);
    const create = new Request(OpCode.CREATE);
    create.path = path;
    create.acl = OPEN_ACL;
    const txn = pipeline.propose(create, client.sessionId);
    door.onApplied(txn, pipeline.applyOne()!, null);
    door.flush();
    await world.run(world.nowMs + 5);
    world.goOn(clientLife);
    void isThere('second');
    await world.run(world.nowMs + 10, () => heard.length === 3);
    expect(heard).toEqual(['first no', 'created', 'second yes']);
  }
});
