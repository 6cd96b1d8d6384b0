/** Errors in the words of Redis 7.0, which programs compare with, and our own beside them. */
import type { Doubt, NodeFacts, Refusal, RingFacts } from './ports.ts';

export const SYNTAX = 'ERR syntax error';
export const NOT_AN_INTEGER = 'ERR value is not an integer or out of range';
export const WOULD_OVERFLOW = 'ERR increment or decrement would overflow';
export const OFFSET_OUT_OF_RANGE = 'ERR offset is out of range';
export const TOO_LONG = 'ERR string exceeds maximum allowed size (proto-max-bulk-len)';
export const CROSS_SLOT = "CROSSSLOT Keys in request don't hash to the same slot";
export const NO_AUTH = 'NOAUTH Authentication required.';
export const WRONG_PASS = 'WRONGPASS invalid username-password pair or user is disabled.';
export const EXEC_ABORT = 'EXECABORT Transaction discarded because of previous errors.';
export const NOT_IN_TRANSACTION = 'ERR Command not allowed inside a transaction';
export const PLACEMENT_IS_THE_RINGS = 'ERR placement is managed by the ring; use the console';

export function wrongArity(name: string): string {
  return `ERR wrong number of arguments for '${name}' command`;
}

export function invalidExpire(name: string): string {
  return `ERR invalid expire time in '${name}' command`;
}

export function noPermission(name: string): string {
  return `NOPERM this user has no permissions to run the '${name}' command`;
}

export const NO_PERMISSION_ON_KEY =
  'NOPERM this user has no permissions to access one of the keys used as arguments';

/** Clients take the address apart from here on, so that nothing may follow it. */
export function moved(slot: number, leader: NodeFacts): string {
  return `MOVED ${slot} ${leader.host}:${leader.clusterPort}`;
}

export function refused(refusal: Refusal, ring: RingFacts): string {
  const { code, words, partition, epoch } = refusal;
  return `${code} ${words} (${where({ partition, epoch, ring })})`;
}

/** `epoch=` and `seq=` come first: whoever wants to know what became of it asks with them. */
export function uncertain({ partition, epoch, seq, words }: Doubt, ring: RingFacts): string {
  return `UNCERTAIN epoch=${epoch} seq=${seq} partition=${partition} ring=${ring.version} ${words}`;
}

/** The answer of another node did not come. */
export function lostOnTheWay(
  { partition, words }: { readonly partition: number; readonly words: string },
  ring: RingFacts,
): string {
  const { epoch } = ring.partition(partition);
  return `UNCERTAIN epoch=${epoch} seq=? partition=${partition} ring=${ring.version} ${words}`;
}

export function tryAgain(
  { partition, words }: { readonly partition: number; readonly words: string },
  ring: RingFacts,
): string {
  return `TRYAGAIN ${words} (${where({ partition, epoch: ring.partition(partition).epoch, ring })})`;
}

export function readOnly(partition: number, leader: NodeFacts, ring: RingFacts): string {
  const at = where({ partition, epoch: ring.partition(partition).epoch, ring });
  return `READONLY You can't write against a read only replica: ${leader.id} leads this key (${at})`;
}

function where(at: {
  readonly partition: number;
  readonly epoch: number;
  readonly ring: RingFacts;
}): string {
  return `partition=${at.partition} epoch=${at.epoch} ring=${at.ring.version}`;
}
