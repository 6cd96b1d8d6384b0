/**
 * An operator who rebalances the ring while things go wrong: plans for the ring as it is, starts, pauses, resumes, cancels, takes
 * back, changes the pace; and looks at what comes of it.
 *
 *   O1 a partition never has fewer copies than some placement asked for        O3 an old copy goes only when nothing is open
 *   O2 what is told done was found equal                                       O4 undone in peace, nothing is copied as a whole
 */
import type { Prng } from '../../../src-server/base/prng.ts';
import {
  type DeskOutcome,
  RebalanceDesk,
} from '../../../src-server/storage/control/rebalance-desk.ts';
import { isOpen } from '../../../src-server/storage/control/rebalance-records.ts';
import { layoutOf } from '../../../src-server/storage/control/ring-config.ts';
import { Partitions } from '../../../src-server/storage/partitions.ts';
import { Transfers } from '../../../src-server/storage/replication/mesh/transfer.ts';
import type { Edit } from '../../../src-server/storage/ring/edits.ts';
import { stageOf } from '../../../src-server/storage/ring/stage.ts';
import { nodeId } from '../../../src-server/storage/ring/topology.ts';
import { Failure } from '../failure.ts';
import type { Trace } from '../trace.ts';
import type { World } from '../world.ts';
import type { StorageProbes } from './probes.ts';
import type { Ring } from './ring.ts';
import type { StorageSwarm } from './swarm.ts';

export interface OperatorParts {
  readonly world: World;
  readonly ring: Ring;
  readonly swarm: StorageSwarm;
  readonly trace: Trace;
  readonly probes: StorageProbes;
}

const BY = 'operator';

export class Operator {
  readonly #parts: OperatorParts;
  readonly #random: Prng;
  readonly #desk: RebalanceDesk;
  /** Copies that were begun as a whole. */
  copiesBegun = 0;
  #isOver = false;
  #leastReplicas: number;
  #judgedPhase = '';

  constructor(parts: OperatorParts) {
    this.#parts = parts;
    this.#random = parts.world.stream();
    this.#desk = new RebalanceDesk(parts.ring.watcher);
    this.#leastReplicas = parts.swarm.replicaCount;
  }

  /** Stands beside every node. @returns how to leave again */
  attend(): () => void {
    const { drop } = Partitions.prototype;
    const { copyTo } = Transfers.prototype;
    const onDrop = (): void => this.#judgeDrop();
    const onCopy = (): void => {
      this.copiesBegun++;
    };
    Partitions.prototype.drop = function (number): void {
      onDrop();
      drop.call(this, number);
    };
    Transfers.prototype.copyTo = function (order): void {
      if (order.cursor === 0) onCopy();
      copyTo.call(this, order);
    };
    const stopListening = this.#parts.ring.watcher.onChange(() => this.#judge());
    return () => {
      stopListening();
      Partitions.prototype.drop = drop;
      Transfers.prototype.copyTo = copyTo;
    };
  }

  get isRebalancing(): boolean {
    const { rebalance } = this.#parts.ring.view;
    return rebalance !== null && isOpen(rebalance.value);
  }

  /** Gives orders until there is peace. */
  start(): void {
    const { world, swarm } = this.#parts;
    if (swarm.rebalanceEveryMs === 0) return;
    world.after(this.#random.between(1, 2 * swarm.rebalanceEveryMs), () => {
      if (this.#isOver) return;
      void this.#order().then(() => this.start());
    });
  }

  /** What is paused goes on, at full speed. */
  async makePeace(): Promise<void> {
    this.#isOver = true;
    if (!this.isRebalancing) return;
    await this.#say('resumes', this.#desk.resume(BY));
    const pace = { bytesPerSecond: null, transfersPerNode: 4, isAdaptive: false };
    await this.#say('hurries', this.#desk.setPace(pace));
  }

  /** A copy more or less for one node. @returns whether it was started */
  async rebalance(edits: readonly Edit[]): Promise<boolean> {
    const { value: config } = this.#parts.ring.view.config!;
    const ring = { version: config.version, layout: layoutOf(config), table: config.table };
    const { partitionCount } = config.table;
    const measured = {
      bytes: new Float64Array(partitionCount).fill(100),
      keys: new Float64Array(partitionCount).fill(1),
    };
    const transfersPerNode = 1 + this.#random.below(4);
    const stage = stageOf(ring, { edits, measured, transfersPerNode, freesAt: 'end' });
    const bytesPerSecond = this.#random.pick([null, 0x1000, 0x1_0000]);
    const pace = { bytesPerSecond, transfersPerNode, isAdaptive: this.#random.chance(0.3) };
    const order = { edits, stage, by: BY, why: 'the seed says so', pace };
    // A controller may have carried it out before this one hears that it was taken, or nobody may ever hear.
    const least = this.#leastReplicas;
    this.#leastReplicas = Math.min(least, stage.table.replicaCount);
    const outcome = await this.#say(`begins ${JSON.stringify(edits)}`, this.#desk.start(order));
    if (outcome.kind === 'refused' || outcome.kind === 'conflict') this.#leastReplicas = least;
    return outcome.kind === 'ok';
  }

  async undo(): Promise<boolean> {
    return (
      (await this.#say('takes it back', this.#desk.undo(BY, 'the seed says so'))).kind === 'ok'
    );
  }

  async #order(): Promise<void> {
    const random = this.#random;
    const { view } = this.#parts.ring;
    if (view.config?.value.phase !== 'formed' || !view.isConnected) return;
    if (!this.isRebalancing && random.chance(0.8)) {
      await this.rebalance(this.someEdits());
      return;
    }
    switch (random.below(5)) {
      case 0:
        await this.#say('pauses', this.#desk.pause(BY, 'to look'));
        return;
      case 1:
        await this.#say('resumes', this.#desk.resume(BY));
        return;
      case 2:
        await this.#say('cancels', this.#desk.cancel(BY, 'changed its mind'));
        return;
      case 3:
        await this.undo();
        return;
      default: {
        const bytesPerSecond = random.pick([null, 0x800, 0x1_0000]);
        const pace = { bytesPerSecond, transfersPerNode: 1 + random.below(4), isAdaptive: false };
        await this.#say('sets the pace', this.#desk.setPace(pace));
      }
    }
  }

  /** What leaves everybody who has to hold something able to. */
  someEdits(): Edit[] {
    const random = this.#random;
    const { nodes, replicaCount } = this.#parts.swarm;
    const id = nodeId(`n${random.between(1, nodes)}`);
    const edits: Edit[] = [
      { kind: 'setWeight', id, weight: random.pick([0.5, 1, 2, 3]) },
      { kind: 'setReplicas', replicaCount: random.pick([2, replicaCount]) },
      { kind: 'setStrategy', strategy: random.pick(['balanced', 'tokens']) },
    ];
    if (nodes > 3) edits.push({ kind: 'drainNode', id }, { kind: 'setWeight', id, weight: 1 });
    return [random.pick(edits)];
  }

  async #say(what: string, order: Promise<DeskOutcome>): Promise<DeskOutcome> {
    const { trace, probes } = this.#parts;
    const outcome = await order;
    const verb = what.split(' ')[0]!;
    const why = 'why' in outcome ? outcome.why : '';
    trace.line(BY, what, outcome.kind, why);
    if (outcome.kind === 'ok') probes.hit(`an operator ${verb}`);
    return outcome;
  }

  // --- what must be so ---

  #judge(): void {
    const { view } = this.#parts.ring;
    for (const [number, { value }] of view.partitions) {
      if (value.replicas.length >= this.#leastReplicas) continue;
      const words = `partition ${number} has ${value.replicas.length} copies`;
      this.#fail(`O1: ${words}, and never fewer than ${this.#leastReplicas} were wanted`);
    }
    const state = view.rebalance?.value;
    const phase = `${state?.record} ${state?.goal} ${state?.phase}`;
    if (state === undefined || phase === this.#judgedPhase) return;
    this.#judgedPhase = phase;
    this.#parts.probes.hit(`a rebalance was ${state.phase}`);
    const isDone = state.phase === 'done' || state.phase === 'undone';
    if (isDone && state.outcome?.digestsEqual !== true) this.#fail(`O2: ${phase} and not equal`);
    if (state.phase === 'failed' && !this.#parts.swarm.faults.has('bit-flip'))
      this.#fail(`O2: ${phase}: ${state.why}`);
  }

  #judgeDrop(): void {
    const { view } = this.#parts.ring;
    if (view.isConnected && this.isRebalancing)
      this.#fail(`O3: a copy goes while ${view.rebalance!.value.record} is open`);
  }

  #fail(words: string): void {
    this.#parts.world.fail(new Failure('rebalance', words));
  }
}
