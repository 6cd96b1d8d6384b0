/** Who plays in a scenario: peers, which are the real core with a disk, and servers, whose lines the script has. */
import { assert } from '../../src-server/base/assert.ts';
import type { Sid } from '../../src-server/base/ids.ts';
import { counterOf, epochOf } from '../../src-server/base/zxid.ts';
import { type Effect, Effects, type Phase } from '../../src-server/coordination/zab/effects.ts';
import type { Event, LinkId } from '../../src-server/coordination/zab/events.ts';
import type {
  Message,
  Notification,
  Proposal,
} from '../../src-server/coordination/zab/messages.ts';
import { Peer, type PeerSettings } from '../../src-server/coordination/zab/peer.ts';
import type { View } from '../../src-server/coordination/zab/view.ts';
import type { Courier, Station } from './courier.ts';
import { Disk } from './disk.ts';
import type { Laws } from './laws.ts';
import { showEntry, showPayload, showView, showZxid } from './words.ts';

export interface Stage {
  readonly courier: Courier;
  readonly laws: Laws;
  nowMs(): number;
  say(line: string): void;
}

/** A server whose lines the script has: whatever it is told is only noted. */
export class Extra implements Station {
  readonly sid: Sid;
  readonly isUp = true;

  constructor(sid: Sid) {
    this.sid = sid;
  }

  onAccepted(): void {
    // Who connects speaks first.
  }
  onConnected(): void {
    // The script goes on when it likes.
  }
  onConnectFailed(): void {
    // Nobody waits for it.
  }
  onMessage(): void {
    // The transcript has it.
  }
  onLinkDown(): void {
    // The transcript has it.
  }
  onNotification(): void {
    // The transcript has it.
  }
}

export class Player implements Station {
  readonly sid: Sid;
  readonly disk: Disk;
  isUp = false;
  phase: Phase = 'election';
  /** What the state machine has applied. */
  applied: Proposal[] = [];
  readonly #stage: Stage;
  readonly #settings: PeerSettings;
  readonly #remembered: number;
  readonly #effects = new Effects();
  #peer: Peer;
  /** In the log and not applied. */
  #appended: Proposal[] = [];
  /** What is done at once, but not in the middle of a step. */
  readonly #chores: (() => unknown)[] = [];
  readonly #images = new Map<LinkId, readonly Proposal[]>();

  constructor(parts: {
    readonly sid: Sid;
    readonly stage: Stage;
    readonly settings: PeerSettings;
    readonly view: View;
    /** How much of the log it still has in memory after a start. */
    readonly remembered: number;
  }) {
    this.sid = parts.sid;
    this.#stage = parts.stage;
    this.#settings = parts.settings;
    this.#remembered = parts.remembered;
    this.disk = new Disk(parts.view);
    this.#peer = this.#newPeer();
  }

  #newPeer(): Peer {
    const { accepted, current, view, nextView, log } = this.disk;
    return new Peer({
      sid: this.sid,
      settings: this.#settings,
      view,
      nextView: nextView.version > view.version ? nextView : null,
      isObserver: false,
      acceptedEpoch: accepted,
      currentEpoch: current,
      recent: this.#remembered === 0 ? [] : log.slice(-this.#remembered),
    });
  }

  get peer(): Peer {
    return this.#peer;
  }

  start(): void {
    this.isUp = true;
    this.#peer = this.#newPeer();
    this.#load();
    this.tick();
  }

  crash(losesUnsynced: boolean): void {
    this.isUp = false;
    this.phase = 'election';
    this.#images.clear();
    this.#chores.length = 0;
    this.disk.fail(losesUnsynced);
    this.#stage.courier.closeAll(this);
  }

  #load(): void {
    this.applied = [...this.disk.content];
    this.#appended = [];
  }

  propose(payload: Uint8Array, viewOf: ((version: number) => View) | null): boolean {
    const zxid = this.#peer.nextZxid;
    if (!this.isUp || !this.#peer.accepts || zxid === null) return false;
    this.#step({ kind: 'propose', zxid, payload, view: viewOf?.(zxid) ?? null });
    return true;
  }

  /** By its member, whatever the others do. */
  tell(event: Extract<Event, { kind: 'stepDown' | 'room' }>): void {
    this.#step(event);
  }

  /** @returns whether there was anything to do */
  doChore(): boolean {
    const chore = this.#chores.shift();
    chore?.();
    return chore !== undefined;
  }

  // --- the disk ---

  /** Whether the next thing that the disk does leaves something behind. */
  get hasWritesToDo(): boolean {
    return (this.disk.jobs[0]?.name ?? null) !== null;
  }

  /** @returns whether there was anything to do */
  work(): boolean {
    const job = this.disk.jobs.shift();
    if (job === undefined) return false;
    if (job.name !== null) this.#stage.say(`${this.sid} disk: ${job.name}`);
    const event = job.run();
    if (event !== null) this.#step(event);
    return true;
  }

  #store(name: string | null, run: () => Event | null): void {
    this.disk.jobs.push({ name, run });
  }

  // --- events ---

  tick(): void {
    this.#step(null);
  }

  onNotification(from: Sid, notification: Notification): void {
    this.#step({ kind: 'notification', from, notification });
  }

  onAccepted(link: LinkId): void {
    this.#step({ kind: 'linkAccepted', link });
  }

  onConnected(attempt: number, link: LinkId): void {
    this.#step({ kind: 'connected', attempt, link });
  }

  onConnectFailed(attempt: number): void {
    this.#step({ kind: 'connectFailed', attempt });
  }

  onLinkDown(link: LinkId): void {
    this.#step({ kind: 'linkDown', link });
  }

  onMessage(link: LinkId, message: Message, image: readonly Proposal[] | null): void {
    if (message.kind === 'snap') this.#images.set(link, image ?? []);
    this.#step({ kind: 'message', link, message });
  }

  #step(event: Event | null): void {
    this.#peer.step({ kind: 'tick', nowMs: this.#stage.nowMs() }, this.#effects);
    if (event !== null) this.#peer.step(event, this.#effects);
    const effects = [...this.#effects.list];
    this.#effects.clear();
    for (const effect of effects) this.#carryOut(effect);
  }

  // --- effects ---

  #say(line: string): void {
    this.#stage.say(`${this.sid} ${line}`);
  }

  #carryOut(effect: Effect): void {
    const { disk } = this;
    const { courier, laws } = this.#stage;
    switch (effect.kind) {
      case 'notify':
        if (courier.reaches(this.sid, effect.to))
          courier.notify(this.sid, effect.to, effect.notification);
        else this.#chores.push(() => this.#step({ kind: 'unreachable', sid: effect.to }));
        return;
      case 'connect':
        this.#chores.push(() => courier.connect(this, effect.sid, effect.attempt));
        return;
      case 'send':
        laws.onSent(disk, effect.message);
        for (const link of effect.to) courier.send(link, effect.message);
        return;
      case 'close': {
        const other = courier.peerOf(effect.link);
        this.#say(`closes its link to ${other ?? 'nobody'}: ${effect.reason}`);
        courier.close(effect.link);
        return;
      }
      case 'answerPing':
        courier.send(effect.link, { kind: 'pong', zxid: effect.zxid, touches: [] });
        return;
      case 'deliver':
      case 'synced':
        return;
      case 'settle':
        disk.jobs.length = 0;
        this.#store(null, () => {
          if (effect.reload) this.#load();
          else this.applied.push(...this.#appended);
          this.#appended = [];
          disk.synced = disk.log.length;
          return { kind: 'settled', zxid: disk.end, jitter: 0 };
        });
        return;
      case 'append': {
        const { zxid, payload, view } = effect;
        const entry: Proposal = { kind: 'proposal', zxid, payload, view };
        disk.append(entry);
        this.#appended.push(entry);
        return;
      }
      case 'commit': {
        const entry = this.#appended.shift();
        assert(entry?.zxid === effect.zxid, 'Z5: decisions come in the order of the log');
        this.#apply(entry);
        return;
      }
      case 'apply':
        this.#apply({ kind: 'proposal', zxid: effect.zxid, payload: effect.payload, view: null });
        return;
      case 'storeAcceptedEpoch':
        this.#store(`accepted epoch ${effect.epoch}`, () => {
          disk.accepted = effect.epoch;
          return { kind: 'acceptedEpochStored', epoch: effect.epoch };
        });
        return;
      case 'storeCurrentEpoch':
        this.#store(`current epoch ${effect.epoch}`, () => {
          disk.current = effect.epoch;
          return { kind: 'currentEpochStored', epoch: effect.epoch };
        });
        return;
      case 'truncate':
        this.#store(`cut after ${showZxid(effect.zxid)}`, () => {
          if (disk.cut(effect.zxid)) this.#load();
          return { kind: 'truncated', zxid: disk.end };
        });
        return;
      case 'receiveSnapshot':
        this.#store(`image of ${showZxid(effect.zxid)} in memory`, () => {
          this.applied = [...(this.#images.get(effect.link) ?? [])];
          this.#appended = [];
          return { kind: 'snapshotReceived', link: effect.link };
        });
        return;
      case 'saveSnapshot':
        this.#store(`snapshot of ${showZxid(effect.zxid)}`, () => {
          disk.replace(this.applied, effect.zxid);
          return { kind: 'snapshotSaved', zxid: effect.zxid };
        });
        return;
      case 'sendSnapshot':
        courier.send(effect.link, { kind: 'snap', zxid: effect.zxid }, [...this.applied]);
        this.#store(null, () => ({ kind: 'snapshotSent', link: effect.link }));
        return;
      case 'readLog':
        this.#store(`log read from ${showZxid(effect.from)}`, () => this.#readLog(effect));
        return;
      case 'viewSeen':
        this.#say(`has seen view ${showView(effect.view)} of ${showZxid(effect.view.version)}`);
        disk.nextView = effect.view;
        return;
      case 'viewActive':
        this.#say(`is in view ${showView(effect.view)} of ${showZxid(effect.view.version)}`);
        disk.view = effect.view;
        return;
      case 'phase': {
        const { role, phase, epoch, reason } = effect;
        this.phase = phase;
        const whom = role === 'following' || role === 'observing' ? ` ${effect.leader}` : '';
        this.#say(`${role}${whom}, ${phase} of epoch ${epoch}: ${reason}`);
        laws.onPhase(this.sid, effect, this.applied);
        return;
      }
      case 'fail':
        this.#say(`stops: ${effect.reason}`);
        this.crash(false);
    }
  }

  #apply(entry: Proposal): void {
    this.applied.push(entry);
    this.#say(`applies ${showEntry(entry)}`);
    // What is applied before that is what there is, and is decided when it is served.
    if (this.phase === 'broadcast') this.#stage.laws.onApplied(this.applied);
  }

  #readLog({ link, from, upTo }: Extract<Effect, { kind: 'readLog' }>): Event {
    const { log } = this.disk;
    const first = log[0];
    if (first === undefined || first.zxid > from)
      return { kind: 'logRead', link, entries: [], end: 'unusable' };
    const begin = Math.max(
      0,
      log.findLastIndex(({ zxid }) => zxid <= from),
    );
    const entries = log.slice(begin).filter(({ zxid }) => zxid <= upTo);
    return { kind: 'logRead', link, entries, end: 'end' };
  }

  // --- for the transcript ---

  show(): string {
    const { disk } = this;
    const last = counterOf(disk.end) === 0 && epochOf(disk.end) === 0;
    const state = this.isUp ? `${this.#peer.state} in ${this.phase}` : 'down';
    const applied = this.applied.map(({ payload }) => showPayload(payload)).join('');
    return (
      `${this.sid} ${state}, epochs ${disk.accepted}/${disk.current}, ` +
      `disk ${last ? 'empty' : disk.show()}, state "${this.isUp ? applied : ''}"`
    );
  }
}
