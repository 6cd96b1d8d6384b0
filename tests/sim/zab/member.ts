/**
 * A peer with a disk of its own: the smallest shell that carries effects out, and one that crashes.
 *
 * The state machine is the list of what was applied. The disk is a snapshot (such a list), a log, and two epochs; what was
 * not synced when it crashes is lost, or not, as chance will have it.
 */
import { assert } from '../../../src-server/base/assert.ts';
import type { Sid } from '../../../src-server/base/ids.ts';
import type { Prng } from '../../../src-server/base/prng.ts';
import { type Zxid, ZXID_ZERO } from '../../../src-server/base/zxid.ts';
import { type Effect, Effects, type Phase } from '../../../src-server/coordination/zab/effects.ts';
import type { Event, LinkId } from '../../../src-server/coordination/zab/events.ts';
import type {
  Message,
  Notification,
  Proposal,
} from '../../../src-server/coordination/zab/messages.ts';
import { Peer, type PeerSettings } from '../../../src-server/coordination/zab/peer.ts';
import type { View } from '../../../src-server/coordination/zab/view.ts';
import type { Agenda } from './agenda.ts';
import type { Judge } from './judge.ts';
import type { Network, Station } from './network.ts';

interface DiskContent {
  accepted: number;
  current: number;
  view: View;
  nextView: View;
  snapshot: readonly Proposal[];
  snapshotZxid: Zxid;
  log: Proposal[];
  /** How many entries of the log are synced. */
  synced: number;
}

const PIECE = 3;

export class Member implements Station {
  readonly sid: Sid;
  readonly #agenda: Agenda;
  readonly #network: Network;
  readonly #prng: Prng;
  readonly #judge: Judge;
  readonly #settings: PeerSettings;
  readonly #effects = new Effects();
  readonly disk: DiskContent;
  peer: Peer;
  isUp = false;
  phase: Phase = 'election';
  /** What the state machine has applied. */
  applied: Proposal[] = [];
  /** In the log and not applied. */
  #appended: Proposal[] = [];
  #images = new Map<LinkId, readonly Proposal[]>();
  /** Counts lives, so that work of one does not report to the next. */
  #life = 0;
  /** Storage does one thing after the other. */
  #storageMs = 0;
  #wakeAtMs = Infinity;
  #isStepping = false;

  constructor(parts: {
    readonly sid: Sid;
    readonly agenda: Agenda;
    readonly network: Network;
    readonly prng: Prng;
    readonly judge: Judge;
    readonly settings: PeerSettings;
    readonly view: View;
  }) {
    this.sid = parts.sid;
    this.#agenda = parts.agenda;
    this.#network = parts.network;
    this.#prng = parts.prng;
    this.#judge = parts.judge;
    this.#settings = parts.settings;
    this.disk = {
      accepted: 0,
      current: 0,
      view: parts.view,
      nextView: parts.view,
      snapshot: [],
      snapshotZxid: ZXID_ZERO,
      log: [],
      synced: 0,
    };
    this.peer = this.#newPeer();
    parts.network.join(this);
  }

  #newPeer(): Peer {
    const { accepted, current, view, nextView, log } = this.disk;
    const isSeen = nextView.version > view.version;
    return new Peer({
      sid: this.sid,
      settings: this.#settings,
      view,
      nextView: isSeen ? nextView : null,
      isObserver: false,
      acceptedEpoch: accepted,
      currentEpoch: current,
      recent: this.#prng.chance(0.5) ? log.slice(-4) : [],
    });
  }

  start(): void {
    this.isUp = true;
    this.peer = this.#newPeer();
    this.#load();
    this.#step({ kind: 'tick', nowMs: this.#agenda.nowMs });
  }

  #load(): void {
    const { snapshot, snapshotZxid, log } = this.disk;
    this.applied = [...snapshot, ...log.filter(({ zxid }) => zxid > snapshotZxid)];
    this.#appended = [];
  }

  get #end(): Zxid {
    const { snapshotZxid, log } = this.disk;
    const last = log.at(-1)?.zxid ?? ZXID_ZERO;
    return last > snapshotZxid ? last : snapshotZxid;
  }

  crash(): void {
    this.isUp = false;
    this.#life++;
    this.#wakeAtMs = Infinity;
    this.#storageMs = 0;
    this.#images.clear();
    const { disk } = this;
    disk.log.length = this.#prng.between(disk.synced, disk.log.length);
    disk.synced = disk.log.length;
    this.phase = 'election';
    this.#network.crash(this);
  }

  propose(value: Uint8Array, viewOf: ((zxid: Zxid) => View) | null = null): boolean {
    const zxid = this.peer.nextZxid;
    if (!this.isUp || !this.peer.accepts || zxid === null) return false;
    const view = viewOf?.(zxid) ?? null;
    this.#step({ kind: 'propose', zxid, payload: value, view });
    return true;
  }

  // --- events ---

  onNotification(from: Sid, notification: Notification): void {
    this.#step({ kind: 'notification', from, notification });
  }

  onUnreachable(peer: Sid): void {
    this.#step({ kind: 'unreachable', sid: peer });
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

  onMessage(link: LinkId, message: Message, image: unknown): void {
    if (message.kind === 'snap') this.#images.set(link, image as readonly Proposal[]);
    this.#step({ kind: 'message', link, message });
  }

  #step(event: Event): void {
    assert(!this.#isStepping, 'effects cause events only later');
    this.#isStepping = true;
    const { nowMs } = this.#agenda;
    if (event.kind !== 'tick') this.peer.step({ kind: 'tick', nowMs }, this.#effects);
    this.peer.step(event, this.#effects);
    for (const effect of this.#effects.list) this.#carryOut(effect);
    this.#effects.clear();
    this.#isStepping = false;
    const { wakeAtMs } = this.peer;
    if (wakeAtMs === this.#wakeAtMs || wakeAtMs === Infinity) return;
    this.#wakeAtMs = wakeAtMs;
    this.#later(wakeAtMs, () => {
      if (this.#wakeAtMs !== wakeAtMs) return;
      this.#wakeAtMs = Infinity;
      this.#step({ kind: 'tick', nowMs: this.#agenda.nowMs });
    });
  }

  #later(atMs: number, run: () => void): void {
    const life = this.#life;
    this.#agenda.at(atMs, () => {
      if (life === this.#life) run();
    });
  }

  /** Storage works in order; nothing is done before what was asked for before. */
  #store(maxMs: number, work: () => Event): void {
    this.#storageMs = Math.max(this.#storageMs, this.#agenda.nowMs + this.#prng.between(1, maxMs));
    this.#later(this.#storageMs, () => this.#step(work()));
  }

  // --- effects ---

  #carryOut(effect: Effect): void {
    const { disk } = this;
    switch (effect.kind) {
      case 'notify':
        this.#network.notify(this, effect.to, effect.notification);
        return;
      case 'connect':
        this.#network.connect(this, effect.sid, effect.attempt);
        return;
      case 'send':
        for (const link of effect.to) this.#network.send(link, effect.message);
        return;
      case 'close':
        this.#network.close(effect.link);
        return;
      case 'answerPing':
        this.#network.send(effect.link, { kind: 'pong', zxid: effect.zxid, touches: [] });
        return;
      case 'deliver':
      case 'synced':
        return;
      case 'settle':
        this.#store(30, () => {
          if (effect.reload) {
            this.#load();
          } else {
            this.applied.push(...this.#appended);
            this.#appended = [];
          }
          disk.synced = disk.log.length;
          return { kind: 'settled', zxid: this.#end, jitter: this.#prng.below(1000) / 1000 };
        });
        return;
      case 'append': {
        const { zxid, payload, view } = effect;
        const entry: Proposal = { kind: 'proposal', zxid, payload, view };
        assert(zxid > this.#end, 'Z4: the log grows');
        disk.log.push(entry);
        this.#appended.push(entry);
        this.#store(10, () => {
          disk.synced = Math.max(disk.synced, disk.log.findIndex((e) => e.zxid === zxid) + 1);
          return { kind: 'durable', zxid };
        });
        return;
      }
      case 'commit': {
        const entry = this.#appended.shift();
        assert(entry?.zxid === effect.zxid, 'Z5: decisions come in the order of the log');
        this.applied.push(entry);
        // What a leader has that is not established yet is taken over, and is not decided before it is.
        if (this.phase === 'broadcast') this.#judge.onApplied(this.sid, this.applied);
        return;
      }
      case 'apply': {
        const { zxid, payload } = effect;
        this.applied.push({ kind: 'proposal', zxid, payload, view: null });
        return;
      }
      case 'storeAcceptedEpoch':
        this.#store(20, () => {
          disk.accepted = effect.epoch;
          return { kind: 'acceptedEpochStored', epoch: effect.epoch };
        });
        return;
      case 'storeCurrentEpoch':
        this.#store(20, () => {
          disk.current = effect.epoch;
          return { kind: 'currentEpochStored', epoch: effect.epoch };
        });
        return;
      case 'truncate':
        this.#store(50, () => {
          if (disk.snapshotZxid > effect.zxid) return { kind: 'truncated', zxid: this.#end };
          disk.log = disk.log.filter(({ zxid }) => zxid <= effect.zxid);
          disk.synced = disk.log.length;
          this.#load();
          return { kind: 'truncated', zxid: this.#end };
        });
        return;
      case 'receiveSnapshot':
        this.#store(100, () => {
          this.applied = [...(this.#images.get(effect.link) ?? [])];
          this.#appended = [];
          return { kind: 'snapshotReceived', link: effect.link };
        });
        return;
      case 'saveSnapshot':
        this.#store(100, () => {
          disk.snapshot = [...this.applied];
          disk.snapshotZxid = effect.zxid;
          disk.log = [];
          disk.synced = 0;
          return { kind: 'snapshotSaved', zxid: effect.zxid };
        });
        return;
      case 'sendSnapshot':
        this.#network.send(effect.link, { kind: 'snap', zxid: effect.zxid }, [...this.applied]);
        this.#store(50, () => ({ kind: 'snapshotSent', link: effect.link }));
        return;
      case 'readLog':
        this.#store(10, () => this.#readLog(effect));
        return;
      case 'viewSeen':
        disk.nextView = effect.view;
        return;
      case 'viewActive':
        disk.view = effect.view;
        return;
      case 'phase':
        this.phase = effect.phase;
        this.#judge.onPhase(this.sid, effect, this.applied);
        return;
      case 'fail':
        assert(false, 'no peer fails in this world');
    }
  }

  #readLog(effect: Extract<Effect, { kind: 'readLog' }>): Event {
    const { log } = this.disk;
    const { link, from, upTo, isContinued } = effect;
    const first = log[0];
    if (first === undefined || (first.zxid > from && !(isContinued && this.#prng.chance(0.1))))
      return { kind: 'logRead', link, entries: [], end: 'unusable' };
    const begin = log.findLastIndex(({ zxid }) => zxid <= from) + (isContinued ? 1 : 0);
    const wanted = log.slice(Math.max(0, begin)).filter(({ zxid }) => zxid <= upTo);
    const entries = wanted.slice(0, PIECE);
    return { kind: 'logRead', link, entries, end: entries.length < wanted.length ? 'more' : 'end' };
  }

  /** A snapshot of its own, and the log before it is purged, as members do now and then. */
  compact(): void {
    if (!this.isUp || this.phase !== 'broadcast' || this.#appended.length > 0) return;
    const { disk } = this;
    disk.snapshot = [...this.applied];
    disk.snapshotZxid = this.#end;
    disk.log = disk.log.slice(-this.#prng.between(0, 3));
    disk.synced = Math.min(disk.synced, disk.log.length);
  }
}
