/** What this ring tells beyond Redis: where a key lies, by which epoch, how the node is, how fresh reads must be. */
import { partitionOf, slotOf, slotRangeOf } from '../../ring/slots.ts';
import type { Arguments } from '../arguments.ts';
import { NO_KEYS, ONE_KEY } from '../command.ts';
import type { DeskCommand, Visitor } from '../desk.ts';
import { NOT_AN_INTEGER, SYNTAX } from '../error-words.ts';
import { readInteger } from '../integers.ts';
import { LEASE, type NodeFacts, type PartitionFacts, STRICT } from '../ports.ts';
import type { ReplyWriter } from '../reply-writer.ts';

const RING = {
  kind: 'desk',
  inMulti: 'queues',
  keys: NO_KEYS,
  waits: false,
  group: 'ring',
  flags: ['loading', 'stale'],
  since: '0.1.0',
  complexity: 'O(1)',
} as const;
const STALE_MS_MAX = 86_400_000;

export const RING_COMMANDS = Object.freeze<DeskCommand[]>([
  {
    ...RING,
    name: 'ring.where',
    arity: 2,
    keys: ONE_KEY,
    summary: 'Where a key lies: its slot, partition, leader, replicas and epoch',
    run(visitor, words, reply) {
      const { ring } = visitor.household.keyspace;
      const slot = slotOf(words.view(1));
      const partition = partitionOf(slot, ring.partitionCount);
      reply.map(9);
      reply.text('key');
      reply.bulk(words.view(1));
      reply.text('slot');
      reply.integer(slot);
      writePartition(visitor, partition, reply);
    },
  },
  {
    ...RING,
    name: 'ring.partition',
    arity: 2,
    summary: 'Who holds a partition, by its number',
    run(visitor, words, reply) {
      const partition = readInteger(words.view(1));
      const { partitionCount } = visitor.household.keyspace.ring;
      if (typeof partition !== 'number' || partition < 0 || partition >= partitionCount) {
        reply.error(`ERR partitions are numbered from 0 to ${partitionCount - 1}`);
        return;
      }
      reply.map(7);
      writePartition(visitor, partition, reply);
    },
  },
  {
    ...RING,
    name: 'ring.epoch',
    arity: -1,
    summary: 'The version of the ring, or the epoch of the partition of a key',
    run(visitor, words, reply) {
      const { ring } = visitor.household.keyspace;
      if (words.count > 2) reply.error(SYNTAX);
      else if (words.count === 1) reply.integer(ring.version);
      else {
        const partition = partitionOf(slotOf(words.view(1)), ring.partitionCount);
        reply.integer(ring.partition(partition).epoch);
      }
    },
  },
  {
    ...RING,
    name: 'ring.status',
    arity: -1,
    summary:
      'How this node is; with PARTITIONS and any numbers: what it has of each partition, or of those',
    run: (visitor, words, reply) => {
      if (words.count === 1) writeStatus(visitor, reply);
      else if (words.is(1, 'partitions')) writeHoldings(visitor, words, reply);
      else reply.error(SYNTAX);
    },
  },
  {
    ...RING,
    name: 'ring.copies',
    arity: 1,
    summary:
      'Copies of partitions out of this node and into it: how far they are, how fast, what for',
    run: writeCopies,
  },
  {
    ...RING,
    name: 'ring.waits',
    arity: 1,
    summary:
      'What the ring waits for: which limit, whose, and the znode; of the node that controls it',
    run: writeWaits,
  },
  {
    ...RING,
    name: 'ring.consistency',
    arity: -1,
    flags: ['loading', 'stale', 'fast'],
    summary: 'How fresh reads of this connection must be: strict, lease, or stale and so many ms',
    run: consistency,
  },
]);

/** Seven pairs. */
function writePartition({ household }: Visitor, partition: number, reply: ReplyWriter): void {
  const { ring } = household.keyspace;
  const facts: PartitionFacts = ring.partition(partition);
  const { first, last } = slotRangeOf(partition, ring.partitionCount);
  reply.text('partition');
  reply.integer(partition);
  reply.text('slots');
  reply.text(`${first}-${last}`);
  reply.text('epoch');
  reply.integer(facts.epoch);
  reply.text('ring');
  reply.integer(ring.version);
  reply.text('leader');
  if (facts.leader === null) reply.nil();
  else reply.text(addressOf(facts.leader));
  reply.text('replicas');
  writeNodes(facts.replicas, reply);
  reply.text('in-sync');
  writeNodes(facts.inSync, reply);
}

function writeNodes(nodes: readonly NodeFacts[], reply: ReplyWriter): void {
  reply.array(nodes.length);
  for (const node of nodes) reply.text(addressOf(node));
}

function addressOf({ id, host, clusterPort }: NodeFacts): string {
  return `${id} ${host}:${clusterPort}`;
}

function writeStatus(visitor: Visitor, reply: ReplyWriter): void {
  const fields = statusOf(visitor);
  reply.map(fields.length);
  for (const [name, value] of fields) {
    reply.text(name);
    if (typeof value === 'number') reply.integer(value);
    else reply.text(value);
  }
}

/**
 * A list for each: partition, role, epoch, last and committed seq, keys, bytes, reads and writes carried out here, what it waits
 * for, or nil, and the digest of its keys. Lists and no maps: there may be thousands.
 */
function writeHoldings({ household }: Visitor, words: Arguments, reply: ReplyWriter): void {
  const { keyspace } = household;
  let partitions = keyspace.held;
  if (words.count > 2) {
    const named = Array.from({ length: words.count - 2 }, (_, i) => readInteger(words.view(i + 2)));
    if (named.includes(null)) {
      reply.error(NOT_AN_INTEGER);
      return;
    }
    partitions = named.map(Number);
  }
  const holdings = partitions.map((one) => keyspace.holding(one)).filter((one) => one !== null);
  reply.array(holdings.length);
  for (const one of holdings) {
    reply.array(11);
    reply.integer(one.partition);
    reply.text(one.role);
    for (const figure of [one.epoch, one.lastSeq, one.committedSeq, one.keys, one.bytes])
      reply.integer(figure);
    reply.integer(one.reads);
    reply.integer(one.writes);
    if (one.waits === null) reply.nil();
    else reply.text(one.waits);
    reply.text(one.digest);
  }
}

/** A list for each: partition, from, to, bytes done and in all, bytes a second, what it does. */
function writeCopies({ household }: Visitor, _words: Arguments, reply: ReplyWriter): void {
  const { copies } = household.keyspace;
  reply.array(copies.length);
  for (const { partition, from, to, bytes, bytesTotal, bytesPerSecond, words } of copies) {
    reply.array(7);
    reply.integer(partition);
    reply.text(from);
    reply.text(to);
    for (const figure of [bytes, bytesTotal, bytesPerSecond]) reply.integer(figure);
    reply.text(words);
  }
}

/** A list for each: reason, partition or nil, node or nil, znode, words. */
function writeWaits({ household }: Visitor, _words: Arguments, reply: ReplyWriter): void {
  const { waits } = household.keyspace;
  if (waits === null) {
    reply.error('ERR this node does not control the ring, and does not know what it waits for');
    return;
  }
  reply.array(waits.length);
  for (const { reason, partition, node, znode, words } of waits) {
    reply.array(5);
    reply.text(reason);
    if (partition === null) reply.nil();
    else reply.integer(partition);
    if (node === null) reply.nil();
    else reply.text(node);
    reply.text(znode);
    reply.text(words);
  }
}

function statusOf({ household }: Visitor): [string, string | number][] {
  const { keyspace, stats, clock, visitors, version } = household;
  const { ring, figures } = keyspace;
  return [
    ['node', ring.self.id],
    ['version', version],
    ['ring', ring.name],
    ['ring-version', ring.version],
    ['revision', ring.revision],
    ['coordinated', ring.isCoordinated ? 1 : 0],
    ['loading', figures.isLoading ? 1 : 0],
    ['mode', figures.mode],
    ['uptime-seconds', Math.max(0, Math.floor((clock.wallMs() - figures.startedAtMs) / 1000))],
    ['partitions', ring.partitionCount],
    ['replicas', ring.replicaCount],
    ['min-in-sync', ring.minInSync],
    ['led', figures.partitionsLed],
    ['held', figures.partitionsHeld],
    ['keys', figures.keys],
    ['key-bytes', figures.keyBytes],
    ['disk-bytes', figures.diskBytes],
    ['memory-bytes', figures.memoryBytes],
    ['clients', visitors.size],
    ['commands', stats.commands],
    ['commands-per-second', stats.rateAt(clock.nowMs())],
    ['bytes-in', stats.bytesIn],
    ['bytes-out', stats.bytesOut],
    ['moved', stats.moved],
    ['forwarded', stats.forwarded],
    ['uncertain', stats.uncertain],
    ['errors', stats.errors],
    ...figures.details.map(([name, value]): [string, string | number] => [name, value]),
  ];
}

function consistency(visitor: Visitor, words: Arguments, reply: ReplyWriter): void {
  if (words.count === 1) {
    const { consistency: present } = visitor;
    reply.text(present.kind === 'stale' ? `stale ${present.withinMs}` : present.kind);
    return;
  }
  if (words.is(1, 'strict') && words.count === 2) visitor.consistency = STRICT;
  else if (words.is(1, 'lease') && words.count === 2) visitor.consistency = LEASE;
  else if (words.is(1, 'stale') && words.count === 3) {
    const withinMs = readInteger(words.view(2));
    if (typeof withinMs !== 'number' || withinMs < 1 || withinMs > STALE_MS_MAX) {
      reply.error(`ERR stale takes 1 to ${STALE_MS_MAX} ms`);
      return;
    }
    visitor.consistency = { kind: 'stale', withinMs };
  } else {
    reply.error(SYNTAX);
    return;
  }
  reply.ok();
}
