/**
 * Which nodes are in: one that is away for too long is taken out of the table, and one that came back is put in again.
 *
 * Taking out is what begins the copying, so it is done with care: not before `downOutMs`, not when nobody else could hold what
 * the node held, and never so often that more than half of the ring is out, which is no failure of nodes any more.
 */
import type { NodeId } from '../ring/topology.ts';
import { copiesWanted, tableWith, tableWithout } from './placing.ts';
import { placedNodes } from './ring-config.ts';
import type { Round, WaitReason } from './round.ts';

/** @returns whether what is wanted has changed: what follows from it is decided when that is written */
export function changeNodes(round: Round): boolean {
  return putIn(round) || takeOut(round);
}

function putIn(round: Round): boolean {
  const { value: config, version } = round.view.config!;
  const back = config.out.find((id) => round.isSteady(id));
  if (back === undefined) return false;
  const { wallMs, by } = round.situation;
  const words = `${back} is back`;
  round.changeConfig(
    {
      ...config,
      version: config.version + 1,
      out: config.out.filter((id) => id !== back),
      table: tableWith(config, back, round.view.partitions),
      changed: { atMs: wallMs, by, why: words },
    },
    version,
    { kind: 'node-in', node: back, words },
  );
  return true;
}

function takeOut(round: Round): boolean {
  const { value: config, version } = round.view.config!;
  const placed = placedNodes(config);
  const late: NodeId[] = [];
  for (const { id } of config.nodes) {
    if (config.out.includes(id) || !placed.has(id) || round.isUsable(id)) continue;
    const leftMs = config.downOutMs - round.awayForMs(id);
    if (leftMs <= 0) late.push(id);
    else {
      round.wakeAt(round.situation.nowMs + leftMs);
      const words = `${id} is away; in ${Math.ceil(leftMs)} ms what it held is copied elsewhere`;
      wait(round, 'away', id, words);
    }
  }
  if (late.length === 0) return false;
  const out = [...config.out, ...late];
  if (out.length * 2 > config.nodes.length) {
    const words = `${out.length} of ${config.nodes.length} nodes are away: too many to be copied elsewhere`;
    for (const id of late) wait(round, 'too-many-away', id, words);
    return false;
  }
  const table = tableWithout(config, out);
  const isIn = (id: NodeId): boolean => !out.includes(id);
  if (copiesWanted(table, isIn) <= copiesWanted(config.table, isIn)) {
    const others = config.nodes.length - out.length;
    const words = `nobody can take its copies: ${others} nodes are left for ${config.table.replicaCount} copies`;
    for (const id of late) wait(round, 'no-room', id, words);
    return false;
  }
  const { wallMs, by } = round.situation;
  const words = `${late.join(', ')} away for ${config.downOutMs} ms`;
  round.changeConfig(
    {
      ...config,
      version: config.version + 1,
      out: [...out].sort(),
      table,
      changed: { atMs: wallMs, by, why: words },
    },
    version,
    { kind: 'node-out', node: late[0]!, words },
  );
  return true;
}

function wait(round: Round, reason: WaitReason, node: NodeId, words: string): void {
  round.wait({ reason, partition: null, node, znode: round.paths.node(node), words });
}
