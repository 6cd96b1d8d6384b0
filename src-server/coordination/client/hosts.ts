/** A connect string: `host:port,host:port/chroot`, and the order its servers are tried in. */
import { Prng } from '../../base/prng.ts';
import { err, ok, type Result } from '../../base/result.ts';

export interface Host {
  readonly host: string;
  readonly port: number;
}

export interface ConnectString {
  readonly hosts: readonly Host[];
  /** Prefix of every path, without a slash at the end; '' for none. */
  readonly chroot: string;
}

const DEFAULT_PORT = 2181;

export function parseConnectString(text: string): Result<ConnectString, string> {
  const slash = text.indexOf('/');
  const servers = slash < 0 ? text : text.slice(0, slash);
  const chroot = slash < 0 ? '' : text.slice(slash).replace(/\/$/, '');
  if (chroot.includes('//')) return err(`the path ${chroot} has an empty part`);
  const hosts: Host[] = [];
  for (const part of servers.split(',').map((server) => server.trim())) {
    if (part === '') return err('a server between two commas has no name');
    const host = parseHost(part);
    if (host === null) return err(`${part} is not host:port`);
    hosts.push(host);
  }
  return ok({ hosts, chroot });
}

export function formatHost({ host, port }: Host): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}

function parseHost(text: string): Host | null {
  const match = /^(?:\[([0-9a-fA-F:.%]+)\]|([^:[\]\s]+))(?::([0-9]{1,5}))?$/.exec(text);
  if (match === null) return null;
  const host = match[1] ?? match[2] ?? '';
  const port = match[3] === undefined ? DEFAULT_PORT : Number(match[3]);
  return port >= 1 && port <= 65535 ? { host, port } : null;
}

/** Goes round the servers in an order drawn once, so that many clients spread over them. */
export class HostList {
  readonly #random: Prng;
  #hosts: readonly Host[];
  #next = 0;

  constructor(hosts: readonly Host[], seed: number) {
    this.#random = new Prng(seed);
    this.#hosts = this.#inAnyOrder(hosts);
  }

  /** From now on these. */
  replace(hosts: readonly Host[]): void {
    this.#hosts = this.#inAnyOrder(hosts);
    this.#next = 0;
  }

  get count(): number {
    return this.#hosts.length;
  }

  next(): Host {
    const host = this.#hosts[this.#next]!;
    this.#next = (this.#next + 1) % this.#hosts.length;
    return host;
  }

  /** True when the next one is the first again: everybody was tried. */
  get isRoundDone(): boolean {
    return this.#next === 0;
  }

  #inAnyOrder(hosts: readonly Host[]): Host[] {
    const order = [...hosts];
    for (let i = order.length - 1; i > 0; i--) {
      const j = this.#random.below(i + 1);
      [order[i], order[j]] = [order[j]!, order[i]!];
    }
    return order;
  }
}
