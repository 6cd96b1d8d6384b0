/** Long work under way: what it is, how far it has come, and how it ended. */
import { defineStore } from 'pinia';
import { shallowRef } from 'vue';

import type { OperationState } from '#contract/models.ts';
import type { Subscription } from '#rpc/client.ts';

import { consoleLink } from '../api/console.ts';
import { codeOf, detailOf } from '../api/errors.ts';

export interface Operation {
  readonly id: string;
  readonly title: string;
  readonly state: OperationState;
}

/** What ended well goes by itself. */
const DONE_SHOWN_MS = 4000;

export const useOperations = defineStore('operations', () => {
  const list = shallowRef<readonly Operation[]>([]);
  const subscriptions = new Map<string, Subscription>();

  function follow(id: string, title: string): void {
    put({ id, title, state: { kind: 'running', done: 0, total: null } });
    const subscription = consoleLink.subscribe(
      'operation',
      { operation: id },
      {
        onEvent: (state) => {
          put({ id, title, state });
          if (state.kind === 'running') return;
          subscriptions.get(id)?.close();
          if (state.kind === 'done') globalThis.setTimeout(() => dismiss(id), DONE_SHOWN_MS);
        },
        onEnd: (error) => {
          // Another run of the service knows nothing of it.
          const failed = { kind: 'failed', done: 0, code: codeOf(error), why: detailOf(error) };
          put({ id, title, state: failed as OperationState });
        },
      },
    );
    subscriptions.set(id, subscription);
  }

  function put(operation: Operation): void {
    const isKnown = list.value.some(({ id }) => id === operation.id);
    list.value = isKnown
      ? list.value.map((other) => (other.id === operation.id ? operation : other))
      : [...list.value, operation];
  }

  function dismiss(id: string): void {
    subscriptions.get(id)?.close();
    subscriptions.delete(id);
    list.value = list.value.filter((operation) => operation.id !== id);
  }

  return {
    list,
    follow,
    dismiss,
    cancel: (id: string) => consoleLink.call('operations.cancel', { operation: id }),
  };
});
