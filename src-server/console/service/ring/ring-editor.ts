/**
 * The ring editor's half of the service: previews of staged edits, scenarios, layout files, and the rebalance that runs. Plans are
 * made by `storage/planning`, orders are given at the desk of `storage/control`; here both are put into the contract's shapes.
 */
import type { ParamsOf, ResultOf } from '#contract/api.ts';
import { ApiError } from '#contract/errors.ts';
import type { RebalanceNow } from '#contract/rebalance-models.ts';
import type { Guest } from '#rpc/server.ts';

import type { Clock } from '../../../platform/clock.ts';
import { type DeskOutcome, RebalanceDesk } from '../../../storage/control/rebalance-desk.ts';
import { placementAfter } from '../../../storage/control/rebalance-placing.ts';
import { editsToward, fileGroundsOf } from '../../../storage/planning/file-edits.ts';
import { type Loss, scenariosOf } from '../../../storage/planning/scenarios.ts';
import { type Grounds, type Staged, staged } from '../../../storage/planning/staging.ts';
import type { Edit } from '../../../storage/ring/edits.ts';
import { layoutText, readLayoutFile } from '../../../storage/ring/layout-file.ts';
import { partitionOf } from '../../../storage/ring/slots.ts';
import { replicasOf, type RingTable } from '../../../storage/ring/table.ts';
import { topologyOf } from '../../../storage/ring/topology.ts';
import { LatestOnly } from './latest-only.ts';
import { PlannedRing } from './planned-ring.ts';
import { previewOf, scenarioView } from './preview-views.ts';
import { replayOf, summaryOf } from './rebalance-views.ts';
import { RebalanceWatch } from './rebalance-watch.ts';
import { doorOf, orderedBy } from './ring-door.ts';
import type { RingWatch } from './ring-watch.ts';
import type { RingAt, Rings } from './rings.ts';

export type RebalanceOrderKind = 'pause' | 'resume' | 'cancel' | 'undo';

export class RingEditor {
  readonly #clock: Clock;
  readonly #rings: Rings;
  readonly #planned = new Map<RingWatch, PlannedRing>();
  readonly #rebalances = new WeakMap<RingWatch, RebalanceWatch>();
  readonly #latest: LatestOnly<Guest>;

  constructor(parts: { readonly clock: Clock; readonly rings: Rings }) {
    this.#clock = parts.clock;
    this.#rings = parts.rings;
    this.#latest = new LatestOnly(parts.clock);
  }

  close(): void {
    for (const ring of [...this.#planned.values()]) ring.close();
  }

  // --- what would come of it ---

  /** Asked for with every move of a pointer: the last question is answered. */
  async preview(wish: ParamsOf<'ring.preview'>, guest: Guest): Promise<ResultOf<'ring.preview'>> {
    const { request, basedOn, pace } = wish;
    const ring = this.#ringAt(wish);
    const grounds = await ring.grounds(pace);
    const preview = await this.#latest.ask(guest, () => {
      const one = stagedIn(grounds, wish.edits);
      return previewOf(one, {
        known: ring.known,
        config: ring.config,
        sizes: grounds.sizes,
        request,
        atMs: this.#clock.wallMs(),
        drift: ring.drift(basedOn, grounds, one),
      });
    });
    return preview === null ? { kind: 'overtaken', request } : { kind: 'preview', preview };
  }

  async locate(wish: ParamsOf<'ring.locateStaged'>): Promise<ResultOf<'ring.locateStaged'>> {
    const { key, edits, cluster, root } = wish;
    const ring = this.#ringAt(wish);
    const one = stagedIn(await ring.grounds(null), edits);
    const place = this.#rings.locate({ cluster, root }, key);
    const within = (table: RingTable): { partition: number; nodes: string[] } => {
      const partition = partitionOf(place.slot, table.partitionCount);
      return { partition, nodes: replicasOf(table, partition) };
    };
    return { place, before: within(one.ring.table), after: within(one.stage.table) };
  }

  async scenarios(wish: ParamsOf<'ring.scenarios'>): Promise<ResultOf<'ring.scenarios'>> {
    const ring = this.#ringAt(wish);
    const grounds = await ring.grounds(wish.pace);
    const { version, minInSync } = ring.config;
    const found = scenariosOf(grounds, editsFrom(wish.edits), wish.losses as readonly Loss[]);
    return { version, scenarios: (found ?? []).map((one) => scenarioView(one, minInSync)) };
  }

  // --- files ---

  async exportLayout(wish: ParamsOf<'ring.exportLayout'>): Promise<ResultOf<'ring.exportLayout'>> {
    const ring = this.#ringAt(wish);
    const { edits, stage } = stagedIn(await ring.grounds(null), wish.edits);
    // Nodes that are out are written with what they weigh once they are back.
    const { nodes } = placementAfter(ring.config, { edits, stage });
    return { text: layoutText({ ...stage.layout, topology: topologyOf(nodes) }) };
  }

  async importLayout(wish: ParamsOf<'ring.importLayout'>): Promise<ResultOf<'ring.importLayout'>> {
    const ring = this.#ringAt(wish);
    const { view } = await ring.grounds(null);
    const file = readLayoutFile(wish.text);
    if (!file.ok) return { kind: 'problem', problem: file.error };
    return { kind: 'edits', edits: editsToward(file.value, fileGroundsOf(view, ring.config)) };
  }

  // --- orders ---

  async start(order: ParamsOf<'ring.rebalance.start'>): Promise<ResultOf<'ring.rebalance.start'>> {
    const { version, why, pace } = order;
    const ring = this.#ringAt(order);
    const one = stagedIn(await ring.grounds(pace), order.edits);
    if (one.ring.version !== version) {
      const words = `the plan is for version ${version} of the ring, which is ${one.ring.version} now`;
      throw new ApiError('ring-moved', words);
    }
    const obstacle = one.obstacles[0];
    if (obstacle !== undefined) throw new ApiError('rebalance-refused', obstacle.words);
    const { estimate } = one.figures;
    const by = await orderedBy(ring.watch);
    const outcome = await ring.desk.start({
      edits: one.edits,
      stage: one.stage,
      by,
      why,
      pace,
      estimate:
        estimate === null ? null : { ms: estimate.ms, errorMs: estimate.mostMs - estimate.ms },
    });
    return done(outcome);
  }

  async order(
    what: RebalanceOrderKind,
    { name, why, ...at }: ParamsOf<'ring.rebalance.pause'>,
  ): Promise<null> {
    const { desk, watch } = await this.#running(at, name);
    done(await desk[what](await orderedBy(watch), why));
    return null;
  }

  async setPace({ name, pace, ...at }: ParamsOf<'ring.rebalance.setPace'>): Promise<null> {
    const { desk, watch } = await this.#running(at, name);
    done(await desk.setPace(pace, await orderedBy(watch)));
    return null;
  }

  // --- those that ran ---

  follow(at: RingAt, send: (now: RebalanceNow) => void): () => void {
    const { watch } = this.#rings.open(at);
    const known = this.#rebalances.get(watch);
    if (known !== undefined) return known.follow(send);
    const { cluster, root } = at;
    const made = new RebalanceWatch({
      clock: this.#clock,
      ring: () => this.#rings.open({ cluster, root }),
      desk: new RebalanceDesk(doorOf(watch, this.#clock)),
    });
    this.#rebalances.set(watch, made);
    return made.follow(send);
  }

  async rebalances(at: RingAt): Promise<ResultOf<'ring.rebalances'>> {
    const { desk } = await this.#read(at);
    return (await desk.history()).map(summaryOf);
  }

  async replay({
    name,
    ...at
  }: ParamsOf<'ring.rebalanceReplay'>): Promise<ResultOf<'ring.rebalanceReplay'>> {
    const { desk } = await this.#read(at);
    const past = (await desk.history()).find(({ record }) => record.name === name);
    if (past === undefined) throw new ApiError('not-found', `there is no rebalance ${name}`);
    return replayOf(past);
  }

  // --- rings ---

  #ringAt({ cluster, root }: RingAt): PlannedRing {
    const ring = this.#rings.open({ cluster, root });
    const known = this.#planned.get(ring.watch);
    if (known !== undefined) return known;
    const onRest = (): void => void this.#planned.delete(ring.watch);
    const made = new PlannedRing({ clock: this.#clock, ring, onRest });
    this.#planned.set(ring.watch, made);
    return made;
  }

  /** Once it is known. @throws ApiError not-found */
  async #read(at: RingAt): Promise<PlannedRing> {
    const ring = this.#ringAt(at);
    await ring.grounds(null);
    return ring;
  }

  /** Where the rebalance of this name is the one that runs, or ran last. @throws ApiError rebalance-refused */
  async #running(at: RingAt, name: string): Promise<PlannedRing> {
    const ring = await this.#read(at);
    const current = ring.desk.current()?.record.name ?? null;
    if (current === name) return ring;
    const words = current === null ? 'there was no rebalance yet' : `it is ${current} by now`;
    throw new ApiError('rebalance-refused', `not ${name}: ${words}`);
  }
}

/** Names of nodes are judged where they are used: a wrong one is a fault of its edit. */
function editsFrom(edits: ParamsOf<'ring.preview'>['edits']): readonly Edit[] {
  return edits as readonly Edit[];
}

/** @throws ApiError not-found before there is a ring */
function stagedIn(grounds: Grounds, edits: ParamsOf<'ring.preview'>['edits']): Staged {
  const one = staged(grounds, editsFrom(edits));
  if (one === null) throw new ApiError('not-found', 'there is no ring here');
  return one;
}

/** @throws ApiError for whatever was not done */
function done(outcome: DeskOutcome): { readonly name: string; readonly version: number } {
  switch (outcome.kind) {
    case 'ok':
      return { name: outcome.name, version: outcome.version };
    case 'refused':
      throw new ApiError('rebalance-refused', outcome.why);
    case 'conflict':
      throw new ApiError('ring-moved', outcome.why);
    case 'lost':
      throw new ApiError('outcome-unknown', outcome.why);
  }
}
