/** What stands in a menu. */
import type { Component } from 'vue';

export type MenuEntry =
  | {
      readonly kind: 'item';
      readonly label: string;
      readonly icon?: Component;
      readonly keys?: string;
      readonly isDisabled?: boolean;
      readonly isDanger?: boolean;
      onSelect(): void;
    }
  | {
      readonly kind: 'choice';
      readonly label: string;
      readonly icon?: Component;
      readonly isChosen: boolean;
      onSelect(): void;
    }
  | { readonly kind: 'heading'; readonly label: string }
  | { readonly kind: 'separator' };

/** Groups of entries, one below the other, with a line between those that have any. */
export function separated(...groups: readonly (readonly MenuEntry[])[]): MenuEntry[] {
  return groups
    .filter((group) => group.length > 0)
    .flatMap((group, i) => (i === 0 ? group : [{ kind: 'separator' } as const, ...group]));
}
