/** Which dialog is open, and with what: one at a time, opened from anywhere. */
import { type Ref, shallowRef } from 'vue';

import type { MembershipWish } from './use-reconfig.ts';

export interface Question {
  readonly title: string;
  readonly text: string;
  readonly confirm: string;
  readonly isDanger: boolean;
  /** A further way out, besides going on and staying. */
  readonly alternative?: string;
}

/** What of a storage node's place in the ring is being staged; a new one has no name yet. */
export interface NodeDialogSubject {
  readonly what: 'add' | 'replace' | 'weight' | 'cap' | 'place';
  readonly id: string | null;
}

export type Answer = 'confirm' | 'alternative' | 'cancel';

export type OpenDialog =
  | { readonly kind: 'palette'; readonly text: string }
  | { readonly kind: 'help' }
  | { readonly kind: 'client' }
  | { readonly kind: 'create'; readonly parent: string }
  | { readonly kind: 'delete'; readonly path: string }
  /** Null adds one. */
  | { readonly kind: 'cluster'; readonly id: string | null }
  /** When it closes, the next one opens. */
  | { readonly kind: 'connect'; readonly id: string; readonly next?: OpenDialog }
  /** Changes who belongs to an ensemble. */
  | { readonly kind: 'reconfig'; readonly cluster: string; readonly wish: MembershipWish | null }
  | { readonly kind: 'shrink'; readonly id: number }
  | ({ readonly kind: 'ring-node' } & NodeDialogSubject)
  /** What is staged of a ring, before it is carried out. */
  | { readonly kind: 'ring-review' }
  | { readonly kind: 'ring-keep' }
  /** As whom storage nodes are asked. */
  | { readonly kind: 'node-access' }
  | { readonly kind: 'new-key' }
  | { readonly kind: 'key-ttl' }
  | { readonly kind: 'question'; readonly question: Question; answer(given: Answer): void };

const dialog = shallowRef<OpenDialog | null>(null);

export function useDialogs(): {
  readonly dialog: Ref<OpenDialog | null>;
  open(next: OpenDialog): void;
  close(): void;
  ask(question: Question): Promise<Answer>;
} {
  return {
    dialog,
    open: (next) => (dialog.value = next),
    close: () => (dialog.value = null),
    ask: (question) =>
      new Promise((resolve) => {
        const answer = (given: Answer): void => {
          dialog.value = null;
          resolve(given);
        };
        dialog.value = { kind: 'question', question, answer };
      }),
  };
}
