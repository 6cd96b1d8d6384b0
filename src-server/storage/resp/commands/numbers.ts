/** Values that count: texts of 64-bit integers. */
import { type KeyCommand, ONE_KEY } from '../command.ts';
import { NOT_AN_INTEGER, WOULD_OVERFLOW } from '../error-words.ts';
import { INT64_MIN, narrowed, readInteger, sumOf } from '../integers.ts';
import type { Transaction } from '../ports.ts';
import type { ReplyWriter } from '../reply-writer.ts';

const NUMBER = {
  kind: 'keys',
  group: 'string',
  joined: null,
  isWrite: true,
  flags: ['write', 'denyoom', 'fast'],
  keys: ONE_KEY,
  since: '1.0.0',
  complexity: 'O(1)',
} as const;

export const NUMBER_COMMANDS = Object.freeze<KeyCommand[]>([
  {
    ...NUMBER,
    name: 'incr',
    arity: 2,
    summary: 'Increment the integer value of a key by one',
    run: (transaction, words, reply) => count(transaction, words.view(1), 1, reply),
  },
  {
    ...NUMBER,
    name: 'decr',
    arity: 2,
    summary: 'Decrement the integer value of a key by one',
    run: (transaction, words, reply) => count(transaction, words.view(1), -1, reply),
  },
  {
    ...NUMBER,
    name: 'incrby',
    arity: 3,
    summary: 'Increment the integer value of a key by the given amount',
    run(transaction, words, reply) {
      const by = readInteger(words.view(2));
      if (by === null) reply.error(NOT_AN_INTEGER);
      else count(transaction, words.view(1), by, reply);
    },
  },
  {
    ...NUMBER,
    name: 'decrby',
    arity: 3,
    summary: 'Decrement the integer value of a key by the given number',
    run(transaction, words, reply) {
      const by = readInteger(words.view(2));
      if (by === null) reply.error(NOT_AN_INTEGER);
      // It has no positive counterpart.
      else if (by === INT64_MIN) reply.error('ERR decrement would overflow');
      else count(transaction, words.view(1), narrowed(-BigInt(by)), reply);
    },
  },
]);

function count(
  transaction: Transaction,
  key: Uint8Array,
  by: number | bigint,
  reply: ReplyWriter,
): void {
  const found = transaction.get(key);
  const before = found === null ? 0 : readInteger(found.value);
  if (before === null) {
    reply.error(NOT_AN_INTEGER);
    return;
  }
  const after = sumOf(before, by);
  if (after === null) {
    reply.error(WOULD_OVERFLOW);
    return;
  }
  transaction.put(key, Buffer.from(String(after), 'latin1'), found?.expiresAtMs ?? 0);
  reply.integer(after);
}
