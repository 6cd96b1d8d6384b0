/**
 * The members of this program: each in a thread of its own, started, ended, held still, cut off from each other; and how they
 * are together, as clients see them. Members come and go; who belongs to the ensemble is not decided here.
 */
import { setFlagsFromString } from 'node:v8';
import type { MessagePort } from 'node:worker_threads';

import type { MemberOrder } from '#contract/ensemble-models.ts';
import type { LinkFault } from '#contract/fault-models.ts';
import type { MemberState } from '#contract/models.ts';

import { err, ok, type Result } from './base/result.ts';
import type { LocalMember, Resize, Resized } from './console/service/console.ts';
import { FaultTable } from './fault-table.ts';
import { HostedRole } from './hosted-role.ts';
import type { ThreadEvent, ThreadOptions } from './hosted-thread.ts';
import type { LocalGrowth } from './local-growth.ts';
import { type Operator, withOperator } from './operator.ts';
import type { LogLevel } from './platform/logger.ts';
import type { MemberStanding, MemberStart } from './thread-messages.ts';

export interface MemberRosterOptions {
  readonly thread: ThreadOptions;
  readonly members: readonly MemberStart[];
  readonly operator: Operator | null;
  /** Null where no member may come or go. */
  readonly growth: LocalGrowth | null;
  readonly version: string;
  readonly logLevel: LogLevel;
  /** How the whole is, whenever that changes. */
  readonly onWhole: (state: MemberState) => void;
  /** Anything else that the console shows of them. */
  readonly onChange: () => void;
  readonly onStanding: (standing: MemberStanding) => void;
  /** A member takes messages now. */
  readonly onReady: (id: number | null) => void;
  /** Which of them answer may be different. */
  readonly onAnswering: () => void;
}

interface Member {
  readonly start: MemberStart;
  readonly role: HostedRole<MemberState>;
  /** Where its clients connect; null while that is not known. */
  clientPort: number | null;
}

const STARTING: MemberState = { kind: 'starting', step: 'opening', done: 0, total: 0 };

export class MemberRoster {
  readonly #options: MemberRosterOptions;
  readonly #faults = new FaultTable<number>();
  #members: readonly Member[];
  #state: MemberState = STARTING;
  #hasServed = false;
  #isStopping = false;

  constructor(options: MemberRosterOptions) {
    this.#options = options;
    this.#members = options.members.map((start) => this.#memberOf(start));
  }

  #memberOf(start: MemberStart): Member {
    const { version, logLevel, operator, thread } = this.#options;
    const told = { role: 'member' as const, ...withOperator(start, operator), version, logLevel };
    const member: Member = {
      start,
      role: new HostedRole<MemberState>({
        thread,
        roleAt: ({ shared }) => ({ ...told, links: this.#faults.all, pause: shared }),
        starting: STARTING,
        onEvent: (event) => this.#onEvent(member, event),
        onState: () => this.#onState(),
      }),
      clientPort: null,
    };
    return member;
  }

  // --- how they are ---

  /** The whole serves when one of its members does. */
  get state(): MemberState {
    return this.#state;
  }

  /**
   * What clients connect to, or null while nobody serves. Between two leaders it stays: sessions go on, and whoever looks
   * for a server finds it there.
   */
  get connectString(): string | null {
    if (this.#state.kind !== 'serving' && !this.#isBetweenLeaders) return null;
    return this.#members
      .flatMap((member) => {
        const port = portOf(member);
        return port === null ? [] : [`${hostOf(member.start)}:${port}`];
      })
      .join(',');
  }

  get members(): readonly LocalMember[] {
    return this.#members.map((member) => {
      const { start, role } = member;
      const port = portOf(member);
      const host = hostOf(start).replace(/^\[|\]$/g, '');
      return { id: idOf(start), at: port === null ? null : { host, port }, state: role.state };
    });
  }

  get links(): readonly LinkFault[] {
    return this.#faults.all;
  }

  // --- begin and end ---

  start(): void {
    if (this.#members.length > 1) thinkSmall();
    for (const { role } of this.#members) role.start();
  }

  async stop(): Promise<void> {
    this.#isStopping = true;
    await Promise.all(this.#members.map(({ role }) => role.stop()));
    this.#setWhole({ kind: 'stopped' });
  }

  /** Tries members that failed again, now. */
  retry(): void {
    for (const { role } of this.#members) role.start();
  }

  /** Of a member that is not here, nothing becomes. */
  order({ id, what }: MemberOrder): void {
    const member = this.#members.find(({ start }) => idOf(start) === id);
    void member?.role.carryOut(what).then(() => this.#options.onAnswering());
  }

  /** One end of a channel to a member that would answer; closed where there is none. */
  connectReports(port: MessagePort): void {
    const member = this.#members.find(({ role }) => role.isAnswering);
    if (member === undefined) port.close();
    else member.role.send({ kind: 'reports', port }, [port]);
  }

  /** Ids of members that take messages; null is a server on its own. */
  get ready(): readonly (number | null)[] {
    return this.#members.filter(({ role }) => role.isReady).map(({ start }) => idOf(start));
  }

  connectTimings(id: number | null, port: MessagePort): void {
    const member = this.#members.find(({ start }) => idOf(start) === id);
    member?.role.send({ kind: 'timings', member: id ?? 0, port }, [port]);
  }

  // --- what they tell ---

  #onEvent(member: Member, event: ThreadEvent): void {
    if (event.kind === 'member') {
      if (event.state.kind === 'serving') member.clientPort = event.state.clientPort;
      member.role.tell(event.state);
    } else if (event.kind === 'standing') {
      member.clientPort = event.standing.clientPort;
      this.#options.onStanding(event.standing);
    } else if (event.kind === 'ready') {
      // They may have changed since it began to start.
      member.role.send({ kind: 'links', links: this.#faults.all });
      this.#options.onReady(idOf(member.start));
    }
  }

  #onState(): void {
    const whole = wholeOf(this.#members.map(({ role }) => role.state));
    // Of several that serve, one more or less changes nothing but where clients may connect.
    if (whole.kind === 'serving' && this.#state.kind === 'serving') this.#options.onChange();
    else this.#setWhole(whole);
  }

  get #isBetweenLeaders(): boolean {
    const state = this.#state;
    const isHeld =
      state.kind === 'paused' || (state.kind === 'starting' && state.step === 'electing');
    return this.#hasServed && isHeld;
  }

  #setWhole(state: MemberState): void {
    this.#state = state;
    if (state.kind === 'serving') this.#hasServed = true;
    this.#options.onWhole(state);
    this.#options.onChange();
  }

  // --- members that come and go ---

  resize(resize: Resize): Promise<Result<Resized, string>> {
    return resize.kind === 'add' ? this.#add(resize) : this.#remove(resize);
  }

  /** One more, which joins as a guest: the ensemble counts it once it was let in. */
  async #add({ role }: Extract<Resize, { kind: 'add' }>): Promise<Result<Resized, string>> {
    const { growth } = this.#options;
    if (growth === null) return err('this program runs no ensemble that could grow');
    const lastPort = Math.max(...this.#members.map((member) => portOf(member) ?? 0));
    const made = await growth.makeJoiner({ role, lastPort });
    if (!made.ok) return made;
    if (this.#isStopping) return err('the program ends');
    const { id, start, line } = made.value;
    const member = this.#memberOf(start);
    this.#members = [...this.#members, member];
    member.role.start();
    this.#onState();
    return ok({ id, line, folder: null });
  }

  async #remove(resize: Extract<Resize, { kind: 'remove' }>): Promise<Result<Resized, string>> {
    const { id } = resize;
    const { growth } = this.#options;
    const member = this.#members.find(({ start }) => idOf(start) === id);
    if (growth === null || member === undefined)
      return err(`member ${id} is not run by this program`);
    await member.role.stop();
    this.#members = this.#members.filter((one) => one !== member);
    this.#faults.forget(id);
    this.#tellLinks();
    this.#options.onAnswering();
    const cleared = growth.clear(id, resize);
    return cleared.ok ? ok({ id, line: null, folder: cleared.value }) : cleared;
  }

  // --- faults on purpose ---

  breakLinks(links: readonly LinkFault[]): void {
    const ids = new Set(this.#members.map(({ start }) => idOf(start)));
    this.#faults.change(
      links.filter(({ from, to }) => from !== to && ids.has(from) && ids.has(to)),
    );
    this.#tellLinks();
  }

  heal(): void {
    this.#faults.heal();
    this.#tellLinks();
    const wasPaused = this.#members.filter(({ role }) => role.resume());
    if (wasPaused.length > 0) this.#options.onAnswering();
  }

  /** Both ends of every link, so that neither says what the other would not hear. */
  #tellLinks(): void {
    for (const { role } of this.#members) role.send({ kind: 'links', links: this.#faults.all });
    this.#options.onChange();
  }
}

/**
 * Several members on one computer share it with whatever else its owner does. V8 then keeps each of their heaps small: three
 * members that have worked take half the memory, at two thirds of the writes a second. Heaps that are there already grow less.
 */
function thinkSmall(): void {
  setFlagsFromString('--optimize-for-size');
}

/** Where clients connect. Where the system chooses, nobody knows before it has. */
function portOf({ start, clientPort }: Member): number | null {
  return clientPort ?? (start.settings.clientPort || null);
}

export function idOf({ settings, configFile }: MemberStart): number | null {
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
