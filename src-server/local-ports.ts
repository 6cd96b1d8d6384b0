/** Ports of this machine: which are free, and which are chosen for whom. */
import { randomInt } from 'node:crypto';
import net from 'node:net';

export const LOCAL_HOST = '127.0.0.1';

/** Where clients of ZooKeeper look first. */
export const FIRST_CLIENT_PORT = 2181;

/** Below those that systems give to connections that go out, which might have them when a member comes back. */
const PORT_MIN = 20_000;
const PORT_MAX = 32_000;
const LAST_PORT = 65_535;

/** For members to meet each other. */
export async function freePorts(count: number): Promise<number[]> {
  const ports = new Set<number>();
  while (ports.size < count) {
    const port = randomInt(PORT_MIN, PORT_MAX);
    if (!ports.has(port) && (await isFree(port, LOCAL_HOST))) ports.add(port);
  }
  return [...ports];
}

/**
 * For clients: the ports that were wanted, and for those that another program has, the next ones that are free and not
 * wanted for somebody else.
 */
export async function freeClientPorts(
  wanted: readonly number[],
  host: string = LOCAL_HOST,
): Promise<number[]> {
  const areFree = await Promise.all(wanted.map((port) => isFree(port, host)));
  const taken = new Set(wanted);
  const chosen: number[] = [];
  for (const [i, port] of wanted.entries())
    chosen.push(areFree[i]! ? port : await nextFree(port, host, taken));
  return chosen;
}

async function nextFree(after: number, host: string, taken: Set<number>): Promise<number> {
  for (let port = after + 1; port <= LAST_PORT; port++) {
    if (taken.has(port) || !(await isFree(port, host))) continue;
    taken.add(port);
    return port;
  }
  // Nothing is free above: whoever listens there will say so.
  return after;
}

function isFree(port: number, host: string): Promise<boolean> {
  return new Promise((resolve) => {
    const server = net.createServer();
    server.once('error', () => resolve(false));
    server.listen(port, host, () => server.close(() => resolve(true)));
  });
}
