/** A wire between a client and a server that a test can cut. */
import net from 'node:net';

export interface Proxy {
  readonly port: number;
  /** Ends every connection through it; new ones are made as before. */
  cut(): void;
  /** Refuses new connections until told otherwise. */
  setOpen(isOpen: boolean): void;
  close(): Promise<void>;
}

export function startProxy(targetPort: number): Promise<Proxy> {
  const sockets = new Set<net.Socket>();
  let isOpen = true;
  const server = net.createServer((near) => {
    if (!isOpen) {
      near.destroy();
      return;
    }
    const far = net.connect({ port: targetPort, host: '127.0.0.1' });
    for (const [a, b] of [
      [near, far],
      [far, near],
    ] as const) {
      sockets.add(a);
      a.pipe(b);
      a.on('error', () => undefined);
      a.on('close', () => {
        sockets.delete(a);
        b.destroy();
      });
    }
  });
  return new Promise((resolve) => {
    server.listen(0, '127.0.0.1', () => {
      const cut = (): void => {
        for (const socket of sockets) socket.destroy();
      };
      resolve({
        port: (server.address() as net.AddressInfo).port,
        cut,
        setOpen: (open) => {
          isOpen = open;
        },
        close: () =>
          new Promise((closed) => {
            cut();
            server.close(() => {
              closed();
            });
          }),
      });
    });
  });
}
