/** CLUSTER and what cluster clients say to nodes: the ring as Redis Cluster would tell of it. */
import { partitionOf, slotOf, SLOTS } from '../../ring/slots.ts';
import type { Arguments } from '../arguments.ts';
import { NO_KEYS } from '../command.ts';
import type { DeskCommand, Visitor } from '../desk.ts';
import { PLACEMENT_IS_THE_RINGS } from '../error-words.ts';
import { readInteger } from '../integers.ts';
import type { ReplyWriter } from '../reply-writer.ts';

const CLUSTER = {
  kind: 'desk',
  inMulti: 'refused',
  keys: NO_KEYS,
  waits: false,
  group: 'cluster',
  flags: ['loading', 'stale'],
  complexity: 'O(1)',
} as const;
const FAST = { ...CLUSTER, flags: ['fast', 'loading', 'stale'], waits: false } as const;
const INVALID_SLOT = 'ERR Invalid or out of range slot';
/** Keys looked at before others get their turn. */
const SLICE_KEYS = 1000;

const PARTS: readonly DeskCommand[] = [
  part('slots', '3.0.0', 'Get array of cluster slot to node mappings', (visitor, _, reply) =>
    reply.encoded(visitor.household.clusterReplies.slots(visitor.protocol)),
  ),
  part('shards', '7.0.0', 'Get array of cluster slots to node mappings', (visitor, _, reply) =>
    reply.encoded(visitor.household.clusterReplies.shards(visitor.protocol)),
  ),
  part('nodes', '3.0.0', 'Get cluster config for the node', (visitor, _, reply) =>
    reply.encoded(visitor.household.clusterReplies.nodes(visitor.protocol)),
  ),
  part('info', '3.0.0', 'Provides info about the state of the cluster', (visitor, _, reply) =>
    reply.encoded(visitor.household.clusterReplies.info(visitor.protocol)),
  ),
  part('myid', '3.0.0', 'Return the node id', (visitor, _, reply) =>
    reply.text(visitor.household.keyspace.ring.self.clusterId),
  ),
  {
    ...CLUSTER,
    name: 'cluster|keyslot',
    arity: 3,
    since: '3.0.0',
    complexity: 'O(N) where N is the number of bytes in the key',
    summary: 'Returns the hash slot of the specified key',
    run: (_visitor, words, reply) => reply.integer(slotOf(words.view(2))),
  },
  {
    ...CLUSTER,
    name: 'cluster|countkeysinslot',
    arity: 3,
    since: '3.0.0',
    complexity: 'O(N) where N is the number of keys in its partition',
    summary: 'Return the number of local keys in the specified hash slot',
    run(visitor, words, reply) {
      const slot = readSlot(words, 2);
      if (slot === null) reply.error(INVALID_SLOT);
      else collect(visitor, { slot, keysMax: 0 }, (found, late) => late.integer(found.count));
    },
  },
  {
    ...CLUSTER,
    name: 'cluster|getkeysinslot',
    arity: 4,
    since: '3.0.0',
    complexity: 'O(N) where N is the number of keys in its partition',
    summary: 'Return local key names in the specified hash slot',
    run(visitor, words, reply) {
      const slot = readSlot(words, 2);
      const keysMax = readInteger(words.view(3));
      if (slot === null || keysMax === null || keysMax < 0) {
        reply.error(
          keysMax === null ? 'ERR value is not an integer or out of range' : INVALID_SLOT,
        );
        return;
      }
      collect(visitor, { slot, keysMax: Number(keysMax) }, ({ keys }, late) => {
        late.array(keys.length);
        for (const key of keys) late.bulk(key);
      });
    },
  },
  ...[
    'addslots',
    'addslotsrange',
    'bumpepoch',
    'delslots',
    'delslotsrange',
    'failover',
    'flushslots',
  ]
    .concat(['forget', 'meet', 'migrate', 'replicate', 'reset', 'saveconfig', 'set-config-epoch'])
    .concat(['setslot'])
    .map(refusedPart),
];

export const CLUSTER_COMMANDS = Object.freeze<DeskCommand[]>([
  {
    ...CLUSTER,
    name: 'cluster',
    arity: -2,
    flags: [],
    since: '3.0.0',
    complexity: 'Depends on subcommand.',
    summary: 'A container for cluster commands',
    run: () => undefined,
    parts: PARTS,
  },
  {
    ...FAST,
    name: 'asking',
    arity: 1,
    since: '3.0.0',
    flags: ['fast'],
    summary: 'Sent by cluster clients after an -ASK redirect, which this ring never gives',
    run: (_visitor, _words, reply) => reply.ok(),
  },
  {
    ...FAST,
    name: 'readonly',
    arity: 1,
    since: '3.0.0',
    summary: 'Enables reads from followers for this connection',
    run(visitor, _words, reply) {
      visitor.readsFollowers = true;
      reply.ok();
    },
  },
  {
    ...FAST,
    name: 'readwrite',
    arity: 1,
    since: '3.0.0',
    summary: 'Disables reads from followers for this connection',
    run(visitor, _words, reply) {
      visitor.readsFollowers = false;
      reply.ok();
    },
  },
  {
    ...CLUSTER,
    name: 'migrate',
    arity: -6,
    flags: ['write'],
    since: '2.6.0',
    summary: 'Not here: placement is managed by the ring',
    run: (_visitor, _words, reply) => reply.error(PLACEMENT_IS_THE_RINGS),
  },
]);

function part(name: string, since: string, summary: string, run: DeskCommand['run']): DeskCommand {
  return { ...CLUSTER, name: `cluster|${name}`, inMulti: 'queues', arity: 2, since, summary, run };
}

function refusedPart(name: string): DeskCommand {
  return {
    ...CLUSTER,
    name: `cluster|${name}`,
    arity: -2,
    flags: ['admin', 'stale'],
    since: '3.0.0',
    summary: 'Not here: placement is managed by the ring',
    run: (_visitor, _words, reply) => reply.error(PLACEMENT_IS_THE_RINGS),
  };
}

function readSlot(words: Arguments, index: number): number | null {
  const slot = readInteger(words.view(index));
  return typeof slot === 'number' && slot >= 0 && slot < SLOTS ? slot : null;
}

interface Collected {
  count: number;
  readonly keys: Uint8Array[];
}

/** Keys of one slot, slice by slice, since a partition knows its keys in an order of its own. */
function collect(
  visitor: Visitor,
  { slot, keysMax }: { readonly slot: number; readonly keysMax: number },
  answer: (found: Collected, reply: ReplyWriter) => void,
): void {
  const { keyspace, clock } = visitor.household;
  const partition = partitionOf(slot, keyspace.ring.partitionCount);
  const later = visitor.later();
  const found: Collected = { count: 0, keys: [] };
  const goOn = (cursor: number): void => {
    const slice = keyspace.scan(partition, cursor, SLICE_KEYS);
    for (const key of slice?.keys ?? []) {
      if (slotOf(key) !== slot || visitor.user?.owns(key) !== true) continue;
      found.count++;
      if (found.keys.length < keysMax) found.keys.push(key);
    }
    const isDone =
      slice === null || slice.cursor === 0 || (keysMax > 0 && found.keys.length === keysMax);
    if (isDone) later((reply) => answer(found, reply));
    else clock.defer(() => goOn(slice.cursor));
  };
  goOn(0);
}
