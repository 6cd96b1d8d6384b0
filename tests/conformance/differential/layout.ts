/**
 * What lies where in a frame from a server. Written from the protocol alone and apart from the server's own codec, so that
 * a mistake there cannot hide itself here.
 *
 *   reply   xid zxid err [body of its operation]      event   xid −1, zxid, err, type, state, path
 */
import { OpCode } from '../../../src-server/coordination/model/ops.ts';

type FieldKind =
  'int' | 'bool' | 'zxid' | 'time' | 'session' | 'password' | 'text' | 'data' | 'unknown';

export interface Field {
  readonly name: string;
  readonly kind: FieldKind;
  readonly start: number;
  readonly end: number;
  /** Of a time: where the zxid lies whose moment it must be. */
  readonly zxidAt?: number;
}

/** A list whose order means nothing, because Java's comes out of a hash table. */
interface Unordered {
  readonly items: readonly { readonly start: number; readonly end: number }[];
}

export interface Layout {
  readonly fields: readonly Field[];
  readonly unordered: readonly Unordered[];
}

export type FrameKind = 'connect' | 'event' | 'reply';

export function layoutOf(frame: Buffer, kind: FrameKind, op: number): Layout {
  const walk = new Walk(frame);
  try {
    if (kind === 'connect') walk.connect();
    else {
      const code = walk.header();
      if (kind === 'event') walk.event();
      // A multiRead that fails has its results all the same.
      else if (code === 0 || op === OpCode.MULTI_READ) walk.body(op);
    }
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
  }
  walk.rest();
  return walk;
}

class Walk implements Layout {
  readonly fields: Field[] = [];
  readonly unordered: Unordered[] = [];
  readonly #frame: Buffer;
  #at = 0;

  constructor(frame: Buffer) {
    this.#frame = frame;
  }

  connect(): void {
    this.#int('protocol');
    this.#int('timeout');
    this.#long('session', 'session');
    this.#blob('password', 'password');
    if (this.#at < this.#frame.length) this.#take('readOnly', 'bool', 1);
  }

  /** @returns the error code */
  header(): number {
    this.#int('xid');
    this.#long('zxid', 'zxid');
    return this.#int('err');
  }

  event(): void {
    this.#int('type');
    this.#int('state');
    this.#blob('path', 'text');
  }

  /** Whatever the layout does not know. */
  rest(): void {
    if (this.#at < this.#frame.length) this.#take('rest', 'unknown', this.#frame.length - this.#at);
  }

  body(op: number): void {
    if (this.#at === this.#frame.length) return;
    switch (op) {
      case OpCode.CREATE:
      case OpCode.SYNC:
        this.#blob('path', 'text');
        return;
      case OpCode.CREATE2:
      case OpCode.CREATE_CONTAINER:
      case OpCode.CREATE_TTL:
        this.#blob('path', 'text');
        this.#stat();
        return;
      case OpCode.EXISTS:
      case OpCode.SET_DATA:
      case OpCode.SET_ACL:
        this.#stat();
        return;
      case OpCode.GET_DATA:
        this.#blob('data', 'data');
        this.#stat();
        return;
      case OpCode.GET_ACL:
        this.#acl();
        this.#stat();
        return;
      case OpCode.GET_CHILDREN:
      case OpCode.GET_EPHEMERALS:
        this.#names();
        return;
      case OpCode.GET_CHILDREN2:
        this.#names();
        this.#stat();
        return;
      case OpCode.GET_ALL_CHILDREN_NUMBER:
        this.#int('number');
        return;
      case OpCode.ADD_WATCH:
        this.#int('error');
        return;
      case OpCode.SASL:
        this.#blob('token', 'data');
        return;
      case OpCode.WHO_AM_I:
        this.#unorderedList(() => {
          this.#blob('scheme', 'text');
          this.#blob('user', 'text');
        });
        return;
      case OpCode.MULTI:
      case OpCode.MULTI_READ:
        this.#parts();
        return;
      default:
        return;
    }
  }

  #parts(): void {
    for (;;) {
      const type = this.#int('part');
      const isDone = this.#take('done', 'bool', 1) === 1;
      this.#int('err');
      if (isDone) return;
      if (type === OpCode.ERROR) this.#int('error');
      else this.body(type);
    }
  }

  #stat(): void {
    const czxidAt = this.#at;
    this.#long('czxid', 'zxid');
    const mzxidAt = this.#at;
    this.#long('mzxid', 'zxid');
    this.#long('ctime', 'time', czxidAt);
    this.#long('mtime', 'time', mzxidAt);
    this.#int('version');
    this.#int('cversion');
    this.#int('aversion');
    this.#long('owner', 'session');
    this.#int('dataLength');
    this.#int('numChildren');
    this.#long('pzxid', 'zxid');
  }

  /** The order is the client's own, save where `auth` stood for several users. */
  #acl(): void {
    const count = this.#int('count');
    let run: { start: number; end: number }[] = [];
    let runOf = '';
    for (let i = 0; i < count; i++) {
      const start = this.#at;
      const permissions = this.#int('perms');
      const scheme = this.#blob('scheme', 'text');
      this.#blob('id', 'text');
      const isOf = scheme === 'digest' ? `${permissions}` : '';
      if (isOf === '' || isOf !== runOf) {
        this.unordered.push({ items: run });
        run = [];
        runOf = isOf;
      }
      if (isOf !== '') run.push({ start, end: this.#at });
    }
    this.unordered.push({ items: run });
  }

  #names(): void {
    this.#unorderedList(() => this.#blob('name', 'text'));
  }

  #unorderedList(item: () => void): void {
    const count = this.#int('count');
    const items = [];
    for (let i = 0; i < count; i++) {
      const start = this.#at;
      item();
      items.push({ start, end: this.#at });
    }
    this.unordered.push({ items });
  }

  #int(name: string): number {
    const value = this.#frame.readInt32BE(this.#at);
    this.#take(name, 'int', 4);
    return value;
  }

  #long(name: string, kind: FieldKind, zxidAt?: number): void {
    this.#take(name, kind, 8, zxidAt);
  }

  /** @returns its bytes as text */
  #blob(name: string, kind: FieldKind): string {
    const length = Math.max(0, this.#frame.readInt32BE(this.#at));
    const start = this.#at + 4;
    this.#take(name, kind, 4 + length);
    return this.#frame.toString('utf8', start, start + length);
  }

  /** @returns the first byte */
  #take(name: string, kind: FieldKind, bytes: number, zxidAt?: number): number {
    const start = this.#at;
    if (start + bytes > this.#frame.length) throw new RangeError(`the frame ends within ${name}`);
    this.#at += bytes;
    this.fields.push({
      name,
      kind,
      start,
      end: this.#at,
      ...(zxidAt === undefined ? {} : { zxidAt }),
    });
    return this.#frame[start]!;
  }
}
