/** What a reply is to whoever asked: values of the language, errors included. */

export class RespError extends Error {
  override readonly name = 'RespError';
  /** The first word: ERR, MOVED, UNCERTAIN … */
  readonly code: string;

  constructor(message: string) {
    super(message);
    this.code = message.split(' ', 1)[0] ?? '';
  }
}

/** Simple strings are strings and bulk strings bytes; integers beyond 53 bits are bigints; what is missing is null. */
export type Reply =
  | null
  | string
  | number
  | bigint
  | boolean
  | Buffer
  | RespError
  | readonly Reply[]
  | ReadonlyMap<Reply, Reply>;

/** What a server says without being asked. */
export class Push {
  readonly items: readonly Reply[];

  constructor(items: readonly Reply[]) {
    this.items = items;
  }
}

/** Text of a simple or bulk string, else null. */
export function textOf(reply: Reply | undefined): string | null {
  if (typeof reply === 'string') return reply;
  return Buffer.isBuffer(reply) ? reply.toString('utf8') : null;
}
