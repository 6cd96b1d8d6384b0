/** The storage nodes of this program, seen from the console's thread. */
import type { LocalNode, NodeLinkFault, NodeOrder } from '#contract/storage-models.ts';

import type { LocalStorage } from './console/service/console.ts';
import type { StorageWish, ToThread } from './thread-messages.ts';

export class HostedStorage implements LocalStorage {
  readonly #wish: (wish: StorageWish) => void;
  readonly #listeners = new Set<() => void>();
  nodes: readonly LocalNode[] = [];
  links: readonly NodeLinkFault[] = [];

  constructor(wish: (wish: StorageWish) => void) {
    this.#wish = wish;
  }

  update({ nodes, links }: Extract<ToThread, { kind: 'storage' }>): void {
    this.nodes = nodes;
    this.links = links;
    for (const listener of [...this.#listeners]) listener();
  }

  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  order(order: NodeOrder): void {
    this.#wish({ kind: 'order', order });
  }

  breakLinks(links: readonly NodeLinkFault[]): void {
    this.#wish({ kind: 'break-links', links });
  }

  heal(): void {
    this.#wish({ kind: 'heal' });
  }
}
