/** The console for a browser: files over HTTP, calls over a WebSocket, loopback unless told otherwise. */
import http from 'node:http';
import type { Duplex } from 'node:stream';

import { WebSocket, WebSocketServer } from 'ws';

import { fromJson, toJson } from '#rpc/bytes-json.ts';
import type { Port } from '#rpc/port.ts';
import { type Handlers, serve } from '#rpc/server.ts';

import { NetError } from '../../platform/net.ts';
import { filePage, type Page, textPage } from './pages.ts';
import { WebGuard } from './web-guard.ts';
import type { WebSessions } from './web-sessions.ts';

export interface WebOptions {
  readonly host: string;
  /** Tried first; another free one is taken where it is in use. 0 lets the system choose. */
  readonly port: number;
  /** The built interface. */
  readonly folder: string;
  readonly handlers: Handlers;
  /** Browsers that were let in before. */
  readonly sessions: WebSessions;
  /** A URL for one more browser; told at the start, and again each time one was used. */
  readonly onUrl: (url: string) => void;
}

export interface WebConsole {
  readonly port: number;
  close(): Promise<void>;
}

/** No value of a node is larger than a request, and one in base64 by a third. */
const MESSAGE_BYTES_MAX = 16 * 1024 * 1024;
/** A browser that does not take its messages is let go at this many bytes. */
const UNSENT_BYTES_MAX = 64 * 1024 * 1024;
const RPC_PATH = '/rpc';
const FORBIDDEN =
  'This console opens with the address its server printed at its start. Each such address works once.';

export async function startWeb(options: WebOptions): Promise<WebConsole> {
  const server = http.createServer();
  const port = await listen(server, options.host, options.port);
  const guard = new WebGuard({
    hosts: hostNames(options.host, port),
    port,
    sessions: options.sessions,
  });
  const sockets = new WebSocketServer({ noServer: true, maxPayload: MESSAGE_BYTES_MAX });
  const tellUrl = (): void => {
    options.onUrl(`http://${bracketed(options.host)}:${port}/?token=${guard.token}`);
  };

  server.on('request', (request, response) => {
    const url = new URL(request.url ?? '/', 'http://console');
    if (!guard.isOurHost(request.headers)) {
      send(response, textPage(403, 'This console is not served under that name.'));
      return;
    }
    if (request.method !== 'GET' && request.method !== 'HEAD') {
      send(response, textPage(405, 'Pages are only read here.'));
      return;
    }
    const token = url.searchParams.get('token');
    if (token !== null) {
      const cookie = guard.logIn(token);
      if (cookie !== null) {
        response.writeHead(303, {
          Location: '/',
          'Set-Cookie': cookie,
          'Cache-Control': 'no-store',
        });
        response.end();
        tellUrl();
        return;
      }
    }
    if (!guard.isLoggedIn(request.headers)) {
      send(response, textPage(401, FORBIDDEN));
      return;
    }
    void filePage(options.folder, url.pathname).then((page) => send(response, page));
  });

  server.on('upgrade', (request: http.IncomingMessage, socket: Duplex, head: Buffer) => {
    const { headers } = request;
    const isAllowed =
      request.url === RPC_PATH &&
      guard.isOurHost(headers) &&
      guard.isOurOrigin(headers) &&
      guard.isLoggedIn(headers);
    if (!isAllowed) {
      socket.end('HTTP/1.1 403 Forbidden\r\nConnection: close\r\n\r\n');
      return;
    }
    sockets.handleUpgrade(request, socket, head, (webSocket) => {
      serve(webSocketPort(webSocket), options.handlers);
    });
  });

  tellUrl();
  return {
    port,
    close: () =>
      new Promise((resolve) => {
        for (const socket of sockets.clients) socket.terminate();
        server.close(() => {
          resolve();
        });
        server.closeAllConnections();
      }),
  };
}

function send(response: http.ServerResponse, { status, headers, body }: Page): void {
  response.writeHead(status, headers);
  response.end(body);
}

function webSocketPort(socket: WebSocket): Port {
  return {
    send: (message) => {
      if (socket.readyState !== WebSocket.OPEN) return;
      socket.send(toJson(message));
      if (socket.bufferedAmount > UNSENT_BYTES_MAX) socket.terminate();
    },
    listen: ({ onMessage, onClose }) => {
      socket.on('message', (data, isBinary) => {
        if (isBinary || !Buffer.isBuffer(data)) socket.terminate();
        else onMessage(fromJson(data.toString('utf8')));
      });
      socket.on('close', onClose);
      // The close that follows is what counts.
      socket.on('error', () => undefined);
    },
    close: () => {
      socket.close();
    },
  };
}

async function listen(server: http.Server, host: string, port: number): Promise<number> {
  try {
    return await tryListen(server, host, port);
  } catch (error) {
    if (!(error instanceof NetError) || error.code !== 'in-use' || port === 0) throw error;
    return tryListen(server, host, 0);
  }
}

function tryListen(server: http.Server, host: string, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    const fail = (error: NodeJS.ErrnoException): void => {
      const code =
        error.code === 'EADDRINUSE' ? 'in-use' : error.code === 'EACCES' ? 'denied' : 'other';
      reject(
        new NetError(
          code,
          `the console cannot listen on ${bracketed(host)}:${port}: ${error.message}`,
          error,
        ),
      );
    };
    server.once('error', fail);
    server.listen(port, host, () => {
      server.off('error', fail);
      const address = server.address();
      resolve(typeof address === 'object' && address !== null ? address.port : port);
    });
  });
}

/** Every way a browser on this machine may name us. */
function hostNames(host: string, port: number): string[] {
  const names = isLoopback(host) ? ['127.0.0.1', 'localhost', '[::1]'] : [bracketed(host)];
  return names.map((name) => `${name}:${port}`);
}

function isLoopback(host: string): boolean {
  return host === '127.0.0.1' || host === 'localhost' || host === '::1';
}

function bracketed(host: string): string {
  return host.includes(':') ? `[${host}]` : host;
}
