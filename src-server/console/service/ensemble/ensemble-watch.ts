/**
 * Watches one ensemble while somebody looks at it: once a second every server of it is asked, all at the same time, and
 * everybody who looks is told. What moved is remembered for those who look again.
 */
import type {
  EnsembleMember,
  EnsembleView,
  MemberRole,
  MemberTrouble,
  QuorumView,
} from '#contract/ensemble-models.ts';

import { type Sid, sid } from '../../../base/ids.ts';
import { counterOf, epochOf, zxidOf } from '../../../base/zxid.ts';
import {
  type EnsembleConfig,
  type HostPort,
  hostPortText,
  parseEnsembleConfig,
  participantsOf,
} from '../../../config/ensemble-config.ts';
import { viewOf } from '../../../coordination/wire/views.ts';
import type { Clock, Timer } from '../../../platform/clock.ts';
import type { Net } from '../../../platform/net.ts';
import type { LocalMember } from '../local-ensemble.ts';
import { Inquiry, NO_FIGURES, type Report } from './inquiry.ts';
import { majorityView, quorumView } from './quorum-views.ts';
import { sampleOf, Samples } from './samples.ts';
import { type Seat, seatsOf } from './seats.ts';

const ROUND_MS = 1000;
/** Whoever has not answered by then is shown as it was before. */
const PATIENCE_MS = 600;
/** A server that says nothing for so long is not merely slow. */
const SILENT_MS = 2000;
/** The configuration is read again after as many rounds. */
const CONFIG_EVERY = 5;
/** More than anybody runs; a connect string that names more is not followed further. */
const SEATS_MAX = 64;

/** What is known of an ensemble besides what its servers say of themselves. */
export interface EnsembleSource {
  /** Servers to ask, in the order people know them. */
  hosts(): readonly HostPort[];
  /** The text of `/zookeeper/config`; null where there is no session to read it with, or it may not be read. */
  readConfig(): Promise<string | null>;
  /** Of the ensemble that runs in this program; none for others. */
  localMembers(): readonly LocalMember[];
}

interface Listener {
  readonly send: (view: EnsembleView) => void;
  /** Samples it has had. */
  count: number;
}

export class EnsembleWatch {
  readonly #net: Net;
  readonly #clock: Clock;
  readonly #source: EnsembleSource;
  readonly #listeners = new Set<Listener>();
  readonly #inquiries = new Map<string, Inquiry>();
  /** What a member's rates are reckoned from, by its key. */
  readonly #before = new Map<string, Report>();
  readonly #samples = new Samples();
  #config: EnsembleConfig | null = null;
  #isConfigOld = false;
  #round = 0;
  #timer: Timer | null = null;
  #members: readonly EnsembleMember[] | null = null;
  #quorum: QuorumView | null = null;

  constructor(parts: {
    readonly net: Net;
    readonly clock: Clock;
    readonly source: EnsembleSource;
  }) {
    this.#net = parts.net;
    this.#clock = parts.clock;
    this.#source = parts.source;
  }

  /** What is known at once, and everything new until the function it returns is called. */
  follow(send: (view: EnsembleView) => void): () => void {
    const listener: Listener = { send, count: 0 };
    this.#listeners.add(listener);
    if (this.#timer !== null) this.#tell(listener);
    else this.#goRound();
    return () => {
      this.#listeners.delete(listener);
      if (this.#listeners.size === 0) this.#rest();
    };
  }

  /** The configuration was changed: it is read again with the next round, and not only when its turn comes. */
  onReconfigured(): void {
    this.#isConfigOld = true;
  }

  /** Nobody looks: nothing is asked, and what was seen last is not shown as news to the next. */
  #rest(): void {
    this.#timer?.cancel();
    this.#timer = null;
    this.#members = null;
    this.#before.clear();
    this.#inquiries.clear();
    this.#config = null;
  }

  #goRound(): void {
    const round = ++this.#round;
    this.#timer = this.#clock.after(ROUND_MS, () => this.#goRound());
    void this.#ask(round).then(() => {
      // Meanwhile nobody may look any more, or somebody else since.
      if (this.#timer === null || this.#round !== round) return;
      this.#take(round);
      for (const listener of this.#listeners) this.#tell(listener);
    });
  }

  async #ask(round: number): Promise<void> {
    const questions: Promise<unknown>[] = [];
    if (this.#config === null || this.#isConfigOld || round % CONFIG_EVERY === 0)
      questions.push(this.#readConfig());
    this.#isConfigOld = false;
    for (const inquiry of this.#asked()) questions.push(inquiry.ask(round));
    await this.#within(PATIENCE_MS, Promise.all(questions));
    // The first configuration brings servers that nobody has asked yet.
    await this.#within(
      PATIENCE_MS / 2,
      Promise.all(
        this.#asked()
          .filter(({ last }) => last === null)
          .map((inquiry) => inquiry.ask(round)),
      ),
    );
  }

  #within(ms: number, work: Promise<unknown>): Promise<void> {
    return new Promise((resolve) => {
      const timer = this.#clock.after(ms, resolve);
      void work.then(() => {
        timer.cancel();
        resolve();
      });
    });
  }

  /** Those of every seat with an address; others are let go of. */
  #asked(): Inquiry[] {
    const asked = new Map<string, Inquiry>();
    for (const { at } of this.#seats()) {
      if (at === null) continue;
      const name = hostPortText(at);
      const parts = { net: this.#net, clock: this.#clock, at };
      asked.set(name, this.#inquiries.get(name) ?? new Inquiry(parts));
    }
    for (const name of this.#inquiries.keys()) if (!asked.has(name)) this.#inquiries.delete(name);
    for (const [name, inquiry] of asked) this.#inquiries.set(name, inquiry);
    return [...asked.values()];
  }

  async #readConfig(): Promise<void> {
    const read = await this.#source.readConfig().catch(() => null);
    const text = read === null || read.trim() === '' ? this.#toldConfig() : read;
    const config = text === null ? null : parseEnsembleConfig(text);
    // Once known it stays: an ensemble without quorum cannot be asked, and has the members it had.
    if (config?.ok === true && config.value.servers.length > 0) this.#config = config.value;
  }

  /** Servers tell it over `conf` as well, whatever may be read by a session. */
  #toldConfig(): string | null {
    for (const { last } of this.#inquiries.values()) {
      const membership = last?.configuration?.membership ?? null;
      if (membership !== null) return membership;
    }
    return null;
  }

  #seats(): Seat[] {
    const ids = new Map<string, number>();
    for (const [name, { last }] of this.#inquiries) {
      const { serverId = null, membership = null } = last?.configuration ?? {};
      // Servers on their own call themselves 0.
      if (membership !== null && serverId !== null) ids.set(name, serverId);
    }
    for (const { id, at } of this.#source.localMembers()) {
      if (id !== null && at !== null) ids.set(hostPortText(at), id);
    }
    const hosts = this.#source.hosts();
    return seatsOf({ hosts, config: this.#config, ids }).slice(0, SEATS_MAX);
  }

  // --- what came of a round ---

  #take(round: number): void {
    const looks = this.#seats().map((seat) => this.#lookAt(seat));
    const leader = looks.find(({ role }) => role === 'leader') ?? null;
    const quorumOf = this.#counting(looks);
    this.#quorum = quorumOf(null);
    this.#members = [
      ...looks.map((look) => this.#memberOf(look, leader, quorumOf)),
      ...this.#unseated(looks),
    ];
    this.#samples.add({
      atMs: this.#clock.wallMs(),
      members: looks.flatMap(({ seat: { key }, report }) => {
        if (report === null || report.round !== round || report.role === 'unreachable') {
          this.#before.delete(key);
          return [];
        }
        const before = this.#before.get(key) ?? null;
        this.#before.set(key, report);
        return [sampleOf(key, before, report)];
      }),
    });
  }

  #lookAt(seat: Seat): Look {
    const inquiry = seat.at === null ? undefined : this.#inquiries.get(hostPortText(seat.at));
    if (seat.at === null || inquiry === undefined) {
      const trouble = seat.isTlsOnly ? 'tls-only' : 'no-address';
      return { seat, report: null, role: 'unknown', trouble, detail: null };
    }
    const report = inquiry.last;
    if (inquiry.silentMs > SILENT_MS || report === null)
      return { seat, report: null, role: 'unreachable', trouble: 'silent', detail: null };
    const { role, trouble, detail } = report;
    return { seat, report, role, trouble, detail };
  }

  /** How the quorum is, or would be without one of them; null where there is none to speak of. */
  #counting(looks: readonly Look[]): (without: Look | null) => QuorumView | null {
    const alive = looks.filter(({ role }) => role === 'leader' || role === 'follower');
    const isNamed = alive.every(({ seat }) => seat.id !== null);
    if (this.#config !== null && (isNamed || this.#config.groups !== null)) {
      const view = viewOf(this.#config);
      return (without) => {
        const ids = alive.filter((look) => look !== without).map(({ seat }) => seat.id);
        return quorumView(
          view,
          new Set(ids.flatMap((id): Sid[] => (id === null ? [] : [sid(id)]))),
        );
      };
    }
    const told = alive.map(({ report }) => report?.quorumSize ?? 0);
    const voters =
      this.#config === null ? Math.max(0, ...told) : participantsOf(this.#config).length;
    if (voters === 0) return () => null;
    return (without) => majorityView(voters, alive.filter((look) => look !== without).length);
  }

  #memberOf(
    look: Look,
    leader: Look | null,
    quorumOf: (without: Look | null) => QuorumView | null,
  ): EnsembleMember {
    const { seat, report, role, trouble, detail } = look;
    const isAlive = role === 'leader' || role === 'follower';
    return {
      key: seat.key,
      id: seat.id,
      address: seat.at === null ? null : hostPortText(seat.at),
      quorumAddress: seat.quorumAddress,
      votes: seat.votes,
      role,
      trouble,
      detail,
      refusedWords: [...(report?.refusedWords ?? [])],
      figures: report?.figures ?? NO_FIGURES,
      lag: lagOf(report, leader?.report ?? null),
      answerMs: report?.answerMs ?? null,
      ifStopped: isAlive ? quorumOf(look) : null,
      local: this.#localOf(seat)?.state ?? null,
    };
  }

  #localOf(seat: Seat): LocalMember | null {
    const name = seat.at === null ? null : hostPortText(seat.at);
    const members = this.#source.localMembers();
    const byId = seat.id === null ? undefined : members.find(({ id }) => id === seat.id);
    const byAddress = members.find(({ at }) => at !== null && hostPortText(at) === name);
    return byId ?? byAddress ?? null;
  }

  /** Members of this program that have no address yet: they start, or could not. */
  #unseated(looks: readonly Look[]): EnsembleMember[] {
    const seated = new Set(looks.map(({ seat }) => this.#localOf(seat)));
    return this.#source
      .localMembers()
      .filter((member) => !seated.has(member))
      .map(({ id, at, state }) => ({
        key: id === null ? 'local' : String(id),
        id,
        address: at === null ? null : hostPortText(at),
        quorumAddress: null,
        votes: null,
        role: 'unreachable',
        trouble: null,
        detail: null,
        refusedWords: [],
        figures: NO_FIGURES,
        lag: null,
        answerMs: null,
        ifStopped: null,
        local: state,
      }));
  }

  #tell(listener: Listener): void {
    if (this.#members === null) return;
    const { samples, count } = this.#samples.since(listener.count);
    listener.count = count;
    listener.send({
      atMs: this.#clock.wallMs(),
      members: this.#members,
      quorum: this.#quorum,
      configVersion: this.#config?.version ?? null,
      isConfigKnown: this.#config !== null,
      samples,
    });
  }
}

/** One seat, and what its server said last. */
interface Look {
  readonly seat: Seat;
  readonly report: Report | null;
  readonly role: MemberRole;
  readonly trouble: MemberTrouble | null;
  readonly detail: string | null;
}

/** Only answers to the same round can be compared: a second later the leader is a thousand transactions on. */
function lagOf(report: Report | null, leader: Report | null): number | null {
  if (report === null || leader?.round !== report.round) return null;
  if (report.figures.zxid === null || leader.figures.zxid === null) return null;
  const mine = zxidOf(report.figures.zxid);
  const theirs = zxidOf(leader.figures.zxid);
  if (epochOf(mine) > epochOf(theirs)) return null;
  // Who serves has everything of earlier epochs, and may name the last of those until the first of this one.
  const counted = epochOf(mine) === epochOf(theirs) ? counterOf(mine) : 0;
  return Math.max(0, counterOf(theirs) - counted);
}
