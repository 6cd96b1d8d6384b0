/**
 * The turn of a member among others: what arrived is put to the core, and what the core wants is done, in its order.
 *
 *   links, elections, storage, clock ─▶ event ─▶ peer.step ─▶ effects ─▶ rooms      again while there is anything to take
 *                                                                │ commit ─▶ applied ─▶ watchers, then who waits
 *   end of the turn: every connection's output leaves with one call
 *
 * Nothing here waits, and nothing here decides. An event that comes while effects are being carried out is taken after them.
 */
import { Fifo } from '../../base/fifo.ts';
import { type Sid, sid } from '../../base/ids.ts';
import { type Zxid, zxidHex } from '../../base/zxid.ts';
import { Writer } from '../../bytes/writer.ts';
import { type EnsembleConfig, type HostPort, serverOf } from '../../config/ensemble-config.ts';
import type { EnsembleFiles } from '../../config/ensemble-files.ts';
import type { Limits } from '../../config/limits.ts';
import type { Settings } from '../../config/settings.ts';
import type { Clock, Timer } from '../../platform/clock.ts';
import { DiskError } from '../../platform/disk.ts';
import type { LinkFaults } from '../../platform/link-faults.ts';
import type { Logger } from '../../platform/logger.ts';
import type { Net } from '../../platform/net.ts';
import type { Platform } from '../../platform/platform.ts';
import { OpCode } from '../model/ops.ts';
import type { Outcome } from '../model/outcome.ts';
import { Request } from '../model/request.ts';
import type { Txn } from '../model/txn.ts';
import { writeMessage } from '../wire/quorum.ts';
import { viewOf } from '../wire/views.ts';
import {
  type Deliver,
  type Effect,
  Effects,
  type PhaseChanged,
  type Send,
} from '../zab/effects.ts';
import type { Event, LinkId } from '../zab/events.ts';
import type { Message } from '../zab/messages.ts';
import { Peer } from '../zab/peer.ts';
import { ElectionLinks } from './election-links.ts';
import { LeaderDial } from './leader-dial.ts';
import type { Link } from './link.ts';
import type { Links } from './links.ts';
import { MemberSessions } from './member-sessions.ts';
import { Membership } from './membership.ts';
import { peerSettings } from './peer-settings.ts';
import { Reaper } from './reaper.ts';
import { NO_SERVICE, type Service } from './service.ts';
import type { Storage } from './storage.ts';
import { Submit } from './submit.ts';
import { Timeline } from './timeline.ts';

export interface MemberParts {
  readonly settings: Settings;
  readonly limits: Limits;
  readonly platform: Platform;
  /** By which members reach each other. */
  readonly net: Net;
  readonly links: Links;
  readonly storage: Storage;
  readonly config: EnsembleConfig;
  /** A configuration that was proposed and perhaps decided. */
  readonly next: EnsembleConfig | null;
  /** Null where the configuration stands in no file. */
  readonly files: EnsembleFiles | null;
  readonly faults: LinkFaults<Sid> | null;
  /** The configuration in force says where this member's clients connect, and it is elsewhere than before. */
  readonly onClientAddress: (address: HostPort) => void;
  readonly onPhase: (status: MemberStatus) => void;
  readonly onFatal: (error: Error) => void;
}

/** Where the member stands. */
export interface MemberStatus {
  readonly role: PhaseChanged['role'];
  readonly phase: PhaseChanged['phase'];
  readonly leader: Sid | null;
  readonly epoch: number;
  readonly reason: string;
  /** Since when, by the clock's `nowMs`. */
  readonly sinceMs: number;
}

/** This member cannot go on, and starting it again will not help by itself. */
export class MemberError extends Error {
  override readonly name = 'MemberError';
}

/** Apache's least. */
const READ_ONLY_AFTER_MS = 2000;

export class Member {
  readonly #parts: MemberParts;
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #sid: Sid;
  readonly #storage: Storage;
  readonly #links: Links;
  readonly #elections: ElectionLinks;
  readonly #peer: Peer;
  readonly #membership: Membership;
  readonly #dial: LeaderDial;
  readonly #effects = new Effects();
  readonly #inbox = new Fifo<Event>();
  /** Of a message that goes to several. */
  readonly #encoded = new Writer();
  readonly sessions: MemberSessions;
  readonly submit: Submit;
  readonly timeline: Timeline;
  #service: Service = NO_SERVICE;
  #status: MemberStatus;
  #isServing = false;
  #isReadOnly = false;
  #patience: Timer | null = null;
  #isBusy = false;
  #isInTurn = false;
  #isClosed = false;
  #timer: Timer | null = null;
  #timerAtMs = Infinity;
  #reaper: Reaper | null = null;

  constructor(parts: MemberParts) {
    const { settings, limits, platform, storage, config, next } = parts;
    this.#parts = parts;
    this.#clock = platform.clock;
    this.#logger = platform.logger;
    this.#sid = sid(settings.serverId);
    this.#storage = storage;
    this.#links = parts.links;
    this.timeline = new Timeline({ clock: platform.clock });
    this.#peer = new Peer({
      sid: this.#sid,
      settings: peerSettings(settings, limits),
      view: viewOf(config),
      nextView: next === null ? null : viewOf(next),
      isObserver: false,
      acceptedEpoch: storage.acceptedEpoch,
      currentEpoch: storage.currentEpoch,
      recent: storage.recent,
    });
    this.#membership = new Membership({
      self: this.#sid,
      peer: this.#peer,
      clock: platform.clock,
      files: parts.files,
      onClientAddress: parts.onClientAddress,
    });
    this.#dial = new LeaderDial({
      settings,
      links: parts.links,
      logger: platform.logger,
      take: (event) => this.#take(event),
    });
    this.#status = {
      role: 'looking',
      phase: 'election',
      leader: null,
      epoch: storage.currentEpoch,
      reason: 'not started',
      sinceMs: platform.clock.nowMs(),
    };
    const send = (link: LinkId, message: Message): void => this.#links.byId(link)?.send(message);
    this.sessions = new MemberSessions({
      settings,
      limits,
      platform,
      send,
      onExpired: (sessions) => {
        for (const session of sessions) {
          if (session.isClosing) continue;
          this.#logger.info('session expired', { session: `0x${session.id.toString(16)}` });
          this.submit.submitOwn(new Request(OpCode.CLOSE_SESSION), session.id);
        }
      },
      onLocalExpired: ({ id }) => {
        this.#logger.info('local session expired', { session: `0x${id.toString(16)}` });
        this.#service.dismiss(id);
      },
    });
    this.submit = new Submit({
      settings,
      limits,
      platform,
      storage,
      sessions: this.sessions,
      peer: this.#peer,
      take: (event) => {
        if (event.kind === 'propose') this.timeline.proposed(event.zxid);
        this.#take(event);
      },
      goOn: () => this.#run(),
      send,
      drop: (link, reason) => this.#drop(link, reason),
    });
    const self = serverOf(config, this.#sid);
    this.#elections = new ElectionLinks({
      self: this.#sid,
      net: parts.net,
      clock: platform.clock,
      logger: platform.logger,
      addresses: self?.addresses.map(({ host, electionPort: port }) => ({ host, port })) ?? [],
      onEveryInterface: settings.quorumListenOnAllIps,
      isMultiAddress: settings.multiAddressEnabled,
      bindTriesMax: settings.electionPortBindRetry,
      connectTimeoutMs: settings.electionConnectTimeoutMs,
      helloTimeoutMs:
        settings.electionHelloTimeoutMs > 0
          ? settings.electionHelloTimeoutMs
          : settings.syncLimitTicks * settings.tickTimeMs,
      addressesOf: (peer) => this.#membership.electionAddressesOf(peer),
      faults: parts.faults,
      onArrival: () => this.#onArrival(),
      onUnreachable: (peer) => this.#take({ kind: 'unreachable', sid: peer }),
    });
    storage.listen({
      event: (event) => {
        if (event.kind === 'durable') this.timeline.durable(event.zxid);
        this.#take(event);
        if (event.kind === 'settled') this.#readOnlyInTime();
      },
      applied: (txn, outcome) => this.#onApplied(txn, outcome),
      replaced: () => undefined,
      fatal: (error) => this.#fail(error),
    });
  }

  listen(service: Service): void {
    this.#service = service;
  }

  // --- start and stop ---

  /** @throws NetError when a port cannot be had, MemberError when the configuration does not have this server */
  async start(): Promise<void> {
    const { settings, config } = this.#parts;
    const self = serverOf(config, this.#sid);
    if (self === null)
      throw new MemberError(`the list of servers has no server.${this.#sid}, which this is to be`);
    await this.#elections.open();
    await this.#links.openPort({
      addresses: self.addresses.map(({ host, quorumPort: port }) => ({ host, port })),
      onEveryInterface: settings.quorumListenOnAllIps,
    });
    this.#run();
  }

  async stop(): Promise<void> {
    this.#end();
    await Promise.all([this.#elections.close(), this.#links.close()]);
    await this.#storage.close();
  }

  #end(): void {
    if (this.#isServing || this.#isReadOnly) this.#endService();
    this.#patience?.cancel();
    this.#isClosed = true;
    this.#timer?.cancel();
    this.#dial.cancel();
  }

  #fail(error: Error): void {
    if (this.#isClosed) return;
    this.#end();
    void Promise.all([this.#elections.close(), this.#links.close()]);
    this.#parts.onFatal(error);
  }

  // --- what may be asked ---

  get peer(): Peer {
    return this.#peer;
  }

  get status(): MemberStatus {
    return this.#status;
  }

  get isServing(): boolean {
    return this.#isServing;
  }

  /** Cut off, and read from all the same. */
  get isReadOnly(): boolean {
    return this.#isReadOnly;
  }

  get electionLinks(): ElectionLinks {
    return this.#elections;
  }

  /** Leads or follows no longer, and looks again. */
  stepDown(reason: string): void {
    this.#take({ kind: 'stepDown', reason });
  }

  // --- links ---

  onAccepted(link: Link): void {
    this.#take({ kind: 'linkAccepted', link: link.id });
  }

  onMessage(link: Link, message: Message): void {
    if (message.kind === 'learnerInfo' && message.sid !== null) link.name(message.sid);
    this.#note(link, message);
    this.#take({ kind: 'message', link: link.id, message });
  }

  #note({ peer }: Link, message: Message): void {
    switch (message.kind) {
      case 'ack':
        if (peer !== null) this.timeline.acknowledged(peer, message.zxid);
        return;
      case 'proposal':
      case 'inform':
      case 'informAndActivate':
        this.timeline.received(message.zxid);
        return;
      case 'diff':
      case 'trunc':
      case 'snap':
        this.#logger.info('brought up to date by the leader', {
          leader: peer ?? 'unknown',
          by: message.kind,
          zxid: `0x${zxidHex(message.zxid)}`,
        });
        return;
      default:
    }
  }

  onDown(link: Link, reason: string): void {
    this.#logger.debug('a link is down', { link: link.id, why: reason });
    this.#take({ kind: 'linkDown', link: link.id });
  }

  #drop(link: LinkId, reason: string): void {
    this.#logger.warn('a link is closed', { link, why: reason });
    this.#links.byId(link)?.destroy();
    this.#take({ kind: 'linkDown', link });
  }

  #onArrival(): void {
    for (let next = this.#elections.take(); next !== undefined; next = this.#elections.take())
      this.#take({ kind: 'notification', from: next.from, notification: next.notification });
  }

  // --- the turn ---

  #take(event: Event): void {
    if (this.#isClosed) return;
    this.#inbox.push(event);
    this.#run();
  }

  #run(): void {
    if (this.#isBusy || this.#isClosed) return;
    this.#isBusy = true;
    this.#beginTurn();
    while (this.#goOn());
    this.submit.keep();
    this.#isBusy = false;
  }

  /** @returns whether there was something to do */
  #goOn(): boolean {
    if (this.#isClosed) return false;
    const event = this.#inbox.shift();
    if (event === undefined) return this.submit.goOn();
    this.#step(event);
    return true;
  }

  #beginTurn(): void {
    if (this.#isInTurn) return;
    this.#isInTurn = true;
    this.#step({ kind: 'tick', nowMs: this.#clock.nowMs() });
    this.#clock.defer(() => this.#endTurn());
  }

  #endTurn(): void {
    this.#isInTurn = false;
    if (this.#isClosed) return;
    this.#service.flush();
    this.#links.flush();
    this.#wakeInTime();
  }

  #step(event: Event): void {
    const effects = this.#effects;
    this.#peer.step(event, effects);
    for (const effect of effects.list) {
      // Storage failed while it carried one out: the member is over, and so is what the others would have led to.
      if (this.#isClosed) break;
      this.#carryOut(effect);
    }
    effects.clear();
    this.timeline.endStep();
  }

  /** A timer that rings too early does no harm; it is set again. */
  #wakeInTime(): void {
    const { wakeAtMs } = this.#peer;
    if (this.#timerAtMs <= wakeAtMs) return;
    this.#timer?.cancel();
    this.#timerAtMs = wakeAtMs;
    const delayMs = Math.max(0, wakeAtMs - this.#clock.nowMs());
    this.#timer = this.#clock.after(Math.ceil(delayMs), () => {
      this.#timerAtMs = Infinity;
      this.#run();
    });
  }

  #carryOut(effect: Effect): void {
    switch (effect.kind) {
      case 'notify':
        this.#elections.send(effect.to, effect.notification);
        return;
      case 'connect':
        this.#dial.connect(effect);
        return;
      case 'send':
        this.#send(effect);
        return;
      case 'close':
        this.#logger.debug('a link is closed', { link: effect.link, why: effect.reason });
        this.#links.byId(effect.link)?.close();
        return;
      case 'answerPing': {
        const touches = this.sessions.takeTouches();
        this.#links.byId(effect.link)?.send({ kind: 'pong', zxid: effect.zxid, touches });
        return;
      }
      case 'deliver':
        this.#deliver(effect);
        return;
      case 'synced':
        this.submit.onSynced();
        return;
      case 'viewSeen':
        this.#keep(() => this.#membership.onSeen(effect.view));
        return;
      case 'viewActive':
        this.#keep(() => this.#membership.onActive(effect.view));
        if (this.#isServing) this.#membership.showIn(this.#storage.machine);
        return;
      case 'phase':
        this.#onPhase(effect);
        return;
      case 'fail':
        this.#fail(new MemberError(effect.reason));
        return;
      case 'append':
        this.#storage.carryOut(effect);
        this.timeline.appended(effect.zxid);
        return;
      case 'commit':
        this.timeline.committed(effect.zxid);
        this.#storage.carryOut(effect);
        this.timeline.applied(effect.zxid);
        return;
      case 'settle':
      case 'apply':
      case 'storeAcceptedEpoch':
      case 'storeCurrentEpoch':
      case 'truncate':
      case 'receiveSnapshot':
      case 'saveSnapshot':
      case 'readLog':
        this.#storage.carryOut(effect);
        return;
      case 'sendSnapshot':
        this.#tellOfSync(effect.link, 'snap', effect.zxid);
        this.#storage.carryOut(effect);
    }
  }

  #tellOfSync(link: LinkId, by: 'diff' | 'trunc' | 'snap', zxid: Zxid): void {
    this.#logger.info('bringing a member up to date', {
      member: this.#links.byId(link)?.peer ?? 'unknown',
      by,
      zxid: `0x${zxidHex(zxid)}`,
    });
  }

  /** Who acknowledged a configuration must know it after a restart; where it cannot be written, nothing after it is done. */
  #keep(write: () => void): void {
    try {
      write();
    } catch (error) {
      if (!(error instanceof DiskError)) throw error;
      this.#logger.error('the configuration could not be written; this member stops', {
        problem: error.message,
      });
      this.#fail(error);
    }
  }

  #send({ to, message }: Send): void {
    if (to.length === 1) {
      if (message.kind === 'diff' || message.kind === 'trunc')
        this.#tellOfSync(to[0]!, message.kind, message.zxid);
      this.#links.byId(to[0]!)?.send(message);
      return;
    }
    const encoded = this.#encoded;
    encoded.clear();
    writeMessage(encoded, message);
    const bytes = encoded.view();
    for (const id of to) this.#links.byId(id)?.sendEncoded(bytes);
  }

  #deliver({ link, message }: Deliver): void {
    switch (message.kind) {
      case 'request':
        this.submit.onRequest(link, message);
        return;
      case 'sync':
        this.submit.onSync();
        return;
      case 'pong':
        this.sessions.onTouched(message.touches);
        return;
      case 'revalidate':
        this.sessions.onRevalidate(link, message);
        return;
      case 'revalidated':
        this.sessions.onRevalidated(message);
    }
  }

  #onApplied(txn: Txn, outcome: Outcome): void {
    if (!this.#isServing) return;
    if (txn.type === OpCode.CREATE_SESSION) this.sessions.onCreated(txn.sessionId);
    else if (txn.type === OpCode.CLOSE_SESSION) this.sessions.onClosed(txn.sessionId);
    this.#service.onApplied(txn, outcome, this.submit.waiterOf(txn));
  }

  // --- phases ---

  #onPhase({ role, phase, leader, epoch, reason }: PhaseChanged): void {
    this.#status = { role, phase, leader, epoch, reason, sinceMs: this.#clock.nowMs() };
    this.#logger.info(`${role}: ${phase}`, { epoch, leader: leader ?? 'none', why: reason });
    this.#patience?.cancel();
    if (this.#isServing || this.#isReadOnly) this.#endService();
    if (phase === 'election') {
      this.#dial.cancel();
    }
    if (phase === 'broadcast') this.#beginService(role);
    this.#parts.onPhase(this.#status);
  }

  #beginService(role: PhaseChanged['role']): void {
    const { machine } = this.#storage;
    const { leaderLink } = this.#peer;
    this.#membership.showIn(machine);
    if (role === 'leading') {
      this.submit.lead(machine);
      this.sessions.lead(machine);
      this.#reaper = new Reaper({
        settings: this.#parts.settings,
        clock: this.#clock,
        machine,
        submit: (request) => this.submit.submitOwn(request, 0n),
      });
      this.#reaper.start();
    } else if (leaderLink === null) {
      // The role has ended since, in the same step; that is the next effect.
      return;
    } else {
      this.submit.follow(machine, leaderLink);
      this.sessions.follow(machine, leaderLink);
    }
    this.#isServing = true;
    this.#storage.mayTakeSnapshots = true;
    this.#service.beginService(machine, 'full');
    this.#logger.info('serving clients', { role, zxid: `0x${zxidHex(machine.lastZxid)}` });
  }

  /** Whoever finds no leader for a while lets clients read that ask for no more, if it may. */
  #readOnlyInTime(): void {
    const { settings } = this.#parts;
    if (!settings.readOnlyModeEnabled || this.#status.phase !== 'election') return;
    const patienceMs = Math.max(READ_ONLY_AFTER_MS, settings.tickTimeMs);
    this.#patience = this.#clock.after(patienceMs, () => this.#beginReadOnly());
  }

  #beginReadOnly(): void {
    const { machine } = this.#storage;
    this.#membership.showIn(machine);
    this.submit.cutOff(machine);
    this.sessions.cutOff(machine);
    this.#isReadOnly = true;
    this.#service.beginService(machine, 'read-only');
    this.#logger.info('cut off: clients may read what is here', {
      zxid: `0x${zxidHex(machine.lastZxid)}`,
    });
  }

  /** Clients look for another member; their sessions live on as long as a leader remembers them. */
  #endService(): void {
    this.#isServing = false;
    this.#isReadOnly = false;
    this.#storage.mayTakeSnapshots = false;
    this.#reaper?.stop();
    this.#reaper = null;
    this.#service.endService();
    this.submit.end();
    this.sessions.end();
  }
}
