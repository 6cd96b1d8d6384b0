/**
 * Changing who belongs to an ensemble: the members as they are and as somebody wants them, what that would lead to, asked
 * again and again while one thinks, and how the change goes once it is ordered.
 */
import { computed, type ComputedRef, onScopeDispose, type Ref, ref, shallowRef, watch } from 'vue';

import type { Membership, MembershipChange, MembershipOrder } from '#contract/membership-models.ts';
import type { ReconfigPlan } from '#contract/reconfig-plan-models.ts';

import { consoleLink } from '../api/console.ts';
import {
  changeOf,
  type DraftMember,
  draftOf,
  type DraftProblems,
  newMember,
  problemsOf,
} from '../model/membership-draft.ts';

/** With what the dialog begins. */
export type MembershipWish =
  | { readonly kind: 'remove' | 'observe' | 'vote'; readonly id: number }
  | { readonly kind: 'add' }
  /** What somebody had written before proving who they are. */
  | { readonly kind: 'again'; readonly version: number; readonly drafts: readonly DraftMember[] };

export type ReconfigState =
  | { readonly kind: 'loading' }
  | { readonly kind: 'unreadable'; readonly error: unknown }
  | { readonly kind: 'editing'; readonly error: unknown }
  | { readonly kind: 'running' }
  | { readonly kind: 'done'; readonly version: number };

export interface Reconfig {
  readonly state: Readonly<Ref<ReconfigState>>;
  readonly membership: Readonly<Ref<Membership | null>>;
  readonly drafts: Ref<DraftMember[]>;
  /** The line whose fields are open, by its key. */
  readonly opened: Ref<string | null>;
  /** Null until the first answer. While nothing is different, or a field is wrong, of how things are. */
  readonly plan: Readonly<Ref<ReconfigPlan | null>>;
  /** Whether the plan is of something that was written before. */
  readonly isPending: ComputedRef<boolean>;
  readonly planError: Readonly<Ref<unknown>>;
  /** Whether there is something to order: different, and every field right. */
  readonly hasChange: ComputedRef<boolean>;
  readonly mayOrder: ComputedRef<boolean>;
  problems(draft: DraftMember): DraftProblems;
  add(): void;
  /** Takes one that is new away again, and back one that was to leave. */
  toggleLeaving(draft: DraftMember): void;
  /** As the configuration has it. */
  restore(draft: DraftMember): void;
  /** Reads the configuration anew; what was written is given up. */
  load(): Promise<void>;
  order(): Promise<void>;
}

/** Long enough that a word is typed, too short to be waited for. */
const TYPING_MS = 200;
const REFRESH_MS = 2000;
const FOLLOW_MS = 700;

export function useReconfig(cluster: string, wish: MembershipWish | null): Reconfig {
  const state = shallowRef<ReconfigState>({ kind: 'loading' });
  const membership = shallowRef<Membership | null>(null);
  const drafts = ref<DraftMember[]>([]);
  const opened = ref<string | null>(null);
  const plan = shallowRef<ReconfigPlan | null>(null);
  const planError = shallowRef<unknown>(null);
  let timer: number | undefined;
  let question = 0;
  let isGone = false;
  onScopeDispose(() => {
    isGone = true;
    window.clearTimeout(timer);
  });

  const isGrouped = computed(() => membership.value?.isGrouped ?? false);
  const change = computed(() => changeOf(drafts.value, isGrouped.value));
  /** Of a change that is whole; while there is none, what is planned is how things are. */
  const plannedFor = shallowRef<string | null>(null);
  const isPending = computed(() => plannedFor.value !== JSON.stringify(change.value));
  const mayOrder = computed(
    () =>
      state.value.kind === 'editing' &&
      change.value !== null &&
      !isPending.value &&
      plan.value?.refusals.length === 0,
  );

  watch(change, (next, before) => {
    if (JSON.stringify(next) !== JSON.stringify(before)) askSoon(TYPING_MS);
  });

  function askSoon(ms: number): void {
    window.clearTimeout(timer);
    if (!isGone) timer = window.setTimeout(() => void ask(), ms);
  }

  /** The newest question counts, whichever is answered last. */
  async function ask(): Promise<void> {
    const asked = ++question;
    if (state.value.kind === 'done') await follow();
    else if (state.value.kind === 'editing') {
      const wanted = change.value;
      const order = orderOf(wanted ?? nothing());
      try {
        const found = await consoleLink.call('ensemble.planReconfig', { cluster, order });
        if (asked !== question) return;
        plan.value = found;
        plannedFor.value = JSON.stringify(wanted);
        planError.value = null;
      } catch (error) {
        if (asked !== question) return;
        plan.value = null;
        planError.value = error;
      }
    }
    if (asked === question) askSoon(state.value.kind === 'done' ? FOLLOW_MS : REFRESH_MS);
  }

  /** How the members take it in. A member that changes its role is away for a moment, the one that is asked as well. */
  async function follow(): Promise<void> {
    const found = await consoleLink.call('ensemble.config', { cluster }).catch(() => null);
    if (found !== null) membership.value = found;
  }

  function nothing(): MembershipChange {
    return isGrouped.value
      ? { kind: 'whole', members: membership.value?.members ?? [] }
      : { kind: 'step', joining: [], leaving: [] };
  }

  function orderOf(wanted: MembershipChange): MembershipOrder {
    return { fromVersion: membership.value?.version ?? 0, change: wanted };
  }

  async function load(): Promise<void> {
    question++;
    state.value = { kind: 'loading' };
    plan.value = null;
    planError.value = null;
    try {
      const found = await consoleLink.call('ensemble.config', { cluster });
      membership.value = found;
      drafts.value = draftOf(found);
      opened.value = null;
      state.value = { kind: 'editing', error: null };
      askSoon(0);
    } catch (error) {
      state.value = { kind: 'unreadable', error };
    }
  }

  function begin(wanted: MembershipWish): void {
    if (wanted.kind === 'add') {
      add();
      return;
    }
    if (wanted.kind === 'again') {
      if (membership.value?.version === wanted.version)
        drafts.value = wanted.drafts.map((draft) => ({ ...draft }));
      return;
    }
    const draft = drafts.value.find(({ origin }) => origin?.id === wanted.id);
    if (draft === undefined) return;
    if (wanted.kind === 'remove') draft.isLeaving = true;
    else draft.role = wanted.kind === 'observe' ? 'observer' : 'participant';
    if (Object.keys(problemsOf(draft, drafts.value, isGrouped.value)).length > 0)
      opened.value = draft.key;
  }

  function add(): void {
    const draft = newMember(drafts.value);
    drafts.value.push(draft);
    opened.value = draft.key;
  }

  function toggleLeaving(draft: DraftMember): void {
    if (draft.origin === null) drafts.value = drafts.value.filter((one) => one.key !== draft.key);
    else draft.isLeaving = !draft.isLeaving;
    if (opened.value === draft.key) opened.value = null;
  }

  function restore(draft: DraftMember): void {
    const found = membership.value;
    const before = found === null ? [] : draftOf(found);
    const was = before.find(({ key }) => key === draft.key);
    if (was !== undefined) Object.assign(draft, was);
  }

  async function order(): Promise<void> {
    if (!mayOrder.value || change.value === null) return;
    question++;
    const wanted = orderOf(change.value);
    state.value = { kind: 'running' };
    try {
      const { version } = await consoleLink.call('ensemble.reconfigure', {
        cluster,
        order: wanted,
      });
      state.value = { kind: 'done', version };
    } catch (error) {
      state.value = { kind: 'editing', error };
    }
    askSoon(0);
  }

  void load().then(() => {
    if (wish !== null && state.value.kind === 'editing') begin(wish);
  });

  return {
    state,
    membership,
    drafts,
    opened,
    plan,
    isPending,
    planError,
    hasChange: computed(() => change.value !== null),
    mayOrder,
    problems: (draft) => problemsOf(draft, drafts.value, isGrouped.value),
    add,
    toggleLeaving,
    restore,
    load,
    order,
  };
}
