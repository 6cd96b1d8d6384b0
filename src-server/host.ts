/**
 * Starts the roles asked for in worker threads and stops them in order: members, then the storage nodes that they coordinate,
 * and the console beside them. The same in the desktop app, which calls it from its main process, and on a server.
 */
import { MessageChannel, type MessagePort } from 'node:worker_threads';

import type { LocalStart, MemberState } from '#contract/models.ts';
import type { NodeState } from '#contract/storage-models.ts';

import type { Resize } from './console/service/console.ts';
import { Thread, type ThreadEvent, type ThreadOptions } from './hosted-thread.ts';
import type { LocalGrowth } from './local-growth.ts';
import { idOf, MemberRoster } from './member-roster.ts';
import { operatorOf } from './operator.ts';
import type { LogLevel } from './platform/logger.ts';
import { StorageRoster } from './storage-roster.ts';
import type {
  MemberStanding,
  MemberStart,
  NodeStart,
  Role,
  WebAddress,
} from './thread-messages.ts';

export interface HostOptions extends ThreadOptions {
  /** Where the console finds what belongs to this start. */
  readonly dataDir: string;
  /** One for a server on its own; several are an ensemble. */
  readonly members: readonly MemberStart[];
  readonly storage?: readonly NodeStart[];
  /** What its start had to settle; absent where that was nothing. */
  readonly local?: LocalStart;
  /** Absent or null where no member may come or go. */
  readonly growth?: LocalGrowth | null;
  readonly version: string;
  readonly logLevel: LogLevel;
  /** Null for a server without console. */
  readonly console: { readonly directory: string; readonly web: WebAddress | null } | null;
  /** How the whole is: it serves when one of its members does. */
  readonly onMember: (state: MemberState) => void;
  /** Where a member among others stands now. */
  readonly onStanding?: (standing: MemberStanding) => void;
  readonly onNode?: (id: string, state: NodeState) => void;
  /** A URL that opens the console in one browser. */
  readonly onUrl: (url: string) => void;
}

/** Callers who may wait for the console's start; there are as many as windows. */
const GUESTS_MAX = 100;

export class Host {
  readonly #options: HostOptions;
  readonly #members: MemberRoster;
  readonly #storage: StorageRoster;
  readonly #console: Thread | null;
  /** Came before the console was there, or while it starts again. */
  readonly #waiting: MessagePort[] = [];

  constructor(options: HostOptions) {
    this.#options = options;
    const { dataDir, version, logLevel } = options;
    const operator = operatorOf(options.members);
    this.#members = new MemberRoster({
      thread: options,
      members: options.members,
      operator,
      growth: options.growth ?? null,
      version,
      logLevel,
      onWhole: (state) => options.onMember(state),
      onChange: () => this.#tellMembers(),
      onStanding: (standing) => options.onStanding?.(standing),
      onReady: (id) => {
        this.#connectReports();
        this.#connectTimings(id);
      },
      onAnswering: () => this.#connectReports(),
    });
    this.#storage = new StorageRoster({
      thread: options,
      nodes: options.storage ?? [],
      version,
      logLevel,
      onNode: (id, state) => options.onNode?.(id, state),
      onChange: () => this.#tellStorage(),
    });
    if (options.console === null) {
      this.#console = null;
    } else {
      const consoleRole: Role = {
        role: 'console',
        version,
        logLevel,
        dataDir,
        local: options.local ?? nothingSettled(options.members),
        operator: operator?.credential ?? null,
        ...options.console,
      };
      this.#console = new Thread(
        options,
        () => consoleRole,
        (event) => this.#onConsoleThread(event),
      );
    }
  }

  get memberState(): MemberState {
    return this.#members.state;
  }

  get connectString(): string | null {
    return this.#members.connectString;
  }

  start(): void {
    this.#members.start();
    this.#storage.start();
    this.#console?.start();
  }

  /** Somebody in this process wants to call the console: now, or as soon as it is there. */
  admit(port: MessagePort): void {
    if (this.#console === null) {
      port.close();
    } else if (this.#console.isReady) {
      this.#console.send({ kind: 'guest', port }, [port]);
    } else {
      this.#waiting.push(port);
      if (this.#waiting.length > GUESTS_MAX) this.#waiting.shift()?.close();
    }
  }

  async stop(): Promise<void> {
    for (const port of this.#waiting.splice(0)) port.close();
    // Each is a client of what is stopped after it.
    await this.#console?.stop();
    await this.#storage.stop();
    await this.#members.stop();
  }

  #onConsoleThread(event: ThreadEvent): void {
    switch (event.kind) {
      case 'ready':
        this.#tellMembers();
        this.#tellStorage();
        this.#connectReports();
        for (const id of this.#members.ready) this.#connectTimings(id);
        for (const port of this.#waiting.splice(0)) this.admit(port);
        return;
      case 'fell':
        this.#options.writeLog(`the console fell: ${event.why}\n`);
        return;
      case 'url':
        this.#options.onUrl(event.url);
        return;
      case 'retry-member':
        this.#members.retry();
        return;
      case 'order':
        this.#members.order(event.order);
        return;
      case 'resize':
        void this.#onResize(event.wish, event.resize);
        return;
      case 'break-links':
        this.#members.breakLinks(event.links);
        return;
      case 'heal':
        this.#members.heal();
        return;
      case 'storage-wish':
        this.#storage.carryOut(event.wish);
        return;
      case 'member':
      case 'standing':
      case 'node':
        return;
    }
  }

  async #onResize(wish: number, resize: Resize): Promise<void> {
    const outcome = await this.#members.resize(resize);
    this.#console?.send({ kind: 'resized', wish, outcome });
  }

  /** A fresh channel between the two, whenever one of them is new; to nobody while nobody would answer. */
  #connectReports(): void {
    if (this.#console?.isReady !== true) return;
    const { port1, port2 } = new MessageChannel();
    this.#console.send({ kind: 'reports', port: port2 }, [port2]);
    this.#members.connectReports(port1);
  }

  /** One for each member, whenever it or the console is new. */
  #connectTimings(id: number | null): void {
    if (this.#console?.isReady !== true) return;
    const { port1, port2 } = new MessageChannel();
    this.#members.connectTimings(id, port1);
    this.#console.send({ kind: 'timings', member: id ?? 0, port: port2 }, [port2]);
  }

  #tellMembers(): void {
    const { state, connectString, members, links } = this.#members;
    if (connectString !== null) this.#storage.useEnsemble(connectString);
    this.#console?.send({ kind: 'member', state, connectString, members, links });
  }

  #tellStorage(): void {
    const { nodes, links } = this.#storage;
    this.#console?.send({ kind: 'storage', nodes, links });
  }
}

function nothingSettled(members: readonly MemberStart[]): LocalStart {
  const isAlone = members.every((start) => idOf(start) === null);
  const kind = isAlone ? 'standalone' : 'ensemble';
  return { kind, movedPorts: [], leftOut: [], isOtherBeside: false };
}
