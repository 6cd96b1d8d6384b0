/** Every command there is, and COMMAND, which tells of them. */
import type { Arguments } from '../arguments.ts';
import { keyIndexes, NO_KEYS } from '../command.ts';
import { CommandTable } from '../command-table.ts';
import type { Command, DeskCommand, Visitor } from '../desk.ts';
import type { ReplyWriter } from '../reply-writer.ts';
import { CLIENT_COMMAND } from './clients.ts';
import { CLUSTER_COMMANDS } from './cluster.ts';
import { HANDSHAKE_COMMANDS } from './handshake.ts';
import { TRANSACTION_COMMANDS } from './key-commands.ts';
import { RING_COMMANDS } from './ring.ts';
import { SCAN_COMMANDS } from './scans.ts';
import { SERVER_COMMANDS } from './server.ts';
import { TRANSACTION_DESK } from './transactions.ts';

const COMMAND = {
  kind: 'desk',
  inMulti: 'queues',
  keys: NO_KEYS,
  waits: false,
  group: 'server',
  flags: ['loading', 'stale'],
  complexity: 'O(N) where N is the number of commands',
} as const;

const COMMAND_COMMAND: DeskCommand = {
  ...COMMAND,
  name: 'command',
  arity: -1,
  since: '2.8.13',
  summary: 'Get array of command details',
  run: ({ household }, _words, reply) => writeAll(household.commands.all, reply, writeInfo),
  parts: [
    {
      ...COMMAND,
      name: 'command|count',
      arity: 2,
      since: '2.8.13',
      complexity: 'O(1)',
      summary: 'Get total number of commands',
      run: ({ household }, _words, reply) => reply.integer(household.commands.all.length),
    },
    {
      ...COMMAND,
      name: 'command|info',
      arity: -2,
      since: '2.8.13',
      summary: 'Get array of specific command details, or all when no argument is given.',
      run(visitor, words, reply) {
        const chosen = chosenOf(visitor, words);
        reply.array(chosen.length);
        for (const command of chosen) {
          if (command === null) reply.nilArray();
          else writeInfo(command, reply);
        }
      },
    },
    {
      ...COMMAND,
      name: 'command|docs',
      arity: -2,
      since: '7.0.0',
      summary: 'Get array of specific command documentation',
      run(visitor, words, reply) {
        const known = chosenOf(visitor, words).filter((command) => command !== null);
        reply.map(known.length);
        for (const command of known) writeDocs(command, reply);
      },
    },
    {
      ...COMMAND,
      name: 'command|list',
      arity: 2,
      since: '7.0.0',
      summary: 'Get an array of command names',
      run: ({ household }, _words, reply) =>
        writeAll(household.commands.all, reply, (command) => reply.text(command.name)),
    },
    {
      ...COMMAND,
      name: 'command|getkeys',
      arity: -3,
      since: '2.8.13',
      complexity: 'O(N) where N is the number of arguments to the command',
      summary: 'Extract keys given a full command',
      run: getKeys,
    },
  ],
};

export const COMMANDS = new CommandTable([
  ...TRANSACTION_COMMANDS,
  ...HANDSHAKE_COMMANDS,
  CLIENT_COMMAND,
  COMMAND_COMMAND,
  ...SERVER_COMMANDS,
  ...SCAN_COMMANDS,
  ...TRANSACTION_DESK,
  ...CLUSTER_COMMANDS,
  ...RING_COMMANDS,
]);

function writeAll(
  commands: readonly Command[],
  reply: ReplyWriter,
  write: (command: Command, reply: ReplyWriter) => void,
): void {
  reply.array(commands.length);
  for (const command of commands) write(command, reply);
}

function chosenOf({ household }: Visitor, words: Arguments): (Command | null)[] {
  const { commands } = household;
  if (words.count === 2) return [...commands.all];
  return Array.from({ length: words.count - 2 }, (_, i) => commands.named(words.text(i + 2)));
}

function partsOf(command: Command): readonly Command[] {
  return command.kind === 'desk' ? (command.parts ?? []) : [];
}

function writeInfo(command: Command, reply: ReplyWriter): void {
  const { name, arity, flags, keys, group } = command;
  reply.array(10);
  reply.text(name);
  reply.integer(arity);
  reply.set(flags.length);
  for (const flag of flags) reply.simple(flag);
  reply.integer(keys.first);
  reply.integer(keys.last);
  reply.integer(keys.step);
  const isWrite = command.kind === 'keys' && command.isWrite;
  const access = keys.first > 0 ? [isWrite ? '@write' : '@read'] : [];
  const categories = [...access, `@${group === 'generic' ? 'keyspace' : group}`];
  reply.set(categories.length);
  for (const category of categories) reply.simple(category);
  reply.array(0);
  reply.array(0);
  writeAll(partsOf(command), reply, writeInfo);
}

function writeDocs(command: Command, reply: ReplyWriter): void {
  const parts = partsOf(command);
  reply.text(command.name);
  reply.map(parts.length > 0 ? 5 : 4);
  reply.text('summary');
  reply.text(command.summary);
  reply.text('since');
  reply.text(command.since);
  reply.text('group');
  reply.text(command.group);
  reply.text('complexity');
  reply.text(command.complexity);
  if (parts.length === 0) return;
  reply.text('subcommands');
  reply.map(parts.length);
  for (const part of parts) writeDocs(part, reply);
}

function getKeys({ household }: Visitor, words: Arguments, reply: ReplyWriter): void {
  const command = household.commands.find(words.bytes, words.starts[2]!, words.ends[2]!);
  const count = words.count - 2;
  if (command === null) {
    reply.error('ERR Invalid command specified');
    return;
  }
  const indexes = keyIndexes(command.keys, count);
  if (indexes.length === 0) {
    reply.error('ERR The command has no key arguments');
    return;
  }
  reply.array(indexes.length);
  for (const index of indexes) reply.bulk(words.view(index + 2));
}
