/** What the console may ask of the storage nodes that run in this program, besides what any client can. */
import type { LocalNode, NodeLinkFault, NodeOrder } from '#contract/storage-models.ts';

export interface LocalStorage {
  /** By id; none where this program runs no storage nodes. */
  readonly nodes: readonly LocalNode[];
  /** Ways between them that are not healthy. */
  readonly links: readonly NodeLinkFault[];
  onChange(listener: () => void): () => void;
  order(order: NodeOrder): void;
  /** Ways that are not named stay as they are. */
  breakLinks(links: readonly NodeLinkFault[]): void;
  /** Links are whole again, and nobody is paused. */
  heal(): void;
}
