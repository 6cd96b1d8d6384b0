/**
 * Asks the nodes of a ring about themselves while somebody looks: once a second, all at the same time, each on a connection of
 * its own that stays. What moved is remembered for those who look again.
 */
import type {
  NodeReport,
  NodeSample,
  RingLive as LiveView,
  RingNode,
  RingSample,
  RingWait,
} from '#contract/ring-models.ts';

import type { Clock, Timer } from '../../../platform/clock.ts';
import type { Holding } from '../../../storage/planning/answers.ts';
import { Sizes } from '../../../storage/planning/sizes.ts';
import type { Counters } from './node-answers.ts';
import type { NodeDoors } from './node-doors.ts';
import { NodeInquiry, type NodeTold } from './node-inquiry.ts';

const ROUND_MS = 1000;
/** Whoever has not answered by then is shown as it was before. */
const PATIENCE_MS = 700;
const SAMPLES_MAX = 600;

interface Listener {
  readonly send: (live: LiveView) => void;
  /** Samples it has had. */
  count: number;
}

/** What it was a round ago, to reckon rates from. */
interface Before {
  readonly atMs: number;
  readonly counters: Counters;
}

export class RingLive {
  readonly #clock: Clock;
  readonly #doors: () => NodeDoors;
  readonly #nodes: () => readonly RingNode[];
  readonly #controller: () => string | null;
  readonly #partitionCount: () => number;
  readonly #listeners = new Set<Listener>();
  readonly #inquiries = new Map<string, NodeInquiry>();
  readonly #before = new Map<string, Before>();
  readonly #samples: RingSample[] = [];
  #count = 0;
  #round = 0;
  #timer: Timer | null = null;
  /** Commands at each partition's leader so far, and when they were counted. */
  #work: { readonly atMs: number; readonly counts: Float64Array } | null = null;
  #traffic: Float32Array | null = null;
  #reports: readonly NodeReport[] = [];
  #waits: readonly RingWait[] = [];
  #sizes = new Sizes(0);
  /** Of each node the list that is in the sizes already. */
  readonly #taken = new Map<string, readonly Holding[]>();
  /** Those who wait for the end of a first round. */
  readonly #waiting: (() => void)[] = [];

  constructor(parts: {
    readonly clock: Clock;
    readonly doors: () => NodeDoors;
    readonly nodes: () => readonly RingNode[];
    /** The node that decides placement. */
    readonly controller: () => string | null;
    readonly partitionCount: () => number;
  }) {
    this.#clock = parts.clock;
    this.#doors = parts.doors;
    this.#nodes = parts.nodes;
    this.#controller = parts.controller;
    this.#partitionCount = parts.partitionCount;
  }

  follow(send: (live: LiveView) => void): () => void {
    const listener: Listener = { send, count: 0 };
    this.#listeners.add(listener);
    if (this.#timer === null) this.#goRound();
    else if (this.#count > 0) this.#tell(listener);
    return () => {
      this.#listeners.delete(listener);
      if (this.#listeners.size === 0) this.#rest();
    };
  }

  /** What each node that was asked has of a partition; asked now. */
  async holdingsOf(partition: number): Promise<ReadonlyMap<string, Holding>> {
    const found = new Map<string, Holding>();
    const asked = this.#nodes().map(async (node) => {
      const holding = await this.#inquiryOf(node).holding(partition);
      if (holding !== null) found.set(node.id, holding);
    });
    await Promise.race([Promise.all(asked), this.#pause(PATIENCE_MS)]);
    return found;
  }

  /** What each partition holds, as far as leaders told while somebody listened. */
  get sizes(): Sizes {
    return this.#sizes;
  }

  /** Resolves once nodes were asked, whether they answered or not; somebody has to listen. */
  asked(): Promise<void> {
    if (this.#reports.length > 0) return Promise.resolve();
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  #rest(): void {
    this.#timer?.cancel();
    this.#timer = null;
    this.#before.clear();
    this.#work = null;
    this.#traffic = null;
    this.#inquiries.clear();
    this.#taken.clear();
    this.#sizes = new Sizes(0);
    this.#reports = [];
    this.#waits = [];
    this.#wake();
  }

  #wake(): void {
    for (const resolve of this.#waiting.splice(0)) resolve();
  }

  #goRound(): void {
    const round = ++this.#round;
    this.#timer = this.#clock.after(ROUND_MS, () => this.#goRound());
    const nodes = this.#nodes();
    this.#forgetOthers(nodes);
    const controller = this.#controller();
    const asked = nodes.map((node) =>
      this.#inquiryOf(node).ask(round, { isController: node.id === controller }),
    );
    void Promise.race([Promise.all(asked), this.#pause(PATIENCE_MS)]).then(() => {
      if (this.#timer === null || this.#round !== round) return;
      this.#take(nodes, round);
      for (const listener of this.#listeners) this.#tell(listener);
      this.#wake();
    });
  }

  #pause(ms: number): Promise<void> {
    return new Promise((resolve) => void this.#clock.after(ms, resolve));
  }

  #inquiryOf(node: RingNode): NodeInquiry {
    const known = this.#inquiries.get(node.id);
    if (known !== undefined) {
      known.node = node;
      return known;
    }
    const made = new NodeInquiry({ clock: this.#clock, doors: this.#doors, node });
    this.#inquiries.set(node.id, made);
    return made;
  }

  #forgetOthers(nodes: readonly RingNode[]): void {
    const ids = new Set(nodes.map(({ id }) => id));
    for (const id of this.#inquiries.keys()) if (!ids.has(id)) this.#inquiries.delete(id);
  }

  // --- what came of a round ---

  #take(nodes: readonly RingNode[], round: number): void {
    const told = nodes.map((node) => ({ node, told: this.#inquiryOf(node).last }));
    const lags = lagsOf(told.map(({ node, told }) => ({ id: node.id, holdings: told?.holdings })));
    this.#reports = told.map(({ node, told }) => reportOf(node, told, lags.get(node.id) ?? null));
    this.#takeSizes(told);
    this.#waits = told.flatMap(({ told }) => told?.waits ?? []);
    this.#traffic = this.#trafficOf(told.flatMap(({ told }) => told?.holdings ?? []));
    this.#samples.push({
      atMs: this.#clock.wallMs(),
      nodes: told.flatMap(({ node, told }) => {
        if (told === null || told.round !== round || told.counters === null) {
          this.#before.delete(node.id);
          return [];
        }
        const before = this.#before.get(node.id) ?? null;
        const now = { atMs: told.atMs, counters: told.counters };
        this.#before.set(node.id, now);
        return [sampleOf({ id: node.id, before, now, lagEntries: lags.get(node.id) ?? null })];
      }),
    });
    this.#count++;
    if (this.#samples.length > SAMPLES_MAX) this.#samples.shift();
  }

  #takeSizes(told: readonly { readonly node: RingNode; readonly told: NodeTold | null }[]): void {
    const partitionCount = this.#partitionCount();
    if (this.#sizes.partitionCount !== partitionCount) {
      this.#sizes = new Sizes(partitionCount);
      this.#taken.clear();
    }
    for (const { node, told: last } of told) {
      if (last === null || last.holdings.length === 0) continue;
      if (this.#taken.get(node.id) === last.holdings) continue;
      this.#taken.set(node.id, last.holdings);
      this.#sizes.take(last.holdings, this.#clock.wallMs());
    }
  }

  /** Commands a second at each leader, since they were counted last; as long as nobody counts anew it stays. */
  #trafficOf(holdings: readonly Holding[]): Float32Array | null {
    const counts = new Float64Array(this.#partitionCount());
    for (const { partition, role, reads, writes } of holdings)
      if (role === 'leader' && partition < counts.length) counts[partition] = reads + writes;
    const before = this.#work;
    const atMs = this.#clock.nowMs();
    if (holdings.length === 0) return null;
    this.#work = { atMs, counts };
    const seconds = before === null ? 0 : (atMs - before.atMs) / 1000;
    const traffic = new Float32Array(counts.length);
    if (before === null || before.counts.length !== counts.length || seconds <= 0) return traffic;
    // A partition whose leader changed begins at another count.
    for (let p = 0; p < counts.length; p++)
      traffic[p] = Math.max(0, counts[p]! - before.counts[p]!) / seconds;
    return traffic;
  }

  #tell(listener: Listener): void {
    const missing = Math.min(this.#count - listener.count, this.#samples.length);
    listener.count = this.#count;
    listener.send({
      atMs: this.#clock.wallMs(),
      nodes: this.#reports,
      waits: this.#waits,
      traffic: this.#traffic === null ? null : new Uint8Array(this.#traffic.slice().buffer),
      samples: missing === 0 ? [] : this.#samples.slice(-missing),
    });
  }
}

function reportOf(node: RingNode, told: NodeTold | null, lagEntries: number | null): NodeReport {
  const { id } = node;
  if (told === null) {
    const trouble = node.isAlive ? 'silent' : 'away';
    return { id, trouble, detail: null, answerMs: null, figures: NodeInquiry.NOTHING };
  }
  const { trouble, detail, answerMs, figures } = told;
  return { id, trouble, detail, answerMs, figures: { ...figures, lagEntries } };
}

/** For each node, what it lacks of the partitions it follows; null where it does not tell. */
export function lagsOf(
  nodes: readonly { readonly id: string; readonly holdings: readonly Holding[] | undefined }[],
): ReadonlyMap<string, number | null> {
  const newest = new Map<number, number>();
  for (const { holdings } of nodes)
    for (const { partition, role, lastSeq } of holdings ?? [])
      if (role === 'leader') newest.set(partition, lastSeq);
  return new Map(
    nodes.map(({ id, holdings }) => {
      if (holdings === undefined || holdings.length === 0) return [id, null];
      const lag = holdings.reduce((sum, { partition, role, lastSeq }) => {
        const first = role === 'leader' ? undefined : newest.get(partition);
        return first === undefined ? sum : sum + Math.max(0, first - lastSeq);
      }, 0);
      return [id, lag];
    }),
  );
}

/** What happened at one node between two answers. */
export function sampleOf(parts: {
  readonly id: string;
  readonly before: Before | null;
  readonly now: Before;
  readonly lagEntries: number | null;
}): NodeSample {
  const { id, before, now, lagEntries } = parts;
  const seconds = before === null ? 0 : (now.atMs - before.atMs) / 1000;
  const rate = (name: keyof Counters): number | null => {
    const [from, to] = [before?.counters[name] ?? null, now.counters[name]];
    // It went back: the node was started anew.
    if (from === null || to === null || seconds <= 0 || to < from) return null;
    return (to - from) / seconds;
  };
  return {
    id,
    commandsPerS: rate('commands'),
    bytesInPerS: rate('bytesIn'),
    bytesOutPerS: rate('bytesOut'),
    lagEntries,
  };
}
