/** INFO, CONFIG GET, TIME, WAIT: what tools and clients ask a server before and while they use it. */
import type { Arguments } from '../arguments.ts';
import { NO_KEYS } from '../command.ts';
import type { DeskCommand, Visitor } from '../desk.ts';
import { NOT_AN_INTEGER } from '../error-words.ts';
import { matcherOf } from '../glob.ts';
import { readInteger } from '../integers.ts';
import type { ReplyWriter } from '../reply-writer.ts';
import { REDIS_VERSION } from './handshake.ts';

const SERVER = {
  kind: 'desk',
  inMulti: 'queues',
  keys: NO_KEYS,
  waits: false,
  group: 'server',
} as const;

export const SERVER_COMMANDS = Object.freeze<DeskCommand[]>([
  {
    ...SERVER,
    name: 'info',
    arity: -1,
    flags: ['loading', 'stale'],
    since: '1.0.0',
    complexity: 'O(1)',
    summary: 'Get information and statistics about the server',
    run: info,
  },
  {
    ...SERVER,
    name: 'time',
    arity: 1,
    flags: ['loading', 'stale', 'fast'],
    since: '2.6.0',
    complexity: 'O(1)',
    summary: 'Return the current server time',
    run({ household }, _words, reply) {
      const nowMs = household.clock.wallMs();
      reply.array(2);
      reply.text(String(Math.floor(nowMs / 1000)));
      reply.text(String((nowMs % 1000) * 1000));
    },
  },
  {
    ...SERVER,
    name: 'wait',
    inMulti: 'refused',
    arity: 3,
    flags: ['noscript'],
    group: 'generic',
    waits: true,
    since: '3.0.0',
    complexity: 'O(1)',
    summary:
      'How many followers have the write before it, which every in-sync one has when it is answered',
    run: wait,
  },
  {
    ...SERVER,
    name: 'config',
    arity: -2,
    flags: [],
    since: '2.0.0',
    complexity: 'Depends on subcommand.',
    summary: 'A container for server configuration commands',
    run: () => undefined,
    parts: [
      {
        ...SERVER,
        name: 'config|get',
        arity: -3,
        flags: ['admin', 'noscript', 'loading', 'stale'],
        since: '2.0.0',
        complexity: 'O(N) when N is the number of configuration parameters provided',
        summary: 'Get the values of configuration parameters',
        run: getConfig,
      },
      {
        ...SERVER,
        name: 'config|set',
        arity: -4,
        flags: ['admin', 'noscript', 'loading', 'stale'],
        since: '2.0.0',
        complexity: 'O(1)',
        summary: 'Not here: settings are of the node and the ring',
        run: (_visitor, _words, reply) =>
          reply.error(
            'ERR settings are those of the storage node; they are changed where it is started',
          ),
      },
    ],
  },
]);

/**
 * Writes are answered once every in-sync replica has them, so that there is nothing to wait for: what was asked before is
 * answered, and the leader's in-sync followers have it. More replicas than are in sync nobody can have by waiting.
 */
function wait(visitor: Visitor, words: Arguments, reply: ReplyWriter): void {
  const wanted = readInteger(words.view(1));
  const timeoutMs = readInteger(words.view(2));
  if (wanted === null || timeoutMs === null) reply.error(NOT_AN_INTEGER);
  else if (timeoutMs < 0) reply.error('ERR timeout is negative');
  else if (visitor.lastWritten < 0) reply.integer(0);
  else {
    const { inSync } = visitor.household.keyspace.ring.partition(visitor.lastWritten);
    reply.integer(Math.max(0, inSync.length - 1));
  }
}

function getConfig({ household }: Visitor, words: Arguments, reply: ReplyWriter): void {
  const { figures } = household.keyspace;
  const parameters: readonly (readonly [string, string])[] = [
    ['appendonly', figures.mode === 'durable' ? 'yes' : 'no'],
    ['databases', '1'],
    ['maxclients', String(household.limits.connectionsMax)],
    ['maxmemory', String(figures.memoryBytesMax)],
    ['proto-max-bulk-len', String(household.limits.bulkBytesMax)],
    ['save', ''],
  ];
  const wanted = Array.from({ length: words.count - 2 }, (_, i) =>
    matcherOf(Buffer.from(words.text(i + 2).toLowerCase())),
  );
  const found = parameters.filter(([name]) => wanted.some((matches) => matches(Buffer.from(name))));
  reply.map(found.length);
  for (const [name, value] of found) {
    reply.text(name);
    reply.text(value);
  }
}

type Fields = readonly (readonly [string, string | number])[];

const SECTIONS: Readonly<Record<string, (visitor: Visitor) => Fields>> = {
  server: ({ household, door, localPort }) => {
    const { ring, figures } = household.keyspace;
    const uptime = Math.max(0, Math.floor((household.clock.wallMs() - figures.startedAtMs) / 1000));
    return [
      ['redis_version', REDIS_VERSION],
      ['redis_mode', door === 'cluster' ? 'cluster' : 'standalone'],
      ['zabring_version', household.version],
      ['run_id', ring.self.clusterId],
      ['tcp_port', localPort],
      ['uptime_in_seconds', uptime],
      ['uptime_in_days', Math.floor(uptime / 86_400)],
    ];
  },
  clients: ({ household }) => [
    ['connected_clients', household.visitors.size],
    ['maxclients', household.limits.connectionsMax],
    ['blocked_clients', 0],
  ],
  memory: ({ household }) => {
    const { memoryBytes, memoryBytesMax } = household.keyspace.figures;
    return [
      ['used_memory', memoryBytes],
      ['maxmemory', memoryBytesMax],
    ];
  },
  persistence: ({ household }) => {
    const { isLoading, mode, diskBytes } = household.keyspace.figures;
    return [
      ['loading', isLoading ? 1 : 0],
      ['aof_enabled', mode === 'durable' ? 1 : 0],
      ['aof_current_size', diskBytes],
    ];
  },
  stats: ({ household }) => {
    const { stats, clock } = household;
    return [
      ['total_connections_received', stats.connectionsReceived],
      ['total_commands_processed', stats.commands],
      ['instantaneous_ops_per_sec', stats.rateAt(clock.nowMs())],
      ['total_net_input_bytes', stats.bytesIn],
      ['total_net_output_bytes', stats.bytesOut],
      ['rejected_connections', stats.connectionsRejected],
      ['client_output_buffer_limit_disconnections', stats.connectionsDropped],
      ['total_error_replies', stats.errors],
      ['acl_access_denied_auth', stats.authFailures],
    ];
  },
  replication: ({ household }) => {
    const { ring } = household.keyspace;
    return [
      ['role', 'master'],
      ['connected_slaves', Math.max(0, ring.replicaCount - 1)],
      ['min_slaves_good_slaves', Math.max(0, ring.minInSync - 1)],
    ];
  },
  cluster: ({ door }) => [['cluster_enabled', door === 'cluster' ? 1 : 0]],
  ring: ({ household }) => {
    const { ring, figures } = household.keyspace;
    const { stats } = household;
    return [
      ['ring_name', ring.name],
      ['ring_node', ring.self.id],
      ['ring_version', ring.version],
      ['ring_coordinated', ring.isCoordinated ? 1 : 0],
      ['ring_partitions', ring.partitionCount],
      ['ring_partitions_led', figures.partitionsLed],
      ['ring_partitions_held', figures.partitionsHeld],
      ['ring_moved', stats.moved],
      ['ring_forwarded', stats.forwarded],
      ['ring_uncertain', stats.uncertain],
    ];
  },
  keyspace: ({ household }) => {
    const { keys } = household.keyspace.figures;
    return keys === 0 ? [] : [['db0', `keys=${keys}`]];
  },
};

/** Everything without a word; else the sections that were named. */
function info(visitor: Visitor, words: Arguments, reply: ReplyWriter): void {
  const names = Object.keys(SECTIONS);
  const asked = Array.from({ length: words.count - 1 }, (_, i) => words.text(i + 1).toLowerCase());
  const isAll = asked.length === 0 || asked.some((name) => /^(all|default|everything)$/.test(name));
  const texts = names
    .filter((name) => isAll || asked.includes(name))
    .map((name) => {
      const title = name.charAt(0).toUpperCase() + name.slice(1);
      const lines = SECTIONS[name]!(visitor).map(([field, value]) => `${field}:${value}\r\n`);
      return `# ${title}\r\n${lines.join('')}`;
    });
  reply.verbatim(texts.join('\r\n'));
}
