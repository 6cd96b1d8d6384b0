/**
 * A session ends when its client says so or was silent for its whole timeout, never before; then it is over for good, and its
 * ephemeral nodes with it. (That nodes go with it, and that nothing is done for it any more, follows from the model.)
 */
import { OpCode } from '../../../src-server/coordination/model/ops.ts';
import type { VisitorRecord } from '../history.ts';
import { type Evidence, fail } from './evidence.ts';

/** Clocks run up to a thousandth fast, and timers count whole milliseconds. */
const RATE_SLACK = 0.998;
const TIMER_SLACK_MS = 3;

export function checkSessions(evidence: Evidence, living: ReadonlySet<VisitorRecord>): void {
  const { history, visitorOf, model, probes, done } = evidence;
  const { touchLagMs } = evidence;
  for (const { sessionId, ms, member, servingSinceMs, heardMs } of history.expiries) {
    const visitor = visitorOf.get(sessionId);
    if (visitor === undefined || touchLagMs === null) continue;
    const sinceMs = Math.max(heardMs, servingSinceMs);
    const leastMs = visitor.timeoutMs * RATE_SLACK - TIMER_SLACK_MS;
    if (ms - sinceMs < leastMs && ms - sinceMs >= touchLagMs) {
      fail(
        'sessions',
        `${member} expired ${visitor.name}'s session ${(ms - sinceMs).toFixed(1)} ms after it was heard, with a ` +
          `timeout of ${visitor.timeoutMs} ms`,
      );
    }
  }
  for (const visitor of history.visitors) {
    const session = model.sessions.get(visitor.sessionId);
    if (visitor.sessionId === 0n) continue;
    if (session === undefined) fail('sessions', `${visitor.name}'s session is in no log`);
    const isOpen = session.closedZxid === Infinity;
    if (living.has(visitor) && !isOpen)
      fail(
        'sessions',
        `${visitor.name} lives, and its session was closed at ${session.closedZxid}`,
      );
    if (!living.has(visitor) && isOpen)
      fail('sessions', `${visitor.name} is gone, and its session still lives`);
    if (visitor.connections.length > 1) probes.hit('a client came back to its session');
    if (visitor.expiredMs < Infinity) probes.hit('a client was told that its session expired');
  }
  // Of clients that never heard of their session, as their connection was lost first.
  for (const [id, { closedZxid }] of model.sessions)
    if (closedZxid === Infinity && !visitorOf.has(id))
      fail('sessions', `session ${id} belongs to nobody, and still lives`);
  const isOver = new Set<bigint>();
  for (const { entry } of done)
    if (entry.type === OpCode.CLOSE_SESSION) isOver.add(entry.sessionId);
  for (const path of model.paths) {
    const { owner } = model.get(path)!;
    if (isOver.has(owner)) fail('sessions', `${path} outlived its session ${owner}`);
  }
}
