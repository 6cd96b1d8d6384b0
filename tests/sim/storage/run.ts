/**
 * One run of one seed of a ring: a storm of work and faults, then peace, in which everything must come to rest; perhaps a while
 * without the ensemble, in which nothing may fail; then judgement.
 */
import { Prng } from '../../../src-server/base/prng.ts';
import { replicasOf } from '../../../src-server/storage/ring/table.ts';
import type { NodeId } from '../../../src-server/storage/ring/topology.ts';
import type { Crash } from '../disk.ts';
import { Failure, failureOf } from '../failure.ts';
import { Probes } from '../probes.ts';
import { Trace, type WriteLine } from '../trace.ts';
import { World } from '../world.ts';
import type { Caller, Wish } from './caller.ts';
import { checkLinearizable } from './checkers/linearizable.ts';
import { checkCopies } from './copies.ts';
import { History } from './history.ts';
import { Nemesis } from './nemesis.ts';
import { Operator } from './operator.ts';
import { catchRejections } from './rejections.ts';
import { Ring, type Sabotage } from './ring.ts';
import { drawStorageSwarm, type StorageSwarm, type StorageWishes } from './swarm.ts';
import { Witness } from './witness.ts';
import { Workload } from './workload.ts';

export interface StorageRunOptions extends StorageWishes {
  readonly seed: number;
  readonly write?: WriteLine;
  readonly sabotage?: Sabotage;
}

export interface StorageReport {
  readonly seed: number;
  readonly failure: Failure | null;
  /** Equal for equal runs. */
  readonly hash: string;
  readonly virtualMs: number;
  readonly events: number;
  readonly calls: number;
  /** Entries that were committed. */
  readonly txns: number;
  readonly probes: ReadonlyMap<string, number>;
}

/** Within so long a ring at peace has come to rest. */
const REST_MS = 120_000;
/** What was changed last has reached everybody. */
const QUIET_MS = 3000;
const LOOK_MS = 250;
/** Asked again and again for so long, a healthy key answers. */
const ANSWER_MS = 30_000;
const AGAIN_MS = 200;

export async function runStorageSeed(options: StorageRunOptions): Promise<StorageReport> {
  const run = new Run(options);
  let failure: Failure | null = null;
  const uproot = run.plant(options.sabotage ?? {});
  try {
    await run.play();
    run.judge();
  } catch (error) {
    failure = failureOf(error);
  } finally {
    uproot();
  }
  return run.report(failure);
}

class Run {
  readonly #world: World;
  readonly #swarm: StorageSwarm;
  readonly #trace: Trace;
  readonly #history = new History();
  readonly #probes = new Probes();
  readonly #witness: Witness;
  readonly #ring: Ring;
  readonly #workload: Workload;
  #operator: Operator | null = null;
  #leave: () => void = () => undefined;
  #hasLost = false;

  constructor({ seed, write, sabotage, ...wishes }: StorageRunOptions) {
    const world = new World(seed);
    const swarm = drawStorageSwarm(new Prng(seed), wishes);
    const trace = new Trace(world, write ?? null);
    const probes = this.#probes;
    this.#world = world;
    this.#swarm = swarm;
    this.#trace = trace;
    this.#witness = new Witness(world, probes);
    this.#ring = new Ring({ world, swarm, trace, probes, sabotage: sabotage ?? {} });
    const history = this.#history;
    this.#workload = new Workload({ world, ring: this.#ring, swarm, history, trace, probes });
  }

  /** @returns what takes it all back */
  plant(sabotage: Sabotage): () => void {
    const uproot = sabotage.plant?.(this.#world) ?? ((): void => undefined);
    const leave = this.#witness.attend();
    const release = catchRejections((error) => this.#world.fail(error));
    return () => {
      release();
      this.#leave();
      leave();
      uproot();
    };
  }

  async play(): Promise<void> {
    const world = this.#world;
    const swarm = this.#swarm;
    const ring = this.#ring;
    const workload = this.#workload;
    const probes = this.#probes;
    this.#trace.line('world', 'begins', describeSwarm(swarm));
    ring.start();
    ring.watch();
    const nemesis = new Nemesis({ world, ring, swarm, trace: this.#trace, probes });
    const operator = new Operator({ world, ring, swarm, trace: this.#trace, probes });
    this.#operator = operator;
    this.#leave = operator.attend();
    workload.start();
    nemesis.start();
    operator.start();
    await world.run(world.nowMs + swarm.stormMs);
    workload.isResting = true;
    nemesis.makePeace();
    await this.#untilDone(() => this.#endOrders());
    await this.#comeToRest();
    for (const caller of workload.callers) caller.hangUp();
    if (swarm.rebalanceEveryMs > 0) await this.#moveAndUndo();
    if (swarm.turnsLeaders) await this.#turnLeaders();
    if (swarm.aloneMs > 0) await this.#beAlone();
    workload.isOver = true;
    await this.#comeToRest();
    await this.#lookAround();
    if (swarm.losesAll) await this.#loseAll();
    await world.run(world.nowMs + QUIET_MS);
    await this.#beQuiet();
    this.#trace.line('world', 'ends');
    for (const machine of ring.machines) machine.kill();
    await checkCopies(world, ring, swarm);
  }

  #whyUnformed(): string | null {
    const { view } = this.#ring;
    if (view.config?.value.phase !== 'formed') return 'the ring is not formed';
    if (view.partitions.size < this.#swarm.partitionCount) return 'partitions are missing';
    return null;
  }

  // --- peace ---

  async #comeToRest(): Promise<void> {
    const world = this.#world;
    const unsettled = (): string | null => this.#whyUnsettled();
    if (!(await world.run(world.nowMs + REST_MS, () => unsettled() === null)))
      throw new Failure('liveness', `after ${REST_MS} ms of peace ${unsettled()}`);
    await this.#answerEverywhere();
  }

  #whyUnsettled(): string | null {
    const { view, machines } = this.#ring;
    const { nodes } = this.#swarm;
    if (this.#workload.outstanding > 0) return 'clients wait for answers';
    const off = machines.find(({ isServing }) => !isServing);
    if (off !== undefined) return `${off.id} is ${off.state} and does not serve`;
    if (!view.isConnected) return 'the ensemble does not answer';
    const unformed = this.#whyUnformed();
    if (unformed !== null) return unformed;
    const config = view.config!.value;
    if (config.out.length > 0) return `${config.out.join(' ')} are out of the ring`;
    if (config.nodes.length < nodes) return 'not everybody belongs to the ring';
    if (this.#operator?.isRebalancing === true) {
      const { record, phase, verified } = view.rebalance!.value;
      return `${record} is ${phase}, ${verified} found equal`;
    }
    for (const { id } of machines)
      if (!view.nodes.has(id as NodeId)) return `${id} is not registered`;
    return this.#whyMisplaced();
  }

  #whyMisplaced(): string | null {
    const { view } = this.#ring;
    const config = view.config!.value;
    for (const [number, { value }] of view.partitions) {
      const { leader, inSync, replicas, learners } = value;
      const words =
        `partition ${number}: ${leader ?? 'nobody'} leads, in sync ${inSync.join(' ')}, ` +
        `replicas ${replicas.join(' ')}, learners ${learners.join(' ')}`;
      const wanted = replicasOf(config.table, number);
      const isWhole =
        leader !== null &&
        learners.length === 0 &&
        inSync.length === replicas.length &&
        replicas.length === wanted.length;
      if (!isWhole) return words;
      if (wanted.some((id) => !replicas.includes(id)))
        return `${words}, and ${wanted.join(' ')} should hold it`;
      if (leader !== wanted[0]) return `${words}, and ${wanted[0]} should lead it`;
    }
    return null;
  }

  /** Every key answers, for reads and writes, before long. */
  async #answerEverywhere(): Promise<void> {
    const { callers, keys } = this.#workload;
    await this.#untilDone(async () => {
      for (const { key, kind } of keys)
        for (const verb of ['get', VERB_OF[kind]] as const)
          await this.#ask(callers[0]!, { key, kind, verb });
    });
  }

  /** The last word: everybody reads everything, through every node. */
  async #lookAround(): Promise<void> {
    const { keys } = this.#workload;
    const callers = this.#workload.callers.filter(({ isStale }) => !isStale);
    const { machines } = this.#ring;
    await this.#untilDone(async () => {
      for (const [i, { host }] of machines.entries())
        for (const { key, kind } of keys)
          await this.#ask(callers[i % callers.length]!, { key, kind, verb: 'get' }, host);
    });
  }

  /** Again and again: leaders may be moved to where they should be meanwhile. */
  async #ask(caller: Caller, wish: Wish, host: string | null = null): Promise<void> {
    const world = this.#world;
    const untilMs = world.nowMs + ANSWER_MS;
    for (;;) {
      const { outcome } = await caller.ask(wish, host);
      if (outcome.kind === 'done') return;
      if (world.nowMs > untilMs) {
        const words = `${wish.verb} ${wish.key} is ${JSON.stringify(outcome)}`;
        throw new Failure('liveness', `in peace ${words}`);
      }
      await caller.pause(AGAIN_MS);
    }
  }

  /** I12: once all is healthy the ensemble goes, for longer than sessions and leases last, and nobody notices. */
  async #beAlone(): Promise<void> {
    const world = this.#world;
    const workload = this.#workload;
    const { ensemble } = this.#ring;
    this.#trace.line('world', 'goes on without the ensemble');
    this.#probes.hit('a healthy ring went on without the ensemble');
    for (const member of ensemble.machines) member.kill();
    workload.mustSucceed = true;
    workload.isResting = false;
    await world.run(world.nowMs + this.#swarm.aloneMs);
    workload.isResting = true;
    await world.run(world.nowMs + REST_MS, () => workload.outstanding === 0);
    workload.mustSucceed = false;
    for (const member of ensemble.machines) member.start();
  }

  /** Orders reach the ensemble as soon as it is back. */
  async #endOrders(): Promise<void> {
    const world = this.#world;
    const { view } = this.#ring;
    while (!view.isConnected) await new Promise<void>((resolve) => world.after(AGAIN_MS, resolve));
    await this.#operator!.makePeace();
    const isPaused = (): boolean => view.rebalance?.value.phase === 'paused';
    while (isPaused()) {
      await new Promise<void>((resolve) => world.after(AGAIN_MS, resolve));
      await this.#operator!.makePeace();
    }
  }

  /** O4: under load and in peace, an operator moves something and takes it back before the old copies are gone. */
  async #moveAndUndo(): Promise<void> {
    const world = this.#world;
    const workload = this.#workload;
    const operator = this.#operator!;
    const isClosed = (): boolean => !operator.isRebalancing;
    workload.isResting = false;
    const done = { isBegun: false, isUndone: false };
    await this.#untilDone(async () => {
      done.isBegun = await operator.rebalance(operator.someEdits());
    });
    if (!(await world.run(world.nowMs + REST_MS, isClosed)))
      throw new Failure('liveness', `a rebalance in peace does not end: ${this.#whyUnsettled()}`);
    const begun = operator.copiesBegun;
    if (done.isBegun)
      await this.#untilDone(async () => {
        done.isUndone = await operator.undo();
      });
    if (done.isUndone) {
      if (!(await world.run(world.nowMs + REST_MS, isClosed)))
        throw new Failure('liveness', `an undo in peace does not end: ${this.#whyUnsettled()}`);
      if (operator.copiesBegun > begun)
        throw new Failure('rebalance', 'O4: what was undone in peace was copied as a whole');
      this.#probes.hit('a rebalance was undone from its old copies');
    }
    workload.isResting = true;
    await world.run(world.nowMs + REST_MS, () => workload.outstanding === 0);
    await this.#comeToRest();
  }

  /** An operator wants other leaders: they change under load, and nobody is told of it. */
  async #turnLeaders(): Promise<void> {
    const world = this.#world;
    const workload = this.#workload;
    this.#trace.line('world', 'wants other leaders');
    this.#probes.hit('all leaders changed under load');
    workload.isResting = false;
    await world.run(world.nowMs + LOOK_MS);
    workload.mustSucceed = true;
    await this.#untilDone(() => this.#ring.turnTable());
    const whyNot = (): string | null => this.#whyMisplaced();
    if (!(await world.run(world.nowMs + REST_MS, () => whyNot() === null)))
      throw new Failure('liveness', `leaders were to change, and ${whyNot()}`);
    workload.isResting = true;
    await world.run(world.nowMs + REST_MS, () => workload.outstanding === 0);
    workload.mustSucceed = false;
    await this.#comeToRest();
  }

  /** All disks but one are lost: an operator chooses leaders, and the ring goes on with what is left. */
  async #loseAll(): Promise<void> {
    const world = this.#world;
    const ring = this.#ring;
    checkLinearizable(this.#history);
    this.#hasLost = true;
    this.#witness.forget();
    this.#trace.line('world', 'loses all disks but one');
    this.#probes.hit('an operator chose leaders');
    const victims = ring.machines.slice(1);
    for (const machine of victims) {
      machine.losePower(NOTHING_KEPT);
      machine.wipe();
    }
    // What their sessions hold is over before they come back.
    await world.run(world.nowMs + 2 * this.#swarm.sessionTimeoutMs);
    for (const machine of victims) machine.start();
    const lost = new Set(victims.map(({ id }) => id));
    const untilMs = world.nowMs + REST_MS;
    while (this.#whyUnsettled() !== null) {
      if (world.nowMs > untilMs)
        throw new Failure('liveness', `after an operator chose, ${this.#whyUnsettled()}`);
      const areThere = victims.every(({ id }) => ring.view.nodes.has(id as NodeId));
      if (areThere) await this.#untilDone(() => ring.chooseLeaders(lost));
      await world.run(world.nowMs + LOOK_MS);
    }
    await this.#comeToRest();
  }

  /** Leaders may still be moved to where they should be. */
  async #beQuiet(): Promise<void> {
    const world = this.#world;
    const ring = this.#ring;
    const untilMs = world.nowMs + REST_MS;
    while (world.nowMs - ring.changedMs < QUIET_MS) {
      if (world.nowMs > untilMs) throw new Failure('liveness', 'in peace records go on changing');
      await world.run(world.nowMs + LOOK_MS);
    }
  }

  async #untilDone(work: () => Promise<void>): Promise<void> {
    const world = this.#world;
    const progress = { isDone: false };
    work().then(
      () => (progress.isDone = true),
      (error: unknown) => world.fail(error),
    );
    if (!(await world.run(world.nowMs + REST_MS, () => progress.isDone)))
      throw new Failure('liveness', 'a client in peace gets no answers');
  }

  judge(): void {
    // What was given up is missing for good, and was judged before.
    if (!this.#hasLost) checkLinearizable(this.#history);
  }

  report(failure: Failure | null): StorageReport {
    const world = this.#world;
    if (failure !== null) this.#trace.line('judge', failure.kind, failure.message);
    return {
      seed: world.seed,
      failure,
      hash: world.hash,
      virtualMs: world.nowMs,
      events: world.events,
      calls: this.#history.calls.length,
      txns: this.#witness.commits,
      probes: this.#probes.counts,
    };
  }
}

const NOTHING_KEPT: Crash = {
  keepsSector: () => false,
  size: (_path, low) => low,
  changesKept: () => 0,
};

const VERB_OF = {
  register: 'set',
  pair: 'set',
  counter: 'incr',
  list: 'append',
  mortal: 'set',
} as const;

function describeSwarm(swarm: StorageSwarm): string {
  const { nodes, ensemble, replicaCount, minInSync, zones, faults, faultEveryMs, callers } = swarm;
  const { sessionTimeoutMs, leaseMs, downOutMs, segmentBytes, network } = { ...swarm, ...ensemble };
  return [
    `${nodes} nodes in ${zones} zones`,
    `${ensemble.members} members`,
    `${replicaCount} copies, ${minInSync} in sync`,
    `session ${sessionTimeoutMs} ms, lease ${leaseMs} ms, out after ${downOutMs} ms`,
    `segments of ${segmentBytes} bytes`,
    `network ${network.cutting}, ${network.bufferBytes} bytes, up to ${network.delayMaxMs} ms`,
    `${callers} clients`,
    faults.size === 0 ? 'no faults' : `every ${faultEveryMs} ms one of ${[...faults].join(', ')}`,
  ].join('; ');
}
