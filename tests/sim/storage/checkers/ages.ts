/**
 * What was told of old values: how old they may be, and that what is gone stays gone.
 *
 *   stale read   ── it may show what held `STALE_MS` before it was asked for, or anything since; nothing that nobody had written
 *   mortal key   ── nobody sees a value after its time, nor one that was replaced before the read began
 */
import { type Call, MORTAL_MS, STALE_MS } from '../history.ts';
import { describe } from './registers.ts';

/** Clocks of nodes run within five parts of a hundred. */
const DRIFT = 1.06;
/** Wall clocks of nodes have drifted apart since the beginning, and a key is looked for some time after its end. */
const SLACK_MS = 500;

/** Values are never used twice, so that each tells who wrote it. */
export function whyTooStale(calls: readonly Call[]): string | null {
  const reads = calls.filter(({ verb, outcome }) => verb === 'stale' && outcome.kind === 'done');
  if (reads.length === 0) return null;
  const { kind } = calls[0]!;
  for (const read of reads) {
    const why = kind === 'register' ? whyOldRegister(read, calls) : whyOldSequence(read, calls);
    if (why !== null) return why;
  }
  return null;
}

function whyOldRegister(read: Call, calls: readonly Call[]): string | null {
  const value = valueOf(read);
  if (value === null) return null;
  const write = calls.find((call) => call.value === value);
  if (write === undefined || write.invokedAt > read.answeredAt || write.outcome.kind === 'refused')
    return `a stale read shows what nobody wrote: ${describe([read])}`;
  return whyReplaced({ read, write, calls, bySinceMs: read.invokedMs - STALE_MS * DRIFT });
}

/** Another value was written after this one, and told so, before that time. */
function whyReplaced(what: {
  readonly read: Call;
  readonly write: Call;
  readonly calls: readonly Call[];
  readonly bySinceMs: number;
}): string | null {
  const { read, write, calls, bySinceMs } = what;
  const later = calls.find(
    (call) =>
      call.value !== null &&
      call.verb !== 'setnx' &&
      call.outcome.kind === 'done' &&
      call.invokedAt > write.answeredAt &&
      call.answeredMs < bySinceMs,
  );
  return later === undefined
    ? null
    : `a value that was replaced: ${describe([write, later, read])}`;
}

/** Counters and lists only grow: what was told done before that time is in what is shown. */
function whyOldSequence(read: Call, calls: readonly Call[]): string | null {
  const sinceMs = read.invokedMs - STALE_MS * DRIFT;
  const shown = valueOf(read) ?? '';
  const changes = calls.filter(
    ({ verb, outcome }) => (verb === 'incr' || verb === 'append') && outcome.kind !== 'refused',
  );
  const due = changes.filter(
    ({ outcome, answeredMs }) => outcome.kind === 'done' && answeredMs < sinceMs,
  );
  const begun = changes.filter(({ invokedAt }) => invokedAt < read.answeredAt);
  const isCounter = calls[0]!.kind === 'counter';
  const missing = isCounter
    ? due.find(({ outcome }) => Number(shown) < Number((outcome as { value: string }).value))
    : due.find(({ value }) => !shown.includes(value!));
  if (missing !== undefined)
    return `a stale read is older than it may be: ${describe([missing, read])}`;
  if (isCounter && Number(shown) > begun.length)
    return `a stale read shows more than was asked for: ${describe([read])}`;
  return null;
}

export function whyNoMortal(calls: readonly Call[]): string | null {
  const reads = calls.filter(({ verb, outcome }) => verb === 'get' && outcome.kind === 'done');
  for (const read of reads) {
    const value = valueOf(read);
    if (value === null) continue;
    const write = calls.find((call) => call.value === value);
    if (
      write === undefined ||
      write.invokedAt > read.answeredAt ||
      write.outcome.kind === 'refused'
    )
      return `a value that nobody wrote: ${describe([read])}`;
    const driftMs = read.invokedMs * (DRIFT - 1) * 2;
    if (read.invokedMs > write.answeredMs + MORTAL_MS * DRIFT + driftMs + SLACK_MS)
      return `a value after its time: ${describe([write, read])}`;
    const why = whyReplaced({ read, write, calls, bySinceMs: read.invokedMs });
    if (why !== null) return why;
  }
  return null;
}

function valueOf({ outcome }: Call): string | null {
  return outcome.kind === 'done' ? outcome.value : null;
}
