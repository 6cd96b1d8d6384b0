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
