/** The node that is open: what it is now and after every change, and everything that can be done to nodes. */
import { defineStore } from 'pinia';
import { ref, shallowRef, watch } from 'vue';

import type { ParamsOf, ResultOf } from '#contract/api.ts';
import type { AclEntry, DeletePlan, SaveResult, Stat, ZnodeEvent } from '#contract/models.ts';
import type { Subscription } from '#rpc/client.ts';

import { consoleLink } from '../api/console.ts';
import { codeOf, detailOf } from '../api/errors.ts';
import { useClusters } from './clusters.ts';

export interface NodeId {
  readonly cluster: string;
  readonly path: string;
}

export const useZnode = defineStore('znode', () => {
  const clusters = useClusters();
  const opened = shallowRef<NodeId | null>(null);
  /** Null before the first answer. */
  const event = shallowRef<ZnodeEvent | null>(null);
  const openedAtMs = ref(0);
  let subscription: Subscription | null = null;

  // A subscription that ended for want of a connection begins again with the next one.
  watch(
    () => clusters.find(opened.value?.cluster ?? '')?.state.kind,
    (kind) => {
      if (kind === 'connected' && subscription === null && opened.value !== null) follow();
    },
  );

  function open(node: NodeId): void {
    if (opened.value?.cluster === node.cluster && opened.value.path === node.path) return;
    close();
    opened.value = node;
    openedAtMs.value = performance.now();
    follow();
  }

  function follow(): void {
    const node = opened.value;
    if (node === null) return;
    subscription = consoleLink.subscribe('znode', node, {
      onEvent: (now) => {
        if (opened.value === node) event.value = now;
      },
      onEnd: (error) => {
        if (opened.value !== node) return;
        subscription = null;
        event.value = { kind: 'unknown', code: codeOf(error), why: detailOf(error) };
      },
    });
  }

  function close(): void {
    subscription?.close();
    subscription = null;
    opened.value = null;
    event.value = null;
  }

  return {
    opened,
    openedAtMs,
    event,
    open,
    close,
    get: (node: NodeId): Promise<ResultOf<'znodes.get'>> => consoleLink.call('znodes.get', node),
    create: (node: ParamsOf<'znodes.create'>): Promise<ResultOf<'znodes.create'>> =>
      consoleLink.call('znodes.create', node),
    save: (
      node: NodeId & { data: Uint8Array | null; version: number; czxid: number },
    ): Promise<SaveResult> => consoleLink.call('znodes.save', node),
    setAcl: (
      node: NodeId & { acl: readonly AclEntry[]; aclVersion: number },
    ): Promise<{ readonly stat: Stat }> => consoleLink.call('znodes.setAcl', node),
    remove: (node: NodeId & { version: number; czxid: number }): Promise<SaveResult> =>
      consoleLink.call('znodes.delete', node),
    planDelete: (node: NodeId, signal: AbortSignal): Promise<DeletePlan> =>
      consoleLink.call('znodes.planDelete', node, { signal }),
    followPlanning: (node: NodeId, onCount: (nodes: number) => void): Subscription =>
      consoleLink.subscribe('planning', node, { onEvent: ({ nodes }) => onCount(nodes) }),
    deleteTree: (node: NodeId & { token: string }): Promise<{ readonly operation: string }> =>
      consoleLink.call('znodes.deleteTree', node),
  };
});
