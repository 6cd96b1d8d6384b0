/** The ensemble of this computer as it grows and shrinks from the console, and as the next start finds it. */
import { once } from 'node:events';
import fs from 'node:fs';
import net from 'node:net';
import path from 'node:path';
import { MessageChannel } from 'node:worker_threads';

import { afterEach, beforeEach, expect, test } from 'vitest';

import type { Membership } from '#contract/membership-models.ts';
import type { AppFacts, OperationState } from '#contract/models.ts';
import { RpcClient } from '#rpc/client.ts';

import type { ServeOptions } from '../../../src-server/command-line.ts';
import { threadPort } from '../../../src-server/console/transports/message-port.ts';
import { Client } from '../../../src-server/coordination/client/client.ts';
import { Host } from '../../../src-server/host.ts';
import { nodePlatform } from '../../../src-server/platform/node/platform.ts';
import { type Start, startOfApp, startOfServe } from '../../../src-server/start-members.ts';
import { type Folder, temporaryFolder } from '../../peers/folders.ts';
import { portsInARow } from '../../peers/ports.ts';
import { until } from '../../peers/wait.ts';

let folder: Folder;
const open: { close(): Promise<unknown> }[] = [];

beforeEach(() => {
  folder = temporaryFolder();
});

afterEach(async () => {
  for (const one of open.splice(0).reverse()) await one.close();
  folder[Symbol.dispose]();
});

function optionsOf(more: Partial<ServeOptions>): ServeOptions {
  return {
    dataDir: folder.path,
    clientPort: null,
    clientAddress: null,
    configFile: null,
    members: null,
    observers: 0,
    storage: 0,
    compat: '3.9',
    withConsole: true,
    consolePort: 0,
    logLevel: 'error',
    ...more,
  };
}

/** The app without its window. */
class Running {
  readonly start: Start;
  readonly rpc: RpcClient;
  readonly #host: Host;
  #facts: AppFacts | null = null;

  constructor(start: Start) {
    this.start = start;
    this.#host = new Host({
      ...start,
      threadUrl: new URL('../../../src-server/thread.ts', import.meta.url),
      version: 'test',
      logLevel: 'error',
      writeLog: () => undefined,
      console: { directory: path.join(start.dataDir, 'console'), web: null },
      onMember: () => undefined,
      onUrl: () => undefined,
    });
    this.#host.start();
    const { port1, port2 } = new MessageChannel();
    this.#host.admit(port2);
    this.rpc = new RpcClient(threadPort(port1), () => undefined);
    this.rpc.subscribe('app', null, { onEvent: (facts) => (this.#facts = facts) });
    open.push(this);
  }

  static async of(more: Partial<ServeOptions> = {}): Promise<Running> {
    const start = await startOfApp(optionsOf(more));
    if (!start.ok) throw new Error(start.error);
    const running = new Running(start.value);
    await until('the console is connected', () => running.config().catch(() => null));
    return running;
  }

  get ports(): number[] {
    return this.connectString.split(',').map((address) => Number(address.split(':')[1]));
  }

  get connectString(): string {
    return this.#facts?.connectString ?? '';
  }

  client(): Client {
    const client = new Client({
      platform: nodePlatform({ version: 'test', logLevel: 'error', writeLog: () => undefined }),
      connect: this.connectString,
      sessionTimeoutMs: 10_000,
    });
    open.push(client);
    return client;
  }

  config(): Promise<Membership> {
    return this.rpc.call('ensemble.config', { cluster: 'local' });
  }

  /** Members that stand so, once they are as many. */
  those(kind: Membership['standings'][number]['kind'], count: number): Promise<number[]> {
    return until(`${count} are there of which one says: ${kind}`, async () => {
      const { standings } = await this.config();
      const ids = standings.filter((one) => one.kind === kind).map(({ id }) => id);
      return ids.length === count ? ids : null;
    });
  }

  async members(): Promise<string[]> {
    return (await this.config()).members.map(({ id, role }) => `${id} ${role}`);
  }

  async grow(role: 'participant' | 'observer'): Promise<OperationState> {
    const { operation } = await this.rpc.call('ensemble.grow', { role });
    const states: OperationState[] = [];
    this.rpc.subscribe('operation', { operation }, { onEvent: (state) => states.push(state) });
    return until('the growth has ended', () => {
      const last = states.at(-1);
      return last === undefined || last.kind === 'running' ? null : last;
    });
  }

  async close(): Promise<void> {
    const at = open.indexOf(this);
    if (at >= 0) open.splice(at, 1);
    this.rpc.close();
    await this.#host.stop();
  }
}

test('three members come, one more and an observer join, one leaves, and all is remembered', async () => {
  const ports = await portsInARow(6);
  let app = await Running.of({ clientPort: ports[0]! });
  expect(await app.members()).toEqual(['1 participant', '2 participant', '3 participant']);
  expect(app.ports).toEqual(ports.slice(0, 3));
  const client = app.client();
  await client.create('/kept', Buffer.from('value'));

  expect(await app.grow('participant')).toMatchObject({ kind: 'done' });
  expect(await app.grow('observer')).toMatchObject({ kind: 'done' });
  const grown = ['1 participant', '2 participant', '3 participant', '4 participant', '5 observer'];
  expect(await app.members()).toEqual(grown);
  await until('clients are told of five', () => app.ports.length === 5);
  expect((await app.client().getData('/kept')).data?.toString()).toBe('value');

  // The leader is as good as any.
  const [leader] = await app.those('leads', 1);
  const { keptIn } = await app.rpc.call('ensemble.shrink', { id: leader!, isDataKept: true });
  expect(path.dirname(keptIn!)).toBe(path.join(folder.path, 'removed'));
  expect(fs.existsSync(path.join(keptIn!, 'version-2'))).toBe(true);
  const left = grown.filter((text) => !text.startsWith(`${leader} `));
  expect(await app.members()).toEqual(left);
  await until('clients are told of four', () => app.ports.length === 4);
  await client.setData('/kept', Buffer.from('newer'), -1);
  await app.rpc.call('ensemble.shrink', { id: 5, isDataKept: false });
  expect(fs.existsSync(path.join(folder.path, 'members', '5'))).toBe(false);

  const before = app.ports;
  const closedMs = performance.now();
  await app.close();
  // Threads that do not end by themselves are cut off after ten seconds.
  expect(performance.now() - closedMs).toBeLessThan(5000);
  app = await Running.of();
  expect(app.ports).toEqual(before);
  expect(await app.members()).toEqual(left.filter((text) => !text.startsWith('5 ')));
  expect((await app.client().getData('/kept')).data?.toString()).toBe('newer');
  expect(app.start.local).toMatchObject({ kind: 'ensemble', movedPorts: [], leftOut: [] });
});

test('who was taken out elsewhere, away or not, is not started again', async () => {
  const ports = await portsInARow(5);
  const app = await Running.of({ clientPort: ports[0]!, members: 3, observers: 2 });
  const [away, here] = await app.those('observes', 2);
  // The files of the one that is away go on saying that it belongs to the ensemble.
  await app.rpc.call('ensemble.order', { id: away!, what: 'stop' });
  const change = { kind: 'step', joining: [], leaving: [away!, here!] } as const;
  const { version } = await app.config();
  await app.rpc.call('ensemble.reconfigure', {
    cluster: 'local',
    order: { fromVersion: version, change },
  });
  await app.close();

  const again = await Running.of();
  expect(again.ports).toEqual(ports.slice(0, 3));
  const folders = [4, 5].map((id) => path.join(folder.path, 'members', String(id)));
  expect(again.start.local.leftOut.map((one) => one.folder)).toEqual(folders);
  // Their numbers are not given to others while their data is there.
  expect(await again.grow('observer')).toMatchObject({ kind: 'done' });
  expect(await again.members()).toContain('6 observer');
});

test('one more has the settings of the others, and one that need not come leaves nothing', async () => {
  const ports = await portsInARow(4);
  await startOfApp(optionsOf({ clientPort: ports[0]! }));
  for (const id of [1, 2, 3])
    fs.appendFileSync(path.join(folder.path, 'members', String(id), 'zoo.cfg'), 'snapCount=77\n');
  const app = await Running.of({ clientAddress: '0.0.0.0' });
  expect(await app.grow('observer')).toMatchObject({ kind: 'done' });
  const { members } = await app.config();
  expect(members.at(-1)).toMatchObject({ id: 4, client: { host: '0.0.0.0' } });
  const fileOf4 = path.join(folder.path, 'members', '4', 'zoo.cfg');
  expect(fs.readFileSync(fileOf4, 'utf8')).toContain('snapCount=77\n');

  // Who does not reach the leader would try for ever.
  const leader = (await app.those('leads', 1))[0]!;
  await app.rpc.call('ensemble.order', { id: leader, what: 'pause' });
  const { operation } = await app.rpc.call('ensemble.grow', { role: 'participant' });
  await app.rpc.call('operations.cancel', { operation });
  await app.rpc.call('ensemble.order', { id: leader, what: 'resume' });
  const states: OperationState[] = [];
  app.rpc.subscribe('operation', { operation }, { onEvent: (state) => states.push(state) });
  await until('it has ended', () => states.at(-1)?.kind === 'cancelled');
  expect(fs.readdirSync(path.join(folder.path, 'members'))).toEqual(['1', '2', '3', '4']);
  expect(await app.members()).toHaveLength(4);
});

test('a folder that was moved or copied starts with its own data', async () => {
  const ports = await portsInARow(3);
  const original = path.join(folder.path, 'original');
  const app = await Running.of({ dataDir: original, clientPort: ports[0]! });
  await app.client().create('/kept', null);
  await app.close();
  const copy = path.join(folder.path, 'copy');
  fs.cpSync(original, copy, { recursive: true });
  const before = fs.readFileSync(path.join(original, 'members', '1', 'zoo.cfg'), 'utf8');

  const copied = await Running.of({ dataDir: copy });
  const client = copied.client();
  expect(await client.exists('/kept')).not.toBeNull();
  await client.create('/only-here', null);
  await copied.close();
  expect(fs.readFileSync(path.join(original, 'members', '1', 'zoo.cfg'), 'utf8')).toBe(before);
  const again = await Running.of({ dataDir: original });
  expect(await again.client().exists('/only-here')).toBeNull();
});

test('without quorum nobody comes and nobody goes, and nothing is left of the attempt', async () => {
  const app = await Running.of({ clientPort: (await portsInARow(3))[0]! });
  const followers = await app.those('follows', 2);
  await app.rpc.call('ensemble.order', { id: followers[0]!, what: 'stop' });
  await app.those('unheard', 1);
  // The two that are left would have to be both of them, and the one that stays is no quorum of two.
  const leaves = { id: followers[1]!, isDataKept: true };
  await expect(app.rpc.call('ensemble.shrink', leaves)).rejects.toMatchObject({
    code: 'reconfig-refused',
  });
  expect(await app.members()).toHaveLength(3);
  expect(fs.readdirSync(path.join(folder.path, 'members'))).toEqual(['1', '2', '3']);
  await expect(app.rpc.call('ensemble.shrink', { id: 9, isDataKept: true })).rejects.toMatchObject({
    code: 'not-found',
  });
});

test('a port that another program has is passed over, and taken again once it is free', async () => {
  const ports = await portsInARow(3);
  const first = await startOfApp(optionsOf({ clientPort: ports[0]! }));
  expect(first.ok).toBe(true);
  const other = net.createServer().listen(ports[1], '127.0.0.1');
  await once(other, 'listening');
  const moved = await startOfApp(optionsOf({}));
  other.close();
  await once(other, 'close');
  if (!moved.ok) throw new Error(moved.error);
  const [move] = moved.value.local.movedPorts;
  expect(move).toMatchObject({ member: 2, from: ports[1]!, isLasting: false });
  expect(ports).not.toContain(move!.to);
  const app = new Running(moved.value);
  await until('all serve where they were said to', () => {
    const expected = [ports[0]!, move!.to, ports[2]!];
    return app.ports.length === 3 && app.ports.every((port, i) => port === expected[i]);
  });
  const client = new Client({
    platform: nodePlatform({ version: 'test', logLevel: 'error', writeLog: () => undefined }),
    connect: `127.0.0.1:${move!.to}`,
    sessionTimeoutMs: 10_000,
  });
  open.push(client);
  await client.sync('/');
  await app.close();
  const back = await startOfApp(optionsOf({}));
  expect(back).toMatchObject({ value: { local: { movedPorts: [] } } });
  // An operator who runs a server is told by it, and not by a port nobody looks at.
  expect(await startOfServe(optionsOf({}))).toMatchObject({
    value: { members: ports.map((port) => ({ settings: { clientPort: port } })) },
  });
});

test('a server on its own stays one, beside which no ensemble is begun', async () => {
  const data = path.join(folder.path, 'version-2');
  fs.mkdirSync(data);
  expect(await startOfApp(optionsOf({ clientPort: 0 }))).toMatchObject({
    value: { members: { length: 3 }, local: { kind: 'ensemble' } },
  });
  fs.rmSync(path.join(folder.path, 'members'), { recursive: true });
  fs.writeFileSync(path.join(data, 'snapshot.0'), '');
  for (const members of [null, 1]) {
    const start = await startOfApp(optionsOf({ members, clientPort: 0 }));
    expect(start).toMatchObject({
      value: {
        members: [{ configFile: null }],
        local: { kind: 'standalone' },
        // Whoever asked for one is not told of three.
        wouldBeEnsemble: members === null,
      },
    });
  }
  const refused = await startOfApp(optionsOf({ members: 3 }));
  expect(refused.ok ? '' : refused.error).toContain('holds the data of a server on its own');
  const observed = await startOfApp(optionsOf({ observers: 1 }));
  expect(observed.ok ? '' : observed.error).toContain('holds the data of a server on its own');

  // Both are there where an ensemble was begun first.
  fs.rmSync(data, { recursive: true });
  await startOfApp(optionsOf({ clientPort: 0 }));
  fs.mkdirSync(data);
  fs.writeFileSync(path.join(data, 'snapshot.0'), '');
  expect(await startOfServe(optionsOf({}))).toMatchObject({
    value: { members: { length: 3 }, local: { kind: 'ensemble', isOtherBeside: true } },
  });
  expect(await startOfServe(optionsOf({ members: 1 }))).toMatchObject({
    value: { local: { kind: 'standalone' } },
  });
});

test('serve begins with one server, and the same file is not read as two ensembles', async () => {
  expect(await startOfServe(optionsOf({ clientPort: 0 }))).toMatchObject({
    value: { members: { length: 1 }, local: { kind: 'standalone' } },
  });
  await startOfServe(optionsOf({ members: 2 }));
  // A folder that was copied to another number's place.
  const from = path.join(folder.path, 'members', '1');
  const to = path.join(folder.path, 'members', '3');
  fs.cpSync(from, to, { recursive: true });
  const start = await startOfServe(optionsOf({}));
  expect(start).toMatchObject({ value: { local: { leftOut: [{ member: 3, folder: to }] } } });
});
