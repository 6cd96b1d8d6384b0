/** What clients do: each asks something, looks at what it is told, waits a little and asks again. */
import type { Prng } from '../../src-server/base/prng.ts';
import type { Cluster } from './cluster.ts';
import type { Answer, Change, Mode, Order } from './history.ts';
import { slownessAt, type Swarm } from './swarm.ts';
import type { Visitor } from './visitor.ts';
import type { World } from './world.ts';

/** Few, so that clients meet. */
const PLACES = ['/a', '/b', '/a/x', '/a/y', '/b/x', '/b/x/deep'] as const;
const EPHEMERALS = ['/e/one', '/e/two', '/e/three'] as const;
const BASES = ['/a', '/e', '/q', '/c', '/t'] as const;
const WATCHED = [...PLACES, ...EPHEMERALS, '/e', '/q', '/c/box', '/t/one'] as const;

const CHANGES = [
  ['create', 20],
  ['create-ephemeral', 8],
  ['create-sequential', 6],
  ['create-container', 2],
  ['create-ttl', 2],
  ['set', 22],
  ['delete', 12],
  ['delete-sequential', 8],
] as const;

const ORDERS = [
  ['change', 50],
  ['multi', 7],
  ['get', 20],
  ['exists', 8],
  ['children', 8],
  ['sync', 2],
  ['watch', 3],
  ['unwatch', 2],
] as const;

const OUTSTANDING_MAX = 30;
/** Asks for no version check. */
const ANY_VERSION = -1;
const TTL_MS = 700;
const TAKEN_OVER_MAX = 10;

export class Workload {
  readonly #world: World;
  readonly #cluster: Cluster;
  readonly #swarm: Swarm;
  readonly #random: Prng;
  isOver = false;
  #values = 0;

  constructor(world: World, cluster: Cluster, swarm: Swarm) {
    this.#world = world;
    this.#cluster = cluster;
    this.#swarm = swarm;
    this.#random = world.stream();
  }

  start(): void {
    for (let i = 0; i < this.#swarm.visitors; i++)
      this.#world.after(this.#random.below(500), () => this.#visit());
  }

  #visit(): void {
    if (this.isOver) return;
    const guest = new Guest(this, this.#cluster.visit(), this.#random);
    guest.settleIn();
    this.#goOn(guest);
  }

  #goOn(guest: Guest): void {
    const random = this.#random;
    const { thinkMs, burst, weather } = this.#swarm;
    const { visitor } = guest;
    const slowness = slownessAt(weather, this.#world.nowMs);
    this.#world.after(random.between(1, 2 * thinkMs) * slowness, () => {
      if (this.isOver) return;
      if (visitor.isOver) {
        this.#world.after(random.below(1000), () => this.#visit());
        return;
      }
      // Asked in its own time: a client that is stopped asks nothing.
      this.#world.at(this.#world.nowMs, 'timer', visitor.life, () => {
        if (random.chance(0.004)) guest.ask({ kind: 'close' });
        for (let i = random.between(1, burst); i > 0; i--)
          if (visitor.outstanding < OUTSTANDING_MAX && !visitor.isOver) guest.askSomething();
      });
      this.#goOn(guest);
    });
  }

  /** Every value is written once in a run. */
  newValue(): string {
    const random = this.#random;
    const name = `v${++this.#values}`;
    const length = random.chance(0.1) ? this.#swarm.valueBytes : random.below(30);
    return name.padEnd(length, '.');
  }
}

class Guest {
  readonly #workload: Workload;
  readonly visitor: Visitor;
  readonly #random: Prng;
  readonly #versions = new Map<string, number>();
  readonly #lasting = new Map<string, Order & { kind: 'watch' }>();
  readonly #sequential: string[] = [];

  constructor(workload: Workload, visitor: Visitor, random: Prng) {
    this.#workload = workload;
    this.visitor = visitor;
    this.#random = random;
  }

  settleIn(): void {
    for (const path of BASES)
      this.ask({
        kind: 'create',
        path,
        data: this.#workload.newValue(),
        mode: 'persistent',
        ttlMs: 0,
      });
  }

  ask(order: Order): void {
    void this.visitor.ask(order).then((answer) => this.#learn(order, answer));
  }

  #learn(order: Order, answer: Answer | null): void {
    if (answer?.code !== 0) return;
    if ('path' in order && answer.stat !== null)
      this.#versions.set(answer.path ?? order.path, answer.stat.version);
    if (order.kind === 'create' && order.mode.endsWith('sequential') && answer.path !== null)
      this.#sequential.push(answer.path);
    // What others left behind is taken away as well, or the queue would grow for as long as the run.
    if (order.kind === 'children' && order.path === '/q' && answer.names !== null)
      this.#sequential.push(...answer.names.slice(0, TAKEN_OVER_MAX).map((name) => `/q/${name}`));
  }

  askSomething(): void {
    const random = this.#random;
    const { visitor } = this;
    const path = random.pick(WATCHED);
    const kind = pick(random, ORDERS);
    switch (kind) {
      case 'change':
        this.ask(this.#change());
        return;
      case 'multi':
        this.ask({
          kind: 'multi',
          steps: Array.from({ length: random.between(1, 4) }, () =>
            random.chance(0.2)
              ? { kind: 'check', path: random.pick(PLACES), version: this.#version(path) }
              : this.#change(),
          ),
        });
        return;
      case 'get':
      case 'exists':
      case 'children': {
        const watchKind = kind === 'children' ? 'child' : 'data';
        const watch = random.chance(0.35) ? visitor.newWatch(path, watchKind) : null;
        this.ask({ kind, path, watch });
        return;
      }
      case 'sync':
        this.ask({ kind, path: '/' });
        return;
      case 'watch': {
        const lasting = random.pick(['persistent', 'recursive'] as const);
        const key = `${lasting} ${path}`;
        if (this.#lasting.has(key)) return;
        const order = { kind, path, watch: visitor.newWatch(path, lasting) } as const;
        this.#lasting.set(key, order);
        this.ask(order);
        return;
      }
      case 'unwatch': {
        const [first] = this.#lasting;
        // Only what is known to be set, so that one request is sent.
        if (first?.[1].watch.call?.answer?.code !== 0) return;
        this.#lasting.delete(first[0]);
        this.ask({ kind, path: first[1].path, watch: first[1].watch });
      }
    }
  }

  #change(): Change {
    const random = this.#random;
    const data = this.#workload.newValue();
    const create = (path: string, mode: Mode, ttlMs = 0): Change => ({
      kind: 'create',
      path,
      data,
      mode,
      ttlMs,
    });
    switch (pick(random, CHANGES)) {
      case 'create':
        return create(random.pick(PLACES), 'persistent');
      case 'create-ephemeral':
        return create(random.pick(EPHEMERALS), 'ephemeral');
      case 'create-sequential':
        return random.chance(0.5)
          ? create('/q/n-', 'persistent-sequential')
          : create('/e/s-', 'ephemeral-sequential');
      case 'create-container':
        return random.chance(0.5)
          ? create('/c/box', 'container')
          : create('/c/box/in', 'persistent');
      case 'create-ttl':
        return create('/t/one', 'persistent-ttl', TTL_MS);
      case 'set': {
        const path = random.pick([...PLACES, ...EPHEMERALS, '/t/one']);
        return { kind: 'set', path, data, version: this.#version(path) };
      }
      case 'delete': {
        const path = random.pick([...PLACES, ...EPHEMERALS, '/c/box/in']);
        return { kind: 'delete', path, version: this.#version(path) };
      }
      case 'delete-sequential': {
        const path = this.#sequential.shift() ?? '/q/none';
        return { kind: 'delete', path, version: ANY_VERSION };
      }
    }
  }

  /** Any, or the last one seen: which may be right, or late. */
  #version(path: string): number {
    return this.#random.chance(0.5) ? ANY_VERSION : (this.#versions.get(path) ?? 0);
  }
}

function pick<T>(random: Prng, weighted: readonly (readonly [T, number])[]): T {
  let draw = random.below(weighted.reduce((sum, [, weight]) => sum + weight, 0));
  return weighted.find(([, weight]) => (draw -= weight) < 0)![0];
}
