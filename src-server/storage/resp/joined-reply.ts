/** One reply from the replies of several leaders, each about some of the keys of one command. */
import type { KeyCommand } from './command.ts';
import { itemsOf } from './reply-pieces.ts';
import type { ReplyWriter } from './reply-writer.ts';

export interface Shares {
  readonly joined: NonNullable<KeyCommand['joined']>;
  /** For each share the places of its keys among all keys. */
  readonly places: readonly (readonly number[])[];
  /** Encoded, one for each share. */
  readonly replies: readonly Uint8Array[];
}

const MINUS = 0x2d;
const LF = 0x0a;
const UNCERTAIN = '-UNCERTAIN';

export function joinShares({ joined, places, replies }: Shares, reply: ReplyWriter): void {
  const error = worstError(replies);
  if (error !== null) {
    reply.encoded(error);
    return;
  }
  switch (joined) {
    case 'ok':
      reply.ok();
      return;
    case 'sum':
      reply.integer(replies.reduce((sum, one) => sum + Number(lineOf(one, 1)), 0));
      return;
    case 'in-order': {
      const items: Uint8Array[] = [];
      for (const [i, share] of replies.entries()) {
        const cut = itemsOf(share);
        places[i]!.forEach((place, j) => (items[place] = cut[j]!));
      }
      reply.array(items.length);
      for (const item of items) reply.encoded(item);
      return;
    }
  }
}

/** Doubt outweighs refusal: some of it may have happened. */
function worstError(replies: readonly Uint8Array[]): Uint8Array | null {
  const errors = replies.filter((reply) => reply[0] === MINUS);
  const isDoubt = (error: Uint8Array): boolean =>
    Buffer.from(error.subarray(0, UNCERTAIN.length)).toString('latin1') === UNCERTAIN;
  return errors.find(isDoubt) ?? errors[0] ?? null;
}

function lineOf(reply: Uint8Array, start: number): string {
  const end = reply.indexOf(LF, start);
  return Buffer.from(reply.subarray(start, end)).toString('latin1').trimEnd();
}
