/**
 * The one who decides, on one node at a time: elected among the nodes, fenced by an epoch, and replaced when it is gone.
 *
 *   standby ──lowest candidate──▶ campaign: raise controllerEpoch ──▶ decide ──▶ write ──▶ see it ──▶ decide …
 *      ▲                                                                │
 *      └────── another session, no connection, or the fence has moved ──┘
 *
 * Every node runs one. A candidate is a sequential znode that ends with its session; the lowest decides. Each of its writes
 * checks the version of `controllerEpoch`, which the next controller raises before it decides anything: what a deposed one still
 * sends is refused as a whole. It keeps nothing in its head that matters: whatever was written when it ended, the next one sees
 * what is left to do.
 */
import type { Platform } from '../../platform/platform.ts';
import type { NodeId } from '../ring/topology.ts';
import { changeAt, type Pen, portionsOf, stepsOf } from './batch.ts';
import { decide } from './decisions.ts';
import { HistoryShelf } from './history-shelf.ts';
import type { Membership } from './membership.ts';
import { Presences, Reigns } from './presence.ts';
import { formatCandidate, formatControllerEpoch, type PartitionState } from './records.ts';
import type { Change, Comparison, ControlTerms, Wait } from './round.ts';
import type { Outcome } from './transaction.ts';

/** What a controller needs of a membership. */
export type RingDoor = Pick<
  Membership,
  'view' | 'paths' | 'session' | 'onChange' | 'transact' | 'settled' | 'childrenOf'
>;

export interface ControllerOptions {
  readonly door: RingDoor;
  readonly platform: Pick<Platform, 'clock' | 'entropy' | 'logger'>;
  readonly node: NodeId;
  /** Number of this process's start, as it is known. */
  readonly incarnation: () => number;
  readonly terms: ControlTerms;
  /** Finds out whether the copies of a partition are the same. */
  readonly compare: (partition: number, state: PartitionState) => Promise<Compared>;
}

/** What came of comparing. */
export type Compared = Pick<Comparison, 'kind' | 'words' | 'copiedBytes'>;

/** After something that should not happen, ms. */
const RETRY_MS = 1000;
/** Changes of the view that come close to each other are decided upon together, ms. */
const GATHER_MS = 5;
/** Deciding about a large ring takes its time, on a thread that serves clients: no more than a fifth of that. */
const REST_FACTOR = 4;

export class Controller {
  readonly #options: ControllerOptions;
  readonly #stopListening: () => void;
  readonly #presences = new Presences();
  readonly #reigns = new Reigns();
  readonly #history: HistoryShelf;
  /** What was found out about copies, while this node controls the ring; whoever follows asks again. */
  readonly #comparisons = new Map<number, Comparison>();
  readonly #comparing = new Set<number>();
  /** While it decides. */
  #pen: Pen | null = null;
  /** The session in which the pen was taken. */
  #penSession = '';
  /** The session in which this node asked to be a candidate, until it is seen to be one. */
  #candidateSession = '';
  #waits: readonly Wait[] = [];
  /** What the last decision took. */
  #decisionMs = 0;
  #handOversLeft: number;
  #handOversFromMs = -Infinity;
  #isBusy = false;
  /** Something changed while it was busy. */
  #isAsked = false;
  #timer: { readonly atMs: number; cancel(): void } | null = null;
  #isClosed = false;

  constructor(options: ControllerOptions) {
    this.#options = options;
    this.#handOversLeft = options.terms.handOversAtOnce;
    this.#history = new HistoryShelf(options.door);
    const { door, platform } = options;
    this.#stopListening = door.onChange((change) => {
      const nowMs = platform.clock.nowMs();
      this.#presences.update(door.view, nowMs, change.isWhole);
      const changed = change.isWhole ? door.view.partitions.keys() : change.partitions;
      this.#reigns.update(door.view, changed, nowMs);
      // Who has died or come is never waited for.
      const restMs = change.areNodesChanged ? 0 : this.#decisionMs * REST_FACTOR;
      this.#lookIn(GATHER_MS + restMs);
    });
    this.#presences.update(door.view, platform.clock.nowMs(), true);
    this.#reigns.update(door.view, door.view.partitions.keys(), platform.clock.nowMs());
    this.#lookIn(0);
  }

  /** Whether this node is the one that decides, as far as it knows. */
  get isDeciding(): boolean {
    return this.#pen !== null && this.#options.door.view.isConnected;
  }

  /** 0 while it does not decide. */
  get epoch(): number {
    return this.isDeciding ? this.#pen!.controllerEpoch : 0;
  }

  /** What it would like to do and cannot do yet; empty while it does not decide. */
  get waits(): readonly Wait[] {
    return this.#waits;
  }

  close(): void {
    this.#isClosed = true;
    this.#pen = null;
    this.#timer?.cancel();
    this.#stopListening();
  }

  /** Looks again after so long, or earlier if that was planned. */
  #lookIn(delayMs: number): void {
    const { clock } = this.#options.platform;
    const atMs = clock.nowMs() + delayMs;
    if (this.#isClosed || (this.#timer !== null && this.#timer.atMs <= atMs)) return;
    this.#timer?.cancel();
    const timer = clock.after(delayMs, () => {
      this.#timer = null;
      void this.#look();
    });
    this.#timer = { atMs, cancel: () => timer.cancel() };
  }

  async #look(): Promise<void> {
    this.#isAsked = true;
    if (this.#isBusy) return;
    this.#isBusy = true;
    try {
      while (this.#isAsked && !this.#isClosed) {
        this.#isAsked = false;
        await this.#act();
      }
    } catch (error) {
      // Also when we are wrong: what the controller gets wrong must not end the node, and then the next one, and the next.
      this.#options.platform.logger.error('the ring cannot be controlled', { why: String(error) });
      this.#lookIn(RETRY_MS);
    } finally {
      this.#isBusy = false;
    }
  }

  /** One step: towards the office, or in it. */
  async #act(): Promise<void> {
    const { door, node, incarnation } = this.#options;
    const { view, session } = door;
    if (this.#penSession !== session || !view.isConnected) this.#depose('no session of its own');
    if (!view.isConnected) return;
    // A later start of this node decides, or will: this one is none any more.
    if ((view.nodes.get(node)?.incarnation ?? 0) > incarnation()) {
      this.#depose('a later start of this node is there');
      return;
    }
    await this.#clearFormer();
    const own = view.candidates.find((candidate) => candidate.session === session);
    if (own === undefined) return this.#stand();
    // Should somebody take it away, it stands again.
    this.#candidateSession = '';
    if (view.candidates[0] !== own) {
      this.#depose('another one is before it');
      return;
    }
    if (this.#pen !== null && view.controllerEpoch?.version !== this.#pen.fenceVersion) {
      this.#depose('its epoch is over');
    }
    if (this.#pen === null) return this.#campaign(`${door.paths.candidates}/${own.name}`);
    return this.#decide(this.#pen);
  }

  /** A former start of this node is gone, whatever is left of its session: nobody has to wait for that to end. */
  async #clearFormer(): Promise<void> {
    const { door, node, incarnation } = this.#options;
    for (const candidate of door.view.candidates) {
      if (candidate.node !== node || candidate.incarnation >= incarnation()) continue;
      const path = `${door.paths.candidates}/${candidate.name}`;
      await door.transact([{ kind: 'delete', path, version: -1 }]);
    }
  }

  /** Becomes a candidate. The view shows when it is one. */
  async #stand(): Promise<void> {
    const { door, node, incarnation } = this.#options;
    const { session } = door;
    if (this.#candidateSession === session) return;
    this.#candidateSession = session;
    const outcome = await door.transact([
      {
        kind: 'create',
        path: `${door.paths.candidates}/c-`,
        data: Buffer.from(formatCandidate({ node, incarnation: incarnation() })),
        options: { mode: 'ephemeral-sequential' },
      },
    ]);
    if (outcome.kind === 'ok') return;
    // The folder is made by whoever registers first; and what is lost may be there, which shows before one asks again.
    this.#candidateSession = '';
    this.#lookIn(RETRY_MS);
  }

  /** Raises the epoch: from then on nothing that an earlier controller sends is taken. */
  async #campaign(candidatePath: string): Promise<void> {
    const { door, node, platform } = this.#options;
    const { view, paths, session } = door;
    const known = view.controllerEpoch;
    const epoch = (known?.value.epoch ?? 0) + 1;
    const data = Buffer.from(formatControllerEpoch({ epoch, node }));
    const path = paths.controllerEpoch;
    const outcome = await door.transact([
      { kind: 'check', path: candidatePath, version: 0 },
      known === null
        ? { kind: 'create', path, data }
        : { kind: 'set', path, data, version: known.version },
    ]);
    await door.settled();
    if (outcome.kind !== 'ok') {
      platform.logger.debug('the controller could not take office', { why: outcome.why });
      this.#lookIn(RETRY_MS);
      return;
    }
    const fenceVersion = outcome.versions[1] ?? 0;
    this.#pen = { paths, by: node, controllerEpoch: epoch, fenceVersion };
    this.#penSession = session;
    platform.logger.info('this node controls the ring now', { epoch });
    this.#isAsked = true;
  }

  async #decide(pen: Pen): Promise<void> {
    const { door, platform, terms, node } = this.#options;
    const { clock, entropy } = platform;
    const nowMs = clock.nowMs();
    if (nowMs - this.#handOversFromMs >= terms.handOverEveryMs) {
      this.#handOversFromMs = nowMs;
      this.#handOversLeft = terms.handOversAtOnce;
    }
    const { changes, waits, comparisons, wakeAtMs } = decide({
      view: door.view,
      paths: door.paths,
      terms,
      presenceOf: (id) => this.#presences.of(id),
      ledSinceMs: (partition) => this.#reigns.sinceMs(partition, nowMs),
      nowMs,
      wallMs: clock.wallMs(),
      by: node,
      newRingId: Buffer.from(entropy.bytes(16)).toString('hex'),
      handOvers: this.#handOversLeft,
      comparisonOf: (partition) => this.#comparisons.get(partition) ?? null,
    });
    this.#waits = waits;
    for (const partition of comparisons) void this.#compare(partition);
    if (door.view.rebalance?.value.phase !== 'settling') this.#comparisons.clear();
    this.#decisionMs = clock.nowMs() - nowMs;
    if (changes.length === 0) {
      await this.#history.trim(pen);
      if (wakeAtMs < Infinity) this.#lookIn(wakeAtMs - nowMs);
      return;
    }
    let written = 0;
    for (const portion of portionsOf(changes)) {
      const made = await this.#write(pen, portion);
      if (made === null) return;
      written += made;
    }
    await door.settled();
    // Nothing but conflicts: what they are about is not there to be seen yet.
    if (written === 0) this.#lookIn(RETRY_MS);
    else this.#isAsked = true;
  }

  /** @returns how many changes were made; null when nothing more can be written for now */
  async #write(pen: Pen, portion: readonly Change[]): Promise<number | null> {
    const { platform } = this.#options;
    let changes = portion;
    while (changes.length > 0) {
      const outcome = await this.#transact(pen, changes);
      if (outcome.kind === 'ok') {
        this.#history.noteWritten();
        this.#handOversLeft -= changes.filter(({ entry }) => entry?.kind === 'hand-over').length;
        return changes.length;
      }
      if (outcome.kind === 'lost') {
        platform.logger.debug('a change of the ring may not have been made', { why: outcome.why });
        this.#lookIn(RETRY_MS);
        return null;
      }
      const late = changeAt(changes, outcome.at);
      if (late === null) {
        this.#depose(outcome.why);
        this.#lookIn(RETRY_MS);
        return null;
      }
      // Somebody changed this one meanwhile: it is decided upon anew when that is seen. The others need not wait for it.
      changes = changes.filter((change) => change !== late);
    }
    return 0;
  }

  async #compare(partition: number): Promise<void> {
    const { door, platform, compare } = this.#options;
    const known = door.view.partitions.get(partition);
    if (known === undefined || this.#comparing.has(partition)) return;
    this.#comparing.add(partition);
    const found = await compare(partition, known.value);
    this.#comparing.delete(partition);
    const { version } = known;
    const atMs = platform.clock.nowMs();
    this.#comparisons.set(partition, { partition, version, atMs, ...found });
    this.#lookIn(GATHER_MS);
  }

  #transact(pen: Pen, changes: readonly Change[]): Promise<Outcome> {
    const { door, platform } = this.#options;
    const ringVersion = door.view.config?.value.version ?? 0;
    return door.transact(stepsOf(pen, changes, { wallMs: platform.clock.wallMs(), ringVersion }));
  }

  #depose(why: string): void {
    if (this.#pen === null) return;
    const { controllerEpoch: epoch } = this.#pen;
    this.#options.platform.logger.info('this node does not control the ring any more', {
      epoch,
      why,
    });
    this.#pen = null;
    this.#waits = [];
    this.#comparisons.clear();
  }
}
