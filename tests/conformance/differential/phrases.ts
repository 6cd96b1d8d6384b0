/** Scripts written by hand: whatever is not said is plain. */
import { OpCode } from '../../../src-server/coordination/model/ops.ts';
import type { AclItem, Connect, Message, Part, Say, Script, Step, Value } from './script.ts';
import { OPEN } from './vocabulary.ts';

/** Messages get their xids here. */
export function scriptOf(...steps: readonly Step[]): Script {
  let xid = 0;
  const numbered = (messages: readonly Message[]): Message[] =>
    messages.map((message) => ({ ...message, xid: message.xid === 0 ? ++xid : message.xid }));
  return {
    seed: 0,
    steps: steps.map((step) => {
      if (step.kind === 'hang-up') return step;
      return step.kind === 'say'
        ? { ...step, messages: numbered(step.messages) }
        : { ...step, behind: numbered(step.behind) };
    }),
  };
}

export function connects(client: number, how: Partial<Connect> = {}): Connect {
  return {
    kind: 'connect',
    client,
    session: null,
    password: 'right',
    timeoutMs: 30_000,
    readOnly: 0,
    lastZxid: null,
    protocolVersion: 0,
    trailing: '',
    behind: [],
    ...how,
  };
}

export function says(client: number, ...messages: readonly Message[]): Say {
  return { kind: 'say', client, messages, writes: 1, patient: true };
}

type Word = string | number | boolean | null | Value;

/** Strings and null are texts, numbers are ints. */
export function ask(op: number, ...words: readonly Word[]): Message {
  return { op, xid: 0, body: words.map(valueOf) };
}

export function part(op: number, ...words: readonly Word[]): Part {
  return { op, body: words.map(valueOf) };
}

/** A create of any kind, in a multi or by itself. */
export function makes(
  path: string | null,
  how: {
    readonly op?: number;
    readonly acl?: Value;
    readonly flags?: number;
    readonly ttl?: string;
  } = {},
): Part {
  const op = how.op ?? OpCode.CREATE;
  const body: Value[] = [text(path), data(''), how.acl ?? acl(...OPEN), int(how.flags ?? 0)];
  if (op === OpCode.CREATE_TTL) body.push({ is: 'long', of: how.ttl ?? '1000' });
  return { op, body };
}

export function create(...how: Parameters<typeof makes>): Message {
  return { ...makes(...how), xid: 0 };
}

export function multi(...parts: readonly Part[]): Message {
  return ask(OpCode.MULTI, { is: 'parts', of: parts, ended: true });
}

export function multiRead(...parts: readonly Part[]): Message {
  return ask(OpCode.MULTI_READ, { is: 'parts', of: parts, ended: true });
}

export function auth(scheme: string | null, proof: string | null): Message {
  return ask(OpCode.AUTH, 0, scheme, data(proof));
}

export function data(of: string | null): Value {
  return { is: 'data', of: of === null ? null : Buffer.from(of).toString('hex') };
}

export function acl(...of: readonly AclItem[]): Value {
  return { is: 'acl', of };
}

export function texts(...of: readonly (string | null)[]): Value {
  return { is: 'texts', of };
}

export const NO_LIST: Value = { is: 'texts', of: null };

export function entry(permissions: number, scheme: string | null, id: string | null): AclItem {
  return { permissions, scheme, id };
}

function text(of: string | null): Value {
  return { is: 'text', of };
}

function int(of: number): Value {
  return { is: 'int', of };
}

function valueOf(word: Word): Value {
  if (word === null || typeof word === 'string') return text(word);
  if (typeof word === 'number') return int(word);
  return typeof word === 'boolean' ? { is: 'bool', of: word ? 1 : 0 } : word;
}
