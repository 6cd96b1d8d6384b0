/**
 * What the writers are given to ask: a few registers that all of them change by compare-and-set, nodes that come and go, queues,
 * ephemeral nodes, groups, and reads between them. Each writer has several requests on the way, so that their order matters.
 */
import type { Prng } from '../../src-server/base/prng.ts';
import { Code } from '../../src-server/coordination/model/codes.ts';
import type { Change, Mode, Order } from '../sim/history.ts';
import type { SaidAnswer } from './record.ts';
import type { Writer } from './writers.ts';

const BASES = ['/q', '/e'] as const;
const REGISTERS = ['/r1', '/r2', '/r3'] as const;
const COMING_AND_GOING = ['/c1', '/c2', '/c1/in'] as const;
const EPHEMERALS = ['/e/one', '/e/two'] as const;
const PLACES = [...REGISTERS, ...COMING_AND_GOING, ...EPHEMERALS, '/q', '/e'] as const;
const ANY_VERSION = -1;
/** Of its own, that a writer keeps. */
const SEQUENTIAL_MAX = 6;
/** Beyond that others' are removed as well: writers that were killed leave theirs. */
const CHILDREN_MAX = 40;

const ORDERS = [
  ['set', 30],
  ['compare-and-set', 14],
  ['create', 8],
  ['delete', 6],
  ['sequential', 10],
  ['ephemeral', 6],
  ['multi', 8],
  ['get', 12],
  ['exists', 2],
  ['children', 3],
  ['sync-and-get', 8],
] as const;

export interface Load {
  /** Requests of one writer on their way. */
  readonly depth: number;
  /** Between an answer and the next request. */
  readonly thinkMs: number;
}

/** Gives one writer its work. */
export class Work {
  readonly #writer: Writer;
  readonly #random: Prng;
  readonly #load: Load;
  readonly #versions = new Map<string, number>();
  readonly #sequential: string[] = [];
  #values = 0;
  #isOver = false;
  acknowledged = 0;

  constructor(writer: Writer, random: Prng, load: Load) {
    this.#writer = writer;
    this.#random = random;
    this.#load = load;
  }

  start(): void {
    for (const path of BASES) this.#ask(this.#create(path, 'persistent'));
    for (const path of REGISTERS) this.#ask(this.#create(path, 'persistent'));
    for (let i = 0; i < this.#load.depth; i++) this.#next();
  }

  stop(): void {
    this.#isOver = true;
  }

  #next(): void {
    setTimeout(
      () => {
        if (this.#isOver) return;
        const orders = this.#draw();
        let waiting = orders.length;
        for (const order of orders)
          this.#ask(order, () => {
            if (--waiting === 0) this.#next();
          });
      },
      this.#random.below(2 * this.#load.thinkMs),
    );
  }

  #ask(order: Order, then: () => void = () => undefined): void {
    const wish = this.#writer.kind === 'node' ? asNodeSends(order) : order;
    this.#writer.ask(wish, (answer) => {
      if (answer !== null) this.#learn(order, answer);
      then();
    });
  }

  #learn(order: Order, { code, path, stat, names }: SaidAnswer): void {
    this.acknowledged++;
    if (code !== Code.OK || !('path' in order)) return;
    if (stat !== null) this.#versions.set(order.path, stat.version);
    const isSequential = order.kind === 'create' && order.mode.endsWith('sequential');
    if (isSequential && path !== null) this.#sequential.push(path);
    if (names !== null && names.length > CHILDREN_MAX)
      this.#sequential.unshift(`${order.path}/${this.#random.pick(names)}`);
  }

  #draw(): Order[] {
    const random = this.#random;
    const get = { kind: 'get', path: random.pick(PLACES), watch: null } as const;
    const kind = pick(random, ORDERS);
    switch (kind) {
      case 'set':
        return [this.#set(random.pick(REGISTERS), ANY_VERSION)];
      case 'compare-and-set': {
        const path = random.pick(REGISTERS);
        return [this.#set(path, this.#versions.get(path) ?? 0)];
      }
      case 'create':
        return [this.#create(random.pick(COMING_AND_GOING), 'persistent')];
      case 'delete':
        return [this.#delete(random.pick([...COMING_AND_GOING, ...EPHEMERALS]))];
      case 'sequential':
        return [this.#queueing()];
      case 'ephemeral':
        return [this.#create(random.pick(EPHEMERALS), 'ephemeral')];
      case 'multi':
        return [{ kind: 'multi', steps: this.#group() }];
      case 'get':
        return [get];
      case 'exists':
        return [{ ...get, kind }];
      case 'children':
        return [{ kind, path: random.pick(['/q', '/e', '/c1']), watch: null }];
      case 'sync-and-get':
        // Node's client has no sync.
        return this.#writer.kind === 'node' ? [get] : [{ kind: 'sync', path: '/' }, get];
    }
  }

  #group(): Change[] {
    const random = this.#random;
    const path = random.pick(REGISTERS);
    const version = random.chance(0.5) ? (this.#versions.get(path) ?? 0) : ANY_VERSION;
    return [
      { kind: 'check', path, version },
      random.chance(0.5) ? this.#queueing() : this.#create('/c2', 'persistent'),
      this.#set(path, version),
      ...(random.chance(0.3) ? [this.#delete('/c2')] : []),
    ];
  }

  #queueing(): Change {
    const random = this.#random;
    const oldest = this.#sequential.length > SEQUENTIAL_MAX ? this.#sequential.shift() : undefined;
    if (oldest !== undefined) return { kind: 'delete', path: oldest, version: ANY_VERSION };
    return random.chance(0.6)
      ? this.#create('/q/n-', 'persistent-sequential')
      : this.#create('/e/s-', 'ephemeral-sequential');
  }

  #create(path: string, mode: Mode): Change {
    return { kind: 'create', path, data: this.#newValue(), mode, ttlMs: 0 };
  }

  #set(path: string, version: number): Change {
    return { kind: 'set', path, data: this.#newValue(), version };
  }

  #delete(path: string): Change {
    return { kind: 'delete', path, version: ANY_VERSION };
  }

  /** Every value is written once in a run. */
  #newValue(): string {
    const value = `${this.#writer.name} ${++this.#values} `;
    return this.#random.chance(0.05) ? value.padEnd(this.#random.below(4000), '.') : value;
  }
}

/** In a group, node-zookeeper-client makes "any version" of version 0. */
function asNodeSends(order: Order): Order {
  if (order.kind !== 'multi') return order;
  const steps = order.steps.map((step) =>
    step.kind !== 'create' && step.version === 0 ? { ...step, version: ANY_VERSION } : step,
  );
  return { ...order, steps };
}

function pick<T>(random: Prng, weighted: readonly (readonly [T, number])[]): T {
  let draw = random.below(weighted.reduce((sum, [, weight]) => sum + weight, 0));
  return weighted.find(([, weight]) => (draw -= weight) < 0)![0];
}
