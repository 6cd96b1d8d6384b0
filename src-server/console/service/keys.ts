/**
 * Keys of a ring, read and changed by the commands any client has, at the nodes' proxy ports.
 *
 * A change lands on the very value that was looked at: WATCH, look again, and MULTI … EXEC on a connection of its own, which
 * nodes carry out only if nobody wrote the key in between.
 */
import type { ErrorCode } from '#contract/errors.ts';
import { ApiError } from '#contract/errors.ts';
import {
  type KeyChange,
  type KeyCreation,
  type KeyLines,
  type KeyRange,
  type KeyValue,
  WHOLE_VALUE_BYTES_MAX,
} from '#contract/key-models.ts';

import { NetError } from '../../platform/net.ts';
import { RespLost } from '../../storage/resp/client.ts';
import { cursorOf, placeOf } from '../../storage/resp/local-keys.ts';
import { type Reply, RespError } from '../../storage/resp/reply.ts';
import { partitionOf, slotOf } from '../../storage/ring/slots.ts';
import { type Ask, type Word, WrongDoor } from './ring/node-doors.ts';
import type { RingAt, Rings } from './ring/rings.ts';

/** Keys somebody looks for are few among many: so many are looked through at a time. */
const SCAN_COUNT = 1000;

export class Keys {
  readonly #rings: Rings;

  constructor(rings: Rings) {
    this.#rings = rings;
  }

  async list(
    at: RingAt,
    wish: { readonly range: KeyRange; readonly cursor: string | null; readonly count: number },
  ): Promise<KeyLines> {
    const { pattern, partition } = wish.range;
    const first = partition === null ? null : { partition, cursor: 0 };
    const from = wish.cursor ?? String(cursorOf(first));
    const count = pattern === '*' ? wish.count : SCAN_COUNT;
    const address = this.#anyNode(at);
    const words = ['SCAN', from, 'MATCH', pattern, 'COUNT', String(count)];
    const [cursor, found] = listOf(await this.#ask(at, address, words));
    const partitionCount = this.#partitionCount(at);
    const keys = listOf(found ?? null)
      .filter((key) => Buffer.isBuffer(key))
      .map((key) => ({
        key,
        slot: slotOf(key),
        partition: partitionOf(slotOf(key), partitionCount),
      }))
      .filter((one) => partition === null || one.partition === partition);
    const lines = await this.#describe(at, address, keys);
    return { cursor: cursorAfter(textOfReply(cursor), partition), keys: lines };
  }

  async get(at: RingAt, key: Uint8Array): Promise<KeyValue | null> {
    const address = this.#nodeOf(at, key);
    const replies = await this.#askAll(at, address, lookAt(key));
    return this.#valueOf(at, key, replies);
  }

  async create(
    at: RingAt,
    { key, value, ttlMs }: { key: Uint8Array; value: Uint8Array; ttlMs: number | null },
  ): Promise<KeyCreation> {
    const life: Word[] = ttlMs === null ? [] : ['PX', String(ttlMs)];
    const reply = await this.#ask(at, this.#nodeOf(at, key), ['SET', key, value, 'NX', ...life]);
    if (reply !== null) return { kind: 'done' };
    const theirs = await this.get(at, key);
    // It was there a moment ago, and has just gone: whoever wants it may try again.
    if (theirs === null)
      throw new ApiError('outcome-unknown', 'the key went while it was looked at');
    return { kind: 'exists', theirs };
  }

  save(
    at: RingAt,
    { key, value, expected }: { key: Uint8Array; value: Uint8Array; expected: Uint8Array },
  ): Promise<KeyChange> {
    return this.#change(at, { key, expected }, ['SET', key, value, 'KEEPTTL']);
  }

  expire(
    at: RingAt,
    { key, ttlMs, expected }: { key: Uint8Array; ttlMs: number | null; expected: Uint8Array },
  ): Promise<KeyChange> {
    const words: Word[] = ttlMs === null ? ['PERSIST', key] : ['PEXPIRE', key, String(ttlMs)];
    return this.#change(at, { key, expected }, words);
  }

  remove(
    at: RingAt,
    { key, expected }: { key: Uint8Array; expected: Uint8Array },
  ): Promise<KeyChange> {
    return this.#change(at, { key, expected }, ['DEL', key]);
  }

  // --- inside ---

  async #change(
    at: RingAt,
    { key, expected }: { readonly key: Uint8Array; readonly expected: Uint8Array },
    change: readonly Word[],
  ): Promise<KeyChange> {
    return this.#heard(() =>
      this.#rings.open(at).doors.alone(this.#nodeOf(at, key), async (ask) => {
        const [watched = null, ...looked] = await ask(['WATCH', key], ...lookAt(key));
        refuse(watched);
        const found = this.#valueOf(at, key, looked);
        if (found === null) return { kind: 'gone' };
        if (!Buffer.from(found.value).equals(expected)) return { kind: 'conflict', theirs: found };
        return (await execute(ask, change)) ? { kind: 'done' } : this.#overtaken(at, key);
      }),
    );
  }

  /** Somebody wrote it between looking and changing. */
  async #overtaken(at: RingAt, key: Uint8Array): Promise<KeyChange> {
    const theirs = await this.get(at, key);
    return theirs === null ? { kind: 'gone' } : { kind: 'conflict', theirs };
  }

  /** How long each value is and lives; what went meanwhile is left out. */
  async #describe(
    at: RingAt,
    address: string,
    keys: readonly { readonly key: Buffer; readonly slot: number; readonly partition: number }[],
  ): Promise<KeyLines['keys']> {
    const questions = keys.flatMap(({ key }): Word[][] => [
      ['STRLEN', key],
      ['PTTL', key],
    ]);
    const replies = await this.#askAll(at, address, questions);
    return keys.flatMap((one, i) => {
      const [bytes, ttl] = [Number(replies[i * 2]), Number(replies[i * 2 + 1])];
      if (ttl === NO_KEY || !Number.isFinite(bytes)) return [];
      return [{ ...one, bytes, ttlMs: ttl < 0 ? null : ttl }];
    });
  }

  #valueOf(at: RingAt, key: Uint8Array, replies: readonly Reply[]): KeyValue | null {
    for (const reply of replies) refuse(reply);
    const [value, bytes, ttl] = replies;
    const ttlMs = Number(ttl);
    if (ttlMs === NO_KEY || !Buffer.isBuffer(value)) return null;
    const slot = slotOf(key);
    return {
      key,
      slot,
      partition: partitionOf(slot, this.#partitionCount(at)),
      value,
      valueBytes: Number(bytes),
      ttlMs: ttlMs < 0 ? null : ttlMs,
    };
  }

  async #ask(at: RingAt, address: string, words: readonly Word[]): Promise<Reply> {
    const [reply] = await this.#askAll(at, address, [words]);
    return reply!;
  }

  #askAll(at: RingAt, address: string, commands: readonly (readonly Word[])[]): Promise<Reply[]> {
    return this.#heard(async () => {
      const replies = await this.#rings.open(at).doors.ask(address, ...commands);
      for (const reply of replies) refuse(reply);
      return replies;
    });
  }

  /** What goes wrong on the way, in the contract's words. */
  async #heard<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      if (error instanceof RespError) refuse(error);
      // What was asked may have been done: nobody can say.
      if (error instanceof RespLost) throw new ApiError('outcome-unknown', error.message);
      if (error instanceof WrongDoor) throw new ApiError('node-tls', error.message);
      if (!(error instanceof NetError)) throw error;
      const code = error.code === 'timeout' ? 'outcome-unknown' : 'node-unreachable';
      throw new ApiError(code, `the storage node does not answer: ${error.message}`);
    }
  }

  /** Its leader's, where it has one that can be asked: what is asked there need not be passed on. */
  #nodeOf(at: RingAt, key: Uint8Array): string {
    const { known, shown } = this.#rings.open(at).watch;
    const partition = partitionOf(slotOf(key), this.#partitionCount(at));
    const leader = known.partitions.get(partition)?.value.leader ?? null;
    const node = shown?.nodes.find(({ id, isAlive }) => id === leader && isAlive);
    return node?.proxyAddress ?? this.#anyNode(at);
  }

  #anyNode(at: RingAt): string {
    const nodes = this.#rings.open(at).watch.shown?.nodes ?? [];
    const address = nodes.find((node) => node.isAlive && node.proxyAddress !== null)?.proxyAddress;
    if (address) return address;
    throw new ApiError('node-unreachable', 'no storage node of this ring is alive');
  }

  /** @throws ApiError not-found where there is no ring */
  #partitionCount(at: RingAt): number {
    const config = this.#rings.open(at).watch.known.config?.value;
    if (config === undefined) throw new ApiError('not-found', `there is no ring at ${at.root}`);
    return config.table.partitionCount;
  }
}

/** Of PTTL and TTL, for a key that is not there; −1 is one that lives for good. */
const NO_KEY = -2;

function lookAt(key: Uint8Array): Word[][] {
  return [
    ['GETRANGE', key, '0', String(WHOLE_VALUE_BYTES_MAX - 1)],
    ['STRLEN', key],
    ['PTTL', key],
  ];
}

/** @returns false where the key was written since it was watched */
async function execute(ask: Ask, change: readonly Word[]): Promise<boolean> {
  const replies = await ask(['MULTI'], change, ['EXEC']);
  for (const reply of replies) refuse(reply);
  const done = replies[2];
  if (!Array.isArray(done)) return false;
  for (const reply of done as readonly Reply[]) refuse(reply);
  return true;
}

/** A node's refusal in the contract's words; the node's own stay as its detail. */
function refuse(reply: Reply): void {
  if (reply instanceof RespError)
    throw new ApiError(REFUSALS.get(reply.code) ?? 'node-refused', reply.message);
}

const REFUSALS: ReadonlyMap<string, ErrorCode> = new Map([
  ['UNCERTAIN', 'outcome-unknown'],
  ['NOREPLICAS', 'too-few-copies'],
  ['CLUSTERDOWN', 'no-leader'],
  ['TRYAGAIN', 'no-leader'],
  ['MASTERDOWN', 'no-leader'],
  ['LOADING', 'no-leader'],
  ['MISCONF', 'disk-full'],
  ['OOM', 'disk-full'],
  ['NOAUTH', 'node-auth'],
  ['NOPERM', 'node-auth'],
  ['WRONGPASS', 'node-auth'],
]);

function listOf(reply: Reply): readonly Reply[] {
  return Array.isArray(reply) ? (reply as readonly Reply[]) : [];
}

function textOfReply(reply: Reply | undefined): string {
  return Buffer.isBuffer(reply) ? reply.toString('latin1') : '0';
}

/** Null at the end: of the ring, or of the one partition that is looked through. */
function cursorAfter(cursor: string, partition: number | null): string | null {
  if (cursor === '0') return null;
  return partition !== null && placeOf(BigInt(cursor)).partition !== partition ? null : cursor;
}
