/**
 * Whether the answers about one register are those of a register: there is an order of all calls, each between its beginning and
 * its answer, in which every answer is right (Wing and Gong, with the memory of Lowe).
 *
 *   list of beginnings and answers by time ─▶ take a call whose answer fits ─▶ … ─▶ an answer is met first: go back
 *
 * What nobody knows the end of may be anywhere after its beginning, or nowhere. A write of which nobody knows and whose value
 * nobody saw is left out, or there would be too many orders; it may still explain that something was there to be deleted.
 */
import type { Call } from '../history.ts';

type State = string | null;

/** Looking further costs more than it tells. */
const ORDERS_MAX = 200_000;

interface Entry {
  readonly call: Call;
  /** Null for an answer. */
  readonly answer: Entry | null;
  readonly bit: bigint;
  readonly isAnswer: boolean;
  before: Entry | null;
  after: Entry | null;
}

/** What a call may be answered where the register holds `state`, and what it leaves there; undefined where it may not. */
function applied(
  state: State,
  call: Call,
  isHaunted: boolean,
): { readonly next: State } | undefined {
  const { verb, value, outcome } = call;
  const seen = outcome.kind === 'done' ? outcome.value : undefined;
  switch (verb) {
    case 'get':
      return seen === state ? { next: state } : undefined;
    case 'execget':
      return seen === state ? { next: state } : undefined;
    case 'set':
    case 'execset':
      return { next: value };
    case 'setnx':
      if (seen === undefined) return { next: state ?? value };
      if (seen === '0' && isHaunted) return { next: state };
      return (seen === '1') === (state === null) ? { next: state ?? value } : undefined;
    case 'getset':
    case 'cas':
      return seen === undefined || seen === state ? { next: value } : undefined;
    case 'del':
      if (seen === undefined || (seen === '1' && isHaunted)) return { next: null };
      return (seen === '1') === (state !== null) ? { next: null } : undefined;
    case 'getdel':
      return seen === undefined || seen === state ? { next: null } : undefined;
    case 'incr':
    case 'append':
    case 'stale':
      throw new Error('not a verb of registers');
  }
}

/** @returns what is wrong, or null */
export function whyNoRegister(calls: readonly Call[]): string | null {
  const judged = relevant(calls);
  if (fits(judged)) return null;
  return `no order explains ${describe(shortest(judged).calls)}`;
}

interface Judged {
  readonly calls: readonly Call[];
  /** When the first write began that was left out. */
  readonly hauntedAt: number;
}

function relevant(calls: readonly Call[]): Judged {
  const seen = new Set<string | null>();
  for (const { outcome } of calls) if (outcome.kind === 'done') seen.add(outcome.value);
  let hauntedAt = Infinity;
  const kept = calls.filter(({ verb, value, outcome, invokedAt }) => {
    if (outcome.kind === 'refused') return false;
    if (outcome.kind === 'done') return true;
    if (verb === 'get' || verb === 'execget') return false;
    const isKept = value === null || seen.has(value);
    if (!isKept) hauntedAt = Math.min(hauntedAt, invokedAt);
    return isKept;
  });
  return { calls: kept, hauntedAt };
}

/** The calls up to the first answer that no order explains, the last few of them. */
function shortest(judged: Judged): Judged {
  const answers = judged.calls.map(({ answeredAt }) => answeredAt).filter(Number.isFinite);
  answers.sort((a, b) => a - b);
  let low = 0;
  let high = answers.length - 1;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (fits(upTo(judged, answers[middle]!))) low = middle + 1;
    else high = middle;
  }
  return upTo(judged, answers[low]!);
}

/** As it was known at this moment. */
function upTo({ calls, hauntedAt }: Judged, moment: number): Judged {
  const known = calls
    .filter(
      ({ invokedAt, verb, answeredAt }) =>
        invokedAt <= moment && (verb !== 'get' || answeredAt <= moment),
    )
    .map((call) =>
      call.answeredAt <= moment
        ? call
        : { ...call, answeredAt: Infinity, outcome: { kind: 'unknown' } as const },
    );
  return { calls: known, hauntedAt };
}

function fits({ calls, hauntedAt }: Judged): boolean {
  if (calls.length === 0) return true;
  const head = listOf(calls);
  let state: State = null;
  let done = 0n;
  const taken: { readonly entry: Entry; readonly state: State; readonly done: bigint }[] = [];
  const known = new Set<string>();
  let at = head.after;
  // Without an answer to come nothing more is asked of the order.
  while (at !== null) {
    if (!at.isAnswer) {
      const found = applied(state, at.call, at.call.answeredAt > hauntedAt);
      if (found !== undefined) {
        const next = done | at.bit;
        const key = `${next.toString(36)} ${found.next}`;
        if (!known.has(key)) {
          known.add(key);
          if (known.size > ORDERS_MAX) return true;
          taken.push({ entry: at, state, done });
          state = found.next;
          done = next;
          lift(at);
          at = head.after;
          continue;
        }
      }
      at = at.after;
      continue;
    }
    const last = taken.pop();
    if (last === undefined) return false;
    ({ state, done } = last);
    putBack(last.entry);
    at = last.entry.after;
  }
  return true;
}

/** Beginnings and answers by time, behind a head. */
function listOf(calls: readonly Call[]): Entry {
  const entries: { readonly at: number; readonly entry: Entry }[] = [];
  for (const [i, call] of calls.entries()) {
    const bit = 1n << BigInt(i);
    const isOpen = call.outcome.kind === 'unknown';
    const answer: Entry | null = isOpen
      ? null
      : { call, answer: null, bit, isAnswer: true, before: null, after: null };
    if (answer !== null) entries.push({ at: call.answeredAt, entry: answer });
    const entry = { call, answer, bit, isAnswer: false, before: null, after: null };
    entries.push({ at: call.invokedAt, entry });
  }
  entries.sort((a, b) => a.at - b.at);
  const head: Entry = {
    call: calls[0]!,
    answer: null,
    bit: 0n,
    isAnswer: false,
    before: null,
    after: null,
  };
  let last = head;
  for (const { entry } of entries) {
    last.after = entry;
    entry.before = last;
    last = entry;
  }
  return head;
}

function lift(entry: Entry): void {
  unlink(entry);
  if (entry.answer !== null) unlink(entry.answer);
}

function putBack(entry: Entry): void {
  if (entry.answer !== null) link(entry.answer);
  link(entry);
}

function unlink(entry: Entry): void {
  entry.before!.after = entry.after;
  if (entry.after !== null) entry.after.before = entry.before;
}

function link(entry: Entry): void {
  entry.before!.after = entry;
  if (entry.after !== null) entry.after.before = entry;
}

const CALLS_SHOWN = 14;

export function describe(calls: readonly Call[]): string {
  return [...calls]
    .slice(-CALLS_SHOWN)
    .map(({ caller, key, verb, value, invokedAt, invokedMs, answeredAt, answeredMs, outcome }) => {
      const told = outcome.kind === 'done' ? `${outcome.value}` : outcome.kind;
      const when = `${invokedMs.toFixed(1)}–${answeredMs.toFixed(1)} ms (${invokedAt}–${answeredAt})`;
      return `\n  ${caller} ${verb} ${key} ${value ?? ''} = ${told}, ${when}`;
    })
    .join('');
}
