/** Deleting a node: looked at first, planned where there is more below it, and then done exactly as shown. */
import { onScopeDispose, type Ref, ref, shallowRef } from 'vue';

import type { DeletePlan, Znode } from '#contract/models.ts';

import { isCancelled } from '../api/errors.ts';
import { t } from '../i18n/words.ts';
import { isWithin, parentOf } from '../model/paths.ts';
import { useClusters } from '../stores/clusters.ts';
import { useNotices } from '../stores/notices.ts';
import { useOperations } from '../stores/operations.ts';
import { useZnode } from '../stores/znode.ts';
import { useAddress } from './use-address.ts';

export type DeleteStep =
  | { readonly kind: 'looking' }
  | { readonly kind: 'single'; readonly znode: Znode; readonly hasChanged: boolean }
  | { readonly kind: 'counting'; readonly nodes: number }
  | { readonly kind: 'planned'; readonly plan: DeletePlan }
  | { readonly kind: 'failed'; readonly error: unknown };

export interface Deleting {
  readonly step: Ref<DeleteStep>;
  readonly isBusy: Ref<boolean>;
  /** Does what is shown. True when the dialog may close. */
  confirm(): Promise<boolean>;
  look(): Promise<void>;
}

export function useDeletePlan(path: string): Deleting {
  const clusters = useClusters();
  const znodes = useZnode();
  const operations = useOperations();
  const notices = useNotices();
  const address = useAddress();
  const node = { cluster: clusters.currentId, path };
  const step = shallowRef<DeleteStep>({ kind: 'looking' });
  const isBusy = ref(false);
  const patience = new AbortController();
  onScopeDispose(() => patience.abort());

  async function look(): Promise<void> {
    step.value = { kind: 'looking' };
    try {
      await show(await znodes.get(node), false);
    } catch (error) {
      if (!isCancelled(error)) step.value = { kind: 'failed', error };
    }
  }

  async function show(znode: Znode, hasChanged: boolean): Promise<void> {
    if (znode.stat.numChildren === 0) step.value = { kind: 'single', znode, hasChanged };
    else await plan();
  }

  async function plan(): Promise<void> {
    step.value = { kind: 'counting', nodes: 0 };
    const counting = znodes.followPlanning(node, (nodes) => {
      if (step.value.kind === 'counting') step.value = { kind: 'counting', nodes };
    });
    try {
      step.value = { kind: 'planned', plan: await znodes.planDelete(node, patience.signal) };
    } finally {
      counting.close();
    }
  }

  async function confirm(): Promise<boolean> {
    const shown = step.value;
    isBusy.value = true;
    try {
      if (shown.kind === 'single') return await deleteOne(shown.znode);
      if (shown.kind !== 'planned') return false;
      const { token } = shown.plan;
      const { operation } = await znodes.deleteTree({ ...node, token });
      operations.follow(operation, t('delete.operation', { path }));
      await leave();
      return true;
    } catch (error) {
      step.value = { kind: 'failed', error };
      return false;
    } finally {
      isBusy.value = false;
    }
  }

  async function deleteOne(znode: Znode): Promise<boolean> {
    const { version, czxid } = znode.stat;
    const result = await znodes.remove({ ...node, version, czxid });
    if (result.kind === 'conflict') {
      await show(result.theirs, true);
      return false;
    }
    notices.show('done', t('delete.done'), path);
    await leave();
    return true;
  }

  /** What is shown would be gone: its parent is what is left. */
  async function leave(): Promise<void> {
    const open = address.path.value;
    if (open !== null && isWithin(open, path)) await address.openPath(parentOf(path));
  }

  void look();
  return { step, isBusy, confirm, look };
}
