/** What travels over a port, in both directions. */
import {
  type Check,
  integer,
  literal,
  nullable,
  object,
  string,
  type TypeOf,
  union,
} from './checks.ts';
import { ERROR_CODES } from './errors.ts';

const anything: Check<unknown> = { problem: () => null };
const id = integer;
const failure = object({ code: literal(...ERROR_CODES), message: string });
export type Failure = TypeOf<typeof failure>;

/** From the interface to the service. Ids are the sender's, one sequence for calls and subscriptions. */
export const toService = union('kind', {
  call: object({ kind: literal('call'), id, method: string, params: anything }),
  /** Nobody waits for this call any more. */
  cancel: object({ kind: literal('cancel'), id }),
  subscribe: object({ kind: literal('subscribe'), id, topic: string, params: anything }),
  unsubscribe: object({ kind: literal('unsubscribe'), id }),
});
export type ToService = TypeOf<typeof toService>;

/** From the service to the interface. */
export const toInterface = union('kind', {
  /** First of all: which contract is spoken. */
  hello: object({ kind: literal('hello'), contract: integer }),
  result: object({ kind: literal('result'), id, result: anything }),
  failure: object({ kind: literal('failure'), id, failure }),
  event: object({ kind: literal('event'), id, event: anything }),
  /** A subscription ended by itself, for this reason or because there is nothing more to say. */
  end: object({ kind: literal('end'), id, failure: nullable(failure) }),
});
export type ToInterface = TypeOf<typeof toInterface>;
