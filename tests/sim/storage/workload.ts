/** What clients of the ring do all day. */
import type { Prng } from '../../../src-server/base/prng.ts';
import { Failure } from '../failure.ts';
import type { Trace } from '../trace.ts';
import type { World } from '../world.ts';
import { Caller, type Wish } from './caller.ts';
import type { Call, History, KeyKind, Verb } from './history.ts';
import type { StorageProbes } from './probes.ts';
import type { Ring } from './ring.ts';
import type { StorageSwarm } from './swarm.ts';

export interface WorkloadParts {
  readonly world: World;
  readonly ring: Ring;
  readonly swarm: StorageSwarm;
  readonly history: History;
  readonly trace: Trace;
  readonly probes: StorageProbes;
}

const VERBS: Readonly<Record<KeyKind, readonly Verb[]>> = {
  register: ['get', 'get', 'get', 'set', 'set', 'set', 'setnx', 'getset', 'del', 'getdel', 'cas'],
  pair: ['get', 'execget', 'set', 'execset', 'del'],
  counter: ['incr', 'incr', 'get'],
  list: ['append', 'append', 'get'],
  mortal: ['set', 'get', 'get'],
};
/** Of which it can be told how old an answer is. */
const STALE_KINDS: ReadonlySet<KeyKind> = new Set(['register', 'counter', 'list']);
const REDIRECTS: ReadonlySet<string> = new Set(['EXECABORT', 'MOVED', 'WATCHED']);
const FILL_BYTES_MAX = 3000;
const FILL_KEYS = 40;

export class Workload {
  readonly callers: readonly Caller[];
  /** What is judged. */
  readonly keys: readonly Omit<Wish, 'verb'>[];
  /** Nothing is asked while it rests. */
  isResting = false;
  isOver = false;
  /** Everything that is asked from now on must be done. */
  mustSucceed = false;
  readonly #parts: WorkloadParts;
  readonly #random: Prng;

  constructor(parts: WorkloadParts) {
    const { world, swarm } = parts;
    this.#parts = parts;
    this.#random = world.stream();
    this.keys = [
      ...Array.from({ length: swarm.keys }, (_, i) => ({
        key: `r${i}`,
        kind: 'register' as const,
      })),
      { key: 'p0', kind: 'pair' },
      { key: 'c0', kind: 'counter' },
      { key: 'c1', kind: 'counter' },
      { key: 'l0', kind: 'list' },
      { key: 'l1', kind: 'list' },
      ...(swarm.faults.has('clock-set') ? [] : [{ key: 'm0', kind: 'mortal' as const }]),
    ];
    this.callers = Array.from({ length: swarm.callers }, (_, i) => this.#newCaller(i));
  }

  #newCaller(i: number): Caller {
    const { world, swarm, history, trace, probes, ring } = this.#parts;
    const random = this.#random;
    const life = world.newLife(`client-${i + 1}`);
    return new Caller({
      world,
      history,
      trace,
      probes,
      life,
      platform: ring.platformOf(life, `10.1.0.${(i % swarm.clientHosts) + 1}`),
      hosts: ring.machines.map(({ host }) => host),
      manner: random.pick(['cluster', 'proxy']),
      // The first one asks when all is over.
      consistency: random.pick(['strict', 'lease', 'lease', 'lease', i > 0 ? 'stale' : 'lease']),
      patienceMs: random.pick([1500, 8000]),
      // A leader that cannot write any more still has readers.
      onlyReads: i > 0 && random.chance(0.4),
    });
  }

  start(): void {
    for (const caller of this.callers) {
      this.#live(caller).catch((error: unknown) => this.#parts.world.fail(error));
    }
  }

  async #live(caller: Caller): Promise<void> {
    const { thinkMs, burst } = this.#parts.swarm;
    const random = this.#random;
    while (!this.isOver) {
      await caller.pause(random.between(1, 2 * thinkMs));
      if (this.isResting) continue;
      if (!caller.onlyReads && random.chance(0.1)) {
        const bytes = random.below(FILL_BYTES_MAX);
        await caller.fill(`fill-${random.below(FILL_KEYS)}`, bytes);
      }
      const count = random.between(1, burst);
      await Promise.all(Array.from({ length: count }, () => this.#act(caller)));
    }
  }

  async #act(caller: Caller): Promise<void> {
    const random = this.#random;
    const { key, kind } = random.pick(this.keys);
    const { mustSucceed } = this;
    const verb = caller.isStale
      ? STALE_KINDS.has(kind)
        ? 'stale'
        : null
      : caller.onlyReads
        ? 'get'
        : random.pick(VERBS[kind]);
    if (verb === null) return;
    const call = await caller.ask({ key, kind, verb });
    if (mustSucceed) mustBeDone(call);
  }

  get outstanding(): number {
    return this.callers.reduce((sum, { outstanding }) => sum + outstanding, 0);
  }
}

/** I12: what is healthy needs no ensemble. */
function mustBeDone({ caller, verb, key, outcome, invokedMs }: Call): void {
  // Whoever sends several commands as one finds the new leader, or what was changed meanwhile, by itself.
  if (outcome.kind === 'done' || (outcome.kind === 'refused' && REDIRECTS.has(outcome.code)))
    return;
  const told = outcome.kind === 'refused' ? outcome.code : 'nothing certain';
  const words = `${caller} asked ${verb} ${key} at ${invokedMs.toFixed(1)} and was told ${told}`;
  throw new Failure('availability', `in a healthy ring ${words}`);
}
