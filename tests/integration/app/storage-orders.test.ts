/** Storage nodes in threads of one program: held still, killed, ended, cut off from each other, and clients who see nothing of it. */
import path from 'node:path';
import { MessageChannel } from 'node:worker_threads';

import { afterEach, beforeEach, expect, test } from 'vitest';

import type { NodeOrder, NodeState } from '#contract/storage-models.ts';
import { RpcClient } from '#rpc/client.ts';

import { threadPort } from '../../../src-server/console/transports/message-port.ts';
import { Host } from '../../../src-server/host.ts';
import { startOfServe } from '../../../src-server/start-members.ts';
import { type Folder, temporaryFolder } from '../../peers/folders.ts';
import { until } from '../../peers/wait.ts';
import { type Entrance, RingLoad } from '../storage/ring-load.ts';

let folder: Folder;
let host: Host;
let rpc: RpcClient;
let entrances: Map<string, Entrance>;
const states = new Map<string, NodeState>();

beforeEach(async () => {
  folder = temporaryFolder();
  states.clear();
  const start = await startOfServe({
    dataDir: folder.path,
    clientPort: 0,
    clientAddress: null,
    configFile: null,
    members: 1,
    observers: 0,
    storage: 3,
    compat: '3.9',
    withConsole: true,
    consolePort: 0,
    logLevel: 'error',
  });
  if (!start.ok) throw new Error(start.error);
  entrances = new Map(start.value.storage.map(({ settings }) => [settings.nodeId, settings]));
  host = new Host({
    threadUrl: new URL('../../../src-server/thread.ts', import.meta.url),
    dataDir: folder.path,
    members: start.value.members,
    storage: start.value.storage,
    version: 'test',
    logLevel: 'error',
    writeLog: () => undefined,
    console: { directory: path.join(folder.path, 'console'), web: null },
    onMember: () => undefined,
    onNode: (id, state) => states.set(id, state),
    onUrl: () => undefined,
  });
  host.start();
  const { port1, port2 } = new MessageChannel();
  host.admit(port2);
  rpc = new RpcClient(threadPort(port1), () => undefined);
  await until('all three take clients', () => areAll('serving'));
});

afterEach(async () => {
  rpc.close();
  await host.stop();
  folder[Symbol.dispose]();
});

function areAll(kind: NodeState['kind']): boolean {
  return states.size === 3 && [...states.values()].every((state) => state.kind === kind);
}

async function order(id: string, what: NodeOrder['what'], ends: NodeState['kind']): Promise<void> {
  await rpc.call('ring.order', { id, what });
  await until(`${id} is ${ends}`, () => states.get(id)?.kind === ends);
}

test('each in turn is held still, killed and ended, and clients of the others go on', async () => {
  const kept = ['storage-1', 'storage-3'].map((id) => entrances.get(id)!);
  const load = new RingLoad(kept, { clients: 3 });
  const goesOn = async (): Promise<void> => {
    const from = load.acknowledged;
    await until('writes are acknowledged', () => load.acknowledged > from + 100);
  };
  await goesOn();
  await order('storage-2', 'pause', 'paused');
  await goesOn();
  await order('storage-2', 'resume', 'serving');
  await order('storage-2', 'kill', 'stopped');
  await goesOn();
  await order('storage-2', 'start', 'serving');
  await order('storage-2', 'stop', 'stopped');
  await goesOn();
  await order('storage-2', 'start', 'serving');
  await goesOn();
  const { violations } = await load.stop();
  expect(violations).toEqual([]);
  await host.stop();
  expect(areAll('stopped')).toBe(true);
});

test('one that hears nothing of the others is done without, until its links are whole again', async () => {
  const kept = ['storage-1', 'storage-3'].map((id) => entrances.get(id)!);
  const load = new RingLoad(kept, { clients: 3 });
  const goesOn = async (): Promise<void> => {
    const from = load.acknowledged;
    await until('writes are acknowledged', () => load.acknowledged > from + 100);
  };
  await goesOn();
  const links = ['storage-1', 'storage-3'].flatMap((other) =>
    [
      [other, 'storage-2'],
      ['storage-2', other],
    ].map(([from, to]) => ({ from: from!, to: to!, isCut: true, delayMs: 0, lossPercent: 0 })),
  );
  await rpc.call('ring.breakLinks', { links });
  await goesOn();
  await rpc.call('ring.heal', null);
  await goesOn();
  expect((await load.stop()).violations).toEqual([]);
});
