/**
 * Starts the roles asked for in worker threads, watches them, restarts what falls, stops them in order. The same in the
 * desktop app, which calls it from its main process, and on a server.
 */
import { setFlagsFromString } from 'node:v8';
import { MessageChannel, type MessagePort } from 'node:worker_threads';

import type { MemberOrder } from '#contract/ensemble-models.ts';
import type { LinkFault } from '#contract/fault-models.ts';
import type { LocalStart, MemberState } from '#contract/models.ts';

import { err, ok, type Result } from './base/result.ts';
import type { LocalMember, Resize, Resized } from './console/service/console.ts';
import { FaultTable } from './fault-table.ts';
import { Thread, type ThreadEvent, type ThreadOptions } from './hosted-thread.ts';
import type { LocalGrowth } from './local-growth.ts';
import { type Operator, operatorOf, withOperator } from './operator.ts';
import type { LogLevel } from './platform/logger.ts';
import type { MemberStanding, MemberStart, Role, WebAddress } from './thread-messages.ts';

export interface HostOptions extends ThreadOptions {
  /** Where the console finds what belongs to this start. */
  readonly dataDir: string;
  /** One for a server on its own; several are an ensemble. */
  readonly members: readonly MemberStart[];
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
  /** A URL that opens the console in one browser. */
  readonly onUrl: (url: string) => void;
}

/** Callers who may wait for the console's start; there are as many as windows. */
const GUESTS_MAX = 100;
const STARTING: MemberState = { kind: 'starting', step: 'opening', done: 0, total: 0 };
const PAUSED: MemberState = { kind: 'paused' };

export class Host {
  readonly #options: HostOptions;
  #members: readonly Member[];
  readonly #console: Thread | null;
  readonly #faults = new FaultTable();
  readonly #operator: Operator | null;
  /** Came before the console was there, or while it starts again. */
  readonly #waiting: MessagePort[] = [];
  #memberState: MemberState = STARTING;
  #hasServed = false;
  #isStopping = false;

  constructor(options: HostOptions) {
    this.#options = options;
    const { dataDir, version, logLevel } = options;
    this.#operator = operatorOf(options.members);
    this.#members = options.members.map((start) => this.#memberOf(start));
    if (options.console === null) {
      this.#console = null;
    } else {
      const consoleRole: Role = {
        role: 'console',
        version,
        logLevel,
        dataDir,
        local: options.local ?? nothingSettled(options.members),
        operator: this.#operator?.credential ?? null,
        ...options.console,
      };
      this.#console = new Thread(
        options,
        () => consoleRole,
        (event) => this.#onConsoleThread(event),
      );
    }
  }

  #memberOf(start: MemberStart): Member {
    const { version, logLevel } = this.#options;
    const told = withOperator(start, this.#operator);
    const role = { role: 'member' as const, ...told, version, logLevel };
    const member: Member = {
      start,
      thread: new Thread(
        this.#options,
        ({ shared }) => ({ ...role, links: this.#faults.all, pause: shared }),
        (event) => this.#onMemberThread(member, event),
      ),
      state: STARTING,
      clientPort: null,
    };
    return member;
  }

  get memberState(): MemberState {
    return this.#memberState;
  }

  /**
   * What clients connect to, or null while nobody serves. Between two leaders it stays: sessions go on, and whoever looks
   * for a server finds it there.
   */
  get connectString(): string | null {
    if (this.#memberState.kind !== 'serving' && !this.#isBetweenLeaders) return null;
    return this.#members
      .flatMap((member) => {
        const port = portOf(member);
        return port === null ? [] : [`${hostOf(member.start)}:${port}`];
      })
      .join(',');
  }

  start(): void {
    if (this.#members.length > 1) thinkSmall();
    for (const { thread } of this.#members) thread.start();
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

  /** Tries members that failed again, now. */
  retryMember(): void {
    for (const { thread } of this.#members) thread.start();
  }

  async stop(): Promise<void> {
    this.#isStopping = true;
    for (const port of this.#waiting.splice(0)) port.close();
    // The console is a client of the member, so it goes first.
    await this.#console?.stop();
    await Promise.all(this.#members.map(({ thread }) => thread.stop()));
    this.#setMember({ kind: 'stopped' });
  }

  #onMemberThread(member: Member, event: ThreadEvent): void {
    switch (event.kind) {
      case 'member':
        if (event.state.kind === 'serving') member.clientPort = event.state.clientPort;
        this.#setStateOf(member, event.state);
        return;
      case 'standing':
        member.clientPort = event.standing.clientPort;
        this.#options.onStanding?.(event.standing);
        return;
      case 'ready':
        // They may have changed since it began to start.
        member.thread.send({ kind: 'links', links: this.#faults.all });
        this.#connectReports();
        this.#connectTimings(member);
        return;
      case 'fell':
        // Its port stays in the connect string: clients find it there when it is back, and their sessions need not change.
        this.#setStateOf(member, { kind: 'failed', why: event.why, retryAtMs: event.retryAtMs });
        return;
      case 'url':
      case 'retry-member':
      case 'order':
      case 'resize':
      case 'break-links':
      case 'heal':
        return;
    }
  }

  #onConsoleThread(event: ThreadEvent): void {
    if (event.kind === 'url') this.#options.onUrl(event.url);
    if (event.kind === 'retry-member') this.retryMember();
    if (event.kind === 'order') void this.#carryOut(event.order);
    if (event.kind === 'resize') void this.#onResize(event.wish, event.resize);
    if (event.kind === 'break-links') this.#breakLinks(event.links);
    if (event.kind === 'heal') this.#heal();
    if (event.kind === 'fell') this.#options.writeLog(`the console fell: ${event.why}\n`);
    if (event.kind !== 'ready') return;
    this.#tellConsole();
    this.#connectReports();
    for (const member of this.#members) this.#connectTimings(member);
    for (const port of this.#waiting.splice(0)) this.admit(port);
  }

  /** Of a member that is not here, or is so already, nothing becomes. */
  async #carryOut({ id, what }: MemberOrder): Promise<void> {
    const member = this.#members.find(({ start }) => idOf(start) === id);
    if (member === undefined) return;
    if (what === 'start') {
      if (member.thread.start()) this.#setStateOf(member, STARTING);
      return;
    }
    if (what === 'pause' || what === 'resume') {
      if (what === 'pause' ? member.thread.pause() : member.thread.resume()) this.#onPaused(member);
      return;
    }
    await member.thread.halt({ isSudden: what === 'kill' });
    // It may have been wanted again meanwhile.
    if (member.thread.isRunning) return;
    this.#setStateOf(member, { kind: 'stopped' });
    this.#connectReports();
  }

  // --- members that come and go ---

  async #onResize(wish: number, resize: Resize): Promise<void> {
    const outcome =
      resize.kind === 'add' ? await this.#addMember(resize) : await this.#removeMember(resize);
    this.#console?.send({ kind: 'resized', wish, outcome });
  }

  /** One more, which joins as a guest: the ensemble counts it once it was let in. */
  async #addMember({ role }: Extract<Resize, { kind: 'add' }>): Promise<Result<Resized, string>> {
    const { growth = null } = this.#options;
    if (growth === null) return err('this program runs no ensemble that could grow');
    const lastPort = Math.max(...this.#members.map((member) => portOf(member) ?? 0));
    const made = await growth.makeJoiner({ role, lastPort });
    if (!made.ok) return made;
    if (this.#isStopping) return err('the program ends');
    const { id, start, line } = made.value;
    const member = this.#memberOf(start);
    this.#members = [...this.#members, member];
    member.thread.start();
    this.#setStateOf(member, STARTING);
    return ok({ id, line, folder: null });
  }

  async #removeMember(
    resize: Extract<Resize, { kind: 'remove' }>,
  ): Promise<Result<Resized, string>> {
    const { id } = resize;
    const { growth = null } = this.#options;
    const member = this.#members.find(({ start }) => idOf(start) === id);
    if (growth === null || member === undefined)
      return err(`member ${id} is not run by this program`);
    await member.thread.stop();
    this.#members = this.#members.filter((one) => one !== member);
    this.#faults.forget(id);
    this.#tellLinks();
    this.#connectReports();
    const cleared = growth.clear(id, resize);
    return cleared.ok ? ok({ id, line: null, folder: cleared.value }) : cleared;
  }

  /** It was paused or resumed. */
  #onPaused(member: Member): void {
    this.#setStateOf(member, member.state);
    this.#connectReports();
  }

  #breakLinks(links: readonly LinkFault[]): void {
    const ids = new Set(this.#members.map(({ start }) => idOf(start)));
    this.#faults.change(
      links.filter(({ from, to }) => from !== to && ids.has(from) && ids.has(to)),
    );
    this.#tellLinks();
  }

  #heal(): void {
    this.#faults.heal();
    this.#tellLinks();
    for (const member of this.#members) if (member.thread.resume()) this.#onPaused(member);
  }

  /** Both ends of every link, so that neither says what the other would not hear. */
  #tellLinks(): void {
    for (const { thread } of this.#members) thread.send({ kind: 'links', links: this.#faults.all });
    this.#tellConsole();
  }

  /** A fresh channel between the two, whenever one of them is new; to nobody while nobody would answer. */
  #connectReports(): void {
    if (this.#console?.isReady !== true) return;
    const member = this.#members.find(({ thread }) => thread.isReady && !thread.isPaused)?.thread;
    const { port1, port2 } = new MessageChannel();
    this.#console.send({ kind: 'reports', port: port2 }, [port2]);
    if (member === undefined) port1.close();
    else member.send({ kind: 'reports', port: port1 }, [port1]);
  }

  /** One for each member, whenever it or the console is new. */
  #connectTimings({ start, thread }: Member): void {
    if (this.#console?.isReady !== true || !thread.isReady) return;
    const { port1, port2 } = new MessageChannel();
    const member = idOf(start) ?? 0;
    thread.send({ kind: 'timings', member, port: port1 }, [port1]);
    this.#console.send({ kind: 'timings', member, port: port2 }, [port2]);
  }

  #setStateOf(member: Member, state: MemberState): void {
    member.state = state;
    const whole = wholeOf(this.#members.map((one) => stateOf(one)));
    // Of several that serve, one more or less changes nothing but where clients may connect.
    if (whole.kind === 'serving' && this.#memberState.kind === 'serving') this.#tellConsole();
    else this.#setMember(whole);
  }

  get #isBetweenLeaders(): boolean {
    const state = this.#memberState;
    const isHeld =
      state.kind === 'paused' || (state.kind === 'starting' && state.step === 'electing');
    return this.#hasServed && isHeld;
  }

  #setMember(state: MemberState): void {
    this.#memberState = state;
    if (state.kind === 'serving') this.#hasServed = true;
    this.#options.onMember(state);
    this.#tellConsole();
  }

  #tellConsole(): void {
    this.#console?.send({
      kind: 'member',
      state: this.#memberState,
      connectString: this.connectString,
      members: this.#members.map(localMemberOf),
      links: this.#faults.all,
    });
  }
}

/**
 * Several members on one computer share it with whatever else its owner does. V8 then keeps each of their heaps small: three
 * members that have worked take half the memory, at two thirds of the writes a second. Heaps that are there already grow less.
 */
function thinkSmall(): void {
  setFlagsFromString('--optimize-for-size');
}

interface Member {
  readonly start: MemberStart;
  readonly thread: Thread;
  state: MemberState;
  /** Where its clients connect; null while that is not known. */
  clientPort: number | null;
}

function localMemberOf(member: Member): LocalMember {
  const { start } = member;
  const port = portOf(member);
  const host = hostOf(start).replace(/^\[|\]$/g, '');
  return { id: idOf(start), at: port === null ? null : { host, port }, state: stateOf(member) };
}

/** Where clients connect. Where the system chooses, nobody knows before it has. */
function portOf({ start, clientPort }: Member): number | null {
  return clientPort ?? (start.settings.clientPort || null);
}

/** What it told last may still be on its way when it is paused, and is true again when it is resumed. */
function stateOf({ thread, state }: Member): MemberState {
  return thread.isPaused ? PAUSED : state;
}

function nothingSettled(members: readonly MemberStart[]): LocalStart {
  const isAlone = members.every((start) => idOf(start) === null);
  const kind = isAlone ? 'standalone' : 'ensemble';
  return { kind, movedPorts: [], leftOut: [], isOtherBeside: false };
}

function idOf({ settings, configFile }: MemberStart): number | null {
  return configFile === null ? null : settings.serverId;
}

/** An ensemble serves while one of its members does, and has failed when all of them have. */
function wholeOf(states: readonly MemberState[]): MemberState {
  const by = (kind: MemberState['kind']): MemberState | undefined =>
    states.find((state) => state.kind === kind);
  return by('serving') ?? by('starting') ?? by('paused') ?? by('failed') ?? states[0] ?? STARTING;
}

function hostOf({ settings: { clientPortAddress } }: MemberStart): string {
  const isEverywhere =
    clientPortAddress === null || clientPortAddress === '0.0.0.0' || clientPortAddress === '::';
  const host = isEverywhere ? '127.0.0.1' : clientPortAddress;
  return host.includes(':') ? `[${host}]` : host;
}
