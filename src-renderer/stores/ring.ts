/**
 * The ring behind the cluster that is looked at: who is there, who has what, how it fares; and what of it somebody points at.
 * It is asked for only while somebody looks.
 */
import { defineStore } from 'pinia';
import { computed, ref, shallowRef } from 'vue';

import type {
  AccessFacts,
  AccessOutcome,
  AccessWish,
  KeyPlace,
  NodeReport,
  PartitionReport,
  RingLive,
  RingSample,
  RingView,
  WhatIf,
} from '#contract/ring-models.ts';
import type { NodeOrder } from '#contract/storage-models.ts';
import type { Subscription } from '#rpc/client.ts';

import { consoleLink } from '../api/console.ts';
import { keyOfText } from '../model/key-text.ts';
import { healthOf, type RingQuestion } from '../model/ring-health.ts';
import { holdingsOf, tableOf } from '../model/ring-table.ts';

const DEFAULT_ROOT = '/ring';
/** As many as the service keeps. */
const SAMPLES_MAX = 600;

/** What is chosen, and told of at length. */
export type Chosen =
  | { readonly kind: 'partition'; readonly partition: number }
  | { readonly kind: 'node'; readonly id: string };

/** A key that was looked for, and where it lies. */
export interface Located {
  readonly text: string;
  readonly place: KeyPlace;
}

export const useRing = defineStore('ring', () => {
  /** Where in the tree a ring is looked for. */
  const root = ref(DEFAULT_ROOT);
  const at = shallowRef<{ readonly cluster: string; readonly root: string } | null>(null);
  /** Null before the service has told. */
  const view = shallowRef<RingView | null>(null);
  const live = shallowRef<RingLive | null>(null);
  const samples = shallowRef<readonly RingSample[]>([]);
  const chosen = shallowRef<Chosen | null>(null);
  const located = shallowRef<Located | null>(null);
  /** Nodes that are taken for dead, to see what would come of it. */
  const without = shallowRef<ReadonlySet<string>>(new Set());
  /** A node, or those of a zone, that somebody points at. */
  const pointedNodes = shallowRef<ReadonlySet<string> | null>(null);
  const question = ref<RingQuestion | null>(null);
  let subscriptions: Subscription[] = [];
  /** The text that is looked for; an answer for another one comes too late. */
  let wanted = '';

  const table = computed(() => (view.value === null ? null : tableOf(view.value)));
  const nodes = computed(() => view.value?.nodes ?? []);
  const placesWithout = computed(() => placesOf(without.value));
  const health = computed(() => (table.value === null ? null : healthOf(table.value, nodes.value)));
  /** The same without the nodes that are taken for dead. */
  const healthThen = computed(() =>
    table.value === null || placesWithout.value.size === 0
      ? null
      : healthOf(table.value, nodes.value, { without: placesWithout.value }),
  );
  const holdings = computed(() =>
    table.value === null ? null : holdingsOf(table.value, nodes.value.length),
  );
  const reports = computed(
    () => new Map<string, NodeReport>((live.value?.nodes ?? []).map((one) => [one.id, one])),
  );

  function placesOf(ids: ReadonlySet<string>): ReadonlySet<number> {
    return new Set([...nodes.value.keys()].filter((place) => ids.has(nodes.value[place]!.id)));
  }

  /** @param options isLive: whether nodes are asked about themselves as well */
  function open(cluster: string, options: { readonly isLive: boolean }): void {
    close();
    const where = { cluster, root: root.value };
    at.value = where;
    const placement = consoleLink.subscribe('ring', where, {
      onEvent: (event) => (view.value = event),
    });
    subscriptions = [placement];
    if (options.isLive)
      subscriptions.push(consoleLink.subscribe('ring.live', where, { onEvent: take }));
  }

  function close(): void {
    for (const subscription of subscriptions) subscription.close();
    subscriptions = [];
    at.value = null;
    view.value = null;
    live.value = null;
    samples.value = [];
    chosen.value = null;
    located.value = null;
    without.value = new Set();
    pointedNodes.value = null;
    question.value = null;
  }

  function take(event: RingLive): void {
    live.value = event;
    // After a break of the connection the service tells everything once more.
    const lastMs = samples.value.at(-1)?.atMs ?? 0;
    const fresh = event.samples.filter(({ atMs }) => atMs > lastMs);
    if (fresh.length > 0) samples.value = [...samples.value, ...fresh].slice(-SAMPLES_MAX);
  }

  /** Where a key lies; nothing where the text is empty. The last text asked for wins. */
  async function locate(text: string): Promise<void> {
    const where = at.value;
    wanted = text;
    if (where === null || text === '') {
      located.value = null;
      return;
    }
    const key = keyOfText(text);
    const place = await consoleLink.call('ring.locate', { ...where, key });
    if (wanted === text && at.value === where) located.value = { text, place };
  }

  function partition(number: number): Promise<PartitionReport> | null {
    const where = at.value;
    return where === null
      ? null
      : consoleLink.call('ring.partition', { ...where, partition: number });
  }

  function whatIf(ids: readonly string[]): Promise<WhatIf> | null {
    const where = at.value;
    return where === null ? null : consoleLink.call('ring.whatIf', { ...where, without: ids });
  }

  /** How its nodes are entered at present. */
  function access(): Promise<AccessFacts> | null {
    return at.value === null ? null : consoleLink.call('ring.access', at.value);
  }

  function enter(wish: AccessWish): Promise<AccessOutcome> | null {
    return at.value === null ? null : consoleLink.call('ring.enter', { ...at.value, access: wish });
  }

  /** Takes nodes for dead, or, when all of them are, for alive again. */
  function toggleWithout(ids: readonly string[]): void {
    const next = new Set(without.value);
    if (ids.every((id) => next.has(id))) for (const id of ids) next.delete(id);
    else for (const id of ids) next.add(id);
    without.value = next;
  }

  return {
    root,
    at,
    view,
    live,
    samples,
    chosen,
    located,
    without,
    pointedNodes,
    question,
    table,
    nodes,
    health,
    healthThen,
    holdings,
    reports,
    placesWithout,
    placesOf,
    toggleWithout,
    open,
    close,
    locate,
    partition,
    whatIf,
    access,
    enter,
    order: (order: NodeOrder) => consoleLink.call('ring.order', order),
  };
});
