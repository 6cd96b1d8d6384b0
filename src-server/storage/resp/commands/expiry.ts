/** How long keys live. */
import type { Arguments } from '../arguments.ts';
import { type KeyCommand, ONE_KEY } from '../command.ts';
import { invalidExpire, NOT_AN_INTEGER } from '../error-words.ts';
import { readInteger } from '../integers.ts';
import { deadlineOf } from './expiry-options.ts';

const EXPIRY = { kind: 'keys', group: 'generic', joined: null, keys: ONE_KEY } as const;
const READS = { ...EXPIRY, isWrite: false, flags: ['readonly', 'fast'] } as const;
const WRITES = { ...EXPIRY, isWrite: true, flags: ['write', 'fast'] } as const;

export const EXPIRY_COMMANDS = Object.freeze<KeyCommand[]>([
  expire('expire', "Set a key's time to live in seconds", '1.0.0'),
  expire('pexpire', "Set a key's time to live in milliseconds", '2.6.0'),
  expire('expireat', 'Set the expiration for a key as a UNIX timestamp', '1.2.0'),
  expire('pexpireat', 'Set the expiration for a key as a UNIX timestamp in milliseconds', '2.6.0'),
  {
    ...WRITES,
    name: 'persist',
    arity: 2,
    since: '2.2.0',
    complexity: 'O(1)',
    summary: 'Remove the expiration from a key',
    run(transaction, words, reply) {
      const key = words.view(1);
      const found = transaction.get(key);
      const isMortal = found !== null && found.expiresAtMs > 0;
      if (isMortal) transaction.put(key, Buffer.from(found.value), 0);
      reply.integer(isMortal ? 1 : 0);
    },
  },
  ttl('ttl', 'Get the time to live for a key in seconds', '1.0.0', (at, now) =>
    Math.floor((Math.max(0, at - now) + 500) / 1000),
  ),
  ttl('pttl', 'Get the time to live for a key in milliseconds', '2.6.0', (at, now) =>
    Math.max(0, at - now),
  ),
  ttl('expiretime', 'Get the expiration Unix timestamp for a key', '7.0.0', (at) =>
    Math.floor((at + 500) / 1000),
  ),
  ttl(
    'pexpiretime',
    'Get the expiration Unix timestamp for a key in milliseconds',
    '7.0.0',
    (at) => at,
  ),
]);

function ttl(
  name: string,
  summary: string,
  since: string,
  figure: (expiresAtMs: number, nowMs: number) => number,
): KeyCommand {
  return {
    ...READS,
    name,
    arity: 2,
    since,
    complexity: 'O(1)',
    summary,
    run(transaction, words, reply) {
      const found = transaction.get(words.view(1));
      if (found === null) reply.integer(-2);
      else if (found.expiresAtMs === 0) reply.integer(-1);
      else reply.integer(figure(found.expiresAtMs, transaction.nowMs));
    },
  };
}

function expire(name: string, summary: string, since: string): KeyCommand {
  const isSeconds = !name.startsWith('p');
  const isRelative = !name.endsWith('at');
  return {
    ...WRITES,
    name,
    arity: -3,
    since,
    complexity: 'O(1)',
    summary,
    run(transaction, words, reply) {
      const condition = readCondition(words);
      if (typeof condition === 'string') {
        reply.error(condition);
        return;
      }
      const value = readInteger(words.view(2));
      if (value === null) {
        reply.error(NOT_AN_INTEGER);
        return;
      }
      const { nowMs } = transaction;
      const deadline = deadlineOf(value, { isSeconds, fromMs: isRelative ? nowMs : 0 });
      if (deadline === null) {
        reply.error(invalidExpire(name));
        return;
      }
      const key = words.view(1);
      const found = transaction.get(key);
      if (found === null || !holds(condition, found.expiresAtMs, deadline)) {
        reply.integer(0);
        return;
      }
      if (deadline <= nowMs) transaction.delete(key);
      else transaction.put(key, Buffer.from(found.value), deadline);
      reply.integer(1);
    },
  };
}

interface Condition {
  readonly nx: boolean;
  readonly xx: boolean;
  readonly gt: boolean;
  readonly lt: boolean;
}

function readCondition(words: Arguments): Condition | string {
  const seen = { nx: false, xx: false, gt: false, lt: false };
  for (let i = 3; i < words.count; i++) {
    if (words.is(i, 'nx')) seen.nx = true;
    else if (words.is(i, 'xx')) seen.xx = true;
    else if (words.is(i, 'gt')) seen.gt = true;
    else if (words.is(i, 'lt')) seen.lt = true;
    else return `ERR Unsupported option ${words.text(i)}`;
  }
  if (seen.nx && (seen.xx || seen.gt || seen.lt))
    return 'ERR NX and XX, GT or LT options at the same time are not compatible';
  if (seen.gt && seen.lt) return 'ERR GT and LT options at the same time are not compatible';
  return seen;
}

/** A key without an end lives for ever, which is longer than any deadline. */
function holds(condition: Condition, presentMs: number, deadline: number): boolean {
  const isMortal = presentMs > 0;
  if (condition.nx && isMortal) return false;
  if (condition.xx && !isMortal) return false;
  if (condition.gt && (!isMortal || deadline <= presentMs)) return false;
  return !(condition.lt && isMortal && deadline >= presentMs);
}
