/** What if: what is staged beside other ways, beside losses, and beside drafts that were kept in this browser. */
import { defineStore } from 'pinia';
import { computed, ref, shallowRef, watch } from 'vue';

import { list as listOf, object, string, type TypeOf } from '#contract/checks.ts';
import { edits as editList } from '#contract/edit-models.ts';
import type { Loss, Scenario } from '#contract/rebalance-models.ts';

import { consoleLink } from '../api/console.ts';
import type { Edits } from '../model/staged-edits.ts';
import { askingInTurn } from './asking.ts';
import { useRing } from './ring.ts';
import { useRingEditor } from './ring-editor.ts';

const keptDraft = object({ name: string, ringId: string, edits: editList });
const keptDrafts = listOf(keptDraft, { max: 100 });
export type KeptDraft = TypeOf<typeof keptDraft>;

const KEY = 'zabring.ring-drafts';

/** One column of the comparison. */
export interface Column {
  readonly key: string;
  readonly scenario: Scenario;
  /** Of a kept draft. */
  readonly draft: string | null;
}

export const useRingScenarios = defineStore('ring-scenarios', () => {
  const ring = useRing();
  const editor = useRingEditor();
  const losses = shallowRef<readonly Loss[]>([]);
  const kept = shallowRef<readonly KeptDraft[]>(load());
  const told = shallowRef<readonly Column[] | null>(null);
  const problem = shallowRef<unknown>(null);
  const isOpen = ref(false);

  const ringId = computed(() => ring.view?.settings?.ringId ?? null);
  /** Of this ring. */
  const drafts = computed(() => kept.value.filter((draft) => draft.ringId === ringId.value));

  const { isAsking, ask } = askingInTurn(
    () => isOpen.value && ring.at !== null,
    async () => {
      if (ring.at !== null) await askOnce(ring.at);
    },
  );

  async function askOnce(at: NonNullable<typeof ring.at>): Promise<void> {
    const { pace } = editor;
    try {
      const answer = await consoleLink.call('ring.scenarios', {
        ...{ ...at, edits: editor.edits, losses: losses.value, pace },
      });
      const columns: Column[] = answer.scenarios.map((scenario) => ({
        key: `${scenario.kind} ${scenario.subject ?? ''}`,
        scenario,
        draft: null,
      }));
      for (const { name, edits } of drafts.value) {
        const own = await consoleLink.call('ring.scenarios', { ...at, edits, losses: [], pace });
        const scenario = own.scenarios.find(({ kind }) => kind === 'staged');
        if (scenario !== undefined) columns.push({ key: `draft ${name}`, scenario, draft: name });
      }
      if (ring.at !== at) return;
      told.value = columns;
      problem.value = null;
    } catch (error) {
      if (ring.at === at) problem.value = error;
    }
  }

  watch(
    () => ring.at,
    () => {
      told.value = null;
      problem.value = null;
      losses.value = [];
    },
  );
  watch([() => ring.view?.settings?.version, () => editor.edits, losses, drafts], ask);

  /** Puts what is staged aside under a name; one of the same name is replaced. */
  function keep(name: string, edits: Edits): void {
    if (ringId.value === null) return;
    const others = kept.value.filter(
      (draft) => draft.name !== name || draft.ringId !== ringId.value,
    );
    store([...others, { name, ringId: ringId.value, edits }]);
  }

  function forget(name: string): void {
    store(kept.value.filter((draft) => draft.name !== name || draft.ringId !== ringId.value));
  }

  function store(next: readonly KeptDraft[]): void {
    kept.value = next;
    localStorage.setItem(KEY, JSON.stringify(next));
  }

  function toggleLoss(loss: Loss): void {
    const text = JSON.stringify(loss);
    const others = losses.value.filter((one) => JSON.stringify(one) !== text);
    losses.value = others.length < losses.value.length ? others : [...losses.value, loss];
  }

  return {
    losses,
    drafts,
    told,
    problem,
    isAsking,
    open: () => {
      isOpen.value = true;
      ask();
    },
    close: () => (isOpen.value = false),
    ask,
    keep,
    forget,
    toggleLoss,
  };
});

/** What somebody else wrote there, or an older program, is passed over. */
function load(): readonly KeptDraft[] {
  try {
    const stored: unknown = JSON.parse(localStorage.getItem(KEY) ?? '[]');
    return keptDrafts.problem(stored, KEY) === null ? (stored as KeptDraft[]) : [];
  } catch {
    return [];
  }
}
