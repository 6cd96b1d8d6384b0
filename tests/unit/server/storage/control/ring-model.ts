/**
 * A ring without bytes or wires: nodes that die and come back, leaders that write and keep their in-sync sets, a tree whose
 * versions refuse what is late, and controllers that decide about it and may stop between any two writes.
 *
 * Of what is stored only lengths are kept: how much of each partition was acknowledged, and how much of it each node holds.
 * After every step it is checked that nothing acknowledged is gone and that no change did what no change may do.
 */
import { expect } from 'vitest';

import { Prng } from '../../../../../src-server/base/prng.ts';
import type { Step } from '../../../../../src-server/coordination/client/client.ts';
import { whyKept } from '../../../../../src-server/storage/control/cleanup.ts';
import { decide, type Decision } from '../../../../../src-server/storage/control/decisions.ts';
import { isRepair } from '../../../../../src-server/storage/control/pace.ts';
import { RingPaths } from '../../../../../src-server/storage/control/paths.ts';
import { whyImpossible } from '../../../../../src-server/storage/control/placement-text.ts';
import { Presences, Reigns } from '../../../../../src-server/storage/control/presence.ts';
import { RebalanceDesk } from '../../../../../src-server/storage/control/rebalance-desk.ts';
import {
  isOpen,
  parseRebalance,
  parseRebalanceState,
  type RebalanceRecord,
  type RebalanceState,
} from '../../../../../src-server/storage/control/rebalance-records.ts';
import {
  copiesOf,
  type ForceRecord,
  type NodeRecord,
  parseHistory,
  type PartitionState,
  whyContradictory,
} from '../../../../../src-server/storage/control/records.ts';
import {
  layoutOf,
  parseConfig,
  type RingConfig,
} from '../../../../../src-server/storage/control/ring-config.ts';
import {
  type Change,
  type Comparison,
  type ControlTerms,
  DEFAULT_TERMS,
  type Write,
} from '../../../../../src-server/storage/control/round.ts';
import type { Outcome } from '../../../../../src-server/storage/control/transaction.ts';
import type { RingView, Versioned } from '../../../../../src-server/storage/control/view.ts';
import type { Edit } from '../../../../../src-server/storage/ring/edits.ts';
import { stageOf } from '../../../../../src-server/storage/ring/stage.ts';
import { NOBODY, replicasOf } from '../../../../../src-server/storage/ring/table.ts';
import { type NodeId, nodeId } from '../../../../../src-server/storage/ring/topology.ts';

export interface ModelOptions {
  readonly seed: number;
  readonly nodes: number;
  readonly zones: number;
  readonly terms?: Partial<ControlTerms>;
}

/** A node's own memory: it stays when the node is away. */
interface ModelNode {
  record: NodeRecord;
  isThere: boolean;
  /** How much it holds of each partition that it has a copy of. */
  readonly held: Map<number, number>;
  /** When the view began to say that a copy is none of its own. */
  readonly straySinceMs: Map<number, number>;
}

const TERMS: ControlTerms = {
  ...DEFAULT_TERMS,
  partitionCount: 16,
  downOutMs: 1000,
  settleMs: 200,
  steadyMs: 100,
  handOversAtOnce: 3,
  handOverEveryMs: 50,
  farewellMs: 40,
  graceMs: 500,
};
/** An operator asks for no more copies at a time. */
const TRANSFERS_MOST = 4;

export class RingModel {
  readonly random: Prng;
  readonly terms: ControlTerms;
  readonly nodes = new Map<NodeId, ModelNode>();
  readonly view: {
    isConnected: boolean;
    config: Versioned<RingConfig> | null;
    readonly partitions: Map<number, Versioned<PartitionState>>;
    readonly nodes: Map<NodeId, NodeRecord>;
    readonly members: Map<NodeId, NodeRecord>;
    readonly forces: Map<number, Versioned<ForceRecord>>;
    readonly problems: Map<string, string>;
    rebalance: Versioned<RebalanceState> | null;
    rebalanceRecord: RebalanceRecord | null;
  } & RingView;
  readonly #paths = new RingPaths('/ring');
  /** Entries acknowledged, by partition. */
  readonly #acknowledged = new Map<number, number>();
  #presences = new Presences();
  #reigns = new Reigns();
  readonly #comparisons = new Map<number, Comparison>();
  /** Records of rebalances, by path. */
  readonly #records = new Map<string, string>();
  /** Kinds of what operators did. */
  readonly #told: string[] = [];
  /** Partition and node of every copy that was wanted when the last rebalance began. */
  #hadBefore = new Set<string>();
  readonly desk: RebalanceDesk;
  nowMs = 1000;

  constructor({ seed, nodes, zones, terms }: ModelOptions) {
    this.random = new Prng(seed);
    this.terms = { ...TERMS, ...terms };
    this.view = {
      isConnected: true,
      config: null,
      partitions: new Map(),
      nodes: new Map(),
      members: new Map(),
      candidates: [],
      controllerEpoch: null,
      forces: new Map(),
      rebalance: null,
      rebalanceRecord: null,
      problems: new Map(),
    };
    for (let i = 0; i < nodes; i++) this.addNode(`n${i}`, `z${i % zones}`);
    const now = (): number => this.nowMs;
    this.desk = new RebalanceDesk({
      view: this.view,
      paths: this.#paths,
      get wallMs() {
        return now();
      },
      transact: (steps) => Promise.resolve(this.#transact(steps)),
      settled: () => Promise.resolve(),
      childrenOf: () =>
        Promise.resolve(
          [...this.#records.keys()].map((path) => path.slice(path.lastIndexOf('/') + 1)),
        ),
      textOf: (path) => Promise.resolve(this.#records.get(path) ?? null),
    });
  }

  addNode(name: string, zone: string): NodeId {
    const id = nodeId(name);
    const record: NodeRecord = {
      id,
      region: 'r',
      zone,
      host: name,
      weight: 1,
      capBytes: null,
      incarnation: 1,
      ringId: null,
      address: '127.0.0.1',
      clusterPort: 1,
      proxyPort: 2,
      peerPort: 3,
      clusterId: '0'.repeat(40),
      mode: 'durable',
      fullPercent: null,
      version: 'model',
      startedAtMs: 0,
    };
    this.nodes.set(id, { record, isThere: true, held: new Map(), straySinceMs: new Map() });
    this.#show(id);
    return id;
  }

  // --- what happens to nodes ---

  /** Its session is over, whatever became of it. */
  leave(id: NodeId): void {
    this.nodes.get(id)!.isThere = false;
    this.view.nodes.delete(id);
    this.#look(false);
  }

  /** @param isRestarted it was away because its process had ended */
  comeBack(id: NodeId, isRestarted: boolean): void {
    const node = this.nodes.get(id)!;
    node.isThere = true;
    node.record = {
      ...node.record,
      ringId: this.view.config?.value.ringId ?? null,
      incarnation: node.record.incarnation + (isRestarted ? 1 : 0),
    };
    this.#show(id);
    this.#look(false);
  }

  get there(): NodeId[] {
    return [...this.nodes].filter(([, { isThere }]) => isThere).map(([id]) => id);
  }

  get away(): NodeId[] {
    return [...this.nodes].filter(([, { isThere }]) => !isThere).map(([id]) => id);
  }

  // --- what nodes do ---

  /** Leaders write, drop who is gone, and take in who has caught up; nodes delete what they need not keep. */
  work(): void {
    for (const [partition, { value: state }] of [...this.view.partitions]) {
      if (!this.#leads(state)) continue;
      const what = this.random.below(4);
      if (what === 0) this.#write(partition, state);
      if (what === 1) this.#shrink(partition, state);
      if (what === 2) this.#expand(partition, state);
    }
    this.#tidy();
  }

  /** Everything that leaders have to do is done, as it is when nothing happens for a while. */
  finishCopies(): void {
    for (const [partition, { value }] of [...this.view.partitions]) {
      if (!this.#leads(value)) continue;
      this.#shrink(partition, value);
      this.#expand(partition, this.view.partitions.get(partition)!.value, true);
      this.#write(partition, this.view.partitions.get(partition)!.value);
    }
    this.#tidy();
  }

  acknowledged(partition: number): number {
    return this.#acknowledged.get(partition) ?? 0;
  }

  #leads(state: PartitionState): boolean {
    const node = state.leader === null ? undefined : this.nodes.get(state.leader);
    return node?.isThere === true && node.record.incarnation === state.leaderIncarnation;
  }

  #write(partition: number, { inSync }: PartitionState): void {
    const { minInSync } = this.view.config!.value;
    if (inSync.length < minInSync || !inSync.every((id) => this.nodes.get(id)!.isThere)) return;
    const length = this.acknowledged(partition) + 1;
    for (const id of inSync) this.nodes.get(id)!.held.set(partition, length);
    this.#acknowledged.set(partition, length);
  }

  #shrink(partition: number, state: PartitionState): void {
    const inSync = state.inSync.filter((id) => this.nodes.get(id)!.isThere);
    if (inSync.length < state.inSync.length) this.#set(partition, { ...state, inSync });
  }

  #expand(partition: number, state: PartitionState, all = false): void {
    const waiting = copiesOf(state).filter(
      (id) => !state.inSync.includes(id) && this.nodes.get(id)!.isThere,
    );
    if (waiting.length === 0) return;
    const ready = all ? waiting : [this.random.pick(waiting)];
    for (const id of ready) this.nodes.get(id)!.held.set(partition, this.acknowledged(partition));
    const inSync = [...state.inSync, ...ready];
    this.#set(partition, {
      ...state,
      inSync,
      replicas: [...new Set([...state.replicas, ...inSync])],
      learners: state.learners.filter((id) => !inSync.includes(id)),
    });
  }

  #tidy(): void {
    for (const [id, { isThere, held, straySinceMs }] of this.nodes) {
      for (const partition of [...held.keys()]) {
        const state = this.view.partitions.get(partition)!.value;
        if (!isThere || copiesOf(state).includes(id)) {
          straySinceMs.delete(partition);
          continue;
        }
        const sinceMs = straySinceMs.get(partition) ?? this.nowMs;
        straySinceMs.set(partition, sinceMs);
        const isOver = this.nowMs - sinceMs >= this.view.config!.value.graceMs;
        if (isOver && whyKept(this.view, id, { partition, epoch: 1 }) === null)
          held.delete(partition);
      }
    }
  }

  // --- what the controller does ---

  pass(ms: number): void {
    this.nowMs += ms;
    for (const id of this.there) {
      const node = this.nodes.get(id)!;
      const ringId = this.view.config?.value.ringId ?? null;
      if (node.record.ringId === ringId) continue;
      node.record = { ...node.record, ringId };
      this.#show(id);
    }
    this.#look(false);
  }

  /** Another controller takes over: it does not know what it has not seen. */
  changeController(): void {
    this.#presences = new Presences();
    this.#reigns = new Reigns();
    this.#look(true);
  }

  decide(): Decision {
    const before = this.#situationText();
    const decision = decide({
      view: this.view,
      paths: this.#paths,
      terms: this.terms,
      presenceOf: (id) => this.#presences.of(id),
      ledSinceMs: (partition) => this.#reigns.sinceMs(partition, this.nowMs),
      nowMs: this.nowMs,
      wallMs: this.nowMs,
      by: nodeId('n0'),
      newRingId: 'ring-of-the-model',
      handOvers: this.terms.handOversAtOnce,
      comparisonOf: (partition) => this.#comparisons.get(partition) ?? null,
    });
    expect(this.#situationText()).toBe(before);
    return decision;
  }

  /** Makes changes, as far as versions let it. @returns how many were made */
  carryOut(changes: readonly Change[]): number {
    return changes.filter((change) => this.#carryOut(change)).length;
  }

  #carryOut({ writes }: Change): boolean {
    if (!writes.every((write) => this.#isFresh(write))) return false;
    for (const write of writes) this.#make(write);
    return true;
  }

  #isFresh(write: Write): boolean {
    switch (write.kind) {
      case 'config':
        return (this.view.config?.version ?? null) === write.expectedVersion;
      case 'partition':
        return (
          (this.view.partitions.get(write.partition)?.version ?? null) === write.expectedVersion
        );
      case 'rebalance':
        return this.view.rebalance?.version === write.expectedVersion;
      case 'force-done':
        return this.view.forces.get(write.partition)?.version === write.expectedVersion;
    }
  }

  #make(write: Write): void {
    switch (write.kind) {
      case 'config':
        expect(whyImpossible(write.config)).toBeNull();
        this.view.config = {
          value: write.config,
          version: (this.view.config?.version ?? -1) + 1,
          changedAtMs: this.nowMs,
        };
        return;
      case 'force-done':
        this.view.forces.delete(write.partition);
        return;
      case 'rebalance':
        this.#judgeRebalance(write.state);
        this.#setRebalance(write.state);
        return;
      case 'partition':
        this.#judge(write.partition, write.state);
        this.#set(write.partition, write.state);
    }
  }

  /** What no change of a controller may do. */
  #judge(partition: number, next: PartitionState): void {
    const before = this.view.partitions.get(partition)?.value;
    if (before === undefined) return;
    const isForced = next.forcedEpoch > before.forcedEpoch;
    const isElection = next.leader !== before.leader || next.epoch !== before.epoch;
    if (isElection) expect(next.epoch, 'an election raises the epoch').toBe(before.epoch + 1);
    if (isElection && !isForced) {
      expect(before.inSync, 'nobody leads who was not in sync').toContain(next.leader);
      expect(this.there, 'nobody leads who is away').toContain(next.leader);
    }
    if (isForced) {
      const order = this.view.forces.get(partition)?.value;
      expect(order, 'an operator said so').toMatchObject({
        leader: next.leader,
        epoch: before.epoch,
      });
      return;
    }
    const added = next.inSync.filter((id) => !before.inSync.includes(id));
    expect(added, 'only leaders say who is in sync').toEqual([]);
    if (next.learners.length > before.learners.length) {
      const others = [...this.view.partitions].filter(
        ([other, { value }]) => other !== partition && value.leader === next.leader,
      );
      const given = others.reduce((sum, [, { value }]) => sum + value.learners.length, 0);
      expect(given + next.learners.length, 'copies that a node gives').toBeLessThanOrEqual(
        this.#copiesMost,
      );
    }
    this.#judgeMove(partition, before, next);
    const dropped = before.replicas.filter((id) => !next.replicas.includes(id));
    if (dropped.length > 0) {
      const { replicaCount } = this.view.config!.value.table;
      const left = next.inSync.filter((id) => this.nodes.get(id)!.isThere);
      expect(left.length, 'a copy goes only when there are enough').toBe(replicaCount);
      const wanted = replicasOf(this.view.config!.value.table, partition);
      expect(wanted, 'a wanted copy never goes').not.toEqual(expect.arrayContaining(dropped));
      const zones = (ids: readonly NodeId[]): string[] =>
        [...new Set(ids.map((id) => this.nodes.get(id)!.record.zone))].sort();
      expect(zones(left), 'no wanted zone is without a copy').toEqual(zones(wanted));
    }
  }

  #set(partition: number, state: PartitionState): void {
    const problem = whyContradictory(state);
    if (problem !== null) expect.fail(problem);
    const before = this.view.partitions.get(partition);
    if (before === undefined) {
      for (const id of state.replicas) this.nodes.get(id)!.held.set(partition, 0);
    }
    for (const id of state.learners) {
      const { held } = this.nodes.get(id)!;
      if (!held.has(partition)) held.set(partition, 0);
    }
    if (state.forcedEpoch > (before?.value.forcedEpoch ?? 0)) {
      const kept = this.nodes.get(state.leader!)!.held.get(partition) ?? 0;
      this.#acknowledged.set(partition, Math.min(kept, this.acknowledged(partition)));
    }
    const version = (before?.version ?? -1) + 1;
    this.view.partitions.set(partition, { value: state, version, changedAtMs: this.nowMs });
  }

  /** C11, C12: what is paused stands still, and what is taken back is not copied as a whole. */
  #judgeMove(partition: number, before: PartitionState, next: PartitionState): void {
    const { rebalance, rebalanceRecord: record } = this.view;
    if (rebalance === null || record === null) return;
    const joining = next.learners.filter((id) => !before.learners.includes(id));
    if (rebalance.value.phase === 'paused' && !isRepair(this.view, partition)) {
      expect(joining, 'C11: no copy begins while it is paused').toEqual([]);
      expect(next.replicas, 'C11: no copy goes while it is paused').toEqual(before.replicas);
    }
    if (rebalance.value.phase !== 'running' || rebalance.value.goal !== 'before') return;
    for (const id of joining) {
      if (!replicasOf(record.before.table, partition).includes(id)) continue;
      if (this.#hadBefore.has(`${partition} ${id}`))
        expect([...this.nodes.get(id)!.held.keys()], 'C12: only the tail').toContain(partition);
    }
  }

  /** C13: what is told done is where it should be, and was compared. */
  #judgeRebalance({ phase, goal, outcome, graceUntilMs }: RebalanceState): void {
    if (phase !== 'done' && phase !== 'undone') return;
    expect(phase).toBe(goal === 'after' ? 'done' : 'undone');
    expect(outcome?.digestsEqual, 'C13: done is equal').toBe(true);
    expect(graceUntilMs).toBe(this.nowMs + this.view.config!.value.graceMs);
  }

  #setRebalance(value: RebalanceState): void {
    const version = (this.view.rebalance?.version ?? -1) + 1;
    this.view.rebalance = { value, version, changedAtMs: this.nowMs };
  }

  get isRebalancing(): boolean {
    const { rebalance } = this.view;
    return rebalance !== null && isOpen(rebalance.value);
  }

  get #copiesMost(): number {
    return Math.max(this.view.config!.value.backfillsPerNode, TRANSFERS_MOST);
  }

  /** Leaders find out about copies what a controller asks for. */
  compare(): void {
    for (const partition of this.decide().comparisons) {
      const known = this.view.partitions.get(partition)!;
      const held = known.value.inSync.map((id) => this.nodes.get(id)!.held.get(partition));
      expect(new Set(held).size, 'copies in sync are equal').toBe(1);
      const found = { kind: 'equal', words: '', copiedBytes: new Map() } as const;
      const { version } = known;
      this.#comparisons.set(partition, { partition, version, atMs: this.nowMs, ...found });
    }
  }

  // --- what operators do ---

  /** Anything that can be ordered of a rebalance, or is refused. @returns what history tells */
  async operate(): Promise<readonly string[]> {
    const { random, desk, view } = this;
    const before = this.#told.length;
    const who = ['somebody', 'for a reason'] as const;
    const what = random.below(7);
    if (view.config?.value.phase !== 'formed') {
      expect((await desk.pause(...who)).kind).toBe('refused');
    } else if (what <= 1) await this.#rebalance();
    else if (what === 2) await desk.pause(...who);
    else if (what === 3) await desk.resume(...who);
    else if (what === 4) await desk.cancel(...who);
    else if (what === 5) await desk.undo(...who);
    else {
      const transfersPerNode = 1 + random.below(TRANSFERS_MOST);
      await desk.setPace({ bytesPerSecond: null, transfersPerNode, isAdaptive: false });
    }
    return this.#told.slice(before);
  }

  async #rebalance(): Promise<void> {
    const { random, desk, view } = this;
    const { value: config } = view.config!;
    const ring = { version: config.version, layout: layoutOf(config), table: config.table };
    const id = random.pick([...this.nodes.keys()]);
    const node = { ...this.nodes.get(id)!.record };
    const { region, zone, host, weight, capBytes } = node;
    const isIn = config.nodes.some((other) => other.id === id);
    const edits: Edit[] = !isIn
      ? [{ kind: 'addNode', node: { id, region, zone, host, weight, capBytes } }]
      : [
          random.pick<Edit>([
            { kind: 'setWeight', id, weight: random.pick([0.5, 1, 2]) },
            { kind: 'removeNode', id },
            { kind: 'drainNode', id },
            { kind: 'setReplicas', replicaCount: random.pick([2, 3]) },
            { kind: 'setStrategy', strategy: random.pick(['balanced', 'tokens']) },
          ]),
        ];
    const { partitionCount } = config.table;
    const measured = {
      bytes: new Float64Array(partitionCount).fill(1),
      keys: new Float64Array(partitionCount),
    };
    const stage = stageOf(ring, { edits, measured, transfersPerNode: 2, freesAt: 'end' });
    const had = new Set<string>();
    for (const [other, { held }] of this.nodes)
      for (const partition of held.keys())
        if (replicasOf(config.table, partition).includes(other)) had.add(`${partition} ${other}`);
    const pace = { bytesPerSecond: null, transfersPerNode: TRANSFERS_MOST, isAdaptive: true };
    const outcome = await desk.start({ edits, stage, by: 'somebody', why: 'a reason', pace });
    if (outcome.kind === 'ok') this.#hadBefore = had;
  }

  /** The tree, as far as orders about rebalances go. */
  #transact(steps: readonly Step[]): Outcome {
    const { view } = this;
    const versionOf = (path: string): number | null => {
      if (path === this.#paths.config) return view.config?.version ?? null;
      if (path === this.#paths.rebalance) return view.rebalance?.version ?? null;
      return this.#records.has(path) ? 0 : null;
    };
    const isLate = (step: Step): boolean =>
      step.kind === 'create'
        ? versionOf(step.path) !== null
        : versionOf(step.path) !== step.version;
    const at = steps.findIndex((step) => !step.path.includes('history') && isLate(step));
    if (at >= 0) return { kind: 'conflict', at, why: steps[at]!.path };
    for (const step of steps) {
      if (step.kind === 'check' || step.kind === 'delete') continue;
      const text = Buffer.from(step.data!).toString();
      if (step.path === this.#paths.config) {
        const parsed = parseConfig(text);
        if (!parsed.ok) expect.fail(parsed.error);
        else
          view.config = {
            value: parsed.value,
            version: view.config!.version + 1,
            changedAtMs: this.nowMs,
          };
      } else if (step.path === this.#paths.rebalance) {
        const parsed = parseRebalanceState(text);
        if (!parsed.ok) expect.fail(parsed.error);
        else this.#setRebalance(parsed.value);
      } else if (step.path.includes('history')) {
        const parsed = parseHistory(text);
        if (parsed.ok) this.#told.push(...parsed.value.entries.map(({ kind }) => kind));
      } else {
        this.#records.set(step.path, text);
        const parsed = step.path.includes('/b-') ? parseRebalance(text) : null;
        if (parsed?.ok === false) expect.fail(parsed.error);
        if (parsed?.ok === true) view.rebalanceRecord = parsed.value;
      }
    }
    return { kind: 'ok', versions: steps.map(() => 0) };
  }

  /** Chooses somebody who has a copy of some partition, whatever it holds; now and then too late. */
  force(): void {
    const { random, view } = this;
    if (view.partitions.size === 0) return;
    const partition = random.pick([...view.partitions.keys()]);
    const { epoch, ...state } = view.partitions.get(partition)!.value;
    const value: ForceRecord = {
      epoch: random.chance(0.7) ? epoch : epoch + 1,
      leader: random.pick(copiesOf({ epoch, ...state })),
      mayLose: { fromSeq: 1, toSeq: null },
      by: 'operator',
      why: 'the disks are gone',
      atMs: 0,
    };
    view.forces.set(partition, { value, version: 0, changedAtMs: 0 });
  }

  /** Wants two nodes to change places in the table; whoever is out stays out. */
  wantSomethingElse(): void {
    const { random, view } = this;
    if (view.config?.value.phase !== 'formed') return;
    const { value: config, version } = view.config;
    const { table } = config;
    const cells = table.cells.slice();
    const partition = random.below(table.partitionCount);
    const row = cells.subarray(
      partition * table.replicaCount,
      (partition + 1) * table.replicaCount,
    );
    const others = table.nodeIds
      .map((_, i) => i)
      .filter((i) => !row.includes(i) && !config.out.includes(table.nodeIds[i]!));
    if (others.length === 0 || row.includes(NOBODY)) return;
    const zoneOf = (i: number): string => this.nodes.get(table.nodeIds[i]!)!.record.zone;
    const taker = random.pick(others);
    const giver = row.findIndex((i) => zoneOf(i) === zoneOf(taker));
    row[giver >= 0 ? giver : 0] = taker;
    view.config = {
      value: { ...config, version: config.version + 1, table: { ...table, cells } },
      version: version + 1,
      changedAtMs: this.nowMs,
    };
  }

  // --- what must be true ---

  check(): void {
    const { config, partitions } = this.view;
    if (config === null) return;
    const taken = new Map<NodeId, number>();
    for (const [partition, { value: state }] of partitions) {
      for (const id of state.inSync) {
        const held = this.nodes.get(id)!.held.get(partition) ?? -1;
        if (held < this.acknowledged(partition))
          expect.fail(`${id} is in sync of ${partition} and does not hold all of it`);
      }
      for (const id of state.learners) taken.set(id, (taken.get(id) ?? 0) + 1);
    }
    const most = Math.max(0, ...taken.values());
    expect(most, 'copies that a node takes').toBeLessThanOrEqual(this.#copiesMost);
  }

  /** What is not as the table wants it. */
  get unfinished(): string[] {
    const { config, partitions } = this.view;
    if (config === null) return ['there is no ring'];
    const { partitionCount } = config.value.table;
    const all = Array.from({ length: partitionCount }, (_, partition) => partition);
    return all.flatMap((partition) => {
      const wanted = replicasOf(config.value.table, partition);
      const state = partitions.get(partition)?.value;
      if (state === undefined) return [`${partition} does not exist`];
      const isFull = sorted(state.inSync) === sorted(wanted) && state.learners.length === 0;
      const isRight = isFull && sorted(state.replicas) === sorted(wanted);
      return isRight && state.leader === wanted[0] && this.#leads(state)
        ? []
        : [`${partition}: ${JSON.stringify(state)} is to be ${wanted.join()}`];
    });
  }

  #show(id: NodeId): void {
    const { record } = this.nodes.get(id)!;
    this.view.nodes.set(id, record);
    this.view.members.set(id, record);
  }

  #look(isGap: boolean): void {
    this.#presences.update(this.view, this.nowMs, isGap);
    this.#reigns.update(this.view, this.view.partitions.keys(), this.nowMs);
  }

  #situationText(): string {
    return JSON.stringify([
      this.view.config?.version,
      [...this.view.partitions],
      [...this.view.nodes.keys()],
      [...this.view.forces],
    ]);
  }
}

function sorted(ids: readonly NodeId[]): string {
  return [...ids].sort().join();
}
