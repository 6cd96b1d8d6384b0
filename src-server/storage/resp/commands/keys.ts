/** Commands over keys whatever they hold. */
import type { Arguments } from '../arguments.ts';
import { ALL_KEYS, type KeyCommand, ONE_KEY } from '../command.ts';
import type { Transaction } from '../ports.ts';
import type { ReplyWriter } from '../reply-writer.ts';

const GENERIC = { kind: 'keys', group: 'generic' } as const;
const MANY = {
  ...GENERIC,
  arity: -2,
  keys: ALL_KEYS,
  joined: 'sum',
  complexity: 'O(N) where N is the number of keys.',
} as const;

export const KEY_COMMANDS = Object.freeze<KeyCommand[]>([
  {
    ...MANY,
    name: 'del',
    flags: ['write'],
    isWrite: true,
    since: '1.0.0',
    summary: 'Delete a key',
    run: remove,
  },
  {
    ...MANY,
    name: 'unlink',
    flags: ['write', 'fast'],
    isWrite: true,
    since: '4.0.0',
    summary: 'Delete a key; the room it took is freed later',
    run: remove,
  },
  {
    ...MANY,
    name: 'exists',
    flags: ['readonly', 'fast'],
    isWrite: false,
    since: '1.0.0',
    summary: 'Determine if a key exists',
    run: countLiving,
  },
  {
    ...MANY,
    name: 'touch',
    flags: ['readonly', 'fast'],
    isWrite: false,
    since: '3.2.1',
    summary: 'Count how many of the keys exist',
    run: countLiving,
  },
  {
    ...GENERIC,
    name: 'type',
    arity: 2,
    flags: ['readonly', 'fast'],
    isWrite: false,
    keys: ONE_KEY,
    joined: null,
    since: '1.0.0',
    complexity: 'O(1)',
    summary: 'Determine the type stored at key',
    run(transaction, words, reply) {
      reply.simple(transaction.get(words.view(1)) === null ? 'none' : 'string');
    },
  },
]);

function remove(transaction: Transaction, words: Arguments, reply: ReplyWriter): void {
  let removed = 0;
  for (let i = 1; i < words.count; i++) {
    const key = words.view(i);
    if (transaction.get(key) === null) continue;
    transaction.delete(key);
    removed++;
  }
  reply.integer(removed);
}

/** A key that is named twice counts twice. */
function countLiving(transaction: Transaction, words: Arguments, reply: ReplyWriter): void {
  let living = 0;
  for (let i = 1; i < words.count; i++) {
    if (transaction.get(words.view(i)) !== null) living++;
  }
  reply.integer(living);
}
