/**
 * Two commands that no client sends: they make MULTI and WATCH one round each, to wherever the keys are led.
 *
 *   ring.seqs KEY…                                            the seq of each key's last entry, 0 where it is missing
 *   ring.exec KEY WATCHES (KEY SEQ)… COMMANDS (WORDS WORD…)…  nil if a watched key has changed, else a reply of each
 */
import { assert } from '../../../base/assert.ts';
import { Arguments } from '../arguments.ts';
import { ALL_KEYS, type KeyCommand, ONE_KEY } from '../command.ts';
import { CommandTable } from '../command-table.ts';
import type { Watched } from '../multi.ts';
import type { Transaction } from '../ports.ts';
import type { ReplyWriter } from '../reply-writer.ts';
import { TRANSACTION_COMMANDS, TRANSACTION_TABLE } from './key-commands.ts';

const OWN = {
  kind: 'keys',
  flags: [],
  joined: null,
  since: '0.1.0',
  group: 'ring',
  complexity: 'O(N) where N is the number of words.',
} as const;

export const SEQS = Object.freeze<KeyCommand>({
  ...OWN,
  name: 'ring.seqs',
  arity: -2,
  keys: ALL_KEYS,
  isWrite: false,
  summary: 'The entries that wrote these keys last',
  run(transaction, words, reply) {
    reply.array(words.count - 1);
    for (let i = 1; i < words.count; i++) reply.integer(transaction.get(words.view(i))?.seq ?? 0);
  },
});

export const EXEC: KeyCommand = {
  ...OWN,
  name: 'ring.exec',
  arity: -4,
  keys: ONE_KEY,
  isWrite: true,
  summary: 'Several commands as one',
  run: runAll,
};

/** The same for commands that change nothing, so that it is answered wherever reads are. */
export const EXEC_READS: KeyCommand = { ...EXEC, name: 'ring.execreads', isWrite: false };

export const ERRAND_COMMANDS = new CommandTable([...TRANSACTION_COMMANDS, SEQS, EXEC, EXEC_READS]);

/** @param options key: any of the keys, it says where they all lie; queued: kept words, one for each command */
export function wordsOfExec(options: {
  readonly name: string;
  readonly key: Uint8Array;
  readonly watched: Iterable<Watched>;
  readonly queued: readonly Arguments[];
}): Arguments {
  const watches = [...options.watched].flatMap(({ key, seq }) => [key, String(seq)]);
  const commands = options.queued.flatMap((words) => [
    String(words.count),
    ...Array.from({ length: words.count }, (_, i) => words.view(i)),
  ]);
  return Arguments.of([
    options.name,
    options.key,
    String(watches.length / 2),
    ...watches,
    String(options.queued.length),
    ...commands,
  ]).kept();
}

function runAll(transaction: Transaction, words: Arguments, reply: ReplyWriter): void {
  let at = 2;
  const number = (): number => Number(words.text(at++));
  for (let left = number(); left > 0; left--) {
    const seq = transaction.get(words.view(at++))?.seq ?? 0;
    if (seq === number()) continue;
    reply.nilArray();
    return;
  }
  const commands = number();
  reply.array(commands);
  for (let i = 0; i < commands; i++) {
    const count = number();
    const one = words.pick(Array.from({ length: count }, (_, j) => at + j));
    at += count;
    const command = TRANSACTION_TABLE.named(one.text(0).toLowerCase());
    assert(command !== null, 'only such commands are queued');
    command.run(transaction, one, reply);
  }
}
