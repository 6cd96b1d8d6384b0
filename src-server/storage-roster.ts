/** The storage nodes of this program: each in a thread of its own, started once the ensemble serves that coordinates them. */
import type { LocalNode, NodeLinkFault, NodeState } from '#contract/storage-models.ts';

import { FaultTable } from './fault-table.ts';
import { HostedRole } from './hosted-role.ts';
import type { ThreadEvent, ThreadOptions } from './hosted-thread.ts';
import type { LogLevel } from './platform/logger.ts';
import type { NodeStart, StorageWish } from './thread-messages.ts';

export interface StorageRosterOptions {
  readonly thread: ThreadOptions;
  readonly nodes: readonly NodeStart[];
  readonly version: string;
  readonly logLevel: LogLevel;
  readonly onNode: (id: string, state: NodeState) => void;
  /** Anything that the console shows of them. */
  readonly onChange: () => void;
}

interface Node {
  readonly start: NodeStart;
  readonly role: HostedRole<NodeState>;
}

const OPENING: NodeState = { kind: 'starting', step: 'opening', done: 0, total: 0, why: '' };
const WAITING: NodeState = {
  ...OPENING,
  step: 'waiting',
  why: 'the ensemble of this program does not serve yet',
};

export class StorageRoster {
  readonly #options: StorageRosterOptions;
  readonly #faults = new FaultTable<string>();
  readonly #nodes: readonly Node[];
  /** Servers of this program's ensemble; null before it served for the first time. */
  #ensemble: string | null = null;
  #isStopping = false;

  constructor(options: StorageRosterOptions) {
    this.#options = options;
    this.#nodes = options.nodes.map((start) => this.#nodeOf(start));
  }

  #nodeOf(start: NodeStart): Node {
    const { version, logLevel, thread } = this.#options;
    const told = { role: 'storage' as const, ...start, version, logLevel };
    const node: Node = {
      start,
      role: new HostedRole<NodeState>({
        thread,
        roleAt: ({ shared }) => ({
          ...told,
          ensemble: this.#ensembleOf(start)!,
          links: this.#faults.all,
          pause: shared,
        }),
        starting: OPENING,
        onEvent: (event) => this.#onEvent(node, event),
        onState: () => this.#onState(node),
      }),
    };
    return node;
  }

  /** What its own file says holds before the ensemble of this program. */
  #ensembleOf({ settings }: NodeStart): string | null {
    return settings.ensemble ?? this.#ensemble;
  }

  get nodes(): readonly LocalNode[] {
    return this.#nodes.map(({ start, role }) => {
      const { nodeId: id, advertisedHost: host } = start.settings;
      const { clusterPort, proxyPort, peerPort } = start.settings;
      const hasEnsemble = this.#ensembleOf(start) !== null;
      const state = hasEnsemble ? role.state : WAITING;
      return { id, host, clusterPort, proxyPort, peerPort, state };
    });
  }

  get links(): readonly NodeLinkFault[] {
    return this.#faults.all;
  }

  /** Those that need not wait for the ensemble of this program. */
  start(): void {
    for (const { start, role } of this.#nodes) if (start.settings.ensemble !== null) role.start();
  }

  /** Clients of this program's ensemble connect there. From the first time on the nodes manage without being told. */
  useEnsemble(connect: string): void {
    if (this.#isStopping || connect === this.#ensemble) return;
    const isFirst = this.#ensemble === null;
    this.#ensemble = connect;
    for (const { start, role } of this.#nodes) {
      if (start.settings.ensemble !== null) continue;
      if (isFirst) role.start();
      else role.send({ kind: 'ensemble', connect });
    }
  }

  async stop(): Promise<void> {
    this.#isStopping = true;
    await Promise.all(this.#nodes.map(({ role }) => role.stop()));
    for (const { role } of this.#nodes) role.tell({ kind: 'stopped' });
  }

  /** Of a node that is not here, nothing becomes. */
  carryOut(wish: StorageWish): void {
    switch (wish.kind) {
      case 'order': {
        const { id, what } = wish.order;
        const node = this.#nodes.find(({ start }) => start.settings.nodeId === id);
        // Before the ensemble serves there is nothing to start with.
        if (node === undefined || this.#ensembleOf(node.start) === null) return;
        void node.role.carryOut(what);
        return;
      }
      case 'break-links': {
        const ids = new Set(this.#nodes.map(({ start }) => start.settings.nodeId));
        this.#faults.change(
          wish.links.filter(({ from, to }) => from !== to && ids.has(from) && ids.has(to)),
        );
        this.#tellLinks();
        return;
      }
      case 'heal':
        this.#faults.heal();
        this.#tellLinks();
        for (const { role } of this.#nodes) role.resume();
    }
  }

  #onEvent({ start, role }: Node, event: ThreadEvent): void {
    if (event.kind === 'node') role.tell(event.state);
    if (event.kind !== 'ready') return;
    // They may have changed since it began to start.
    role.send({ kind: 'node-links', links: this.#faults.all });
    role.send({ kind: 'ensemble', connect: this.#ensembleOf(start)! });
  }

  #onState({ start, role }: Node): void {
    this.#options.onNode(start.settings.nodeId, role.state);
    this.#options.onChange();
  }

  #tellLinks(): void {
    for (const { role } of this.#nodes) role.send({ kind: 'node-links', links: this.#faults.all });
    this.#options.onChange();
  }
}
