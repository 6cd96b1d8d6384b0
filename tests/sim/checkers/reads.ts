/**
 * Every read showed a state that there was, no older than what its session had seen before; on a member on its own, and
 * elsewhere after a sync, no older than anything acknowledged before it was asked.
 */
import { Code } from '../../../src-server/coordination/model/codes.ts';
import { OpCode } from '../../../src-server/coordination/model/ops.ts';
import type { Answer, Call } from '../history.ts';
import { type Version, whyNotStat } from '../model.ts';
import { type Evidence, fail, isWrite, nameOf } from './evidence.ts';

export function checkReads(evidence: Evidence): void {
  const acknowledged = new Acknowledged(evidence);
  for (const { calls, sessionId } of evidence.history.visitors) {
    let seen = evidence.model.sessions.get(sessionId)?.openedZxid ?? 0;
    for (const call of calls) {
      // Who learns that his session is over is told so by his client, which asks nobody.
      if (call.answer === null || call.answer.code === Code.SESSION_EXPIRED) continue;
      if (isWrite(call)) {
        seen = Math.max(seen, evidence.entryOf.get(call)?.zxid ?? 0);
      } else {
        // Among others a member may lag, unless it was asked to catch up. (One that was deposed and does not know it yet may
        // take a sync for done; so only those asked in peace are judged.)
        const isFresh =
          evidence.isAlone || (call.order.kind === 'sync' && call.invokedAt > evidence.peaceAt);
        const known = isFresh ? acknowledged.before(call.invokedAt) : 0;
        seen = checkRead(evidence, call, call.answer, Math.max(seen, known));
      }
      evidence.proven.set(call, seen);
    }
  }
}

/** @returns the least zxid that the session has seen now */
function checkRead(evidence: Evidence, call: Call, answer: Answer, low: number): number {
  const { order } = call;
  if (order.kind !== 'get' && order.kind !== 'exists' && order.kind !== 'children') return low;
  const { model, readVersions } = evidence;
  const versions = model.versionsWithin(order.path, low, call.seenZxid);
  const fitting = versions.filter(({ state }) => isShown(answer, state, order.path));
  if (fitting.length === 0) {
    const all = model.versionsWithin(order.path, 0, Infinity);
    const when = all.filter(({ state }) => isShown(answer, state, order.path));
    const why =
      when.length === 0
        ? 'which never was'
        : `which was so from ${when.map(({ from }) => from).join(', ')}`;
    fail('reads', `${nameOf(call)} had to show a state of ${low} … ${call.seenZxid}, ${why}`);
  }
  readVersions.set(call, fitting);
  return Math.max(low, fitting[0]!.from);
}

function isShown(answer: Answer, state: Version['state'], path: string): boolean {
  if (answer.code === Code.NO_NODE || (answer.code === Code.OK && answer.stat === null))
    return state === null;
  if (answer.code !== Code.OK || state === null) return false;
  if (answer.data !== null && answer.data !== state.data) return false;
  if (answer.names !== null && !isSame(answer.names, state.children)) return false;
  // What the system made before the first transaction shows in the root's own counters.
  return path === '/' || whyNotStat(answer.stat!, state) === null;
}

function isSame(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((name, i) => name === b[i]);
}

/** The newest zxid that anybody had been told of at a moment. */
class Acknowledged {
  readonly #moments: number[] = [];
  readonly #zxids: number[] = [];

  constructor({ done }: Evidence) {
    const told = done
      .flatMap(({ call, entry: { zxid, type } }) =>
        call === null || call.answer === null || type === OpCode.ERROR
          ? []
          : [{ at: call.answeredAt, zxid }],
      )
      .sort((a, b) => a.at - b.at);
    let newest = 0;
    for (const { at, zxid } of told) {
      if (zxid <= newest) continue;
      newest = zxid;
      this.#moments.push(at);
      this.#zxids.push(zxid);
    }
  }

  before(moment: number): number {
    let low = 0;
    let high = this.#moments.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.#moments[middle]! < moment) low = middle + 1;
      else high = middle;
    }
    return low === 0 ? 0 : this.#zxids[low - 1]!;
  }
}
