/**
 * Nothing acknowledged is lost, nothing is done that nobody asked for, nothing is done twice, and the log has no holes.
 *
 * Then order: a session's writes are done in the order they were asked (FIFO), and a write that was asked after another was
 * answered comes after it (linearizable writes, with the log's order as witness).
 */
import { epochOf, type Zxid } from '../../../src-server/base/zxid.ts';
import { Code } from '../../../src-server/coordination/model/codes.ts';
import { OpCode } from '../../../src-server/coordination/model/ops.ts';
import type { Call } from '../history.ts';
import type { Entry } from '../ledger.ts';
import type { Expected } from '../model.ts';
import { type Evidence, fail, isWrite, nameOf } from './evidence.ts';

/** Refused at the door, so that there is no transaction. */
const REFUSED_BEFORE: ReadonlySet<number> = new Set([Code.NOT_READ_ONLY, Code.SESSION_EXPIRED]);

/** What no session has a say in any more: the client left this member, its session is over, or the leader's disk is full. */
const TURNED_AWAY: ReadonlySet<number> = new Set([
  Code.SESSION_MOVED,
  Code.SESSION_EXPIRED,
  Code.NOT_READ_ONLY,
]);

export function checkDurability(evidence: Evidence): void {
  checkHoles(evidence);
  for (const entry of evidence.ledger.values()) {
    const call = callOf(evidence, entry);
    if (call !== null) {
      const known = evidence.entryOf.get(call);
      if (known !== undefined)
        fail('durability', `${nameOf(call)} was done twice: ${known.zxid} and ${entry.zxid}`);
      evidence.entryOf.set(call, entry);
    }
    const expected = evidence.model.apply(entry, call);
    evidence.done.push({ entry, call, expected });
  }
  for (const visitor of evidence.history.visitors)
    for (const call of visitor.calls) checkCall(evidence, call);
}

function checkHoles({ ledger, initialCounter }: Evidence): void {
  let last = 0;
  for (const zxid of ledger.keys()) {
    const isNext = zxid === last + 1;
    const isNewEpoch =
      epochOf(zxid as Zxid) > epochOf(last as Zxid) && zxid % 2 ** 32 === initialCounter + 1;
    if (!isNext && !isNewEpoch)
      fail('durability', `between ${last} and ${zxid} the log has a hole`);
    last = zxid;
  }
}

function callOf({ visitorOf, callsOf }: Evidence, entry: Entry): Call | null {
  // What members do by themselves has no number.
  if (entry.cxid === 0 || entry.type === OpCode.CREATE_SESSION) return null;
  const visitor = visitorOf.get(entry.sessionId);
  const call = callsOf.get(entry.sessionId)?.get(entry.cxid);
  if (call === undefined || !isWrite(call)) {
    const who = visitor?.name ?? `session ${entry.sessionId}`;
    return fail('durability', `nobody asked for ${entry.zxid}: ${who}, ${entry.text}`);
  }
  return call;
}

function checkCall({ entryOf, probes }: Evidence, call: Call): void {
  if (!isWrite(call)) return;
  const entry = entryOf.get(call);
  const { answer } = call;
  if (answer === null) {
    if (call.answeredAt === Infinity) return;
    probes.hit(`a call is unknown, and was ${entry === undefined ? 'not ' : ''}carried out`);
    return;
  }
  if (entry !== undefined || REFUSED_BEFORE.has(answer.code)) return;
  fail('durability', `${nameOf(call)} is lost: no log has it`);
}

export function checkOrder(evidence: Evidence): void {
  const lastOf = new Map<bigint, Call>();
  for (const { call, entry, expected } of evidence.done) {
    // What still comes from a member that the client has left is turned away, and does nothing.
    if (call === null || isTurnedAway(expected)) continue;
    const last = lastOf.get(entry.sessionId);
    if (last !== undefined && last.xid > call.xid)
      fail('order', `${nameOf(call)} was done after ${nameOf(last)}, which was asked later`);
    lastOf.set(entry.sessionId, call);
  }
  let earliest: Call | null = null;
  for (const { call } of evidence.done.toReversed()) {
    if (call === null) continue;
    if (earliest !== null && earliest.answeredAt < call.invokedAt)
      fail(
        'order',
        `${nameOf(call)} was done before ${nameOf(earliest)}, which was answered before it was asked`,
      );
    if (call.answer !== null && call.answeredAt < (earliest?.answeredAt ?? Infinity))
      earliest = call;
  }
  for (const visitor of evidence.history.visitors) checkReplies(visitor.calls);
}

function isTurnedAway({ code, parts }: Expected): boolean {
  return TURNED_AWAY.has(code) || parts?.some((part) => TURNED_AWAY.has(part.code)) === true;
}

/** Answers come in the order of the requests. */
function checkReplies(calls: readonly Call[]): void {
  let last: Call | null = null;
  for (const call of calls) {
    if (call.answer === null || call.answer.code === Code.SESSION_EXPIRED) continue;
    if (last !== null && last.answeredMs > call.answeredMs)
      fail('order', `${nameOf(call)} was answered before ${nameOf(last)}`);
    last = call;
  }
}
