/** How many members run on this computer: one more on its way, and one that is taken out. */
import { defineStore } from 'pinia';
import { shallowRef } from 'vue';

import type { OperationState } from '#contract/models.ts';
import type { Subscription } from '#rpc/client.ts';

import { consoleLink } from '../api/console.ts';
import { codeOf, detailOf } from '../api/errors.ts';

type Role = 'participant' | 'observer';

export const useLocalSize = defineStore('local-size', () => {
  /** The growth under way, or the last one where it failed. */
  const growth = shallowRef<OperationState | null>(null);
  let subscription: Subscription | null = null;
  /** What can be cancelled. */
  let running: string | null = null;

  /** @returns whether it took part in the end */
  async function grow(role: Role): Promise<boolean> {
    growth.value = { kind: 'running', done: 0, total: null };
    try {
      const { operation } = await consoleLink.call('ensemble.grow', { role });
      running = operation;
      return await follow(operation);
    } catch (error) {
      onFailed(error);
      return false;
    } finally {
      running = null;
    }
  }

  function follow(operation: string): Promise<boolean> {
    return new Promise((resolve) => {
      const end = (hasJoined: boolean): void => {
        subscription?.close();
        subscription = null;
        resolve(hasJoined);
      };
      subscription = consoleLink.subscribe(
        'operation',
        { operation },
        {
          onEvent: (state) => {
            growth.value = state.kind === 'done' || state.kind === 'cancelled' ? null : state;
            if (state.kind !== 'running') end(state.kind === 'done');
          },
          onEnd: (error) => {
            onFailed(error);
            end(false);
          },
        },
      );
    });
  }

  function onFailed(error: unknown): void {
    growth.value = { kind: 'failed', done: 0, code: codeOf(error), why: detailOf(error) };
  }

  return {
    growth,
    grow,
    /** One that takes long to be in step need not be waited for. */
    cancel: async (): Promise<void> => {
      if (running !== null) await consoleLink.call('operations.cancel', { operation: running });
    },
    dismiss: () => (growth.value = null),
    /** @returns where its data is kept, or null */
    shrink: async (id: number, isDataKept: boolean): Promise<string | null> =>
      (await consoleLink.call('ensemble.shrink', { id, isDataKept })).keptIn,
  };
});
