/** The console's service in the test's process, called over a pair of ports in memory. */
import type { MemberState } from '#contract/models.ts';
import { RpcClient } from '#rpc/client.ts';
import type { Port } from '#rpc/port.ts';
import { type Handlers, serve } from '#rpc/server.ts';

import { Console, type LocalEnsemble } from '../../src-server/console/service/console.ts';
import type { Server } from '../../src-server/coordination/server.ts';
import { nodePlatform } from '../../src-server/platform/node/platform.ts';

export interface TestConsole extends Disposable {
  /** For whoever serves it over another port. */
  readonly handlers: Handlers;
  readonly rpc: RpcClient;
  /** One more person at the same console. */
  connect(): RpcClient;
}

/** @param server the member that counts as the local ensemble */
export function startConsole(options: {
  readonly server: Server;
  readonly directory: string;
}): TestConsole {
  const { server, directory } = options;
  const state: MemberState = { kind: 'serving', clientPort: server.clientPort, startedInMs: 1 };
  const local: LocalEnsemble = {
    version: 'test',
    dataDir: directory,
    start: { kind: 'standalone', movedPorts: [], leftOut: [], isOtherBeside: false },
    state,
    connectString: `127.0.0.1:${server.clientPort}`,
    onChange: () => () => undefined,
    members: [{ id: null, at: { host: '127.0.0.1', port: server.clientPort }, state }],
    retry: () => undefined,
    order: () => undefined,
    resize: () => Promise.resolve({ ok: false, error: 'nothing of this grows' }),
    links: [],
    breakLinks: () => undefined,
    heal: () => undefined,
    natures: (paths) => Promise.resolve(paths.map((path) => server.natureOf(path))),
    timed: [],
    timings: () => Promise.resolve(null),
    restTimings: () => undefined,
    addresses: (ids) =>
      Promise.resolve(
        ids.map((id) => {
          const address = server.addressOf(id);
          return address === null ? null : { address, member: null };
        }),
      ),
  };
  const platform = nodePlatform({
    version: 'test',
    logLevel: 'error',
    writeLog: (line) => {
      throw new Error(`the console logged an error: ${line}`);
    },
  });
  const service = new Console({ platform, local, directory });
  const clients: RpcClient[] = [];
  const connect = (): RpcClient => {
    const [here, there] = portPair();
    serve(there, service);
    const client = new RpcClient(here, () => undefined);
    clients.push(client);
    return client;
  };
  return {
    handlers: service,
    rpc: connect(),
    connect,
    [Symbol.dispose]: () => {
      for (const client of clients) client.close();
      service.close();
    },
  };
}

/** Two ends of a channel that clones what passes, as threads and sockets do. */
export function portPair(): [Port, Port] {
  const { port1, port2 } = new MessageChannel();
  return [toPort(port1), toPort(port2)];
}

function toPort(port: MessagePort): Port {
  return {
    send: (message) => {
      port.postMessage(message);
    },
    listen: ({ onMessage, onClose }) => {
      port.onmessage = (event: MessageEvent) => {
        onMessage(event.data);
      };
      (port as unknown as { on(type: 'close', listener: () => void): void }).on('close', onClose);
    },
    close: () => {
      port.close();
    },
  };
}
