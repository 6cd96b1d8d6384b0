/** What the keys page shows: keys by where they lie, and one of them with its value. */
import {
  bytes,
  integer,
  list,
  literal,
  nullable,
  number,
  object,
  range,
  text,
  type TypeOf,
  union,
} from './checks.ts';

/** A value longer than this is shown in part, and not edited here. */
export const WHOLE_VALUE_BYTES_MAX = 1_048_576;
/** The longest key nodes take. */
const KEY_BYTES_MAX = 65_536;
/** One page of a scan. */
const PAGE_KEYS_MAX = 1000;

export const keyName = bytes;
/** No time to live makes sense beyond some centuries. */
export const ttlMs = range({ min: 1, max: 1e13 });

/** Which keys: those that fit a glob pattern, everywhere or in one partition. */
export const keyRange = object({
  /** `*` for all. */
  pattern: text({ max: KEY_BYTES_MAX }),
  partition: nullable(integer),
});
export type KeyRange = TypeOf<typeof keyRange>;

export const keyPage = range({ min: 1, max: PAGE_KEYS_MAX });

export const keyLine = object({
  key: keyName,
  slot: integer,
  partition: integer,
  /** Null where it lives until somebody deletes it. */
  ttlMs: nullable(number),
  /** Of the value. */
  bytes: integer,
});
export type KeyLine = TypeOf<typeof keyLine>;

/** Part of a scan: keys may come twice while partitions move, and none that stays is left out. */
export const keyLines = object({
  /** What to go on with; null at the end. */
  cursor: nullable(text({ max: 100 })),
  keys: list(keyLine),
});
export type KeyLines = TypeOf<typeof keyLines>;

export const keyValue = object({
  key: keyName,
  slot: integer,
  partition: integer,
  value: bytes,
  /** Of the whole value: `value` is its beginning where it is longer than is shown. */
  valueBytes: integer,
  ttlMs: nullable(number),
});
export type KeyValue = TypeOf<typeof keyValue>;

/** A change lands on the very value that was looked at, or not at all. */
export const keyChange = union('kind', {
  done: object({ kind: literal('done') }),
  conflict: object({ kind: literal('conflict'), theirs: keyValue }),
  gone: object({ kind: literal('gone') }),
});
export type KeyChange = TypeOf<typeof keyChange>;

export const keyCreation = union('kind', {
  done: object({ kind: literal('done') }),
  exists: object({ kind: literal('exists'), theirs: keyValue }),
});
export type KeyCreation = TypeOf<typeof keyCreation>;
