/**
 * MULTI, EXEC, DISCARD, WATCH: within one partition, where they are as atomic as in Redis. A watch remembers the seq of the
 * entry that wrote its key, so that it holds when the leader changes in between.
 */
import { slotOf } from '../../ring/slots.ts';
import { Arguments } from '../arguments.ts';
import { ALL_KEYS, NO_KEYS } from '../command.ts';
import type { DeskCommand, Visitor } from '../desk.ts';
import { CROSS_SLOT, EXEC_ABORT } from '../error-words.ts';
import { RespError } from '../reply.ts';
import { parseReply } from '../reply-parser.ts';
import { slotOfKeys } from '../routing.ts';
import { EXEC, EXEC_READS, SEQS, wordsOfExec } from './errand-commands.ts';
import { TRANSACTION_TABLE } from './key-commands.ts';

const TRANSACTION = {
  kind: 'desk',
  keys: NO_KEYS,
  waits: false,
  ignoresMulti: true,
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
      else if (multi.queued.length === 0 && multi.watched.size === 0) reply.array(0);
      else if (!isInOnePartition(visitor)) reply.error(CROSS_SLOT);
      else execute(visitor);
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
    ignoresMulti: false,
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

function isInOnePartition({ multi, household }: Visitor): boolean {
  const { partitionCount } = household.keyspace.ring;
  const words = Arguments.of(['keys', ...keysOf(multi)]);
  return slotOfKeys({ keys: ALL_KEYS }, words, partitionCount) !== null;
}

/** One key of each command is enough: a command's keys were found to lie together when it was queued. */
function keysOf({ queued, watched }: Visitor['multi']): Uint8Array[] {
  return [...queued.map((words) => words.view(1)), ...[...watched.values()].map(({ key }) => key)];
}

function execute(visitor: Visitor): void {
  const { multi } = visitor;
  const { queued, watched } = multi;
  const changes = queued.some((words) => {
    const command = TRANSACTION_TABLE.named(words.text(0).toLowerCase());
    return command?.isWrite === true;
  });
  const command = changes ? EXEC : EXEC_READS;
  const [key] = keysOf(multi);
  const slot = slotOf(key!);
  const words = wordsOfExec({ name: command.name, key: key!, watched: watched.values(), queued });
  const later = visitor.later();
  visitor.ask({ command, words, slot }, (bytes) => later((reply) => reply.encoded(bytes)));
}
