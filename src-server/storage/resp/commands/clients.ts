/** CLIENT: what connections tell of themselves, and may ask about each other. */
import type { Arguments } from '../arguments.ts';
import { NO_KEYS } from '../command.ts';
import type { DeskCommand, ReplyMode, Visitor } from '../desk.ts';
import { NOT_AN_INTEGER, SYNTAX } from '../error-words.ts';
import { readInteger } from '../integers.ts';
import type { ReplyWriter } from '../reply-writer.ts';
import { BAD_NAME, isPlain } from './handshake.ts';

const CLIENT = {
  kind: 'desk',
  inMulti: 'queues',
  keys: NO_KEYS,
  waits: false,
  group: 'connection',
  flags: ['noscript', 'loading', 'stale'],
  complexity: 'O(1)',
} as const;
const MODES: readonly ReplyMode[] = ['on', 'off', 'skip'];

export const CLIENT_COMMAND = Object.freeze<DeskCommand>({
  ...CLIENT,
  name: 'client',
  arity: -2,
  flags: [],
  complexity: 'Depends on subcommand.',
  since: '2.4.0',
  summary: 'A container for client connection commands',
  run: () => undefined,
  parts: [
    {
      ...CLIENT,
      name: 'client|id',
      arity: 2,
      since: '5.0.0',
      summary: 'Returns the client ID for the current connection',
      run: ({ id }, _words, reply) => reply.integer(id),
    },
    {
      ...CLIENT,
      name: 'client|getname',
      arity: 2,
      since: '2.6.9',
      summary: 'Get the current connection name',
      run({ name }, _words, reply) {
        if (name === '') reply.nil();
        else reply.text(name);
      },
    },
    {
      ...CLIENT,
      name: 'client|setname',
      arity: 3,
      since: '2.6.9',
      summary: 'Set the current connection name',
      run(visitor, words, reply) {
        const name = words.text(2);
        if (!isPlain(name)) {
          reply.error(BAD_NAME);
          return;
        }
        visitor.name = name;
        reply.ok();
      },
    },
    {
      ...CLIENT,
      name: 'client|setinfo',
      arity: 4,
      since: '7.2.0',
      summary: 'Set client or connection specific info',
      run: setInfo,
    },
    {
      ...CLIENT,
      name: 'client|info',
      arity: 2,
      since: '6.2.0',
      summary: 'Returns information about the current client connection.',
      run: (visitor, _words, reply) => reply.verbatim(`${lineOf(visitor)}\n`),
    },
    {
      ...CLIENT,
      name: 'client|list',
      arity: -2,
      complexity: 'O(N) where N is the number of client connections',
      since: '2.4.0',
      summary: 'Get the list of client connections',
      run: list,
    },
    {
      ...CLIENT,
      name: 'client|kill',
      arity: -3,
      complexity: 'O(N) where N is the number of client connections',
      since: '2.4.0',
      summary: 'Kill the connection of a client',
      run: kill,
    },
    {
      ...CLIENT,
      name: 'client|reply',
      arity: 3,
      since: '3.2.0',
      summary: 'Instruct the server whether to reply to commands',
      run(visitor, words, reply) {
        const mode = MODES.find((name) => words.is(2, name));
        if (mode === undefined) {
          reply.error(SYNTAX);
          return;
        }
        visitor.setReplyMode(mode);
        reply.ok();
      },
    },
    {
      ...CLIENT,
      name: 'client|no-evict',
      arity: 3,
      since: '7.0.0',
      summary: 'Set client eviction mode for the current connection',
      run: (visitor, words, reply) =>
        onOff(words, reply, (isOn) => {
          visitor.isNoEvict = isOn;
        }),
    },
    {
      ...CLIENT,
      name: 'client|no-touch',
      arity: 3,
      since: '7.2.0',
      summary: 'Controls whether commands sent by the client affect the LRU/LFU of accessed keys',
      run: (visitor, words, reply) =>
        onOff(words, reply, (isOn) => {
          visitor.isNoTouch = isOn;
        }),
    },
  ],
});

function onOff(words: Arguments, reply: ReplyWriter, set: (isOn: boolean) => void): void {
  const isOn = words.is(2, 'on');
  if (!isOn && !words.is(2, 'off')) {
    reply.error(SYNTAX);
    return;
  }
  set(isOn);
  reply.ok();
}

function setInfo(visitor: Visitor, words: Arguments, reply: ReplyWriter): void {
  const value = words.text(3);
  const isName = words.is(2, 'lib-name');
  if (!isName && !words.is(2, 'lib-ver')) {
    reply.error(`ERR Unrecognized option '${words.text(2)}'`);
  } else if (!isPlain(value)) {
    const what = isName ? 'lib-name' : 'lib-ver';
    reply.error(`ERR ${what} cannot contain spaces, newlines or special characters.`);
  } else {
    if (isName) visitor.libraryName = value;
    else visitor.libraryVersion = value;
    reply.ok();
  }
}

/** Whoever may not do everything knows of nobody else's connections. */
function known({ household, user }: Visitor): Visitor[] {
  const all = [...household.visitors.values()];
  const mayAll = user?.isRestricted === false && user.mayWrite;
  return mayAll ? all : all.filter((one) => one.user?.name === user?.name);
}

function list(visitor: Visitor, words: Arguments, reply: ReplyWriter): void {
  let chosen = known(visitor);
  if (words.count > 2) {
    if (words.is(2, 'type') && words.count === 4) {
      if (!words.is(3, 'normal')) chosen = [];
    } else if (words.is(2, 'id') && words.count > 3) {
      const ids = new Set<number>();
      for (let i = 3; i < words.count; i++) {
        const id = readInteger(words.view(i));
        if (id === null || id < 1) {
          reply.error('ERR Invalid client ID');
          return;
        }
        ids.add(Number(id));
      }
      chosen = chosen.filter(({ id }) => ids.has(id));
    } else {
      reply.error(SYNTAX);
      return;
    }
  }
  reply.verbatim(chosen.map((visitor) => `${lineOf(visitor)}\n`).join(''));
}

/** Only by id or address: the filters that people use. */
function kill(visitor: Visitor, words: Arguments, reply: ReplyWriter): void {
  const isOld = words.count === 3;
  let isWanted: (one: Visitor) => boolean;
  if (isOld || (words.count === 4 && words.is(2, 'addr'))) {
    const address = words.text(isOld ? 2 : 3);
    isWanted = (one) => addressOf(one) === address;
  } else if (words.count === 4 && words.is(2, 'id')) {
    const id = readInteger(words.view(3));
    if (id === null) {
      reply.error(NOT_AN_INTEGER);
      return;
    }
    isWanted = (one) => one.id === id;
  } else {
    reply.error(SYNTAX);
    return;
  }
  const chosen = known(visitor).filter(isWanted);
  for (const one of chosen) {
    if (one === visitor) one.leave();
    else one.drop('CLIENT KILL');
  }
  if (!isOld) reply.integer(chosen.length);
  else if (chosen.length > 0) reply.ok();
  else reply.error('ERR No such client');
}

function addressOf({ remoteAddress, remotePort }: Visitor): string {
  return remoteAddress.includes(':')
    ? `[${remoteAddress}]:${remotePort}`
    : `${remoteAddress}:${remotePort}`;
}

function lineOf(visitor: Visitor): string {
  const nowMs = visitor.household.clock.nowMs();
  const seconds = (sinceMs: number): number => Math.max(0, Math.floor((nowMs - sinceMs) / 1000));
  const { multi } = visitor;
  const flags = [
    ...(multi.isOpen ? ['x'] : []),
    ...(multi.isSpoiled ? ['d'] : []),
    ...(visitor.readsFollowers ? ['r'] : []),
    ...(visitor.isNoEvict ? ['e'] : []),
    ...(visitor.isNoTouch ? ['T'] : []),
  ].join('');
  const fields: readonly (readonly [string, string | number])[] = [
    ['id', visitor.id],
    ['addr', addressOf(visitor)],
    ['lport', visitor.localPort],
    ['door', visitor.door],
    ['tls', visitor.isSecure ? 1 : 0],
    ['name', visitor.name],
    ['age', seconds(visitor.connectedAtMs)],
    ['idle', seconds(visitor.lastSeenMs)],
    ['flags', flags === '' ? 'N' : flags],
    ['db', 0],
    ['multi', multi.isOpen ? multi.queued.length : -1],
    ['watch', multi.watched.size],
    ['unanswered', visitor.unansweredCount],
    ['qbuf', visitor.heldBytes],
    ['omem', visitor.unsentBytes],
    ['cmd', visitor.lastCommand],
    ['user', visitor.user?.name ?? ''],
    ['resp', visitor.protocol],
    ['consistency', visitor.consistency.kind],
    ['lib-name', visitor.libraryName],
    ['lib-ver', visitor.libraryVersion],
  ];
  return fields.map(([name, value]) => `${name}=${value}`).join(' ');
}
