/** The ensemble of this computer as it grows and shrinks from the console, and as the next start finds it. */
import fs from 'node:fs';
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
import { type Start, startOfApp } from '../../../src-server/start-members.ts';
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
  const { standings } = await app.config();
  const leader = standings.find(({ kind }) => kind === 'leads')!.id;
  const { keptIn } = await app.rpc.call('ensemble.shrink', { id: leader, isDataKept: true });
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
