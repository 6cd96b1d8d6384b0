/**
 * Watches. Every event tells of a change that there was; the first change after a one-shot watch was set is told, before any
 * answer that shows it (W1); of a lasting watch no change is left out while the connection lasts.
 *
 * What happens while a client is away it is told when it comes back, as far as the tree still shows it: a node that was made
 * and deleted meanwhile is not, and lasting watches are silent about that time. That is the protocol.
 */
import { Code } from '../../../src-server/coordination/model/codes.ts';
import type { Call, SeenEvent, Watch } from '../history.ts';
import { parentOf, type TreeChange } from '../model.ts';
import { type Evidence, fail } from './evidence.ts';

interface Told {
  readonly zxid: number;
  readonly kind: SeenEvent['kind'];
  readonly path: string;
}

export function checkWatches(evidence: Evidence): void {
  const changes = new Changes(evidence.model.changes);
  for (const visitor of evidence.history.visitors) {
    for (const watch of visitor.watches) {
      const { call } = watch;
      if (call === null || call.answer === null) continue;
      if (watch.kind === 'persistent' || watch.kind === 'recursive') {
        if (call.answer.code === Code.OK) checkLasting(evidence, watch, changes);
      } else {
        checkOneShot(evidence, watch, call, changes);
      }
    }
  }
}

// --- one-shot ---

function checkOneShot(evidence: Evidence, watch: Watch, call: Call, changes: Changes): void {
  const { kind, path, visitor } = watch;
  const name = `${visitor.name}'s ${kind} watch on ${path} (request ${call.xid})`;
  // A read that failed sets none, save exists.
  if (call.answer!.code !== Code.OK) {
    if (watch.events.length > 0) fail('watches', `${name} fired and was never set`);
    return;
  }
  if (watch.events.length > 1) fail('watches', `${name} fired more than once`);
  const event = watch.events[0];
  const firsts = (evidence.readVersions.get(call) ?? []).map(({ from }) =>
    // The state shown lasted until the path's next version; the first change that matters is none before that.
    changes.firstAfter(kind, path, from, call, evidence),
  );
  if (event === undefined) {
    checkSilence(evidence, watch, firsts, name);
    return;
  }
  evidence.probes.hit('a one-shot watch fired');
  if (event.at < call.answeredAt) fail('watches', `${name} fired before it was known to be set`);
  const isRenewed = event.connection > watch.armedByConnection;
  const fitting = firsts.filter((first) => first !== null && fits(event, first, isRenewed));
  if (fitting.length === 0) {
    fail(
      'watches',
      `${name} told of ${event.kind} at ${event.zxid}, and the first change was ${textOf(firsts)}`,
    );
  }
  if (event.zxid < 0) {
    evidence.probes.hit('a watch was registered again and fired');
    return;
  }
  checkPrecedes(evidence, watch, event, name);
}

function fits(event: SeenEvent, first: Told, isRenewed: boolean): boolean {
  // Coming back, a client is told what became of it, not when.
  if (event.zxid < 0) return isRenewed;
  if (event.zxid === first.zxid && event.kind === first.kind) return true;
  // Set again on the new connection, before something else happened that shows.
  return isRenewed && event.zxid > first.zxid;
}

/** W1: no answer shows the change before its event. */
function checkPrecedes(
  { proven }: Evidence,
  { visitor }: Watch,
  { at, zxid }: SeenEvent,
  name: string,
): void {
  for (const call of visitor.calls) {
    if (call.answeredAt >= at || call.answer === null) continue;
    if ((proven.get(call) ?? 0) >= zxid && isShownBy(call))
      fail('watches', `${name} told of ${zxid} after request ${call.xid} had shown it`);
  }
}

/** What is proven by what the answer itself says, not by what others had been told. */
function isShownBy(call: Call): boolean {
  return call.order.kind !== 'sync' && call.order.kind !== 'watch' && call.order.kind !== 'unwatch';
}

function checkSilence(
  evidence: Evidence,
  watch: Watch,
  firsts: readonly (Told | null)[],
  name: string,
): void {
  const { visitor } = watch;
  const first = firsts.every((told) => told !== null)
    ? Math.max(...firsts.map((told) => told.zxid))
    : Infinity;
  // A node made and deleted while the client was away leaves no trace.
  const connection = visitor.connections[watch.armedByConnection - 1];
  if (watch.kind === 'exist' && connection?.lostAt !== Infinity) return;
  const shown = visitor.calls.find(
    (call) => call.answer !== null && isShownBy(call) && (evidence.proven.get(call) ?? 0) >= first,
  );
  if (shown !== undefined)
    fail('watches', `${name} was not told of ${textOf(firsts)}, which request ${shown.xid} shows`);
}

function textOf(firsts: readonly (Told | null)[]): string {
  return firsts
    .map((told) => (told === null ? 'none' : `${told.kind} at ${told.zxid}`))
    .join(' or ');
}

// --- lasting ---

function checkLasting(evidence: Evidence, watch: Watch, changes: Changes): void {
  const { visitor, call } = watch;
  const all = changes.toldTo(watch);
  const name = `${visitor.name}'s ${watch.kind} watch on ${watch.path} (request ${call!.xid})`;
  if (watch.events.length > 0) evidence.probes.hit(`a ${watch.kind} watch fired`);
  for (const [i, connection] of visitor.connections.entries()) {
    const number = i + 1;
    if (connection.lostAt < call!.answeredAt) continue;
    // What a one-shot watch on the same path is told on coming back, the client's lasting ones hear as well; it has no zxid.
    const events = watch.events.filter((event) => event.connection === number && event.zxid > 0);
    const answers = visitor.calls.filter(
      ({ answeredAt, answer }) =>
        answer !== null && answeredAt > connection.at && answeredAt < connection.lostAt,
    );
    // By the first answer at the latest it was set (again): that is sent first.
    const setBy = connection.at > call!.answeredAt ? answers[0] : call;
    const strictFrom = setBy?.seenZxid ?? Infinity;
    const shown = answers
      .filter(({ answeredAt }) => answeredAt < watch.removedAt)
      .map((answer) => (isShownBy(answer) ? (evidence.proven.get(answer) ?? 0) : 0));
    const strictTo = Math.max(0, ...shown, ...events.map(({ zxid }) => zxid));
    checkSequence(events, all, { strictFrom, strictTo, name });
  }
}

function checkSequence(
  events: readonly SeenEvent[],
  all: readonly Told[],
  { strictFrom, strictTo, name }: { strictFrom: number; strictTo: number; name: string },
): void {
  const first = events[0];
  let start = all.findIndex(({ zxid }) => zxid > strictFrom);
  if (first !== undefined) {
    const found = all.findIndex(
      ({ zxid, kind, path }) => zxid === first.zxid && kind === first.kind && path === first.path,
    );
    if (found < 0)
      fail(
        'watches',
        `${name} told of ${first.kind} ${first.path} at ${first.zxid}, which never was`,
      );
    const missed = all.slice(0, found).find(({ zxid }) => zxid > strictFrom);
    if (missed !== undefined)
      fail('watches', `${name} left out ${missed.kind} ${missed.path} at ${missed.zxid}`);
    start = found;
  }
  if (start < 0) return;
  for (const [i, event] of events.entries()) {
    const wanted = all[start + i];
    if (wanted?.zxid !== event.zxid || wanted.kind !== event.kind || wanted.path !== event.path) {
      const should =
        wanted === undefined ? 'nothing' : `${wanted.kind} ${wanted.path} at ${wanted.zxid}`;
      fail(
        'watches',
        `${name} told of ${event.kind} ${event.path} at ${event.zxid} instead of ${should}`,
      );
    }
  }
  const next = all[start + events.length];
  if (next !== undefined && next.zxid > strictFrom && next.zxid < strictTo)
    fail(
      'watches',
      `${name} was not told of ${next.kind} ${next.path} at ${next.zxid}, and ${strictTo} was shown`,
    );
}

// --- what there was to tell ---

class Changes {
  readonly #all: readonly TreeChange[];
  readonly #byPath = new Map<string, TreeChange[]>();
  readonly #belowPath = new Map<string, TreeChange[]>();

  constructor(all: readonly TreeChange[]) {
    this.#all = all;
    for (const change of all) {
      add(this.#byPath, change.path, change);
      if (change.kind !== 'changed') add(this.#belowPath, parentOf(change.path), change);
    }
  }

  /** The first thing such a watch is told of after the state that the read showed. */
  firstAfter(
    kind: Watch['kind'],
    path: string,
    from: number,
    call: Call,
    evidence: Evidence,
  ): Told | null {
    // The read can have shown any state of this version, and its session had seen some of them already.
    const least = Math.max(from, evidence.proven.get(call) ?? 0);
    const own = (this.#byPath.get(path) ?? []).find(
      (change) => change.zxid > least && (kind !== 'child' || change.kind === 'deleted'),
    );
    const below =
      kind === 'child'
        ? (this.#belowPath.get(path) ?? []).find(({ zxid }) => zxid > least)
        : undefined;
    if (below !== undefined && (own === undefined || this.#isBefore(below, own)))
      return { zxid: below.zxid, kind: 'children-changed', path };
    return own ?? null;
  }

  /** A transaction may make several changes, which are told one after the other. */
  #isBefore(a: TreeChange, b: TreeChange): boolean {
    return a.zxid < b.zxid || (a.zxid === b.zxid && this.#all.indexOf(a) < this.#all.indexOf(b));
  }

  /** Everything a lasting watch is told of, in order. */
  toldTo({ kind, path }: Watch): Told[] {
    const told: Told[] = [];
    const prefix = path === '/' ? '/' : `${path}/`;
    for (const change of this.#all) {
      const isOwn = change.path === path;
      if (isOwn || (kind === 'recursive' && change.path.startsWith(prefix))) told.push(change);
      if (kind === 'persistent' && change.kind !== 'changed' && parentOf(change.path) === path)
        told.push({ zxid: change.zxid, kind: 'children-changed', path });
    }
    return told;
  }
}

function add(lists: Map<string, TreeChange[]>, path: string, change: TreeChange): void {
  const list = lists.get(path);
  if (list === undefined) lists.set(path, [change]);
  else list.push(change);
}
