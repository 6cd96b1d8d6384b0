/**
 * The receiving end of `Keyspace.forward`: runs what another node's proxy port sends, which has checked who asks. Nothing is
 * sent on from here: where this node does not lead, the answer is MOVED, and the sender looks again.
 */
import type { Clock } from '../../platform/clock.ts';
import { hasRightArity } from './command.ts';
import { ERRAND_COMMANDS } from './commands/errand-commands.ts';
import { carry } from './courier.ts';
import type { RespLimits } from './limits.ts';
import { answerHere } from './local-keys.ts';
import type { Errand, Keyspace } from './ports.ts';
import { ReplyWriter } from './reply-writer.ts';
import { RequestParser } from './request-parser.ts';
import { slotOfKeys } from './routing.ts';
import { RespStats } from './stats.ts';

export class Errands {
  readonly #parts: {
    readonly keyspace: Keyspace;
    readonly clock: Clock;
    readonly limits: RespLimits;
    readonly stats: RespStats;
  };

  constructor(parts: {
    readonly keyspace: Keyspace;
    readonly clock: Clock;
    readonly limits: RespLimits;
  }) {
    this.#parts = { ...parts, stats: new RespStats() };
  }

  /** @param answer called once, at once or later; the bytes are borrowed until it returns */
  run(errand: Errand, answer: (reply: Uint8Array) => void): void {
    const parser = new RequestParser(this.#parts.limits);
    parser.push(Buffer.from(errand.command));
    const reply = new ReplyWriter();
    reply.protocol = errand.protocol;
    if (parser.next() !== 'command') {
      reply.error('ERR this errand is no command');
      answer(reply.view());
      return;
    }
    const { words } = parser;
    if (answerHere(words, this.#parts.keyspace, reply)) {
      answer(reply.view());
      return;
    }
    const command = ERRAND_COMMANDS.find(words.bytes, words.starts[0]!, words.ends[0]!);
    if (command === null || !hasRightArity(command.arity, words.count)) {
      reply.error(`ERR '${words.text(0)}' is no errand that this node knows`);
      answer(reply.view());
      return;
    }
    const slot = slotOfKeys(command, words, this.#parts.keyspace.ring.partitionCount);
    if (slot === null) {
      reply.error(`ERR the keys of this '${command.name}' lie in several partitions`);
      answer(reply.view());
      return;
    }
    const { protocol, consistency } = errand;
    carry(
      { command, words: words.kept(), slot, protocol, consistency, door: 'cluster' },
      this.#parts,
      answer,
    );
  }
}
