/** What storage nodes answer about their partitions, their copies and what waits; nothing where they do not tell. */
import type { LiveCopy } from '../control/rebalance-progress.ts';
import type { Wait } from '../control/round.ts';
import { numberOf, type Reply, textOf } from '../resp/reply.ts';
import { isNodeId, type NodeId } from '../ring/topology.ts';
import type { Holding as Held } from './sizes.ts';

/** What a node has of one partition. */
export interface Holding extends Held {
  readonly epoch: number;
  readonly lastSeq: number;
  readonly committedSeq: number;
  readonly waits: string | null;
}

/** Of RING.STATUS PARTITIONS, a list for each. */
export function holdingsOf(reply: Reply): Holding[] {
  return rowsOf(reply).map((row) => {
    const [partition, role, epoch, lastSeq, committedSeq, keys, bytes, reads, writes, waits] = row;
    return {
      partition: numberOf(partition) ?? 0,
      role: textOf(role) ?? '',
      epoch: numberOf(epoch) ?? 0,
      lastSeq: numberOf(lastSeq) ?? 0,
      committedSeq: numberOf(committedSeq) ?? 0,
      keys: numberOf(keys) ?? 0,
      bytes: numberOf(bytes) ?? 0,
      reads: numberOf(reads) ?? 0,
      writes: numberOf(writes) ?? 0,
      waits: textOf(waits),
    };
  });
}

/** Of RING.COPIES: partition, from, to, bytes done, of how many, a second, and what it does. */
export function copiesOf(reply: Reply): LiveCopy[] {
  return rowsOf(reply).flatMap(([partition, giver, taker, done, total, rate, words]) => {
    const [from, to] = [nodeOf(giver), nodeOf(taker)];
    if (from === null || to === null) return [];
    return [
      {
        partition: numberOf(partition) ?? 0,
        from,
        to,
        bytesDone: numberOf(done) ?? 0,
        bytesTotal: numberOf(total) ?? 0,
        bytesPerSecond: numberOf(rate) ?? 0,
        words: textOf(words) ?? '',
      },
    ];
  });
}

/** Of RING.WAITS: reason, partition, node, znode, and all of it in words. */
export function waitsOf(reply: Reply): Wait[] {
  return rowsOf(reply).map(([reason, partition, node, znode, words]) => ({
    reason: (textOf(reason) ?? '') as Wait['reason'],
    partition: numberOf(partition),
    node: nodeOf(node),
    znode: textOf(znode) ?? '',
    words: textOf(words) ?? '',
  }));
}

function nodeOf(reply: Reply | undefined): NodeId | null {
  const text = textOf(reply);
  return text !== null && isNodeId(text) ? text : null;
}

function rowsOf(reply: Reply): (readonly Reply[])[] {
  if (!Array.isArray(reply)) return [];
  return (reply as readonly Reply[]).filter((row): row is readonly Reply[] => Array.isArray(row));
}
