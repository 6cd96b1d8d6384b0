/** Any list of edits, in any order, on any ring, stages something that keeps the laws: whatever an operator may drag together. */
import { expect, test } from 'vitest';

import { Prng } from '../../../../../src-server/base/prng.ts';
import { heldBytes } from '../../../../../src-server/storage/ring/disks.ts';
import type { Edit } from '../../../../../src-server/storage/ring/edits.ts';
import {
  DEFAULT_LAYOUT,
  placed,
  withStrategy,
} from '../../../../../src-server/storage/ring/layout.ts';
import { tableAfter } from '../../../../../src-server/storage/ring/progress.ts';
import { regrouped, regroupedFigures } from '../../../../../src-server/storage/ring/regroup.ts';
import { type Ring, type Stage, stageOf } from '../../../../../src-server/storage/ring/stage.ts';
import { replicasOf, tableFaultOf } from '../../../../../src-server/storage/ring/table.ts';
import { CIRCLE } from '../../../../../src-server/storage/ring/tokens.ts';
import {
  type NodeId,
  nodeId,
  type RingNode,
} from '../../../../../src-server/storage/ring/topology.ts';
import { randomRing } from './random-ring.ts';

const ROUNDS = 3;

function randomNodeId(random: Prng): NodeId {
  return nodeId(`n${`${random.below(16)}`.padStart(2, '0')}`);
}

function randomNode(random: Prng): RingNode {
  const id = randomNodeId(random);
  const zone = `z${random.below(5)}`;
  const weight = random.pick([0.5, 1, 1, 2]);
  const capBytes = random.chance(0.2) ? random.below(20_000) : null;
  return { id, region: 'r', zone, host: random.chance(0.7) ? id : 'h', weight, capBytes };
}

function randomEdit(random: Prng, { layout }: Ring): Edit {
  const id = random.chance(0.9) ? random.pick(layout.topology.nodes).id : randomNodeId(random);
  const position = (): number => {
    const isKnown = layout.tokens.length > 0 && random.chance(0.7);
    return isKnown ? random.pick(layout.tokens).position : random.below(CIRCLE);
  };
  const edits: (() => Edit)[] = [
    () => ({ kind: 'addNode', node: randomNode(random) }),
    () => ({ kind: 'addNode', node: randomNode(random) }),
    () => ({ kind: 'drainNode', id }),
    () => ({ kind: 'removeNode', id }),
    () => ({ kind: 'replaceNode', id, by: randomNode(random) }),
    () => ({ kind: 'setWeight', id, weight: random.pick([0, 0.1, 1, 3]) }),
    () => ({ kind: 'setCap', id, capBytes: random.pick([null, 0, 5000, 30_000]) }),
    () => ({ kind: 'setPlace', id, region: 'r', zone: `z${random.below(5)}`, host: id }),
    () => ({ kind: 'setReplicas', replicaCount: random.between(1, 4) }),
    () => ({ kind: 'setPartitions', partitionCount: random.pick([16, 32, 64]) }),
    () => ({ kind: 'setOverload', overloadPercent: random.pick([null, 0, 10]) }),
    () => ({ kind: 'setStrategy', strategy: random.pick(['balanced', 'balanced', 'tokens']) }),
    () => ({ kind: 'setTokensPerNode', tokensPerNode: random.between(1, 8) }),
    () => ({ kind: 'setLeaders', leaders: random.pick(['walk', 'even']) }),
    () => ({ kind: 'addToken', id, position: position() }),
    () => ({ kind: 'moveToken', from: position(), to: position() }),
    () => ({ kind: 'removeToken', position: position() }),
  ];
  return random.pick(edits)();
}

test('whatever is staged keeps the laws', () => {
  for (let seed = 1; seed <= 100; seed++) {
    const random = new Prng(seed);
    const { topology, partitionCount, replicaCount, overloadPercent } = randomRing(random);
    const layout = withStrategy(
      {
        ...DEFAULT_LAYOUT,
        topology,
        partitionCount,
        replicaCount,
        overloadPercent,
        tokensPerNode: 4,
      },
      random.pick(['balanced', 'tokens']),
    );
    let ring: Ring = { version: 1, layout, table: placed(layout, null, null).table };
    for (let round = 0; round < ROUNDS; round++) {
      try {
        ring = stagedOnce(ring, random);
      } catch (error) {
        throw new Error(`seed ${seed}`, { cause: error });
      }
    }
  }
});

function stagedOnce(ring: Ring, random: Prng): Ring {
  const edits = Array.from({ length: random.between(0, 4) }, () => randomEdit(random, ring));
  const bytes = Float64Array.from({ length: ring.table.partitionCount }, () => random.below(1000));
  const measured = { bytes, keys: new Float64Array(bytes.length).fill(1) };
  const { nodes } = ring.layout.topology;
  const dead = new Set(random.chance(0.3) ? [random.pick(nodes).id] : []);
  const options = {
    edits,
    measured,
    transfersPerNode: random.between(1, 3),
    freesAt: random.pick(['end', 'step'] as const),
    dead,
  };
  const stage = stageOf(ring, options);
  expect(stage.faults).toHaveLength(edits.length);
  expect(tableFaultOf(stage.table)).toBeNull();
  expect(stage.plan.unsafePartitions).toEqual([]);
  expect(stageOf(ring, options)).toEqual(stage);
  checkPlan(stage);
  checkDisks(stage, bytes);
  return { version: ring.version + 1, layout: stage.layout, table: stage.table };
}

function checkPlan({ plan, table }: Stage): void {
  const end = tableAfter(
    { ...plan, steps: [...plan.steps, { moves: [], bytes: 0, busiestBytes: 0 }] },
    plan.steps.length,
  );
  const wanted = regrouped(table, plan.partitionCount);
  for (let partition = 0; partition < plan.partitionCount; partition++) {
    const [leader, ...others] = replicasOf(end, partition);
    const [wantedLeader, ...wantedOthers] = replicasOf(wanted, partition);
    expect([leader, ...others.sort()]).toEqual([wantedLeader, ...wantedOthers.sort()]);
  }
}

function checkDisks({ layout, table }: Stage, bytes: Float64Array): void {
  if (layout.strategy === 'tokens') return;
  const held = heldBytes(table, regroupedFigures(bytes, table.partitionCount));
  table.nodeIds.forEach((id, i) => {
    const cap = layout.topology.nodes.find((node) => node.id === id)?.capBytes ?? null;
    if (cap !== null) expect(held[i]).toBeLessThanOrEqual(cap);
  });
}
