/**
 * The ring as somebody edits it: what is staged, and what would come of it, asked anew with every change. At most one question
 * is on its way; the last change wins.
 *
 *   stage ──▶ edits ──▶ ring.preview ──▶ preview ── start ──▶ a rebalance, and nothing is staged any more
 *                ▲                          │
 *                └── the ring has moved on ─┘  asked again, and the difference told
 */
import { defineStore } from 'pinia';
import { computed, ref, shallowRef, watch } from 'vue';

import type { Edit } from '#contract/edit-models.ts';
import type {
  Drift,
  ImportedLayout,
  Pace,
  StagedPlace,
  StagePreview,
} from '#contract/rebalance-models.ts';

import { consoleLink } from '../api/console.ts';
import { keyOfText } from '../model/key-text.ts';
import {
  changed,
  type Edits,
  moved,
  NOTHING_STAGED,
  redone,
  type Staging,
  undone,
  withEdit,
  without,
  withoutVain,
} from '../model/staged-edits.ts';
import { askingInTurn } from './asking.ts';
import { useRing } from './ring.ts';

export const useRingEditor = defineStore('ring-editor', () => {
  const ring = useRing();
  const staging = shallowRef<Staging>(NOTHING_STAGED);
  /** Null: as the ring is set. */
  const pace = shallowRef<Pace | null>(null);
  /** Null before the service has told. */
  const preview = shallowRef<StagePreview | null>(null);
  /** Of how many edits the preview tells: while it is behind, it is still that of those before. */
  const previewed = shallowRef<Edits>([]);
  const problem = shallowRef<unknown>(null);
  /** Since somebody last agreed to what the edits lead to, the ring has moved on. */
  const drift = shallowRef<Drift | null>(null);
  const located = shallowRef<{ readonly text: string; readonly place: StagedPlace } | null>(null);
  const isStarting = ref(false);
  /** Whether anybody looks; else nothing is asked. */
  const isOpen = ref(false);
  let basedOn: number | null = null;
  let request = 0;
  let series: object | null = null;
  let wantedKey = '';

  const edits = computed(() => staging.value.edits);
  const isDirty = computed(() => edits.value.length > 0);
  const isBehind = computed(() => previewed.value !== edits.value);
  const faultCount = computed(
    () => preview.value?.faults.filter((fault) => fault !== null).length ?? 0,
  );

  // --- asking ---

  const { isAsking, ask } = askingInTurn(
    () => isOpen.value && ring.at !== null,
    async () => {
      if (ring.at !== null) await askOnce(ring.at, edits.value);
    },
  );

  async function askOnce(at: NonNullable<typeof ring.at>, asked: Edits): Promise<void> {
    request++;
    try {
      const answer = await consoleLink.call('ring.preview', {
        ...at,
        ...{ request, edits: asked, basedOn, pace: pace.value },
      });
      if (ring.at !== at || answer.kind === 'overtaken') return;
      problem.value = null;
      take(answer.preview, asked);
    } catch (error) {
      if (ring.at === at) problem.value = error;
    }
  }

  function take(answer: StagePreview, asked: Edits): void {
    preview.value = answer;
    previewed.value = asked;
    // Who has nothing staged has nothing to agree to.
    if (asked.length === 0) agree();
    else if (basedOn === null) basedOn = answer.version;
    else if (answer.drift !== null) drift.value = answer.drift;
  }

  /** From now on the ring as it is shown is what the edits are about. */
  function agree(): void {
    basedOn = preview.value?.version ?? null;
    drift.value = null;
  }

  // --- staging ---

  /** @param of what is staged as part of the same thing, a drag for one, is undone with it */
  function put(next: Edits, of: object | null = null): void {
    const today = preview.value;
    const real =
      today === null
        ? next
        : withoutVain(next, { nodes: today.nodes, settings: today.settingsBefore });
    const isPartOfLast = of !== null && of === series;
    series = of;
    staging.value = isPartOfLast ? { ...staging.value, edits: real } : changed(staging.value, real);
    ask();
  }

  function step(to: (staging: Staging) => Staging): void {
    series = null;
    staging.value = to(staging.value);
    ask();
  }

  function reset(): void {
    staging.value = NOTHING_STAGED;
    series = null;
    basedOn = null;
    drift.value = null;
    ask();
  }

  // --- the ring ---

  function open(): void {
    isOpen.value = true;
    ask();
  }

  function close(): void {
    isOpen.value = false;
  }

  watch(
    () => ring.at,
    (at, before) => {
      if (at?.cluster === before?.cluster && at?.root === before?.root) return;
      preview.value = null;
      previewed.value = [];
      problem.value = null;
      located.value = null;
      pace.value = null;
      if (at !== null) reset();
    },
  );
  // Placement or who is there has changed, or sizes have.
  watch(
    () => ring.view,
    (view) => {
      if (view !== null) ask();
    },
  );
  watch(pace, ask);

  /** Where a key lies now and would lie; the last text asked for wins. */
  async function locate(text: string): Promise<void> {
    const { at } = ring;
    wantedKey = text;
    if (at === null || text === '') {
      located.value = null;
      return;
    }
    const place = await consoleLink.call('ring.locateStaged', {
      ...{ ...at, edits: edits.value, key: keyOfText(text) },
    });
    if (wantedKey === text && ring.at === at) located.value = { text, place };
  }

  /** @returns its name, once it is under way */
  async function start(why: string): Promise<string | null> {
    const { at } = ring;
    const planned = preview.value;
    if (at === null || planned === null) return null;
    isStarting.value = true;
    try {
      const { name } = await consoleLink.call('ring.rebalance.start', {
        ...at,
        ...{ version: planned.version, edits: previewed.value, why },
        pace: pace.value ?? planned.ringPace,
      });
      reset();
      return name;
    } finally {
      isStarting.value = false;
    }
  }

  async function exported(): Promise<string | null> {
    if (ring.at === null) return null;
    const { text } = await consoleLink.call('ring.exportLayout', {
      ...ring.at,
      edits: edits.value,
    });
    return text;
  }

  async function imported(text: string): Promise<ImportedLayout | null> {
    if (ring.at === null) return null;
    const layout = await consoleLink.call('ring.importLayout', { ...ring.at, text });
    if (layout.kind === 'edits') put(layout.edits);
    return layout;
  }

  return {
    staging,
    edits,
    isDirty,
    pace,
    preview,
    problem,
    isAsking,
    isBehind,
    faultCount,
    drift,
    located,
    isStarting,
    open,
    close,
    ask,
    agree,
    stage: (edit: Edit, of: object | null = null) => put(withEdit(edits.value, edit), of),
    adopt: (next: Edits) => put(next),
    remove: (place: number) => put(without(edits.value, place)),
    move: (from: number, to: number) => put(moved(edits.value, from, to)),
    clear: () => put([]),
    undo: () => step(undone),
    redo: () => step(redone),
    /** Forgets what is staged, and how to have it back. */
    discard: reset,
    locate,
    start,
    exported,
    imported,
  };
});
