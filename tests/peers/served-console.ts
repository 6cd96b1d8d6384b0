/** A server on its own, a console whose ensemble it is, and a client of it: what most tests of the console begin with. */
import type { RpcClient } from '#rpc/client.ts';

import { Client } from '../../src-server/coordination/client/client.ts';
import { nodePlatform } from '../../src-server/platform/node/platform.ts';
import { startConsole, type TestConsole } from './console.ts';
import { type Folder, temporaryFolder } from './folders.ts';
import { type OwnServer, startZabring } from './zabring.ts';

export interface ServedConsole {
  readonly folder: Folder;
  readonly server: OwnServer;
  readonly console: TestConsole;
  readonly rpc: RpcClient;
  readonly client: Client;
}

export async function startServedConsole(): Promise<ServedConsole> {
  const folder = temporaryFolder();
  const server = await startZabring(folder.path);
  const console = startConsole({ server: server.server, directory: folder.path });
  return { folder, server, console, rpc: console.rpc, client: await clientAt(server) };
}

export async function clientAt({ port }: OwnServer): Promise<Client> {
  const client = new Client({
    platform: nodePlatform({ version: 'test', logLevel: 'error', writeLog: () => undefined }),
    connect: `127.0.0.1:${port}`,
    sessionTimeoutMs: 10_000,
  });
  await client.ready();
  return client;
}

export async function endServedConsole(served: Omit<ServedConsole, 'rpc'>): Promise<void> {
  const { client, console, server, folder } = served;
  await client.close();
  console[Symbol.dispose]();
  await server.stop();
  folder[Symbol.dispose]();
}
