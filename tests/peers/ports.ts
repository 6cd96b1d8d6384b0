/** Ports nobody uses at the moment. */
import net from 'node:net';

export function freePort(): Promise<number> {
  return listenOnce(0).then((port) => port!);
}

/** Below those that systems give to connections that go out. */
const LASTING_MIN = 20_000;
const LASTING_MAX = 32_000;
/** Each process begins elsewhere, so that suites beside each other do not take each other's while a server is away. */
const STRIDE = 211;
let lastLasting = (process.pid * STRIDE) % (LASTING_MAX - LASTING_MIN);

/**
 * A port for a server that goes and comes back: no connection that somebody makes meanwhile is given it, not even one to this
 * very port, which would then be connected to itself.
 */
export async function lastingPort(): Promise<number> {
  for (;;) {
    lastLasting = (lastLasting + 1) % (LASTING_MAX - LASTING_MIN);
    const port = await listenOnce(LASTING_MIN + lastLasting);
    if (port !== null) return port;
  }
}

/** As many lasting ports that follow each other, as members of one program have them for clients. */
export async function portsInARow(count: number): Promise<number[]> {
  for (;;) {
    const ports: number[] = [];
    for (let i = 0; i < count; i++) ports.push(await lastingPort());
    if (ports.every((port, i) => port === ports[0]! + i)) return ports;
  }
}

/** @returns null where somebody listens already */
function listenOnce(wanted: number): Promise<number | null> {
  return new Promise((resolve, reject) => {
    const server = net.createServer();
    server.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'EADDRINUSE') resolve(null);
      else reject(error);
    });
    server.listen(wanted, '127.0.0.1', () => {
      const address = server.address();
      const port = typeof address === 'object' && address !== null ? address.port : 0;
      server.close(() => {
        resolve(port);
      });
    });
  });
}
