/** Placement on large rings, beside plain consistent hashing with 256 tokens a node; each name begins with `placement`. */
import type { Edit as StagedEdit } from '#contract/edit-models.ts';

import type { Edit } from '../../src-server/storage/ring/edits.ts';
import { figuresOf } from '../../src-server/storage/ring/figures.ts';
import {
  DEFAULT_LAYOUT,
  type Layout,
  placed,
  type Strategy,
  withStrategy,
} from '../../src-server/storage/ring/layout.ts';
import { quotasOf } from '../../src-server/storage/ring/quotas.ts';
import { type Ring, type Stage, stageOf } from '../../src-server/storage/ring/stage.ts';
import { terrainOf } from '../../src-server/storage/ring/terrain.ts';
import { nodeId, type RingNode, topologyOf } from '../../src-server/storage/ring/topology.ts';
import { writeRing } from '../peers/ring-fixture.ts';
import { endServedConsole, startServedConsole } from '../peers/served-console.ts';
import { leastPlacement } from '../unit/server/storage/ring/placement-oracle.ts';
import { median } from './figures.ts';
import type { Measure, Report } from './report.ts';

interface Size {
  readonly nodes: number;
  readonly partitionCount: number;
}

const DRAGGED: Size = { nodes: 30, partitionCount: 1024 };
const LARGE: Size = { nodes: 100, partitionCount: 16384 };
const ZONES = 5;
const TOKENS_PER_NODE = 256;
const RUNS = 15;

export async function measurePlacement(report: Report): Promise<void> {
  for (const [size, oursAtMost] of [
    [DRAGGED, 16],
    [LARGE, 250],
  ] as const) {
    for (const [edit, words] of [
      [{ kind: 'addNode', node: nodeOf(size.nodes) }, 'a node more'],
      [{ kind: 'removeNode', id: nodeOf(7).id }, 'a node less'],
      [{ kind: 'setWeight', id: nodeOf(7).id, weight: 2 }, 'a weight doubled'],
    ] as const) {
      await compare(
        report,
        { name: nameOf(size, words), unit: 'ms', goal: { oursAtMost } },
        {
          prepare: (strategy) => ringOf(size, strategy),
          measure: (ring) => medianTime(() => staged(ring, edit)),
        },
      );
    }
  }
  await measurePreview(report);
  await compare(
    report,
    { name: nameOf(LARGE, 'first table'), unit: 'ms', goal: { oursAtMost: 1000 } },
    {
      prepare: (strategy) => layoutOf(LARGE, strategy),
      measure: (layout) => medianTime(() => placed(layout, null, null)),
    },
  );
  await compare(
    report,
    { name: nameOf(DRAGGED, 'max ÷ mean'), unit: '×', goal: { oursAtMost: 1.01 } },
    {
      prepare: (strategy) => ringOf(DRAGGED, strategy),
      measure: ({ table, layout }) =>
        figuresOf(table, layout.topology, new Float64Array(DRAGGED.partitionCount)).replicas
          .maxToMean,
    },
  );
  const moved = { name: nameOf(DRAGGED, 'moved ÷ least'), unit: '×', goal: { oursAtMost: 1.01 } };
  await compare(report, moved, {
    prepare: (strategy) => ringOf(DRAGGED, strategy),
    measure: (ring) => movedToLeast(ring),
  });
}

/**
 * The whole of a preview in the console's service, asked for over its port as while a weight is dragged: plan, both tables, risk
 * before and after, and everything put into columns.
 */
async function measurePreview(report: Report): Promise<void> {
  const measure: Measure = {
    name: nameOf(DRAGGED, 'preview in the service'),
    unit: 'ms',
    goal: { oursAtMost: 16 },
  };
  if (!report.isWanted(measure)) return;
  const served = await startServedConsole();
  try {
    await writeRing(served.client, { ...DRAGGED, zones: ZONES });
    let request = 0;
    const dragged = async (...before: StagedEdit[]): Promise<number> => {
      const times: number[] = [];
      for (let i = 0; i < RUNS; i++) {
        request++;
        const edits = [
          ...before,
          { kind: 'setWeight', id: 'node-07', weight: 1 + i / 10 } as const,
        ];
        times.push(await timed(() => served.rpc.call('ring.preview', { ...RING, request, edits })));
      }
      return median(times);
    };
    await report.pairs(measure, {
      ours: () => dragged(),
      theirs: () => dragged({ kind: 'setStrategy', strategy: 'tokens' }),
    });
  } finally {
    await endServedConsole(served);
  }
}

const RING = { cluster: 'local', root: '/ring', basedOn: null, pace: null } as const;

/** Ours is the strategy `balanced`, theirs `tokens`. */
async function compare<T>(
  report: Report,
  measure: Measure,
  work: { readonly prepare: (strategy: Strategy) => T; readonly measure: (prepared: T) => number },
): Promise<void> {
  if (!report.isWanted(measure)) return;
  const ours = work.prepare('balanced');
  const theirs = work.prepare('tokens');
  await report.pairs(measure, {
    ours: () => Promise.resolve(work.measure(ours)),
    theirs: () => Promise.resolve(work.measure(theirs)),
  });
}

/** What a node more moves, against what an exact minimum-cost flow says must be moved for even shares. */
function movedToLeast(ring: Ring): number {
  const { layout, plan } = staged(ring, { kind: 'addNode', node: nodeOf(DRAGGED.nodes) });
  const terrain = terrainOf(layout.topology);
  const quotas = quotasOf(terrain, { ...layout, meanBytes: 0 });
  return plan.movedReplicas / leastPlacement(terrain, quotas, ring.table).moved;
}

function staged(ring: Ring, edit: Edit): Stage {
  const { partitionCount } = ring.layout;
  return stageOf(ring, {
    edits: [edit],
    measured: {
      bytes: new Float64Array(partitionCount).fill(1e6),
      keys: new Float64Array(partitionCount).fill(1000),
    },
    transfersPerNode: 2,
    freesAt: 'end',
  });
}

function ringOf(size: Size, strategy: Strategy): Ring {
  const layout = layoutOf(size, strategy);
  return { version: 1, layout, table: placed(layout, null, null).table };
}

function layoutOf({ nodes, partitionCount }: Size, strategy: Strategy): Layout {
  const topology = topologyOf(Array.from({ length: nodes }, (_, i) => nodeOf(i)));
  const layout = { ...DEFAULT_LAYOUT, topology, partitionCount, tokensPerNode: TOKENS_PER_NODE };
  return withStrategy(layout, strategy);
}

function nodeOf(i: number): RingNode {
  const id = nodeId(`node-${1000 + i}`);
  return { id, region: 'here', zone: `zone-${i % ZONES}`, host: id, weight: 1, capBytes: null };
}

function nameOf({ nodes, partitionCount }: Size, words: string): string {
  return `placement: ${partitionCount} × ${nodes}, ${words}`;
}

function medianTime(work: () => unknown): number {
  return median(
    Array.from({ length: RUNS }, () => {
      const since = process.threadCpuUsage();
      work();
      return spentSince(since);
    }),
  );
}

/** All that this thread does until the answer is there. */
async function timed(work: () => Promise<unknown>): Promise<number> {
  const since = process.threadCpuUsage();
  await work();
  return spentSince(since);
}

/** Of the processor, because these wait for nothing and a busy machine should not count against them. */
function spentSince(since: NodeJS.CpuUsage): number {
  const { user, system } = process.threadCpuUsage(since);
  return (user + system) / 1000;
}
