/**
 * Watches. Every event tells of a change that there was; the first change after a one-shot watch was set is told, before any
 * answer that shows it (W1); of a lasting watch no change is left out while the connection lasts.
 *
 * What happens while a client is away it is told when it comes back, as far as the tree still shows it: a node that was made
 * and deleted meanwhile is not, and lasting watches are silent about that time. That is the protocol.
 */
import { Code } from '../../../src-server/coordination/model/codes.ts';
import type { Call, Connected, SeenEvent, VisitorRecord, Watch } from '../history.ts';
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
    const answers = new Answers(visitor, evidence.proven);
    for (const watch of visitor.watches) {
      const { call } = watch;
      if (call === null || call.answer === null) continue;
      if (watch.kind === 'persistent' || watch.kind === 'recursive') {
        if (call.answer.code === Code.OK) checkLasting(evidence, watch, { changes, answers });
      } else {
        checkOneShot(evidence, watch, call, { changes, answers });
      }
    }
  }
}

interface Known {
  readonly changes: Changes;
  readonly answers: Answers;
}

// --- one-shot ---

function checkOneShot(
  evidence: Evidence,
  watch: Watch,
  call: Call,
  { changes, answers }: Known,
): void {
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
    checkSilence(watch, firsts, answers, name);
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
  checkPrecedes(answers, event, name);
}

function fits(event: SeenEvent, first: Told, isRenewed: boolean): boolean {
  // Coming back, a client is told what became of it, not when.
  if (event.zxid < 0) return isRenewed;
  if (event.zxid === first.zxid && event.kind === first.kind) return true;
  // Set again on the new connection, before something else happened that shows.
  return isRenewed && event.zxid > first.zxid;
}

/** W1: no answer shows the change before its event. */
function checkPrecedes(answers: Answers, { at, zxid }: SeenEvent, name: string): void {
  const shown = answers.firstShowing(zxid);
  if (shown !== null && shown.answeredAt < at)
    fail('watches', `${name} told of ${zxid} after request ${shown.xid} had shown it`);
}

function checkSilence(
  { visitor, kind, armedByConnection }: Watch,
  firsts: readonly (Told | null)[],
  answers: Answers,
  name: string,
): void {
  if (!firsts.every((told) => told !== null)) return;
  // A node made and deleted while the client was away leaves no trace.
  const connection = visitor.connections[armedByConnection - 1];
  if (kind === 'exist' && connection?.lostAt !== Infinity) return;
  const shown = answers.firstShowing(Math.max(...firsts.map((told) => told.zxid)));
  if (shown !== null)
    fail('watches', `${name} was not told of ${textOf(firsts)}, which request ${shown.xid} shows`);
}

function textOf(firsts: readonly (Told | null)[]): string {
  return firsts
    .map((told) => (told === null ? 'none' : `${told.kind} at ${told.zxid}`))
    .join(' or ');
}

// --- lasting ---

function checkLasting(evidence: Evidence, watch: Watch, { changes, answers }: Known): void {
  const { visitor, removedAt } = watch;
  const call = watch.call!;
  const all = changes.toldTo(watch);
  const name = `${visitor.name}'s ${watch.kind} watch on ${watch.path} (request ${call.xid})`;
  if (watch.events.length > 0) evidence.probes.hit(`a ${watch.kind} watch fired`);
  // What a one-shot watch on the same path is told on coming back, the client's lasting ones hear as well; it has no zxid.
  const told = Map.groupBy(
    watch.events.filter(({ zxid }) => zxid > 0),
    ({ connection }) => connection,
  );
  const { connections } = visitor;
  const first = firstIndex(connections, ({ lostAt }) => lostAt >= call.answeredAt);
  for (let i = first; i < connections.length; i++) {
    const connection = connections[i]!;
    const events = told.get(i + 1) ?? [];
    if (connection.at > removedAt && events.length === 0) continue;
    // By the first answer at the latest it was set (again): that is sent first.
    const setBy = connection.at > call.answeredAt ? answers.firstIn(connection) : call;
    const strictFrom = setBy?.seenZxid ?? Infinity;
    const shownZxid = answers.shownBy(connection.at, Math.min(connection.lostAt, removedAt));
    const strictTo = Math.max(shownZxid, ...events.map(({ zxid }) => zxid));
    checkSequence(events, all, { strictFrom, strictTo, name });
  }
}

function checkSequence(
  events: readonly SeenEvent[],
  all: readonly Told[],
  { strictFrom, strictTo, name }: { strictFrom: number; strictTo: number; name: string },
): void {
  const first = events[0];
  let start = firstIndex(all, ({ zxid }) => zxid > strictFrom);
  if (first !== undefined) {
    const found = indexOf(all, first);
    if (found === null)
      fail(
        'watches',
        `${name} told of ${first.kind} ${first.path} at ${first.zxid}, which never was`,
      );
    const missed = all[start];
    if (start < found && missed !== undefined)
      fail('watches', `${name} left out ${missed.kind} ${missed.path} at ${missed.zxid}`);
    start = found;
  }
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

function indexOf(all: readonly Told[], event: SeenEvent): number | null {
  for (let i = firstIndex(all, ({ zxid }) => zxid >= event.zxid); i < all.length; i++) {
    const { zxid, kind, path } = all[i]!;
    if (zxid !== event.zxid) return null;
    if (kind === event.kind && path === event.path) return i;
  }
  return null;
}

/** Of a list in which whatever holds of one holds of all behind it; the length where it holds of none. */
function firstIndex<T>(list: readonly T[], holds: (item: T) => boolean): number {
  let low = 0;
  let high = list.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (holds(list[middle]!)) high = middle;
    else low = middle + 1;
  }
  return low;
}

// --- what a client was shown ---

/** One client's answers, in the order they came, with what they show; a session only ever sees more. */
class Answers {
  readonly #all: readonly Call[];
  readonly #showing: readonly Call[];
  readonly #proven: ReadonlyMap<Call, number>;

  constructor({ calls }: VisitorRecord, proven: ReadonlyMap<Call, number>) {
    this.#proven = proven;
    this.#all = calls
      .filter(({ answer }) => answer !== null)
      .sort((a, b) => a.answeredAt - b.answeredAt);
    // What is proven by what the answer itself says, not by what others had been told.
    this.#showing = this.#all.filter(
      (call) => proven.has(call) && !SHOWS_NOTHING.has(call.order.kind),
    );
  }

  firstIn({ at, lostAt }: Connected): Call | undefined {
    const call = this.#all[firstIndex(this.#all, ({ answeredAt }) => answeredAt > at)];
    return call !== undefined && call.answeredAt < lostAt ? call : undefined;
  }

  firstShowing(zxid: number): Call | null {
    const at = firstIndex(this.#showing, (call) => this.#proven.get(call)! >= zxid);
    return this.#showing[at] ?? null;
  }

  /** The newest zxid that an answer between these moments shows. */
  shownBy(from: number, to: number): number {
    const last = this.#showing[firstIndex(this.#showing, ({ answeredAt }) => answeredAt >= to) - 1];
    return last !== undefined && last.answeredAt > from ? this.#proven.get(last)! : 0;
  }
}

const SHOWS_NOTHING: ReadonlySet<Call['order']['kind']> = new Set(['sync', 'watch', 'unwatch']);

// --- what there was to tell ---

class Changes {
  readonly #all: readonly TreeChange[];
  readonly #orders = new Map<TreeChange, number>();
  readonly #byPath = new Map<string, TreeChange[]>();
  readonly #deletions = new Map<string, TreeChange[]>();
  readonly #belowPath = new Map<string, TreeChange[]>();
  readonly #told = new Map<string, readonly Told[]>();

  constructor(all: readonly TreeChange[]) {
    this.#all = all;
    for (const [i, change] of all.entries()) {
      this.#orders.set(change, i);
      add(this.#byPath, change.path, change);
      if (change.kind === 'deleted') add(this.#deletions, change.path, change);
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
    const isOfChildren = kind === 'child';
    const own = firstBehind((isOfChildren ? this.#deletions : this.#byPath).get(path), least);
    const below = isOfChildren ? firstBehind(this.#belowPath.get(path), least) : undefined;
    if (below !== undefined && (own === undefined || this.#isBefore(below, own)))
      return { zxid: below.zxid, kind: 'children-changed', path };
    return own ?? null;
  }

  /** A transaction may make several changes, which are told one after the other. */
  #isBefore(a: TreeChange, b: TreeChange): boolean {
    return this.#orders.get(a)! < this.#orders.get(b)!;
  }

  /** Everything a lasting watch is told of, in order. */
  toldTo({ kind, path }: Watch): readonly Told[] {
    const key = `${kind} ${path}`;
    let told = this.#told.get(key);
    if (told === undefined) this.#told.set(key, (told = this.#toldTo(kind, path)));
    return told;
  }

  #toldTo(kind: Watch['kind'], path: string): Told[] {
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

function firstBehind(
  changes: readonly TreeChange[] | undefined,
  least: number,
): TreeChange | undefined {
  return changes?.[firstIndex(changes, ({ zxid }) => zxid > least)];
}

function add(lists: Map<string, TreeChange[]>, path: string, change: TreeChange): void {
  const list = lists.get(path);
  if (list === undefined) lists.set(path, [change]);
  else list.push(change);
}
