/** Controllers at work, with our server and with Apache's: a ring is formed, heals, and obeys one of them at a time. */
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';

import { Prng } from '../../../src-server/base/prng.ts';
import { Client } from '../../../src-server/coordination/client/client.ts';
import type { RingDoor } from '../../../src-server/storage/control/controller.ts';
import { ringHealth } from '../../../src-server/storage/control/health.ts';
import { HISTORY_MAX } from '../../../src-server/storage/control/history-shelf.ts';
import type { Membership } from '../../../src-server/storage/control/membership.ts';
import {
  formatHistory,
  type HistoryEntry,
  parseHistory,
  type PartitionState,
} from '../../../src-server/storage/control/records.ts';
import type { Outcome } from '../../../src-server/storage/control/transaction.ts';
import { replicasOf } from '../../../src-server/storage/ring/table.ts';
import { nodeId } from '../../../src-server/storage/ring/topology.ts';
import { type Folder, temporaryFolder } from '../../peers/folders.ts';
import { type Proxy, startProxy } from '../../peers/proxy.ts';
import { until } from '../../peers/wait.ts';
import { describeWithServers, membershipAt, PLATFORM, type Stoppable } from './control-stage.ts';
import { ControlledNode, type ControlledNodeOptions } from './controlled-node.ts';

describeWithServers((start) => {
  let folder: Folder;
  let server: Stoppable;
  let proxy: Proxy;
  let operator: Client;
  let root: string;
  let nextRoot = 0;
  const nodes = new Map<string, ControlledNode>();

  const begin = (id: string, more: Partial<ControlledNodeOptions> = {}): ControlledNode => {
    const node = new ControlledNode({ port: server.port, root, id, ...more });
    nodes.set(id, node);
    return node;
  };

  const end = async (id: string): Promise<void> => {
    await nodes.get(id)!.close();
    nodes.delete(id);
  };

  const three = async (more: Partial<ControlledNodeOptions> = {}): Promise<void> => {
    for (const id of ['a', 'b', 'c']) begin(id, more);
    await until('the ring is whole', () => [...nodes.keys()].every(isWhole));
  };

  const viewOf = (id: string): Membership['view'] => nodes.get(id)!.membership.view;

  /** Everything is as the table wants it, with the leaders it wants. */
  const isWhole = (id: string): boolean => {
    const view = viewOf(id);
    const config = view.config?.value;
    if (config?.phase !== 'formed') return false;
    return [...view.partitions].every(([partition, { value: state }]) => {
      const wanted = replicasOf(config.table, partition);
      return (
        state.leader === wanted[0] &&
        view.nodes.get(state.leader)?.incarnation === state.leaderIncarnation &&
        [...state.inSync].sort().join() === [...wanted].sort().join() &&
        state.replicas.length === wanted.length &&
        state.learners.length === 0
      );
    });
  };

  const deciding = (): string =>
    [...nodes].flatMap(([id, { controller }]) => (controller.isDeciding ? [id] : [])).join();

  const epochs = (id: string): number[] =>
    [...viewOf(id).partitions].sort(([a], [b]) => a - b).map(([, { value }]) => value.epoch);

  const history = async (): Promise<HistoryEntry[]> => {
    const { names } = await operator.getChildren(`${root}/history`);
    const texts = await Promise.all(
      names.sort().map(async (name) => (await operator.getData(`${root}/history/${name}`)).data!),
    );
    return texts.flatMap((text) => {
      const record = parseHistory(text.toString());
      return record.ok ? [...record.value.entries] : [];
    });
  };

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
    root = `/ring-${nextRoot}`;
    proxy.setOpen(true);
  });

  afterEach(async () => {
    for (const id of [...nodes.keys()]) await end(id);
  });

  afterAll(async () => {
    await operator.close();
    await proxy.close();
    await server.stop();
    folder[Symbol.dispose]();
  });

  test('a ring is formed once as many nodes are there as it takes', async () => {
    const a = begin('a');
    begin('b');
    await until('one of them decides', () => deciding() !== '');
    const decider = nodes.get(deciding())!.controller;
    await until('it waits', () => decider.waits.length > 0);
    expect(decider.waits).toEqual([
      {
        reason: 'too-few-nodes',
        partition: null,
        node: null,
        znode: `${root}/nodes`,
        words: '2 of 3 nodes are there',
      },
    ]);
    begin('c');
    await until('it is formed', () => isWhole('a') && isWhole('b') && isWhole('c'));
    const { config, partitions } = a.membership.view;
    expect(config?.value).toMatchObject({ version: 1, out: [], minInSync: 2 });
    expect(partitions.size).toBe(16);
    expect(new Set(epochs('a'))).toEqual(new Set([1]));
    const health = ringHealth(a.membership.view);
    expect(health).toMatchObject({ underReplicated: [], unwritable: [], lost: [], unknown: [] });
    expect((await history())[0]).toMatchObject({ kind: 'formed', words: 'of 3 nodes' });
    await until(
      'nothing is left to do',
      () => nodes.get(deciding())!.controller.waits.length === 0,
    );
  });

  test('a node dies: others lead in its place, under a new epoch, until it is back', async () => {
    await three();
    const dead = deciding() === 'a' ? 'b' : 'a';
    const watcher = dead === 'a' ? 'b' : 'a';
    const before = epochs(watcher);
    const id = nodes.get(dead)!.id;
    const led = [...viewOf(watcher).partitions].filter(([, { value }]) => value.leader === id);
    expect(led.length).toBeGreaterThanOrEqual(5);
    await end(dead);
    await until('nothing is led by it', () =>
      [...viewOf(watcher).partitions.values()].every(({ value }) => value.leader !== id),
    );
    expect(led.every(([p]) => epochs(watcher)[p] === before[p]! + 1)).toBe(true);
    expect(ringHealth(viewOf(watcher)).unwritable).toEqual([]);
    begin(dead, { record: { incarnation: 2 } });
    await until('it leads again', () => isWhole(watcher));
    const kinds = new Set((await history()).map(({ kind }) => kind));
    expect([...kinds].sort()).toEqual(['fail-over', 'formed', 'hand-over']);
  });

  test('a leader that was started again is given a new epoch before it leads', async () => {
    await three();
    const before = epochs('b');
    const again = begin('a2', { id: 'a', record: { incarnation: 2 } });
    await until(
      'the first one is replaced',
      () => again.membership.registration.kind === 'registered',
    );
    await until('the former one stands for nothing', () =>
      viewOf('b').candidates.every((one) => one.node !== 'a' || one.incarnation === 2),
    );
    await until('it leads again', () =>
      [...viewOf('b').partitions].every(
        ([p, { value }]) =>
          value.leader !== 'a' || (value.leaderIncarnation === 2 && value.epoch > before[p]!),
      ),
    );
    await until('all is well', () => isWhole('b'));
  });

  test('a node that stays away is replaced, copy by copy, and comes in again when it is back', async () => {
    const terms = { formNodes: 4 };
    for (const id of ['a', 'b', 'c', 'd']) begin(id, { terms });
    await until('the ring is whole', () => isWhole('a'));
    const dead = ['a', 'b', 'c', 'd'].find((id) => id !== deciding())!;
    const watcher = deciding();
    await end(dead);
    await until('it is out', () => viewOf(watcher).config?.value.out.join() === dead);
    await until('all copies are there again', () => isWhole(watcher));
    expect(ringHealth(viewOf(watcher)).underReplicated).toEqual([]);
    begin(dead, { terms, record: { incarnation: 2 } });
    await until('it is in', () => viewOf(watcher).config?.value.out.length === 0);
    await until('it has its share', () => isWhole(watcher));
    expect(viewOf(watcher).config?.value.version).toBe(3);
  });

  test('the next controller takes over, and comes back to the end of the queue', async () => {
    for (const id of ['a', 'b', 'c']) begin(id, id === 'a' ? { port: proxy.port } : {});
    await until('the ring is whole', () => isWhole('a'));
    // Whoever is first: a has to be, as it is the one that can be cut off.
    const others = ['b', 'c'];
    for (const id of others) {
      if (deciding() === 'a') break;
      await end(id);
      await until('another one decides', () => deciding() !== '');
      begin(id, { record: { incarnation: 2 } });
    }
    await until('a decides', () => deciding() === 'a' && isWhole('a'));
    const { epoch } = nodes.get('a')!.controller;
    proxy.setOpen(false);
    proxy.cut();
    await until('another one decides', () => others.includes(deciding()));
    expect(nodes.get(deciding())!.controller.epoch).toBe(epoch + 1);
    await until('a knows', () => !viewOf('a').isConnected);
    expect(viewOf('a').partitions.size).toBe(16);
    proxy.setOpen(true);
    const next = deciding();
    await until('a is back, and in its place', () => isWhole('a') && isWhole(next));
    expect(deciding()).toBe(next);
  });

  test('what a deposed controller still sends is refused as a whole', async () => {
    // Its writes are held back from a moment on, as if the process had been asleep between deciding and sending.
    let isHeld = false;
    const held: (() => Promise<Outcome>)[] = [];
    const door = (membership: Membership): RingDoor =>
      new Proxy(membership, {
        get: (target, name) => {
          if (name === 'transact')
            return (steps: Parameters<Membership['transact']>[0]): Promise<Outcome> =>
              isHeld
                ? new Promise((resolve) => {
                    held.push(async () => {
                      const outcome = await target.transact(steps);
                      resolve(outcome);
                      return outcome;
                    });
                  })
                : target.transact(steps);
          const value: unknown = Reflect.get(target, name, target);
          return typeof value === 'function' ? (value.bind(target) as unknown) : value;
        },
      });
    begin('a', { door });
    await until('a decides', () => deciding() === 'a');
    for (const id of ['b', 'c']) begin(id);
    await until('the ring is whole', () => isWhole('a'));
    isHeld = true;
    await end('c');
    await until('a has decided', () => held.length > 0);
    const candidate = viewOf('a').candidates[0]!;
    expect(candidate.node).toBe('a');
    await operator.delete(`${root}/controller/${candidate.name}`, -1);
    await until('b decides', () => deciding().includes('b'));
    const c = nodeId('c');
    await until('b has done it', () =>
      [...viewOf('b').partitions.values()].every(({ value }) => value.leader !== c),
    );
    const done = epochs('b');
    expect(await held[0]!()).toMatchObject({
      kind: 'conflict',
      at: 0,
      why: `check ${root}/controllerEpoch: BAD_VERSION`,
    });
    expect(epochs('b')).toEqual(done);
    isHeld = false;
    await until('a knows', () => deciding() === 'b');
    await until('a stands again, behind b', () => viewOf('b').candidates[1]?.node === 'a');
  });

  test('a controller that ends between two writes leaves nothing that the next one cannot finish', async () => {
    const terms = { partitionCount: 512 };
    let writes = 0;
    const door = (membership: Membership): RingDoor =>
      new Proxy(membership, {
        get: (target, name) => {
          const value: unknown = Reflect.get(target, name, target);
          if (name === 'transact')
            return async (steps: Parameters<Membership['transact']>[0]): Promise<Outcome> => {
              const isFormation = steps.length > 100;
              if (isFormation && writes === 1) {
                await end('a');
                return { kind: 'lost', why: 'it has ended' };
              }
              if (isFormation) writes += 1;
              return target.transact(steps);
            };
          return typeof value === 'function' ? (value.bind(target) as unknown) : value;
        },
      });
    begin('a', { terms, door });
    await until('a decides', () => deciding() === 'a');
    begin('b', { terms });
    begin('c', { terms });
    await until('a has ended half way', () => !nodes.has('a'));
    const { partitions, config } = viewOf('b');
    await until('b has seen it', () => partitions.size >= 198);
    expect(config?.value.phase ?? 'forming').toBe('forming');
    begin('a', { terms, record: { incarnation: 2 } });
    await until('the ring is whole', () => isWhole('b') && isWhole('c'));
    expect(viewOf('b').partitions.size).toBe(512);
    expect(writes).toBe(1);
  });

  test('nobody is deposed because the ensemble was away, even when all sessions have ended', async () => {
    await three({ port: proxy.port });
    const before = epochs('a');
    const sessions = ['a', 'b', 'c'].map((id) => nodes.get(id)!.membership.session);
    proxy.setOpen(false);
    proxy.cut();
    await until('the ensemble has given them up', async () => {
      return (await operator.getChildren(`${root}/nodes`)).names.length === 0;
    });
    for (const id of ['a', 'b', 'c']) {
      expect(viewOf(id).isConnected).toBe(false);
      expect(isWhole(id)).toBe(true);
    }
    proxy.setOpen(true);
    await until('all are back', () =>
      ['a', 'b', 'c'].every((id) => viewOf(id).nodes.size === 3 && viewOf(id).isConnected),
    );
    await until('somebody decides', () => deciding() !== '');
    await until(
      'nothing is left to do',
      () => nodes.get(deciding())!.controller.waits.length === 0,
    );
    expect(epochs('a')).toEqual(before);
    expect(sessions).not.toContain(nodes.get('a')!.membership.session);
  });

  test('only an operator elects somebody who is not in sync, and history keeps the price', async () => {
    const terms = { replicaCount: 2, minInSync: 1, partitionCount: 1, formNodes: 2 };
    begin('a', { terms, isIdle: true });
    begin('b', { terms, isIdle: true });
    await until('the ring is whole', () => isWhole('a') && isWhole('b'));
    const { leader } = viewOf('a').partitions.get(0)!.value;
    const other = leader === 'a' ? 'b' : 'a';
    const { membership } = nodes.get(other)!;
    const left = await membership.withdraw(
      0,
      nodeId(other),
      viewOf(other).partitions.get(0)!.version,
    );
    expect(left.kind).toBe('ok');
    await end(leader!);
    await until('it decides', () => deciding() === other);
    const { controller } = nodes.get(other)!;
    await until('it says what it waits for', () =>
      controller.waits.some(({ reason, partition }) => reason === 'no-leader' && partition === 0),
    );
    expect(viewOf(other).partitions.get(0)!.value).toMatchObject({ epoch: 1, leader });
    expect(ringHealth(viewOf(other)).lost.map(({ partition }) => partition)).toEqual([0]);
    const force = {
      leader: nodeId(other),
      mayLose: { fromSeq: 17, toSeq: 20 },
      by: 'ada',
      why: 'the disk is gone',
      atMs: 1,
    };
    await membership.force(0, { ...force, epoch: 7 });
    await until('refused', async () =>
      (await history()).some(({ kind }) => kind === 'force-refused'),
    );
    expect(viewOf(other).partitions.get(0)!.value).toMatchObject({ epoch: 1, leader });
    await membership.force(0, { ...force, epoch: 1 });
    await until('forced', () => viewOf(other).partitions.get(0)!.value.forcedEpoch === 2);
    expect(viewOf(other).partitions.get(0)!.value).toMatchObject({
      epoch: 2,
      leader: other,
      inSync: [other],
    });
    expect((await history()).at(-1)).toMatchObject({
      kind: 'forced',
      words: 'by ada: the disk is gone; may lose entry 17 to entry 20',
    });
    expect((await operator.getChildren(`${root}/force`)).names).toEqual([]);
  });

  test('an operator wants another placement: copies follow, and history says who wanted it', async () => {
    const terms = { formNodes: 4 };
    for (const id of ['a', 'b', 'c', 'd']) begin(id, { terms });
    await until('the ring is whole', () => isWhole('a'));
    const { membership } = nodes.get('a')!;
    const { value: config, version } = membership.view.config!;
    const { table } = config;
    // Partition 0 exchanges its leader for the one node that has no copy.
    const row = [...table.cells.subarray(0, 3)];
    const stranger = [0, 1, 2, 3].find((i) => !row.includes(i))!;
    const cells = table.cells.slice();
    cells[0] = stranger;
    const wanted = {
      ...config,
      version: config.version + 1,
      table: { ...table, cells },
      changed: { atMs: 1, by: 'ada', why: 'to try it' },
    };
    for (const [why, bad] of [
      ['its version is not 2', { ...wanted, version: 3 }],
      ['it is of another ring', { ...wanted, ringId: 'x' }],
      ['x is none of its nodes', { ...wanted, out: [nodeId('x')] }],
      [
        'a ring of 16 partitions keeps them',
        { ...wanted, table: { ...table, partitionCount: 8, cells: cells.subarray(0, 24) } },
      ],
    ] as const)
      expect(await membership.changeConfig(bad, version)).toEqual({ kind: 'conflict', why });
    expect((await membership.changeConfig(wanted, version)).kind).toBe('ok');
    expect(await membership.changeConfig(wanted, version)).toMatchObject({ kind: 'conflict' });
    await until('it has moved', () => viewOf('a').config?.value.version === 2 && isWhole('a'));
    expect(viewOf('a').partitions.get(0)!.value.leader).toBe(table.nodeIds[stranger]);
    const told = (await history()).filter(({ kind }) => kind === 'placement-changed');
    expect(told).toMatchObject([{ words: 'to try it' }]);
  });

  test('nodes come and go at any time: epochs only grow, and in the end all is well', async () => {
    const random = new Prng(20261);
    const terms = { formNodes: 5, partitionCount: 32, downOutMs: 150, settleMs: 300, steadyMs: 30 };
    const all = ['a', 'b', 'c', 'd', 'e'];
    const starts = new Map(all.map((id) => [id, 1]));
    for (const id of all) begin(id, { terms, ...(random.chance(0.5) ? { port: proxy.port } : {}) });
    await until('the ring is whole', () => all.every(isWhole));
    const seen = new Map<number, PartitionState>();
    const wrong: string[] = [];
    const watcher = membershipAt(server.port, { root });
    watcher.onChange(({ partitions }) => {
      for (const partition of partitions) {
        const state = watcher.view.partitions.get(partition)!.value;
        const before = seen.get(partition);
        seen.set(partition, state);
        if (before === undefined) continue;
        const isElected = state.leader !== null && state.leader !== before.leader;
        if (state.epoch < before.epoch || (isElected && state.epoch === before.epoch))
          wrong.push(JSON.stringify({ partition, before, state }));
      }
    });
    for (let step = 0; step < 60; step++) {
      const id = random.pick(all);
      if (random.chance(0.1)) proxy.cut();
      else if (!nodes.has(id)) {
        starts.set(id, starts.get(id)! + 1);
        const port = random.chance(0.5) ? proxy.port : server.port;
        begin(id, { terms, port, record: { incarnation: starts.get(id)! } });
      } else if (nodes.size > 2) await end(id);
      // A few turns of the ensemble, so that decisions are met in the middle.
      for (let i = random.below(6); i > 0; i--) await operator.sync('/');
    }
    for (const id of all)
      if (!nodes.has(id)) begin(id, { terms, record: { incarnation: starts.get(id)! + 1 } });
    await until('all is well', () => all.every(isWhole), 60_000);
    expect(viewOf('a').config?.value.out).toEqual([]);
    expect(wrong).toEqual([]);
    await watcher.close();
  });

  test('history does not grow without end', async () => {
    await operator.create(root, null);
    await operator.create(`${root}/history`, null);
    const record = formatHistory({
      atMs: 1,
      by: 'x',
      controllerEpoch: 1,
      ringVersion: 1,
      entries: [],
    });
    const path = `${root}/history/h-`;
    await Promise.all(
      Array.from({ length: HISTORY_MAX + 250 }, () =>
        operator.create(path, Buffer.from(record), { mode: 'persistent-sequential' }),
      ),
    );
    begin('a', { terms: { formNodes: 1, replicaCount: 1, minInSync: 1 } });
    await until('the ring is whole', () => isWhole('a'));
    const count = async (): Promise<number> =>
      (await operator.getChildren(`${root}/history`)).names.length;
    await until('the oldest are gone', async () => (await count()) <= HISTORY_MAX);
    expect(await count()).toBeGreaterThan(HISTORY_MAX - 10);
    expect((await history()).at(-1)).toMatchObject({ kind: 'formed', words: '16 partitions' });
  });
});
