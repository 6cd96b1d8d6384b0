/**
 * What is looked for in a log, as it is typed, and as the service is asked for it. A field that cannot be understood says so
 * and looks for nothing until it can.
 */
import type { LogFilter } from '#contract/log-models.ts';

/** Operations as people think of them, with the names they have in the log. */
export const OP_GROUPS = {
  create: ['create', 'create2', 'createContainer', 'createTTL'],
  set: ['setData'],
  delete: ['delete', 'deleteContainer'],
  acl: ['setACL'],
  check: ['check'],
  multi: ['multi'],
  session: ['createSession', 'closeSession'],
  config: ['reconfig'],
  error: ['error'],
} as const satisfies Record<string, readonly string[]>;

export type OpGroup = keyof typeof OP_GROUPS;

export const OP_GROUP_NAMES = Object.keys(OP_GROUPS) as readonly OpGroup[];

const GROUP_OF = new Map<string, OpGroup>(
  OP_GROUP_NAMES.flatMap((group) => OP_GROUPS[group].map((op) => [op, group] as const)),
);

/** Null for an operation of a version to come. */
export function groupOf(op: string): OpGroup | null {
  return GROUP_OF.get(op) ?? null;
}

/** The fields of the bar. */
export interface LogQuery {
  readonly groups: readonly OpGroup[];
  readonly path: string;
  readonly session: string;
  /** One zxid, or a range such as `0x10-0x2f`, either end left out. */
  readonly zxids: string;
  /** Local times as `datetime-local` fields write them. */
  readonly fromTime: string;
  readonly toTime: string;
  /** Milliseconds until it was decided, or until one member had it on disk. */
  readonly slower: string;
  readonly slowAt: number | null;
}

export const NO_QUERY: LogQuery = {
  groups: [],
  path: '',
  session: '',
  zxids: '',
  fromTime: '',
  toTime: '',
  slower: '',
  slowAt: null,
};

export type QueryField = 'session' | 'zxids' | 'fromTime' | 'toTime' | 'slower';

export interface ReadQuery {
  readonly filter: LogFilter;
  readonly problems: ReadonlySet<QueryField>;
}

export function readQuery(query: LogQuery): ReadQuery {
  const problems = new Set<QueryField>();
  const take = <T>(field: QueryField, value: T | undefined, otherwise: T): T => {
    if (value !== undefined) return value;
    problems.add(field);
    return otherwise;
  };
  const zxids = take('zxids', readRange(query.zxids), { from: null, to: null });
  const fromMs = take('fromTime', readTime(query.fromTime), null);
  const toMs = take('toTime', readTime(query.toTime), null);
  return {
    problems,
    filter: {
      ops: query.groups.flatMap((group) => [...OP_GROUPS[group]]),
      path: query.path.trim(),
      sessionId: take('session', readSession(query.session), null),
      fromZxid: zxids.from,
      toZxid: zxids.to,
      fromMs,
      // To the end of the second that is written.
      toMs: toMs === null ? null : toMs + 999,
      slowerThanMs: take('slower', readMs(query.slower), null),
      slowAt: query.slowAt,
    },
  };
}

export function isEmptyQuery(query: LogQuery): boolean {
  return (
    query.groups.length === 0 &&
    [query.path, query.session, query.zxids, query.fromTime, query.toTime, query.slower].every(
      (text) => text.trim() === '',
    )
  );
}

// What cannot be understood reads as undefined; null is nothing written.

/** 16 digits, of which people leave out the zeros in front. */
function readSession(text: string): string | null | undefined {
  const typed = text.trim().toLowerCase().replace(/^0x/, '');
  if (typed === '') return null;
  return /^[0-9a-f]{1,16}$/.test(typed) ? typed.padStart(16, '0') : undefined;
}

interface Range {
  readonly from: number | null;
  readonly to: number | null;
}

function readRange(text: string): Range | undefined {
  const parts = text.trim().split(/\s*(?:-|–|\.\.)\s*/);
  if (parts.length > 2) return undefined;
  const from = readZxid(parts[0] ?? '');
  const to = parts[1] === undefined ? from : readZxid(parts[1]);
  return from === undefined || to === undefined ? undefined : { from, to };
}

function readZxid(text: string): number | null | undefined {
  if (text === '') return null;
  const digits = /^(?:0x)?([0-9a-f]{1,14})$/i.exec(text)?.[1];
  const zxid = digits === undefined ? NaN : Number.parseInt(digits, 16);
  return Number.isSafeInteger(zxid) ? zxid : undefined;
}

function readMs(text: string): number | null | undefined {
  const typed = text
    .trim()
    .replace(/\s*ms$/, '')
    .replace(',', '.');
  if (typed === '') return null;
  const ms = Number(typed);
  return Number.isFinite(ms) && ms >= 0 ? ms : undefined;
}

function readTime(text: string): number | null | undefined {
  if (text.trim() === '') return null;
  const timeMs = new Date(text).getTime();
  return Number.isFinite(timeMs) ? timeMs : undefined;
}
