/**
 * A ring without bytes or wires: nodes that die and come back, leaders that write and keep their in-sync sets, a tree whose
 * versions refuse what is late, and controllers that decide about it and may stop between any two writes.
 *
 * Of what is stored only lengths are kept: how much of each partition was acknowledged, and how much of it each node holds.
 * After every step it is checked that nothing acknowledged is gone and that no change did what no change may do.
 */
import { expect } from 'vitest';

import { Prng } from '../../../../../src-server/base/prng.ts';
import { whyKept } from '../../../../../src-server/storage/control/cleanup.ts';
import { decide, type Decision } from '../../../../../src-server/storage/control/decisions.ts';
import { RingPaths } from '../../../../../src-server/storage/control/paths.ts';
import { whyImpossible } from '../../../../../src-server/storage/control/placement-text.ts';
import { Presences } from '../../../../../src-server/storage/control/presence.ts';
import {
  copiesOf,
  type ForceRecord,
  type NodeRecord,
  type PartitionState,
  whyContradictory,
} from '../../../../../src-server/storage/control/records.ts';
import type { RingConfig } from '../../../../../src-server/storage/control/ring-config.ts';
import {
  type Change,
  type ControlTerms,
  DEFAULT_TERMS,
  type Write,
} from '../../../../../src-server/storage/control/round.ts';
import type { RingView, Versioned } from '../../../../../src-server/storage/control/view.ts';
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
};
const GRACE_MS = 500;

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
  } & RingView;
  readonly #paths = new RingPaths('/ring');
  /** Entries acknowledged, by partition. */
  readonly #acknowledged = new Map<number, number>();
  #presences = new Presences();
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
        const isOver = this.nowMs - sinceMs >= GRACE_MS;
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
    this.#look(true);
  }

  decide(): Decision {
    const before = this.#situationText();
    const decision = decide({
      view: this.view,
      paths: this.#paths,
      terms: this.terms,
      presenceOf: (id) => this.#presences.of(id),
      nowMs: this.nowMs,
      wallMs: this.nowMs,
      by: nodeId('n0'),
      newRingId: 'ring-of-the-model',
      handOvers: this.terms.handOversAtOnce,
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
        this.view.config!.value.backfillsPerNode,
      );
    }
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

  // --- what operators do ---

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
    expect(most, 'copies that a node takes').toBeLessThanOrEqual(config.value.backfillsPerNode);
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
