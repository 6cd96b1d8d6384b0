/** Commands that read and write whole values, or pieces of them. */
import { ALL_KEYS, type KeyCommand, KEYS_WITH_VALUES, ONE_KEY } from '../command.ts';
import {
  NOT_AN_INTEGER,
  OFFSET_OUT_OF_RANGE,
  SYNTAX,
  TOO_LONG,
  wrongArity,
} from '../error-words.ts';
import { readInteger } from '../integers.ts';
import type { Transaction } from '../ports.ts';
import { readDeadline, readExpiry } from './expiry-options.ts';

/** Of a value, as SETRANGE and APPEND may make it. */
const VALUE_BYTES_MAX = 0x400_0000;

const STRING = { kind: 'keys', group: 'string', joined: null } as const;
const READS = { ...STRING, isWrite: false, flags: ['readonly', 'fast'] } as const;
const WRITES = { ...STRING, isWrite: true, flags: ['write', 'denyoom'] } as const;

export const STRING_COMMANDS = Object.freeze<KeyCommand[]>([
  {
    ...READS,
    name: 'get',
    arity: 2,
    keys: ONE_KEY,
    since: '1.0.0',
    complexity: 'O(1)',
    summary: 'Get the value of a key',
    run(transaction, words, reply) {
      const found = transaction.get(words.view(1));
      if (found === null) reply.nil();
      else reply.bulk(found.value);
    },
  },
  {
    ...WRITES,
    name: 'set',
    arity: -3,
    keys: ONE_KEY,
    since: '1.0.0',
    complexity: 'O(1)',
    summary: 'Set the string value of a key',
    run(transaction, words, reply) {
      const key = words.view(1);
      if (words.count === 3) {
        transaction.put(key, words.view(2), 0);
        reply.ok();
        return;
      }
      const options = readExpiry(words, { from: 3, for: 'set' });
      if (options === null) {
        reply.error(SYNTAX);
        return;
      }
      const deadline = readDeadline(words, options, { nowMs: transaction.nowMs, name: 'set' });
      if (typeof deadline === 'string') {
        reply.error(deadline);
        return;
      }
      const found = transaction.get(key);
      const isBlocked = (options.isNew && found !== null) || (options.isOld && found === null);
      const expiresAtMs = options.keepsTtl && found !== null ? found.expiresAtMs : deadline;
      if (options.givesOld) {
        if (found === null) reply.nil();
        else reply.bulk(found.value);
      } else if (isBlocked) {
        reply.nil();
      } else {
        reply.ok();
      }
      if (!isBlocked) putUntil(transaction, key, words.view(2), expiresAtMs);
    },
  },
  {
    ...WRITES,
    name: 'setnx',
    arity: 3,
    flags: ['write', 'denyoom', 'fast'],
    keys: ONE_KEY,
    since: '1.0.0',
    complexity: 'O(1)',
    summary: 'Set the value of a key, only if the key does not exist',
    run(transaction, words, reply) {
      const key = words.view(1);
      const isNew = transaction.get(key) === null;
      if (isNew) transaction.put(key, words.view(2), 0);
      reply.integer(isNew ? 1 : 0);
    },
  },
  setWithTtl('setex', 'Set the value and expiration of a key', 'ex', '2.0.0'),
  setWithTtl('psetex', 'Set the value and expiration in milliseconds of a key', 'px', '2.6.0'),
  {
    ...WRITES,
    name: 'getset',
    arity: 3,
    flags: ['write', 'denyoom', 'fast'],
    keys: ONE_KEY,
    since: '1.0.0',
    complexity: 'O(1)',
    summary: 'Set the string value of a key and return its old value',
    run(transaction, words, reply) {
      const key = words.view(1);
      const found = transaction.get(key);
      if (found === null) reply.nil();
      else reply.bulk(found.value);
      transaction.put(key, words.view(2), 0);
    },
  },
  {
    ...WRITES,
    name: 'getdel',
    arity: 2,
    flags: ['write', 'fast'],
    keys: ONE_KEY,
    since: '6.2.0',
    complexity: 'O(1)',
    summary: 'Get the value of a key and delete the key',
    run(transaction, words, reply) {
      const key = words.view(1);
      const found = transaction.get(key);
      if (found === null) {
        reply.nil();
        return;
      }
      reply.bulk(found.value);
      transaction.delete(key);
    },
  },
  {
    ...WRITES,
    name: 'getex',
    arity: -2,
    flags: ['write', 'fast'],
    keys: ONE_KEY,
    since: '6.2.0',
    complexity: 'O(1)',
    summary: 'Get the value of a key and optionally set its expiration',
    run(transaction, words, reply) {
      const key = words.view(1);
      const options = readExpiry(words, { from: 2, for: 'getex' });
      if (options === null) {
        reply.error(SYNTAX);
        return;
      }
      const found = transaction.get(key);
      if (found === null) {
        reply.nil();
        return;
      }
      const deadline = readDeadline(words, options, { nowMs: transaction.nowMs, name: 'getex' });
      if (typeof deadline === 'string') {
        reply.error(deadline);
        return;
      }
      reply.bulk(found.value);
      const changes = deadline > 0 || (options.persists && found.expiresAtMs > 0);
      if (changes) putUntil(transaction, key, Buffer.from(found.value), deadline);
    },
  },
  {
    ...READS,
    name: 'mget',
    arity: -2,
    keys: ALL_KEYS,
    joined: 'in-order',
    since: '1.0.0',
    complexity: 'O(N) where N is the number of keys to retrieve.',
    summary: 'Get the values of all the given keys',
    run(transaction, words, reply) {
      reply.array(words.count - 1);
      for (let i = 1; i < words.count; i++) {
        const found = transaction.get(words.view(i));
        if (found === null) reply.nil();
        else reply.bulk(found.value);
      }
    },
  },
  {
    ...WRITES,
    name: 'mset',
    arity: -3,
    keys: KEYS_WITH_VALUES,
    joined: 'ok',
    since: '1.0.1',
    complexity: 'O(N) where N is the number of keys to set.',
    summary: 'Set multiple keys to multiple values',
    run(transaction, words, reply) {
      if (words.count % 2 === 0) {
        reply.error(wrongArity('mset'));
        return;
      }
      for (let i = 1; i < words.count; i += 2) transaction.put(words.view(i), words.view(i + 1), 0);
      reply.ok();
    },
  },
  {
    ...WRITES,
    name: 'msetnx',
    arity: -3,
    keys: KEYS_WITH_VALUES,
    since: '1.0.1',
    complexity: 'O(N) where N is the number of keys to set.',
    summary: 'Set multiple keys to multiple values, only if none of the keys exist',
    run(transaction, words, reply) {
      if (words.count % 2 === 0) {
        reply.error(wrongArity('msetnx'));
        return;
      }
      for (let i = 1; i < words.count; i += 2) {
        if (transaction.get(words.view(i)) !== null) {
          reply.integer(0);
          return;
        }
      }
      for (let i = 1; i < words.count; i += 2) transaction.put(words.view(i), words.view(i + 1), 0);
      reply.integer(1);
    },
  },
  {
    ...READS,
    name: 'strlen',
    arity: 2,
    keys: ONE_KEY,
    since: '2.2.0',
    complexity: 'O(1)',
    summary: 'Get the length of the value stored in a key',
    run(transaction, words, reply) {
      reply.integer(transaction.get(words.view(1))?.value.length ?? 0);
    },
  },
  {
    ...WRITES,
    name: 'append',
    arity: 3,
    flags: ['write', 'denyoom', 'fast'],
    keys: ONE_KEY,
    since: '2.0.0',
    complexity: 'O(N) where N is the length of the new value.',
    summary: 'Append a value to a key',
    run(transaction, words, reply) {
      const key = words.view(1);
      const more = words.view(2);
      const found = transaction.get(key);
      const length = (found?.value.length ?? 0) + more.length;
      if (length > VALUE_BYTES_MAX) {
        reply.error(TOO_LONG);
        return;
      }
      if (found === null) transaction.put(key, more, 0);
      else transaction.put(key, Buffer.concat([found.value, more]), found.expiresAtMs);
      reply.integer(length);
    },
  },
  {
    ...READS,
    name: 'getrange',
    arity: 4,
    flags: ['readonly'],
    keys: ONE_KEY,
    since: '2.4.0',
    complexity: 'O(N) where N is the length of the returned string.',
    summary: 'Get a substring of the string stored at a key',
    run(transaction, words, reply) {
      const first = readInteger(words.view(2));
      const last = readInteger(words.view(3));
      if (first === null || last === null) {
        reply.error(NOT_AN_INTEGER);
        return;
      }
      const value = transaction.get(words.view(1))?.value ?? NOTHING;
      reply.bulk(pieceOf(value, Number(first), Number(last)));
    },
  },
  {
    ...WRITES,
    name: 'setrange',
    arity: 4,
    keys: ONE_KEY,
    since: '2.2.0',
    complexity: 'O(N) where N is the length of the value behind the offset.',
    summary: 'Overwrite part of a string at key starting at the specified offset',
    run(transaction, words, reply) {
      const key = words.view(1);
      const piece = words.view(3);
      const offset = readInteger(words.view(2));
      if (offset === null || offset < 0) {
        reply.error(offset === null ? NOT_AN_INTEGER : OFFSET_OUT_OF_RANGE);
        return;
      }
      const found = transaction.get(key);
      if (piece.length === 0) {
        reply.integer(found?.value.length ?? 0);
        return;
      }
      const end = Number(offset) + piece.length;
      if (end > VALUE_BYTES_MAX) {
        reply.error(TOO_LONG);
        return;
      }
      const before = found?.value ?? NOTHING;
      const value = Buffer.alloc(Math.max(before.length, end));
      value.set(before);
      value.set(piece, Number(offset));
      transaction.put(key, value, found?.expiresAtMs ?? 0);
      reply.integer(value.length);
    },
  },
]);

function setWithTtl(name: string, summary: string, unit: 'ex' | 'px', since: string): KeyCommand {
  return {
    ...WRITES,
    name,
    arity: 4,
    keys: ONE_KEY,
    since,
    complexity: 'O(1)',
    summary,
    run(transaction, words, reply) {
      const at = { unit, index: 2, isNew: false, isOld: false, keepsTtl: false };
      const options = { ...at, givesOld: false, persists: false };
      const deadline = readDeadline(words, options, { nowMs: transaction.nowMs, name });
      if (typeof deadline === 'string') {
        reply.error(deadline);
        return;
      }
      transaction.put(words.view(1), words.view(3), deadline);
      reply.ok();
    },
  };
}

/** What is set to have expired already is gone at once. */
function putUntil(
  transaction: Transaction,
  key: Uint8Array,
  value: Uint8Array,
  expiresAtMs: number,
): void {
  if (expiresAtMs > 0 && expiresAtMs <= transaction.nowMs) transaction.delete(key);
  else transaction.put(key, value, expiresAtMs);
}

/** Both ends are in it, and count from the end where they are negative. */
function pieceOf(value: Uint8Array, first: number, last: number): Uint8Array {
  const { length } = value;
  if (first < 0 && last < 0 && first > last) return NOTHING;
  const start = Math.max(0, first < 0 ? length + first : first);
  const end = Math.max(0, last < 0 ? length + last : last);
  return start > end ? NOTHING : value.subarray(start, Math.min(end, length - 1) + 1);
}

const NOTHING = new Uint8Array(0);
