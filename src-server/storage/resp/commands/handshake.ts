/** How a client begins and ends: PING, HELLO, AUTH, SELECT, QUIT and their kind. */
import type { Arguments } from '../arguments.ts';
import { NO_KEYS } from '../command.ts';
import type { DeskCommand, Visitor } from '../desk.ts';
import { NO_AUTH, NOT_AN_INTEGER, SYNTAX, WRONG_PASS } from '../error-words.ts';
import { readInteger } from '../integers.ts';
import type { Protocol, ReplyWriter } from '../reply-writer.ts';
import { DEFAULT_USER } from '../users.ts';

/** The release whose behaviour this follows; programs ask before they use something newer. */
export const REDIS_VERSION = '7.0.15';

const CONNECTION = {
  kind: 'desk',
  inMulti: 'queues',
  keys: NO_KEYS,
  waits: false,
  group: 'connection',
} as const;
const STRANGER = {
  ...CONNECTION,
  flags: ['noscript', 'loading', 'stale', 'fast', 'no_auth', 'allow_busy'],
} as const;
const FAST = ['fast', 'loading', 'stale'] as const;

export const HANDSHAKE_COMMANDS = Object.freeze<DeskCommand[]>([
  {
    ...CONNECTION,
    name: 'ping',
    arity: -1,
    flags: ['fast'],
    since: '1.0.0',
    complexity: 'O(1)',
    summary: 'Ping the server',
    run(_visitor, words, reply) {
      if (words.count > 2) reply.error("ERR wrong number of arguments for 'ping' command");
      else if (words.count === 2) reply.bulk(words.view(1));
      else reply.simple('PONG');
    },
  },
  {
    ...CONNECTION,
    name: 'echo',
    arity: 2,
    flags: FAST,
    since: '1.0.0',
    complexity: 'O(1)',
    summary: 'Echo the given string',
    run: (_visitor, words, reply) => reply.bulk(words.view(1)),
  },
  {
    ...STRANGER,
    name: 'hello',
    inMulti: 'refused',
    arity: -1,
    waits: true,
    since: '6.0.0',
    complexity: 'O(1)',
    summary: 'Handshake with Redis',
    run: hello,
  },
  {
    ...STRANGER,
    name: 'auth',
    inMulti: 'refused',
    arity: -2,
    waits: true,
    since: '1.0.0',
    complexity: 'O(1) where the password was proven before, one hash else',
    summary: 'Authenticate to the server',
    run: auth,
  },
  {
    ...CONNECTION,
    name: 'select',
    arity: 2,
    flags: FAST,
    since: '1.0.0',
    complexity: 'O(1)',
    summary: 'Change the selected database for the current connection',
    run(_visitor, words, reply) {
      const index = readInteger(words.view(1));
      if (index === null) reply.error(NOT_AN_INTEGER);
      else if (index === 0) reply.ok();
      else reply.error('ERR SELECT is not allowed in cluster mode');
    },
  },
  {
    ...STRANGER,
    name: 'quit',
    arity: -1,
    inMulti: 'runs',
    since: '1.0.0',
    complexity: 'O(1)',
    summary: 'Close the connection',
    run(visitor, _words, reply) {
      reply.ok();
      visitor.leave();
    },
  },
  {
    ...STRANGER,
    name: 'reset',
    arity: 1,
    waits: true,
    inMulti: 'runs',
    since: '6.2.0',
    complexity: 'O(1)',
    summary: 'Reset the connection',
    run(visitor, _words, reply) {
      visitor.reset();
      reply.simple('RESET');
    },
  },
]);

interface Greeting {
  readonly protocol: Protocol;
  readonly credentials: { readonly name: string; readonly password: Uint8Array } | null;
  readonly clientName: string | null;
}

function hello(visitor: Visitor, words: Arguments, reply: ReplyWriter): void {
  const greeting = readGreeting(visitor, words);
  if (typeof greeting === 'string') {
    reply.error(greeting);
    return;
  }
  const { credentials } = greeting;
  if (credentials === null) {
    if (visitor.user === null) reply.error(`${NO_AUTH.slice(0, 6)} ${HELLO_NEEDS_AUTH}`);
    else welcome(visitor, greeting, reply);
    return;
  }
  authenticate(visitor, credentials, (error, late) => {
    if (error === null) welcome(visitor, greeting, late);
    else late.error(error);
  });
}

const HELLO_NEEDS_AUTH =
  'HELLO must be called with the client already authenticated, otherwise the HELLO <proto> AUTH <user> <pass> option ' +
  'can be used to authenticate the client and select the RESP protocol version at the same time';

function readGreeting(visitor: Visitor, words: Arguments): Greeting | string {
  let { protocol } = visitor;
  let credentials: Greeting['credentials'] = null;
  let clientName: string | null = null;
  if (words.count > 1) {
    const version = readInteger(words.view(1));
    if (version === null) return 'ERR Protocol version is not an integer or out of range';
    if (version !== 2 && version !== 3) return 'NOPROTO unsupported protocol version';
    protocol = version;
  }
  for (let i = 2; i < words.count; i++) {
    if (words.is(i, 'auth') && i + 2 < words.count) {
      credentials = { name: words.text(i + 1), password: Buffer.from(words.view(i + 2)) };
      i += 2;
    } else if (words.is(i, 'setname') && i + 1 < words.count) {
      clientName = words.text(++i);
      if (!isPlain(clientName)) return BAD_NAME;
    } else {
      return `ERR Syntax error in HELLO option '${words.text(i)}'`;
    }
  }
  return { protocol, credentials, clientName };
}

export const BAD_NAME = 'ERR Client names cannot contain spaces, newlines or special characters.';

/** Fit for CLIENT LIST, whose lines are parted at blanks. */
export function isPlain(text: string): boolean {
  return /^[!-~]*$/.test(text);
}

function welcome(visitor: Visitor, greeting: Greeting, reply: ReplyWriter): void {
  visitor.protocol = greeting.protocol;
  reply.protocol = greeting.protocol;
  if (greeting.clientName !== null) visitor.name = greeting.clientName;
  const isCluster = visitor.door === 'cluster';
  reply.map(7);
  reply.text('server');
  reply.text('redis');
  reply.text('version');
  reply.text(REDIS_VERSION);
  reply.text('proto');
  reply.integer(greeting.protocol);
  reply.text('id');
  reply.integer(visitor.id);
  reply.text('mode');
  reply.text(isCluster ? 'cluster' : 'standalone');
  reply.text('role');
  reply.text('master');
  reply.text('modules');
  reply.array(0);
}

function auth(visitor: Visitor, words: Arguments, reply: ReplyWriter): void {
  if (words.count > 3) {
    reply.error(SYNTAX);
    return;
  }
  const isNamed = words.count === 3;
  if (!isNamed && visitor.household.users.everybody !== null) {
    reply.error(
      'ERR AUTH <password> called without any password configured for the default user. ' +
        'Are you sure your configuration is correct?',
    );
    return;
  }
  const name = isNamed ? words.text(1) : DEFAULT_USER;
  const password = words.view(words.count - 1);
  authenticate(visitor, { name, password }, (error, late) => {
    if (error === null) late.ok();
    else late.error(error);
  });
}

function authenticate(
  visitor: Visitor,
  { name, password }: NonNullable<Greeting['credentials']>,
  answer: (error: string | null, reply: ReplyWriter) => void,
): void {
  const { users, stats, logger } = visitor.household;
  const later = visitor.later();
  const address = visitor.remoteAddress;
  const { everybody } = users;
  if (everybody !== null && name === DEFAULT_USER) {
    // As Redis: nobody asks for a password, so that any will do.
    later((reply) => answer(null, reply));
    return;
  }
  users.authenticate({
    name,
    password,
    address,
    done: (verdict) => {
      if (verdict.kind === 'welcome') visitor.user = verdict.user;
      else {
        stats.authFailures++;
        logger.warn('somebody is not let in', { user: name, address, reason: verdict.kind });
      }
      later((reply) => {
        if (verdict.kind === 'welcome') answer(null, reply);
        else answer(verdict.kind === 'wrong' ? WRONG_PASS : `ERR ${verdict.why}`, reply);
      });
    },
  });
}
