/** The console over the web: who gets in, and who does not. */
import fs from 'node:fs';
import http from 'node:http';
import path from 'node:path';

import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { WebSocket } from 'ws';

import { ApiError } from '#contract/errors.ts';
import { fromJson, toJson } from '#rpc/bytes-json.ts';
import { RpcClient } from '#rpc/client.ts';

import { startWeb, type WebConsole } from '../../../src-server/console/transports/web.ts';
import { WebSessions } from '../../../src-server/console/transports/web-sessions.ts';
import { NodeDisk } from '../../../src-server/platform/node/disk.ts';
import { startConsole, type TestConsole } from '../../peers/console.ts';
import { type Folder, temporaryFolder } from '../../peers/folders.ts';
import { until } from '../../peers/wait.ts';
import { type OwnServer, startZabring } from '../../peers/zabring.ts';

let folder: Folder;
let server: OwnServer;
let console: TestConsole;
let web: WebConsole;
let urls: string[];

beforeEach(async () => {
  folder = temporaryFolder();
  const pages = path.join(folder.path, 'pages');
  fs.mkdirSync(path.join(pages, 'assets'), { recursive: true });
  fs.writeFileSync(path.join(pages, 'index.html'), '<!doctype html><title>console</title>');
  fs.writeFileSync(path.join(pages, 'assets', 'app-1234.js'), 'export {};');
  fs.writeFileSync(path.join(folder.path, 'secret.txt'), 'secret');
  server = await startZabring(path.join(folder.path, 'data'));
  console = startConsole({ server: server.server, directory: folder.path });
  urls = [];
  web = await openDoor(0);
});

function openDoor(port: number): Promise<WebConsole> {
  return startWeb({
    host: '127.0.0.1',
    port,
    folder: path.join(folder.path, 'pages'),
    handlers: console.handlers,
    sessions: new WebSessions({ disk: new NodeDisk(), directory: folder.path }),
    onUrl: (url) => urls.push(url),
  });
}

afterEach(async () => {
  await web.close();
  console[Symbol.dispose]();
  await server.stop();
  folder[Symbol.dispose]();
});

interface Answer {
  readonly status: number;
  readonly headers: http.IncomingHttpHeaders;
  readonly text: string;
}

function get(
  target: string,
  headers: Record<string, string> = {},
  method = 'GET',
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const request = http.request(
      {
        host: '127.0.0.1',
        port: web.port,
        path: target,
        agent: false,
        method,
        headers: { host: `127.0.0.1:${web.port}`, ...headers },
      },
      (response) => {
        let text = '';
        response.on('data', (chunk: Buffer) => (text += chunk.toString('utf8')));
        response.on('end', () => {
          resolve({ status: response.statusCode ?? 0, headers: response.headers, text });
        });
      },
    );
    request.on('error', reject);
    request.end();
  });
}

async function logIn(): Promise<string> {
  const { headers } = await get(new URL(urls.at(-1)!).pathname + new URL(urls.at(-1)!).search);
  return headers['set-cookie']![0]!.split(';')[0]!;
}

describe('pages', () => {
  test('the printed address works once, and gives a cookie that scripts cannot read', async () => {
    const url = new URL(urls[0]!);
    const first = await get(url.pathname + url.search);
    expect(first.status).toBe(303);
    expect(first.headers.location).toBe('/');
    expect(first.headers['set-cookie']?.[0]).toMatch(
      /^zabring-[0-9]+=[0-9a-f]{64}; HttpOnly; SameSite=Strict; Path=\/$/,
    );
    expect(first.headers['set-cookie']?.[0]).toContain(`zabring-${web.port}=`);
    expect((await get(url.pathname + url.search)).status).toBe(401);
    // There is another address for another browser.
    expect(urls).toHaveLength(2);
    expect(urls[1]).not.toBe(urls[0]);
  });

  test('nothing is given to whoever is not logged in', async () => {
    for (const target of ['/', '/assets/app-1234.js', '/?token=wrong'])
      expect((await get(target)).status).toBe(401);
    expect((await get('/', { cookie: `zabring-${web.port}=${'0'.repeat(64)}` })).status).toBe(401);
  });

  test('a browser that was let in stays so over a restart, and no secret is on the disk', async () => {
    const cookie = await logIn();
    const { port } = web;
    await web.close();
    web = await openDoor(port);
    expect((await get('/', { cookie })).status).toBe(200);
    const kept = fs.readFileSync(path.join(folder.path, 'web-sessions.json'), 'utf8');
    expect(kept).not.toContain(cookie.split('=')[1]);

    fs.writeFileSync(path.join(folder.path, 'web-sessions.json'), '{"hashes":"all of them"}');
    await web.close();
    web = await openDoor(port);
    expect((await get('/', { cookie })).status).toBe(401);
  });

  test('files come with a strict policy, and only from their folder', async () => {
    const cookie = await logIn();
    const page = await get('/', { cookie });
    expect(page.status).toBe(200);
    expect(page.headers['content-security-policy']).toContain(
      "default-src 'none'; script-src 'self'",
    );
    expect(page.headers['content-security-policy']).not.toContain('unsafe');
    expect(page.headers['x-content-type-options']).toBe('nosniff');
    expect((await get('/assets/app-1234.js', { cookie })).headers['cache-control']).toContain(
      'immutable',
    );
    for (const target of [
      '/../secret.txt',
      '/%2e%2e/secret.txt',
      '/assets/../../secret.txt',
      '/..%2fsecret.txt',
      '/%',
    ]) {
      expect((await get(target, { cookie })).status, target).toBe(404);
    }
    expect((await get('/', { cookie }, 'POST')).status).toBe(405);
  });

  test('a name that somebody pointed at this machine is refused', async () => {
    const cookie = await logIn();
    expect((await get('/', { cookie, host: 'evil.example' })).status).toBe(403);
    expect((await get('/', { cookie, host: `localhost:${web.port}` })).status).toBe(200);
  });
});

describe('calls', () => {
  function open(headers: Record<string, string>, target = '/rpc'): Promise<WebSocket | number> {
    return new Promise((resolve) => {
      const socket = new WebSocket(`ws://127.0.0.1:${web.port}${target}`, { headers });
      socket.once('open', () => {
        resolve(socket);
      });
      socket.once('unexpected-response', (_, response) => {
        resolve(response.statusCode ?? 0);
      });
      socket.once('error', () => undefined);
    });
  }

  test('only our own page, logged in, may call', async () => {
    const cookie = await logIn();
    const origin = `http://127.0.0.1:${web.port}`;
    expect(await open({ origin })).toBe(403);
    expect(await open({ cookie })).toBe(403);
    expect(await open({ cookie, origin: 'http://evil.example' })).toBe(403);
    expect(await open({ cookie, origin, host: 'evil.example' })).toBe(403);
    expect(await open({ cookie, origin }, '/other')).toBe(403);
    const socket = await open({ cookie, origin });
    expect(socket).toBeInstanceOf(WebSocket);
    (socket as WebSocket).close();
  });

  test('bytes and events pass whole, and what was opened ends with the socket', async () => {
    const cookie = await logIn();
    const socket = (await open({ cookie, origin: `http://127.0.0.1:${web.port}` })) as WebSocket;
    const rpc = new RpcClient(
      {
        send: (message) => {
          socket.send(toJson(message));
        },
        listen: ({ onMessage, onClose }) => {
          socket.on('message', (data: Buffer) => {
            onMessage(fromJson(data.toString('utf8')));
          });
          socket.on('close', onClose);
        },
        close: () => {
          socket.close();
        },
      },
      () => undefined,
    );
    const data = Uint8Array.from({ length: 256 }, (_, i) => i);
    const acl = [{ scheme: 'world', id: 'anyone', permissions: 31 }];
    const node = {
      cluster: 'local',
      path: '/b',
      mode: 'persistent' as const,
      acl,
      ttlMs: null,
      withParents: false,
    };
    await rpc.call('znodes.create', { ...node, data });
    expect((await rpc.call('znodes.get', { cluster: 'local', path: '/b' })).data).toEqual(data);
    await expect(
      rpc.call('tree.window', { tree: 'none', from: 0, count: 1 }),
    ).rejects.toMatchObject({ code: 'not-found' });
    await expect(
      rpc.call('znodes.create', { ...node, data, mode: 'forever' as 'persistent' }),
    ).rejects.toMatchObject({ code: 'bad-request' });

    const { tree } = await rpc.call('tree.open', { cluster: 'local', order: 'name' });
    rpc.close();
    await until('the tree of the guest who left is closed', () =>
      console.rpc.call('tree.window', { tree, from: 0, count: 1 }).then(
        () => false,
        (error: unknown) => error instanceof ApiError && error.code === 'not-found',
      ),
    );
  });

  test('whoever does not speak the contract is shown out', async () => {
    const cookie = await logIn();
    const socket = (await open({ cookie, origin: `http://127.0.0.1:${web.port}` })) as WebSocket;
    const closed = new Promise((resolve) => socket.once('close', resolve));
    socket.send('{"kind":"call"}');
    await closed;
  });
});
