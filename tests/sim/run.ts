/**
 * One run of one seed: a storm of work and faults, then peace, in which everything must come to rest; then judgement.
 */
import { Prng } from '../../src-server/base/prng.ts';
import { agreedLedger } from './checkers/agreement.ts';
import { checkDisk } from './checkers/digest.ts';
import { checkDurability, checkOrder } from './checkers/durability.ts';
import { Evidence } from './checkers/evidence.ts';
import { checkReads } from './checkers/reads.ts';
import { checkResults } from './checkers/results.ts';
import { checkSessions } from './checkers/sessions.ts';
import { checkWatches } from './checkers/watches.ts';
import { Cluster, DATA_DIR, type Sabotage } from './cluster.ts';
import { Failure, failureOf } from './failure.ts';
import { History } from './history.ts';
import { type Copy, copyOf, type Ledger, ledgerOfOne } from './ledger.ts';
import type { Machine } from './machine.ts';
import { Nemesis } from './nemesis.ts';
import { Operator } from './operator.ts';
import { Probes } from './probes.ts';
import { drawSwarm, type Fault, type Swarm, type SwarmWishes } from './swarm.ts';
import { Trace, type WriteLine } from './trace.ts';
import type { Visitor } from './visitor.ts';
import { Workload } from './workload.ts';
import { World } from './world.ts';

export interface RunOptions extends SwarmWishes {
  readonly seed: number;
  readonly write?: WriteLine;
  readonly sabotage?: Sabotage;
}

export interface Report {
  readonly seed: number;
  readonly failure: Failure | null;
  /** Equal for equal runs. */
  readonly hash: string;
  readonly virtualMs: number;
  readonly events: number;
  readonly calls: number;
  readonly txns: number;
  readonly probes: ReadonlyMap<string, number>;
}

/** Within so long a world at peace has come to rest. */
const REST_MS = 120_000;
/** Past the longest session's end, and past what housekeeping waits. */
const QUIET_TICKS = 30;
const QUIET_MS = 5000;
/** They keep no learner from telling its leader who was heard. */
const HARMLESS_TO_MEMBERS: ReadonlySet<Fault> = new Set([
  'clock-set',
  'client-kill',
  'client-pause',
]);

export async function runSeed(options: RunOptions): Promise<Report> {
  const uproot = options.sabotage?.plant?.() ?? ((): void => undefined);
  const run = new Run(options);
  let failure: Failure | null = null;
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
  readonly #swarm: Swarm;
  readonly #trace: Trace;
  readonly #history = new History();
  readonly #probes = new Probes();
  readonly #cluster: Cluster;
  #txns = 0;
  #peaceAt = Infinity;
  /** What everybody had applied when the end came. */
  #settledZxid = 0;
  /** Who belonged to the ensemble in the end. */
  #members: readonly Machine[] = [];
  /** Clients that are there to the end. */
  #living: readonly Visitor[] = [];

  constructor({ seed, write, sabotage, ...wishes }: RunOptions) {
    const world = new World(seed);
    this.#world = world;
    this.#swarm = drawSwarm(new Prng(seed), wishes);
    this.#trace = new Trace(world, write ?? null);
    this.#cluster = new Cluster({
      world,
      swarm: this.#swarm,
      history: this.#history,
      trace: this.#trace,
      probes: this.#probes,
      sabotage: sabotage ?? {},
    });
  }

  async play(): Promise<void> {
    const world = this.#world;
    const swarm = this.#swarm;
    const cluster = this.#cluster;
    this.#trace.line('world', 'begins', describeSwarm(swarm));
    for (const machine of cluster.machines) machine.start();
    const workload = new Workload(world, cluster, swarm);
    workload.start();
    const operator = new Operator({ world, cluster, trace: this.#trace, probes: this.#probes });
    const nemesis = new Nemesis({
      world,
      cluster,
      operator,
      swarm,
      trace: this.#trace,
      probes: this.#probes,
    });
    nemesis.start();
    await world.run(swarm.stormMs);
    workload.isOver = true;
    this.#peaceAt = this.#history.moment();
    nemesis.makePeace();
    await this.#comeToRest();
    await world.run(world.nowMs + QUIET_TICKS * swarm.tickMs + QUIET_MS);
    await this.#lookAround();
    this.#living = cluster.liveVisitors;
    await this.#settle();
    this.#trace.line('world', 'ends');
    await this.#stopAll();
  }

  /** Everybody has applied whatever anybody has. */
  async #settle(): Promise<void> {
    const world = this.#world;
    const zxids = (): number[] => this.#cluster.members.map(({ ensemble }) => ensemble?.zxid ?? 0);
    const areEqual = (): boolean => new Set(zxids()).size === 1;
    if (!(await world.run(world.nowMs + REST_MS, areEqual)))
      throw new Failure('liveness', `in peace members stay apart: ${zxids().join(', ')}`);
    this.#settledZxid = zxids()[0]!;
  }

  /** All at once, or those who are left would elect and decide something more. */
  async #stopAll(): Promise<void> {
    const world = this.#world;
    this.#members = this.#cluster.members;
    const running = new Set(this.#cluster.machines);
    for (const machine of running) {
      if (machine.starts > 1) this.#probes.hit('a member was started again', machine.starts - 1);
      machine.stop().then(
        () => running.delete(machine),
        (error: unknown) => world.fail(error),
      );
    }
    if (!(await world.run(world.nowMs + REST_MS, () => running.size === 0))) {
      const names = [...running].map(({ host }) => host);
      throw new Failure('liveness', `${names.join(', ')} does not stop`);
    }
  }

  /** All members serve, and every client has a connection or knows that its session is over. */
  async #comeToRest(): Promise<void> {
    const cluster = this.#cluster;
    const { visitors } = cluster;
    const unsettled = (): string | null => {
      const { config, members } = cluster;
      const machine = members.find(
        ({ isServing, ensemble }) => !isServing || ensemble?.config.version !== config?.version,
      );
      if (machine !== undefined) {
        const status = machine.ensemble?.status;
        return `${machine.host} is ${machine.state} ${status?.role ?? ''} ${status?.phase ?? ''} ${status?.reason ?? ''}`;
      }
      const visitor = visitors.find(
        ({ isOver, isConnected, outstanding }) => !isOver && (!isConnected || outstanding > 0),
      );
      if (visitor === undefined) return null;
      return `${visitor.record.name} is ${visitor.client.state.kind} and waits for ${visitor.outstanding} answers`;
    };
    const world = this.#world;
    if (!(await world.run(world.nowMs + REST_MS, () => unsettled() === null)))
      throw new Failure('liveness', `after ${REST_MS} ms of peace ${unsettled()}`);
  }

  /** Everybody reads once more, and somebody new reads everything: answers to be judged like all others. */
  async #lookAround(): Promise<void> {
    const world = this.#world;
    const auditor = this.#cluster.visit();
    const progress = { answers: 0, isDone: false };
    const walk = async (path: string): Promise<void> => {
      await auditor.ask({ kind: 'get', path, watch: null });
      const answer = await auditor.ask({ kind: 'children', path, watch: null });
      progress.answers++;
      for (const name of answer?.names ?? [])
        if (name !== 'zookeeper') await walk(path === '/' ? `/${name}` : `${path}/${name}`);
    };
    const look = async (): Promise<void> => {
      await auditor.ask({ kind: 'sync', path: '/' });
      await walk('/');
      for (const visitor of this.#cluster.liveVisitors) {
        await visitor.ask({ kind: 'sync', path: '/' });
        await visitor.ask({ kind: 'get', path: '/a', watch: null });
        progress.answers++;
      }
      progress.isDone = true;
    };
    look().catch((error: unknown) => world.fail(error));
    // A large tree takes its time; that an answer comes does not.
    for (let before = -1; !progress.isDone && progress.answers > before;) {
      before = progress.answers;
      await world.run(world.nowMs + REST_MS, () => progress.isDone);
    }
    if (!progress.isDone) throw new Failure('liveness', 'a client in peace gets no answers');
  }

  judge(): void {
    const ledger = this.#ledger();
    this.#txns = ledger.size;
    if (this.#swarm.grouping !== null) this.#probes.hit('an ensemble decided by groups');
    const evidence = new Evidence({
      history: this.#history,
      ledger,
      probes: this.#probes,
      isAlone: this.#swarm.members === 1,
      peaceAt: this.#peaceAt,
      touchLagMs: this.#touchLagMs(),
      initialCounter: this.#initialCounter,
    });
    checkDurability(evidence);
    checkOrder(evidence);
    checkResults(evidence);
    checkReads(evidence);
    checkSessions(evidence, new Set(this.#living.map(({ record }) => record)));
    checkWatches(evidence);
    for (const { disk, host } of this.#members)
      checkDisk(evidence, { disk, dataDir: DATA_DIR }, host, this.#settledZxid);
  }

  /** Learners tell the leader twice a tick who was heard. */
  #touchLagMs(): number | null {
    const { members, faults, tickMs, network } = this.#swarm;
    if (members === 1) return 0;
    return [...faults].every((fault) => HARMLESS_TO_MEMBERS.has(fault))
      ? tickMs + 10 * network.delayMaxMs
      : null;
  }

  #ledger(): Ledger {
    const { pool, removedLogs } = this.#cluster;
    const copy = ({ host, disk }: Machine): Copy => copyOf(disk, DATA_DIR, host);
    const logs = this.#members.map(copy);
    if (this.#swarm.members === 1) return ledgerOfOne([...removedLogs, ...logs]);
    // Who has left the ensemble may keep what was never decided, but not something else.
    const others = pool.filter((machine) => !this.#members.includes(machine)).map(copy);
    return agreedLedger(logs, [...removedLogs, ...others], this.#initialCounter);
  }

  get #initialCounter(): number {
    return this.#swarm.members === 1 ? 0 : this.#swarm.initialCounter;
  }

  report(failure: Failure | null): Report {
    const world = this.#world;
    if (failure !== null) this.#trace.line('judge', failure.kind, failure.message);
    return {
      seed: world.seed,
      failure,
      hash: world.hash,
      virtualMs: world.nowMs,
      events: world.events,
      calls: this.#history.callCount,
      txns: this.#txns,
      probes: this.#probes.counts,
    };
  }
}

function describeSwarm(swarm: Swarm): string {
  const {
    members,
    observers,
    visitors,
    tickMs,
    network,
    snapCount,
    faults,
    faultEveryMs,
    thinkMs,
  } = swarm;
  const { cutting, bufferBytes, delayMaxMs } = network;
  return [
    observers > 0 ? `${members} members, ${observers} of them observers` : `${members} members`,
    `${visitors} clients`,
    `tick ${tickMs} ms`,
    `network ${cutting}, ${bufferBytes} bytes, up to ${delayMaxMs} ms`,
    `snapshots after ${snapCount}`,
    `thinking ${thinkMs} ms`,
    faults.size === 0 ? 'no faults' : `every ${faultEveryMs} ms one of ${[...faults].join(', ')}`,
  ].join('; ');
}
