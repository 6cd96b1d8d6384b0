/**
 * The network between simulated hosts: listeners, connections, and what goes wrong between them: delay, cuts of one direction
 * or both, hosts without power, broken connections.
 *
 * A cut loses nothing by itself, since the systems on both sides send again; what is on the way waits until it has healed.
 */
import type { Prng } from '../../src-server/base/prng.ts';
import {
  type ConnectOptions,
  type Listener,
  type ListenOptions,
  type Net,
  NetError,
  type Socket,
} from '../../src-server/platform/net.ts';
import { type Conditions, End, type Pipe, type Tamper } from './stream.ts';
import type { Appointment, Life, World } from './world.ts';

/** How bytes are cut: as written, anywhere, into few at a time, or as Ethernet would. */
export type Cutting = 'whole' | 'anywhere' | 'crumbs' | 'segments';

export interface NetworkOptions {
  readonly delayMinMs: number;
  readonly delayMaxMs: number;
  readonly cutting: Cutting;
  readonly bufferBytes: number;
  readonly tamper?: Tamper;
}

interface Host {
  isUp: boolean;
  readonly listeners: Map<number, SimListener>;
  nextPort: number;
}

const FIRST_FREE_PORT = 40_000;
/** A system tries again to reach who does not answer. */
const RETRY_MS = 1000;
const SEGMENT_BYTES = 1460;
const CRUMB_BYTES = 24;
/** More is not cut into crumbs, or one large value would be all that a run is about. */
const CRUMBS_MAX = 40;

export class Network implements Conditions {
  readonly world: World;
  readonly random: Prng;
  readonly bufferBytes: number;
  readonly tamper: Tamper;
  readonly #options: NetworkOptions;
  readonly #hosts = new Map<string, Host>();
  readonly #ends = new Set<End>();
  readonly #parked = new Set<Pipe>();
  /** `from>to`, for directions in which nothing comes through. */
  readonly #cuts = new Set<string>();
  readonly #slow = new Map<string, number>();
  /** Everything a process has sent has been read at the other end. */
  heard: (from: End, to: End) => void = () => undefined;

  constructor(world: World, options: NetworkOptions) {
    this.world = world;
    this.random = world.stream();
    this.bufferBytes = options.bufferBytes;
    this.tamper = options.tamper ?? {};
    this.#options = options;
  }

  /** @param label whose connections they are */
  netOf(life: Life, host: string, label: string): Net {
    this.#host(host);
    return {
      listen: (options, onSocket) => this.#listen(life, host, options, onSocket),
      connect: (options) => this.#connect({ life, host, label }, options),
    };
  }

  // --- faults ---

  cut(from: string, to: string): void {
    this.#cuts.add(`${from}>${to}`);
  }

  heal(from: string, to: string): void {
    this.#cuts.delete(`${from}>${to}`);
    this.#unpark();
  }

  healAll(): void {
    this.#cuts.clear();
    this.#slow.clear();
    this.#unpark();
  }

  /** Everything between the two takes so much longer. */
  slow(one: string, other: string, byMs: number): void {
    for (const way of [`${one}>${other}`, `${other}>${one}`]) {
      if (byMs > 0) this.#slow.set(way, byMs);
      else this.#slow.delete(way);
    }
  }

  /** @returns how many connections of this host were broken */
  breakConnections(host: string, chance: number): number {
    let broken = 0;
    for (const end of [...this.#ends]) {
      if (end.host !== host || !end.isOpen || !this.random.chance(chance)) continue;
      end.reset();
      broken++;
    }
    return broken;
  }

  /** The process ended; of a lost power nobody is told. */
  endProcess(life: Life, options: { readonly saysGoodbye: boolean }): void {
    for (const host of this.#hosts.values())
      for (const [port, listener] of host.listeners)
        if (listener.life === life) host.listeners.delete(port);
    for (const end of [...this.#ends]) if (end.life === life) end.vanish(options);
  }

  setHostUp(host: string, isUp: boolean): void {
    this.#host(host).isUp = isUp;
    if (isUp) this.#unpark();
  }

  #unpark(): void {
    const parked = [...this.#parked];
    this.#parked.clear();
    for (const pipe of parked) pipe.unpark();
  }

  #host(name: string): Host {
    let host = this.#hosts.get(name);
    if (host === undefined) {
      host = { isUp: true, listeners: new Map(), nextPort: FIRST_FREE_PORT };
      this.#hosts.set(name, host);
    }
    return host;
  }

  // --- conditions of a connection ---

  readonly delayMs = (from: End, to: End): number => this.#delayMs(from.host, to.host);

  #delayMs(from: string, to: string): number {
    const { delayMinMs, delayMaxMs } = this.#options;
    const extraMs = this.#slow.get(`${from}>${to}`) ?? 0;
    const ownMs = this.random.between(delayMinMs * 10, delayMaxMs * 10) / 10;
    // Half of everything arrives on a whole millisecond, so that things meet.
    const atMs = this.world.nowMs + ownMs + (extraMs > 0 ? this.random.below(extraMs) : 0);
    return (this.random.chance(0.5) ? Math.ceil(atMs) : atMs) - this.world.nowMs;
  }

  isCut(from: End, to: End): boolean {
    return this.#isCut(from.host, to.host);
  }

  #isCut(from: string, to: string): boolean {
    return this.#cuts.has(`${from}>${to}`);
  }

  isHostUp(end: End): boolean {
    return this.#host(end.host).isUp;
  }

  park(pipe: Pipe): void {
    this.#parked.add(pipe);
  }

  onHeard(from: End, to: End): void {
    this.heard(from, to);
  }

  readonly pieces = (bytes: number): number[] => {
    switch (this.#options.cutting) {
      case 'whole':
        return [bytes];
      case 'segments':
        return this.#split(bytes, () => SEGMENT_BYTES);
      case 'crumbs': {
        const least = Math.ceil(bytes / CRUMBS_MAX);
        return this.#split(bytes, () => least + this.random.below(CRUMB_BYTES));
      }
      case 'anywhere':
        return this.random.chance(0.3)
          ? this.#split(bytes, (left) => this.random.below(left) + 1)
          : [bytes];
    }
  };

  #split(bytes: number, draw: (left: number) => number): number[] {
    const sizes: number[] = [];
    for (let left = bytes; left > 0;) {
      const size = Math.max(1, Math.min(left, draw(left)));
      sizes.push(size);
      left -= size;
    }
    return sizes;
  }

  // --- listening and connecting ---

  #listen(
    life: Life,
    hostName: string,
    options: ListenOptions,
    onSocket: (socket: Socket) => void,
  ): Promise<Listener> {
    return new Promise((resolve, reject) => {
      this.world.at(this.world.nowMs, 'io', life, () => {
        const host = this.#host(hostName);
        const port = options.port === 0 ? this.#freePort(host) : options.port;
        if (host.listeners.has(port)) {
          reject(new NetError('in-use', `cannot listen on port ${port}: another program uses it`));
          return;
        }
        const listener = new SimListener(life, port, onSocket, () => host.listeners.delete(port));
        host.listeners.set(port, listener);
        resolve(listener);
      });
    });
  }

  #freePort(host: Host): number {
    for (;;) {
      const port = host.nextPort++;
      if (host.nextPort > 0xffff) host.nextPort = FIRST_FREE_PORT;
      if (!host.listeners.has(port)) return port;
    }
  }

  #connect(
    who: { readonly life: Life; readonly host: string; readonly label: string },
    options: ConnectOptions,
  ): Promise<Socket> {
    const { world } = this;
    const { life } = who;
    const target = options.host === 'localhost' ? who.host : options.host;
    return new Promise((resolve, reject) => {
      let isOver = false;
      const plans: Appointment[] = [];
      const refuse = (code: NetError['code'], why: string): void => {
        if (isOver) return;
        isOver = true;
        for (const plan of plans) plan.cancel();
        reject(new NetError(code, `cannot connect to ${options.host}:${options.port}: ${why}`));
      };
      const cancel = (): void => refuse('cancelled', 'given up');
      if (options.signal?.aborted === true) {
        cancel();
        return;
      }
      options.signal?.addEventListener('abort', cancel);
      plans.push(
        world.at(world.nowMs + options.timeoutMs, 'timer', life, () =>
          refuse('timeout', `no answer within ${options.timeoutMs} ms`),
        ),
      );
      const knock = (): void => {
        if (isOver || life.isOver) return;
        const host = this.#host(target);
        if (!host.isUp || this.#isCut(who.host, target) || this.#isCut(target, who.host)) {
          world.after(RETRY_MS, knock);
          return;
        }
        const backMs = this.#delayMs(target, who.host);
        const listener = host.listeners.get(options.port);
        if (listener === undefined) {
          world.at(world.nowMs + backMs, 'io', life, () =>
            refuse('refused', 'nobody listens there'),
          );
          return;
        }
        const near = this.#join(who, target, listener);
        world.at(world.nowMs + backMs, 'io', life, () => {
          options.signal?.removeEventListener('abort', cancel);
          if (isOver) {
            near.destroy();
            return;
          }
          isOver = true;
          for (const plan of plans) plan.cancel();
          resolve(near);
        });
      };
      world.after(this.#delayMs(who.host, target), knock);
    });
  }

  #join(
    who: { readonly life: Life; readonly host: string; readonly label: string },
    target: string,
    listener: SimListener,
  ): End {
    const localPort = this.#freePort(this.#host(who.host));
    const near = new End(this, who, {
      remoteAddress: target,
      remotePort: listener.port,
      localPort,
    });
    const far = new End(
      this,
      { life: listener.life, host: target, label: who.label },
      { remoteAddress: who.host, remotePort: localPort, localPort: listener.port },
    );
    End.join(this, near, far);
    for (const end of [near, far]) {
      this.#ends.add(end);
      end.onEnd = () => this.#ends.delete(end);
    }
    listener.accept(far);
    far.onEnd = () => {
      this.#ends.delete(far);
      listener.left(far);
    };
    this.world.at(this.world.nowMs, 'io', listener.life, () => {
      // Who listens no longer hears of nobody.
      if (listener.isClosing) far.destroy();
      else listener.onSocket(far);
    });
    return near;
  }
}

class SimListener implements Listener {
  readonly life: Life;
  readonly port: number;
  readonly onSocket: (socket: Socket) => void;
  readonly #stop: () => void;
  readonly #open = new Set<End>();
  isClosing = false;
  #closed: (() => void)[] = [];

  constructor(life: Life, port: number, onSocket: (socket: Socket) => void, stop: () => void) {
    this.life = life;
    this.port = port;
    this.onSocket = onSocket;
    this.#stop = stop;
  }

  accept(end: End): void {
    this.#open.add(end);
  }

  left(end: End): void {
    this.#open.delete(end);
    this.#settle();
  }

  /** As Node does, it waits for the connections it took in to end. */
  close(): Promise<void> {
    if (!this.isClosing) this.#stop();
    this.isClosing = true;
    return new Promise((resolve) => {
      this.#closed.push(resolve);
      this.#settle();
    });
  }

  #settle(): void {
    if (!this.isClosing || this.#open.size > 0) return;
    for (const resolve of this.#closed.splice(0)) resolve();
  }
}
