/**
 * MULTI, EXEC, DISCARD, WATCH: within one partition, where they are as atomic as in Redis. A watch remembers the seq of the
 * entry that wrote its key, so that it holds when the leader changes in between.
 */
import { slotOf } from '../../ring/slots.ts';
import { Arguments } from '../arguments.ts';
import { ALL_KEYS, type KeyCommand, NO_KEYS } from '../command.ts';
import { type DeskCommand, resolved, type Visitor } from '../desk.ts';
import { CROSS_SLOT, EXEC_ABORT } from '../error-words.ts';
import { RespError } from '../reply.ts';
import { parseReply } from '../reply-parser.ts';
import { itemsOf } from '../reply-pieces.ts';
import type { ReplyWriter } from '../reply-writer.ts';
import { slotOfKeys } from '../routing.ts';
import { EXEC, EXEC_READS, SEQS, wordsOfExec } from './errand-commands.ts';
import { TRANSACTION_TABLE } from './key-commands.ts';

const TRANSACTION = {
  kind: 'desk',
  inMulti: 'runs',
  keys: NO_KEYS,
  waits: false,
  group: 'transactions',
  flags: ['noscript', 'loading', 'stale', 'fast', 'allow_busy'],
} as const;

export const TRANSACTION_DESK = Object.freeze<DeskCommand[]>([
  {
    ...TRANSACTION,
    name: 'multi',
    arity: 1,
    since: '1.2.0',
    complexity: 'O(1)',
    summary: 'Mark the start of a transaction block',
    run({ multi }, _words, reply) {
      if (multi.isOpen) reply.error('ERR MULTI calls can not be nested');
      else {
        multi.open();
        reply.ok();
      }
    },
  },
  {
    ...TRANSACTION,
    name: 'discard',
    arity: 1,
    since: '2.0.0',
    complexity: 'O(N), when N is the number of queued commands',
    summary: 'Discard all commands issued after MULTI',
    run({ multi }, _words, reply) {
      if (!multi.isOpen) reply.error('ERR DISCARD without MULTI');
      else {
        multi.close();
        reply.ok();
      }
    },
  },
  {
    ...TRANSACTION,
    name: 'exec',
    arity: 1,
    flags: ['noscript', 'loading', 'stale'],
    since: '1.2.0',
    complexity: 'Depends on commands in the transaction',
    summary: 'Execute all commands issued after MULTI',
    run(visitor, _words, reply) {
      const { multi } = visitor;
      if (!multi.isOpen) {
        reply.error('ERR EXEC without MULTI');
        return;
      }
      if (multi.isSpoiled) reply.error(EXEC_ABORT);
      else execute(visitor, reply);
      multi.close();
    },
  },
  {
    ...TRANSACTION,
    name: 'watch',
    arity: -2,
    keys: ALL_KEYS,
    since: '2.2.0',
    complexity: 'O(1) for every key.',
    summary: 'Watch the given keys to determine execution of the MULTI/EXEC block',
    run(visitor, words, reply) {
      if (visitor.multi.isOpen) {
        reply.error('ERR WATCH inside MULTI is not allowed');
        return;
      }
      const slot = slotOfKeys(
        { keys: ALL_KEYS },
        words,
        visitor.household.keyspace.ring.partitionCount,
      );
      if (slot === null) reply.error(CROSS_SLOT);
      else watch(visitor, words, slot);
    },
  },
  {
    ...TRANSACTION,
    name: 'unwatch',
    arity: 1,
    inMulti: 'queues',
    since: '2.2.0',
    complexity: 'O(1)',
    summary: 'Forget about all watched keys',
    run({ multi }, _words, reply) {
      multi.unwatch();
      reply.ok();
    },
  },
]);

function watch(visitor: Visitor, words: Arguments, slot: number): void {
  const { multi } = visitor;
  const keys = Array.from({ length: words.count - 1 }, (_, i) => Buffer.from(words.view(i + 1)));
  const later = visitor.later();
  multi.isWatching = true;
  visitor.ask(
    { command: SEQS, words: Arguments.of(['ring.seqs', ...keys]).kept(), slot },
    (bytes) => {
      multi.isWatching = false;
      const seqs = parseReply(bytes);
      if (seqs instanceof RespError || !Array.isArray(seqs)) {
        later((reply) => reply.encoded(bytes));
        return;
      }
      for (const [i, key] of keys.entries())
        multi.watch({ key, slot: slotOf(key), seq: Number(seqs[i]) });
      later((reply) => reply.ok());
    },
  );
}

function isInOnePartition({ household }: Visitor, keys: readonly Uint8Array[]): boolean {
  const { partitionCount } = household.keyspace.ring;
  const words = Arguments.of(['keys', ...keys]);
  return slotOfKeys({ keys: ALL_KEYS }, words, partitionCount) !== null;
}

function commandOverKeys(words: Arguments): KeyCommand | null {
  return TRANSACTION_TABLE.find(words.bytes, words.starts[0]!, words.ends[0]!);
}

/** What concerns keys goes where they are led, as one; what is answered at the desk is answered when that has come back. */
function execute(visitor: Visitor, reply: ReplyWriter): void {
  const { queued, watched } = visitor.multi;
  const overKeys = queued.filter((words) => commandOverKeys(words) !== null);
  // One key of each command is enough: a command's keys were found to lie together when it was queued.
  const keys = [
    ...overKeys.map((words) => words.view(1)),
    ...[...watched.values()].map(({ key }) => key),
  ];
  const [key] = keys;
  if (key === undefined) {
    merge(visitor, { queued, replies: [] }, reply);
    return;
  }
  if (!isInOnePartition(visitor, keys)) {
    reply.error(CROSS_SLOT);
    return;
  }
  const command = overKeys.some((words) => commandOverKeys(words)!.isWrite) ? EXEC : EXEC_READS;
  const words = wordsOfExec({
    ...{ name: command.name, key, watched: watched.values() },
    queued: overKeys,
  });
  const later = visitor.later();
  visitor.ask({ command, words, slot: slotOf(key) }, (bytes) =>
    later((late) => {
      const isList = bytes[0] === LIST && bytes[1] !== MINUS;
      if (isList) merge(visitor, { queued, replies: itemsOf(bytes) }, late);
      else late.encoded(bytes);
    }),
  );
}

const LIST = 0x2a;
const MINUS = 0x2d;

function merge(
  visitor: Visitor,
  exec: { readonly queued: readonly Arguments[]; readonly replies: readonly Uint8Array[] },
  reply: ReplyWriter,
): void {
  const { commands } = visitor.household;
  let next = 0;
  reply.array(exec.queued.length);
  for (const words of exec.queued) {
    const command = commands.find(words.bytes, words.starts[0]!, words.ends[0]!);
    if (command?.kind === 'desk') resolved(command, words)?.run(visitor, words, reply);
    else reply.encoded(exec.replies[next++]!);
  }
}
