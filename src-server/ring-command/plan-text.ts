/** A plan for people, as tables, and for programs, as JSON. */
import type { RingConfig } from '../storage/control/ring-config.ts';
import type { Obstacle } from '../storage/planning/obstacles.ts';
import type { Sizes } from '../storage/planning/sizes.ts';
import type { Estimate } from '../storage/planning/speed.ts';
import type { Assessment, Staged } from '../storage/planning/staging.ts';
import type { Edit } from '../storage/ring/edits.ts';
import { nodeOf } from '../storage/ring/topology.ts';
import { bytesText, countText, percentText, tableLines, timeText } from './words.ts';

export function planLines(one: Staged, config: RingConfig, sizes: Sizes): string[] {
  const { figures, stage, edits, obstacles, unsettledPartitions } = one;
  if (edits.length === 0) return ['The ring is as the file says.'];
  const { partitionCount, replicaCount } = stage.layout;
  const lines = [
    `Ring version ${one.ring.version}: ${countText(partitionCount)} partitions, ${replicaCount} copies, ${stage.layout.strategy}`,
    '',
    'Edits',
    ...edits.map((edit, i) => `  ${i + 1}. ${editText(edit)}${faultText(one, i)}`),
    '',
    ...nodeLines(one, config, sizes),
    '',
    ...pairLines(one, sizes),
    ...summaryLines(one),
  ];
  if (figures.unknownPartitions > 0)
    lines.push(
      `Nobody told the sizes of ${figures.unknownPartitions} moved partitions: they are in no sum.`,
    );
  if (unsettledPartitions > 0)
    lines.push(
      `${unsettledPartitions} partitions are not where they are wanted yet: figures are reckoned as if they were.`,
    );
  lines.push(...obstacles.map(({ words }) => `In the way: ${words}`));
  return lines;
}

function summaryLines(one: Staged): string[] {
  const { figures, before, after } = one;
  const { least, estimate } = figures;
  const copies = `${countText(figures.movedReplicas)} copies, ${bytesText(figures.bytes)}`;
  const lines = [
    `To be copied    ${copies}, ${countText(figures.keys)} keys; in ${figures.steps} steps`,
    `Least possible  ${countText(least.replicas)} copies, ${bytesText(least.bytes)}${least.isExact ? '' : ' (nearly)'}`,
    `Leaders         ${countText(figures.leadersChanged)} change`,
    `Between zones   ${bytesText(figures.crossZoneBytes)}`,
    `Time            ${estimateText(estimate)}`,
    `Evenness        ${evennessText(before)} → ${evennessText(after)} (most ÷ mean of copies; spread of bytes)`,
    `Loss            ${lossText(before)} → ${lossText(after)} (something is gone if so many nodes fail at once)`,
  ];
  if (figures.bentPartitions > 0)
    lines.push(
      `Rules           bent for ${figures.bentPartitions} partitions: weights are in the way`,
    );
  if (figures.unsafePartitions > 0)
    lines.push(`Rules           bent on the way for ${figures.unsafePartitions} partitions`);
  return lines;
}

function estimateText(estimate: Estimate | null): string {
  if (estimate === null) return 'unknown: there is no limit, and nothing was moved before';
  const { ms, leastMs, mostMs, basis, bytesPerSecond } = estimate;
  const from = basis === 'limit' ? 'the limit of' : 'what was reached before,';
  return `${timeText(ms)} (${timeText(leastMs)} to ${timeText(mostMs)}), from ${from} ${bytesText(bytesPerSecond)} a second for each node`;
}

function evennessText({ replicas, bytes }: Assessment): string {
  const spread = bytes === null ? 'unknown' : percentText(bytes.variation);
  return `${replicas.maxToMean.toFixed(3)}; ${spread}`;
}

function lossText({ loss }: Assessment): string {
  const told = loss.filter(({ probability }) => probability > 0);
  if (told.length === 0) return 'never';
  return told
    .map(({ failures, probability, isExact }) => {
      const chance = `${isExact ? '' : '≈ '}${percentText(probability)}`;
      return `${failures}: ${chance}`;
    })
    .join(', ');
}

function nodeLines(
  { ring, stage, before, after }: Staged,
  config: RingConfig,
  sizes: Sizes,
): string[] {
  const then = new Map(before.nodes.map((node) => [node.id, node]));
  const next = new Map(after.nodes.map((node) => [node.id, node]));
  const told = (bytes: number): string => bytesText(sizes.known === 0 ? null : bytes);
  const rows = stage.plan.nodes.map(({ id, bytesBefore, bytesAfter, peakBytes, capBytes }) => {
    const [was, is] = [nodeOf(ring.layout.topology, id), nodeOf(stage.layout.topology, id)];
    return [
      `  ${id}${config.out.includes(id) ? ' (out)' : ''}`,
      changeText(
        was === null ? '–' : `${was.region}/${was.zone}`,
        is === null ? '–' : `${is.region}/${is.zone}`,
      ),
      changeText(was === null ? '–' : String(was.weight), is === null ? '–' : String(is.weight)),
      changeText(String(then.get(id)?.held ?? 0), String(next.get(id)?.held ?? 0)),
      changeText(String(then.get(id)?.led ?? 0), String(next.get(id)?.led ?? 0)),
      changeText(told(bytesBefore), told(bytesAfter)),
      told(peakBytes),
      capBytes === null ? '' : bytesText(capBytes),
    ];
  });
  const heads = ['  Node', 'Zone', 'Weight', 'Copies', 'Leads', 'Holds', 'At most', 'Cap'];
  return tableLines(heads, rows, { right: [6, 7] });
}

function pairLines({ stage }: Staged, sizes: Sizes): string[] {
  if (stage.plan.streams.length === 0) return [];
  const isTold = sizes.known > 0;
  const rows = stage.plan.streams.map(({ from, to, partitions, bytes, keys, isAcrossZones }) => [
    `  ${from}`,
    to,
    countText(partitions),
    bytesText(isTold ? bytes : null),
    countText(isTold ? keys : null),
    isAcrossZones ? 'between zones' : '',
  ]);
  const heads = ['  From', 'To', 'Partitions', 'Bytes', 'Keys', ''];
  return [...tableLines(heads, rows, { right: [2, 3, 4] }), ''];
}

function changeText(before: string, after: string): string {
  return before === after ? before : `${before} → ${after}`;
}

function faultText({ stage }: Staged, edit: number): string {
  const fault = stage.faults[edit];
  if (fault === null || fault === undefined) return '';
  const { kind, ...rest } = fault;
  const details = Object.entries(rest).map(([name, value]) => `${name} ${value}`);
  return `   cannot be done: ${[kind, ...details].join(', ')}`;
}

function editText(edit: Edit): string {
  switch (edit.kind) {
    case 'addNode': {
      const { id, region, zone, weight } = edit.node;
      return `add ${id} in ${region}/${zone}, weight ${weight}`;
    }
    case 'drainNode':
      return `drain ${edit.id}`;
    case 'removeNode':
      return `remove ${edit.id}`;
    case 'replaceNode':
      return `replace ${edit.id} by ${edit.by.id}`;
    case 'setWeight':
      return `weight of ${edit.id}: ${edit.weight}`;
    case 'setCap':
      return `cap of ${edit.id}: ${edit.capBytes === null ? 'none' : bytesText(edit.capBytes)}`;
    case 'setPlace':
      return `${edit.id} is in ${edit.region}/${edit.zone} on ${edit.host}`;
    case 'setReplicas':
      return `${edit.replicaCount} copies of everything`;
    case 'setPartitions':
      return `${edit.partitionCount} partitions`;
    case 'setOverload':
      return edit.overloadPercent === null
        ? 'rules win over weights, whatever it takes'
        : `at most ${edit.overloadPercent} % more than its share for a node, to keep rules`;
    case 'setStrategy':
      return `strategy ${edit.strategy}`;
    case 'setTokensPerNode':
      return `${edit.tokensPerNode} tokens for each node`;
    case 'setLeaders':
      return edit.leaders === 'walk'
        ? 'the first of each walk leads'
        : 'all lead as many as they can';
    case 'addToken':
      return `a token of ${edit.id} at ${edit.position}`;
    case 'moveToken':
      return `the token at ${edit.from} to ${edit.to}`;
    case 'removeToken':
      return `no token at ${edit.position}`;
  }
}

/** What programs may rely upon: fields are added, and never taken away. */
export function planJson(one: Staged, sizes: Sizes): unknown {
  const { ring, stage, figures, obstacles, edits, before, after } = one;
  const { plan } = stage;
  const told = (bytes: number): number | null => (sizes.known === 0 ? null : bytes);
  return {
    version: ring.version,
    edits: edits.map((edit, i) => ({ ...edit, fault: stage.faults[i] ?? null })),
    obstacles: obstacles satisfies readonly Obstacle[],
    ...figures,
    unsettledPartitions: one.unsettledPartitions,
    nodes: plan.nodes.map((node) => ({
      ...node,
      bytesBefore: told(node.bytesBefore),
      bytesAfter: told(node.bytesAfter),
      peakBytes: told(node.peakBytes),
      bytesIn: told(node.bytesIn),
      bytesOut: told(node.bytesOut),
    })),
    streams: plan.streams.map((flow) => ({
      ...flow,
      bytes: told(flow.bytes),
      keys: told(flow.keys),
    })),
    handovers: plan.handovers.map((flow) => ({
      ...flow,
      bytes: told(flow.bytes),
      keys: told(flow.keys),
    })),
    before: assessmentJson(before),
    after: assessmentJson(after),
  };
}

function assessmentJson({ replicas, leaders, bytes, copysets, loss }: Assessment): unknown {
  return { replicas, leaders, bytes, copysets, loss };
}
