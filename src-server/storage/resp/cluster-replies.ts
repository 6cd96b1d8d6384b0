/**
 * The ring in the words of Redis Cluster, encoded once for each change of it: many clients ask for the same map at the same
 * moment, just when the ring has changed. Neighbouring partitions with the same replicas make one run of slots.
 */
import { slotRangeOf } from '../ring/slots.ts';
import type { Keyspace, NodeFacts, RingFacts } from './ports.ts';
import { type Protocol, ReplyWriter } from './reply-writer.ts';

/** Slots whose keys lie on these nodes, the leader first. */
export interface Run {
  readonly first: number;
  readonly last: number;
  readonly nodes: readonly NodeFacts[];
}

interface Cached {
  readonly revision: number;
  readonly runs: readonly Run[];
  readonly replies: Map<string, Uint8Array>;
}

export class ClusterReplies {
  readonly #keyspace: Pick<Keyspace, 'ring'>;
  #cached: Cached | null = null;

  constructor(keyspace: Pick<Keyspace, 'ring'>) {
    this.#keyspace = keyspace;
  }

  slots(protocol: Protocol): Uint8Array {
    return this.#reply('slots', protocol, (reply, runs) => {
      reply.array(runs.length);
      for (const { first, last, nodes } of runs) {
        reply.array(2 + nodes.length);
        reply.integer(first);
        reply.integer(last);
        for (const node of nodes) {
          reply.array(4);
          reply.text(node.host);
          reply.integer(node.clusterPort);
          reply.text(node.clusterId);
          reply.array(0);
        }
      }
    });
  }

  /** A shard is what Redis calls the slots that are replicated together. */
  shards(protocol: Protocol): Uint8Array {
    return this.#reply('shards', protocol, (reply, runs) => {
      const shards = new Map<string, Run[]>();
      for (const run of runs) {
        const name = namesOf(run.nodes);
        const shard = shards.get(name);
        if (shard === undefined) shards.set(name, [run]);
        else shard.push(run);
      }
      reply.array(shards.size);
      for (const shard of shards.values()) writeShard(shard, reply);
    });
  }

  nodes(protocol: Protocol): Uint8Array {
    return this.#reply('nodes', protocol, (reply, runs, ring) =>
      reply.verbatim(ring.nodes.map((node) => nodeLine(node, runs, ring)).join('')),
    );
  }

  info(protocol: Protocol): Uint8Array {
    return this.#reply('info', protocol, (reply, runs, ring) => {
      const slots = 16_384;
      const served = runs.reduce((sum, { first, last }) => sum + last - first + 1, 0);
      const leaders = new Set(runs.map(({ nodes }) => nodes[0]!.id));
      const fields: readonly (readonly [string, string | number])[] = [
        // Keys whose partition has a leader are served whatever becomes of the others.
        ['cluster_enabled', 1],
        ['cluster_state', served > 0 ? 'ok' : 'fail'],
        ['cluster_slots_assigned', slots],
        ['cluster_slots_ok', served],
        ['cluster_slots_pfail', 0],
        ['cluster_slots_fail', slots - served],
        ['cluster_known_nodes', ring.nodes.length],
        ['cluster_size', leaders.size],
        ['cluster_current_epoch', ring.version],
        ['cluster_my_epoch', ring.version],
      ];
      reply.verbatim(fields.map(([name, value]) => `${name}:${value}\r\n`).join(''));
    });
  }

  #reply(
    name: string,
    protocol: Protocol,
    write: (reply: ReplyWriter, runs: readonly Run[], ring: RingFacts) => void,
  ): Uint8Array {
    const { ring } = this.#keyspace;
    if (this.#cached?.revision !== ring.revision)
      this.#cached = { revision: ring.revision, runs: runsOf(ring), replies: new Map() };
    const { replies, runs } = this.#cached;
    const key = `${name} ${protocol}`;
    const known = replies.get(key);
    if (known !== undefined) return known;
    const reply = new ReplyWriter();
    reply.protocol = protocol;
    write(reply, runs, ring);
    replies.set(key, reply.view());
    return reply.view();
  }
}

function runsOf(ring: RingFacts): Run[] {
  const runs: { first: number; last: number; nodes: readonly NodeFacts[]; name: string }[] = [];
  for (let partition = 0; partition < ring.partitionCount; partition++) {
    const { leader, inSync } = ring.partition(partition);
    if (leader === null) continue;
    // Only who has everything may be asked for what it has.
    const nodes = [leader, ...inSync.filter((node) => node.id !== leader.id && node.isAlive)];
    const { first, last } = slotRangeOf(partition, ring.partitionCount);
    const name = namesOf(nodes);
    const before = runs.at(-1);
    if (before?.name === name && before.last === first - 1) before.last = last;
    else runs.push({ first, last, nodes, name });
  }
  return runs;
}

function namesOf(nodes: readonly NodeFacts[]): string {
  return nodes.map(({ id }) => id).join(' ');
}

function writeShard(shard: readonly Run[], reply: ReplyWriter): void {
  reply.map(2);
  reply.text('slots');
  reply.array(shard.length * 2);
  for (const { first, last } of shard) {
    reply.integer(first);
    reply.integer(last);
  }
  reply.text('nodes');
  const { nodes } = shard[0]!;
  reply.array(nodes.length);
  for (const [i, node] of nodes.entries()) {
    reply.map(7);
    reply.text('id');
    reply.text(node.clusterId);
    reply.text('port');
    reply.integer(node.clusterPort);
    reply.text('ip');
    reply.text(node.host);
    reply.text('endpoint');
    reply.text(node.host);
    reply.text('role');
    reply.text(i === 0 ? 'master' : 'replica');
    reply.text('replication-offset');
    reply.integer(0);
    reply.text('health');
    reply.text(node.isAlive ? 'online' : 'failed');
  }
}

/** Every node leads some partitions and follows in others, so that all are masters here, with what they lead. */
function nodeLine(node: NodeFacts, runs: readonly Run[], ring: RingFacts): string {
  const ranges: { first: number; last: number }[] = [];
  for (const { first, last, nodes } of runs) {
    if (nodes[0]!.id !== node.id) continue;
    const before = ranges.at(-1);
    if (before?.last === first - 1) before.last = last;
    else ranges.push({ first, last });
  }
  const flags = [
    ...(node.id === ring.self.id ? ['myself'] : []),
    'master',
    ...(node.isAlive ? [] : ['fail']),
  ].join(',');
  const address = `${node.host}:${node.clusterPort}@${node.peerPort}`;
  const link = node.isAlive ? 'connected' : 'disconnected';
  const slots = ranges.map(({ first, last }) => (first === last ? `${first}` : `${first}-${last}`));
  return `${[node.clusterId, address, flags, '-', 0, 0, ring.version, link, ...slots].join(' ')}\n`;
}
