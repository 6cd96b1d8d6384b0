/**
 * Frames of two servers made comparable: what must differ between them is replaced, byte for byte and in place, by what it
 * stands for; everything else stays as it was sent.
 *
 *   zxid          its distance from the play's beginning        session id   which session of the play it is
 *   time          "the moment of that zxid", checked            password     "right for its session", checked
 */
import { passwordOf } from '../../../src-server/coordination/serving/password.ts';
import { type Field, type FrameKind, layoutOf } from './layout.ts';

/** What a play knows of the server it is played on. */
export class Sight {
  readonly #baseZxid: number;
  readonly #sessions: readonly bigint[];
  readonly #times = new Map<bigint, bigint>();

  /** @param options sessions: in the order of the play */
  constructor(options: { readonly baseZxid: number; readonly sessions: readonly bigint[] }) {
    this.#baseZxid = options.baseZxid;
    this.#sessions = options.sessions;
  }

  normalise(frame: Buffer, kind: FrameKind, op: number): Buffer {
    const bytes = Buffer.from(frame);
    const { fields, unordered } = layoutOf(frame, kind, op);
    for (const field of fields) this.#replace(field, frame, bytes);
    for (const { items } of unordered) sortWithin(bytes, items);
    return bytes;
  }

  #replace({ kind, start, end, zxidAt }: Field, frame: Buffer, bytes: Buffer): void {
    switch (kind) {
      case 'zxid': {
        const zxid = frame.readBigInt64BE(start);
        if (zxid > 0n) mark(bytes, start, 'zxid', Number(zxid) - this.#baseZxid);
        return;
      }
      case 'time': {
        const time = frame.readBigInt64BE(start);
        if (time !== 0n && this.#isTimeOf(frame.readBigInt64BE(zxidAt), time))
          mark(bytes, start, 'time', 0);
        return;
      }
      case 'session': {
        const index = this.#sessions.indexOf(frame.readBigInt64BE(start));
        if (index >= 0) mark(bytes, start, 'session', index);
        return;
      }
      case 'password': {
        // It follows the session id.
        const session = frame.readBigInt64BE(start - 8);
        const isRight = passwordOf(session).equals(frame.subarray(start + 4, end));
        if (session !== 0n && isRight) bytes.fill(MARKS.password, start + 4, end);
        return;
      }
      default:
        return;
    }
  }

  /** All that happened under one zxid happened at one moment. */
  #isTimeOf(zxid: bigint, time: bigint): boolean {
    const known = this.#times.get(zxid);
    if (known === undefined) this.#times.set(zxid, time);
    return known === undefined || known === time;
  }
}

/** First bytes that no real value has. */
const MARKS = { zxid: 0x7a, time: 0x74, session: 0x73, password: 0x70 } as const;

function mark(bytes: Buffer, at: number, what: keyof typeof MARKS, value: number): void {
  bytes.fill(MARKS[what], at, at + 4);
  bytes.writeInt32BE(value, at + 4);
}

function sortWithin(
  bytes: Buffer,
  items: readonly { readonly start: number; readonly end: number }[],
): void {
  if (items.length < 2) return;
  const copies = items.map(({ start, end }) => Buffer.from(bytes.subarray(start, end)));
  copies.sort(Buffer.compare);
  let at = items[0]!.start;
  for (const copy of copies) {
    copy.copy(bytes, at);
    at += copy.length;
  }
}
