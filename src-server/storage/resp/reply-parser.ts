/**
 * Replies out of a byte stream, RESP2 and RESP3. What was read of a long list is kept while the rest is on its way, and no
 * item is read twice.
 */
import { readInteger } from './integers.ts';
import { Push, type Reply, RespError } from './reply.ts';

/** A list under way. Its `left` counts items: two for each pair of a map. */
interface Open {
  readonly kind: 'array' | 'map' | 'push' | 'attribute';
  left: number;
  readonly items: Reply[];
}

const CR = 0x0d;
/** Nobody nests replies deeper; a broken stream might. */
const DEPTH_MAX = 64;
const BULK_BYTES_MAX = 0x2000_0000;
const FIRST_BYTES = 0x1_0000;

export class ReplyParser {
  #bytes: Buffer = Buffer.alloc(0);
  #at = 0;
  #end = 0;
  readonly #open: Open[] = [];
  #searched = 0;

  push(chunk: Uint8Array): void {
    const left = this.#end - this.#at;
    if (left + chunk.length > this.#bytes.length || this.#at > 0) {
      const needed = left + chunk.length;
      const isRoomy =
        this.#bytes.length >= needed && this.#bytes.length < needed + FIRST_BYTES * 16;
      const target = isRoomy
        ? this.#bytes
        : Buffer.allocUnsafeSlow(Math.max(needed, Math.min(this.#bytes.length, needed) * 2));
      this.#bytes.copy(target, 0, this.#at, this.#end);
      this.#bytes = target;
    }
    this.#bytes.set(chunk, left);
    this.#searched = Math.max(0, this.#searched - this.#at);
    this.#at = 0;
    this.#end = left + chunk.length;
  }

  /** The next whole reply or push, or undefined while there is none. Throws for bytes that are no reply. */
  next(): Reply | Push | undefined {
    for (;;) {
      const item = this.#item();
      if (item === undefined) return undefined;
      if (item === OPENED) continue;
      let done: Reply | Push | undefined = item;
      while (done !== undefined) {
        const list: Open | undefined = this.#open.at(-1);
        if (list === undefined) return done;
        if (!(done instanceof Push)) list.items.push(done);
        if (--list.left > 0) break;
        this.#open.pop();
        done = closed(list);
      }
    }
  }

  /** One item without parts, or the head of a list. */
  #item(): Reply | typeof OPENED | undefined {
    const lineEnd = this.#lineEnd();
    if (lineEnd < 0) return undefined;
    const type = String.fromCharCode(this.#bytes[this.#at]!);
    const line = this.#bytes.utf8Slice(this.#at + 1, lineEnd);
    switch (type) {
      case '$':
      case '=':
      case '!':
        return this.#bulk(type, { length: Number(line), start: lineEnd + 2 });
      case '*':
      case '~':
        return this.#list('array', Number(line), lineEnd);
      case '%':
        return this.#list('map', Number(line) * 2, lineEnd);
      case '>':
        return this.#list('push', Number(line), lineEnd);
      case '|':
        return this.#list('attribute', Number(line) * 2, lineEnd);
    }
    const value = scalar(type, line);
    this.#at = this.#searched = lineEnd + 2;
    return value;
  }

  #lineEnd(): number {
    const from = Math.max(this.#at, this.#searched);
    const found = this.#bytes.subarray(from, this.#end).indexOf(CR);
    this.#searched = found < 0 ? this.#end : from + found;
    return found < 0 || this.#searched + 2 > this.#end ? -1 : this.#searched;
  }

  #bulk(
    type: string,
    { length, start }: { readonly length: number; readonly start: number },
  ): Reply | undefined {
    if (!(length <= BULK_BYTES_MAX)) throw new Error(`a reply of ${length} bytes is too long`);
    if (length < 0) {
      this.#at = this.#searched = start;
      return null;
    }
    const end = start + length;
    if (end + 2 > this.#end) return undefined;
    const value = Buffer.from(this.#bytes.subarray(start, end));
    this.#at = this.#searched = end + 2;
    if (type === '!') return new RespError(value.toString('utf8'));
    // Verbatim texts begin with three letters that say how to show them.
    return type === '=' ? value.subarray(4) : value;
  }

  #list(kind: Open['kind'], count: number, lineEnd: number): Reply | typeof OPENED {
    if (!Number.isInteger(count)) throw new Error('a list of replies has no length');
    this.#at = this.#searched = lineEnd + 2;
    if (count < 0) return null;
    if (count === 0) return kind === 'map' ? new Map() : [];
    if (this.#open.length >= DEPTH_MAX) throw new Error('replies are nested too deeply');
    this.#open.push({ kind, left: count, items: [] });
    return OPENED;
  }
}

const OPENED = Symbol('a list begins');

function closed({ kind, items }: Open): Reply | Push | undefined {
  switch (kind) {
    case 'array':
      return items;
    case 'push':
      return new Push(items);
    case 'map':
      return new Map(
        Array.from({ length: items.length / 2 }, (_, i) => [items[2 * i]!, items[2 * i + 1]!]),
      );
    case 'attribute':
      // It says something about the item behind it, which nobody asked for.
      return undefined;
  }
}

function scalar(type: string, line: string): Reply {
  switch (type) {
    case '+':
      return line;
    case '-':
      return new RespError(line);
    case ':':
      return readInteger(Buffer.from(line)) ?? NaN;
    case '(':
      return BigInt(line);
    case ',':
      return line === 'inf' ? Infinity : line === '-inf' ? -Infinity : Number(line);
    case '#':
      return line === 't';
    case '_':
      return null;
    default:
      throw new Error(`a reply cannot begin with ${JSON.stringify(type)}`);
  }
}

/** One whole reply. */
export function parseReply(bytes: Uint8Array): Reply {
  const parser = new ReplyParser();
  parser.push(bytes);
  const reply = parser.next();
  if (reply === undefined || reply instanceof Push) throw new Error('this is no whole reply');
  return reply;
}
