/** Commands over all keys: of this node at the cluster port, of the whole ring at the proxy port. */
import { Arguments } from '../arguments.ts';
import { NO_KEYS } from '../command.ts';
import type { DeskCommand, Visitor } from '../desk.ts';
import { NOT_AN_INTEGER, SYNTAX } from '../error-words.ts';
import { matcherOf } from '../glob.ts';
import { readInteger } from '../integers.ts';
import {
  countHere,
  cursorOf,
  placeOf,
  randomKeyHere,
  scanHere,
  type Scanned,
  type ScanPlace,
} from '../local-keys.ts';
import { LEASE, type NodeFacts } from '../ports.ts';
import { type Reply, RespError } from '../reply.ts';
import { parseReply } from '../reply-parser.ts';
import type { ReplyWriter } from '../reply-writer.ts';

const SCAN = {
  kind: 'desk',
  inMulti: 'refused',
  keys: NO_KEYS,
  waits: false,
  group: 'generic',
  flags: ['readonly'],
} as const;
const COUNT_DEFAULT = 10;
/** Nodes that one SCAN may ask; where many partitions are empty it gives a cursor and goes on next time. */
const HOPS_MAX = 64;
/** For a user who may see few of the keys. */
const RANDOM_TRIES = 16;

export const SCAN_COMMANDS = Object.freeze<DeskCommand[]>([
  {
    ...SCAN,
    name: 'scan',
    arity: -2,
    since: '2.8.0',
    complexity: 'O(1) for every call.',
    summary: 'Incrementally iterate the keys space',
    run(visitor, words, reply) {
      const request = readRequest(words);
      if (typeof request === 'string') {
        reply.error(request);
        return;
      }
      const count = Math.min(request.count, visitor.household.limits.scanCountMax);
      const later = visitor.later();
      gather(visitor, { from: placeOf(request.cursor), count }, (scanned) =>
        later((late) => {
          if (typeof scanned === 'string') late.error(scanned);
          else answer(visitor, { ...request, scanned }, late);
        }),
      );
    },
  },
  {
    ...SCAN,
    name: 'randomkey',
    arity: 1,
    since: '1.0.0',
    complexity: 'O(1)',
    summary: 'Return a random key from the keyspace',
    run: randomKey,
  },
  {
    ...SCAN,
    name: 'dbsize',
    arity: 1,
    flags: ['readonly', 'fast'],
    group: 'server',
    since: '1.0.0',
    complexity: 'O(1)',
    summary: 'Return the number of keys in the selected database',
    run: countKeys,
  },
]);

interface ScanRequest {
  readonly cursor: bigint;
  readonly count: number;
  readonly matches: (key: Uint8Array) => boolean;
}

function readRequest(words: Arguments): ScanRequest | string {
  const text = words.text(1);
  if (!/^\d{1,20}$/.test(text) || BigInt(text) >= 1n << 64n) return 'ERR invalid cursor';
  let count = COUNT_DEFAULT;
  let matches: ScanRequest['matches'] = () => true;
  for (let i = 2; i < words.count; i += 2) {
    if (i + 1 === words.count) return SYNTAX;
    if (words.is(i, 'count')) {
      const wanted = readInteger(words.view(i + 1));
      if (wanted === null) return NOT_AN_INTEGER;
      if (wanted < 1) return SYNTAX;
      count = Number(wanted);
    } else if (words.is(i, 'match')) {
      matches = matcherOf(Buffer.from(words.view(i + 1)));
    } else if (words.is(i, 'type')) {
      // Everything here is a string.
      if (!words.is(i + 1, 'string')) matches = () => false;
    } else return SYNTAX;
  }
  return { cursor: BigInt(text), count, matches };
}

/** About `count` keys from a place on, wherever they are led. */
function gather(
  visitor: Visitor,
  { from, count }: { readonly from: ScanPlace; readonly count: number },
  done: (scanned: Scanned | string) => void,
): void {
  const { keyspace } = visitor.household;
  const isProxy = visitor.door === 'proxy';
  const keys: Uint8Array[] = [];
  let place: ScanPlace | null = from;
  let hops = 0;
  const goOn = (): void => {
    while (
      place !== null &&
      place.partition < keyspace.ring.partitionCount &&
      keys.length < count
    ) {
      const here = scanHere(keyspace, place, count - keys.length);
      if (here !== null) {
        keys.push(...here.keys);
        place = here.next;
        continue;
      }
      const { leader } = keyspace.ring.partition(place.partition);
      if (isProxy && leader === null) {
        done(`CLUSTERDOWN partition ${place.partition} has no leader`);
        return;
      }
      if (isProxy && leader !== null && leader.id !== keyspace.ring.self.id) {
        if (hops++ === HOPS_MAX) break;
        const words = ['ring.scan', place.partition, place.cursor, count - keys.length];
        askNode(visitor, { node: leader, words }, (reply) => {
          const scanned = scannedOf(reply);
          if (typeof scanned === 'string') {
            done(scanned);
            return;
          }
          keys.push(...scanned.keys);
          place = scanned.next;
          goOn();
        });
        return;
      }
      place = { partition: place.partition + 1, cursor: 0 };
    }
    const isAtEnd = place === null || place.partition >= keyspace.ring.partitionCount;
    done({ next: isAtEnd ? null : place, keys });
  };
  goOn();
}

function scannedOf(reply: Reply): Scanned | string {
  if (reply instanceof RespError) return reply.message;
  const [cursor, keys] = Array.isArray(reply) ? (reply as readonly Reply[]) : [];
  if (!Buffer.isBuffer(cursor) || !Array.isArray(keys)) return 'ERR a node sent no keys';
  const next = BigInt(cursor.toString('latin1'));
  const found = (keys as readonly Reply[]).filter((key) => Buffer.isBuffer(key));
  return { next: next === 0n ? null : placeOf(next), keys: found };
}

function answer(
  { user }: Visitor,
  { matches, scanned }: ScanRequest & { readonly scanned: Scanned },
  reply: ReplyWriter,
): void {
  const shown = scanned.keys.filter((key) => matches(key) && user?.owns(key) === true);
  reply.array(2);
  reply.text(String(cursorOf(scanned.next)));
  reply.array(shown.length);
  for (const key of shown) reply.bulk(key);
}

function randomKey(visitor: Visitor, _words: Arguments, reply: ReplyWriter): void {
  const { household, user, door } = visitor;
  const { keyspace, entropy } = household;
  for (let i = 0; i < RANDOM_TRIES; i++) {
    const key = randomKeyHere(keyspace, entropy.uint32());
    if (key === null) break;
    if (user?.owns(key) !== true) continue;
    reply.bulk(key);
    return;
  }
  const others = door === 'proxy' ? othersOf(visitor) : [];
  const later = visitor.later();
  const goOn = (): void => {
    const node = others.pop();
    if (node === undefined) {
      later((late) => late.nil());
      return;
    }
    askNode(visitor, { node, words: ['ring.randomkey', entropy.uint32()] }, (key) => {
      if (Buffer.isBuffer(key) && user?.owns(key) === true) later((late) => late.bulk(key));
      else goOn();
    });
  };
  goOn();
}

function countKeys(visitor: Visitor, _words: Arguments, reply: ReplyWriter): void {
  const here = countHere(visitor.household.keyspace);
  const others = visitor.door === 'proxy' ? othersOf(visitor) : [];
  if (others.length === 0) {
    reply.integer(here);
    return;
  }
  const later = visitor.later();
  let sum = here;
  let problem: string | null = null;
  let left = others.length;
  for (const node of others) {
    askNode(visitor, { node, words: ['ring.count'] }, (count) => {
      if (typeof count === 'number') sum += count;
      else if (count instanceof RespError) problem = count.message;
      if (--left > 0) return;
      later((late) => {
        if (problem === null) late.integer(sum);
        else late.error(problem);
      });
    });
  }
}

/** Alive, in no order that anybody could count on. */
function othersOf({ household }: Visitor): NodeFacts[] {
  const { ring } = household.keyspace;
  return ring.nodes.filter((node) => node.isAlive && node.id !== ring.self.id);
}

function askNode(
  { household }: Visitor,
  { node, words }: { readonly node: NodeFacts; readonly words: readonly (string | number)[] },
  done: (reply: Reply) => void,
): void {
  const command = Arguments.of(words.map(String)).kept().bytes;
  const errand = { command, protocol: 2, consistency: LEASE, isWrite: false } as const;
  household.keyspace.forward(node, errand, (outcome) => {
    if (outcome.kind === 'answered') done(parseReply(outcome.reply));
    else done(new RespError(`TRYAGAIN ${node.id} does not answer: ${outcome.why}`));
  });
}
