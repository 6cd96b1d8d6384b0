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

/** A number, or text that is one, else null. */
export function numberOf(reply: Reply | undefined): number | null {
  if (typeof reply === 'number') return reply;
  if (typeof reply === 'bigint') return Number(reply);
  const text = textOf(reply);
  if (text === null || text.trim() === '') return null;
  const value = Number(text);
  return Number.isFinite(value) ? value : null;
}

/** A map of RESP3, or the flat list RESP2 has for it; null for anything else. */
export function fieldsOf(reply: Reply): ReadonlyMap<string, Reply> | null {
  const fields = new Map<string, Reply>();
  if (reply instanceof Map) {
    for (const [name, value] of reply as ReadonlyMap<Reply, Reply>) {
      const key = textOf(name);
      if (key !== null) fields.set(key, value);
    }
    return fields;
  }
  if (!Array.isArray(reply) || reply.length % 2 !== 0) return null;
  const list = reply as readonly Reply[];
  for (let i = 0; i < list.length; i += 2) {
    const key = textOf(list[i]);
    if (key === null) return null;
    fields.set(key, list[i + 1]!);
  }
  return fields;
}
