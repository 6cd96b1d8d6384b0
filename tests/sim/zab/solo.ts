/**
 * One peer on a table: events go in by hand, effects come out as lines, and storage does at once what it is asked for, or
 * waits to be told so. For tests that read like a conversation.
 */
import { type Sid, sid } from '../../../src-server/base/ids.ts';
import { counterOf, epochOf, makeZxid, type Zxid, zxidOf } from '../../../src-server/base/zxid.ts';
import { type Effect, Effects } from '../../../src-server/coordination/zab/effects.ts';
import type { Event, LinkId } from '../../../src-server/coordination/zab/events.ts';
import type {
  Message,
  Notification,
  PeerState,
  Proposal,
  Vote,
} from '../../../src-server/coordination/zab/messages.ts';
import {
  Peer,
  type PeerOptions,
  type PeerSettings,
} from '../../../src-server/coordination/zab/peer.ts';
import type { View } from '../../../src-server/coordination/zab/view.ts';
import { serverAt, SETTINGS } from './swarm.ts';

export const PAYLOAD = Uint8Array.of(7);

export function viewOf(
  voters: readonly number[],
  observers: readonly number[] = [],
  version = 0,
): View {
  const servers = [
    ...voters.map((voter) => serverAt(voter, 'participant')),
    ...observers.map((observer) => serverAt(observer, 'observer')),
  ].sort((a, b) => a.sid - b.sid);
  return { version, servers, groups: null, weights: new Map() };
}

/** `z('2:5')`: counter 5 of epoch 2. */
export function z(text: string): Zxid {
  const [epoch, counter] = text.split(':').map(Number);
  return makeZxid(epoch!, counter!);
}

export function show(zxid: number): string {
  return zxid < 0 ? '-' : `${epochOf(zxidOf(zxid))}:${counterOf(zxidOf(zxid))}`;
}

export function entry(zxid: string, view: View | null = null): Proposal {
  return { kind: 'proposal', zxid: z(zxid), payload: PAYLOAD, view };
}

export function entries(...zxids: string[]): Proposal[] {
  return zxids.map((zxid) => entry(zxid));
}

function showMessage(message: Message): string {
  switch (message.kind) {
    case 'learnerInfo':
      return `${message.role} ${message.sid ?? '?'} accepted ${message.acceptedEpoch}`;
    case 'leaderInfo':
      return `LEADERINFO ${message.epoch}`;
    case 'ackEpoch':
      return `ACKEPOCH ${message.currentEpoch} at ${show(message.lastZxid)}`;
    case 'newLeader':
      return `NEWLEADER ${message.epoch}`;
    case 'upToDate':
      return 'UPTODATE';
    case 'commitAndActivate':
    case 'informAndActivate':
      return `${message.kind} ${show(message.zxid)} for ${message.leader}`;
    case 'sync':
    case 'request':
    case 'revalidate':
    case 'revalidated':
      return message.kind;
    case 'diff':
    case 'trunc':
    case 'snap':
    case 'proposal':
    case 'commit':
    case 'inform':
    case 'ack':
    case 'ping':
    case 'pong':
      return `${message.kind.toUpperCase()} ${show(message.zxid)}`;
  }
}

function showEffect(effect: Effect): string {
  switch (effect.kind) {
    case 'notify': {
      const { state, vote } = effect.notification;
      return `tell ${effect.to}: ${state}, ${vote.leader} ${show(vote.zxid)} in round ${vote.round}`;
    }
    case 'connect':
      return `connect to ${effect.sid} (${effect.attempt})`;
    case 'send':
      return `${effect.to.join(',')} <- ${showMessage(effect.message)}`;
    case 'close':
      return `close ${effect.link}: ${effect.reason}`;
    case 'deliver':
      return `deliver ${effect.message.kind} of ${effect.from}`;
    case 'synced':
      return `synced ${effect.token}`;
    case 'settle':
      return effect.reload ? 'settle from the disk' : 'settle';
    case 'readLog':
      return `readLog ${show(effect.from)}..${show(effect.upTo)}${effect.isContinued ? ' on' : ''}`;
    case 'storeAcceptedEpoch':
    case 'storeCurrentEpoch':
      return `${effect.kind} ${effect.epoch}`;
    case 'viewSeen':
    case 'viewActive':
      return `${effect.kind} ${show(effect.view.version)}`;
    case 'phase':
      return `${effect.role} ${effect.phase}: ${effect.reason}`;
    case 'fail':
      return `fail: ${effect.reason}`;
    case 'answerPing':
    case 'append':
    case 'commit':
    case 'apply':
    case 'truncate':
    case 'receiveSnapshot':
    case 'saveSnapshot':
    case 'sendSnapshot':
      return `${effect.kind} ${show(effect.zxid)}`;
  }
}

export interface SoloOptions {
  readonly sid: number;
  readonly view: View;
  readonly nextView?: View;
  readonly acceptedEpoch?: number;
  readonly currentEpoch?: number;
  /** Where the log ends. */
  readonly last?: number;
  readonly recent?: readonly Proposal[];
  readonly settings?: Partial<PeerSettings>;
  /** Storage waits to be told; otherwise it is done at once. */
  readonly isManual?: boolean;
}

export class Solo {
  readonly peer: Peer;
  readonly #effects = new Effects();
  readonly #last: Zxid;
  readonly #isManual: boolean;
  nowMs = 0;

  constructor(options: SoloOptions) {
    const recent = options.recent ?? [];
    this.#last = (options.last ?? recent.at(-1)?.zxid ?? 0) as Zxid;
    this.#isManual = options.isManual ?? false;
    const peerOptions: PeerOptions = {
      sid: sid(options.sid),
      settings: { ...SETTINGS, ...options.settings },
      view: options.view,
      nextView: options.nextView ?? null,
      isObserver: false,
      acceptedEpoch: options.acceptedEpoch ?? options.currentEpoch ?? 0,
      currentEpoch: options.currentEpoch ?? 0,
      recent,
    };
    this.peer = new Peer(peerOptions);
  }

  /** Begins the first election. */
  start(): string[] {
    return [...this.tick(0), ...this.step({ kind: 'settled', zxid: this.#last, jitter: 0 })];
  }

  tick(ms: number): string[] {
    this.nowMs += ms;
    return this.step({ kind: 'tick', nowMs: this.nowMs });
  }

  step(event: Event): string[] {
    this.peer.step(event, this.#effects);
    const effects = [...this.#effects.list];
    this.#effects.clear();
    return [...effects.map(showEffect), ...effects.flatMap((effect) => this.#done(effect))];
  }

  #done(effect: Effect): string[] {
    if (this.#isManual) return [];
    switch (effect.kind) {
      case 'append':
        return this.step({ kind: 'durable', zxid: effect.zxid });
      case 'storeAcceptedEpoch':
        return this.step({ kind: 'acceptedEpochStored', epoch: effect.epoch });
      case 'storeCurrentEpoch':
        return this.step({ kind: 'currentEpochStored', epoch: effect.epoch });
      case 'truncate':
        return this.step({ kind: 'truncated', zxid: effect.zxid });
      case 'receiveSnapshot':
        return this.step({ kind: 'snapshotReceived', link: effect.link });
      case 'saveSnapshot':
        return this.step({ kind: 'snapshotSaved', zxid: effect.zxid });
      default:
        return [];
    }
  }

  // --- shorthands ---

  hear(
    from: number,
    vote: Partial<Vote> & { readonly leader: Sid },
    state: PeerState = 'looking',
    more: Partial<Notification> = {},
  ): string[] {
    const whole: Vote = { zxid: 0 as Zxid, round: 1, peerEpoch: 0, ...vote };
    const notification: Notification = { state, vote: whole, version: 2, view: null, ...more };
    return this.step({ kind: 'notification', from: sid(from), notification });
  }

  message(link: LinkId, message: Message): string[] {
    return this.step({ kind: 'message', link, message });
  }

  propose(view: View | null = null): string[] {
    const zxid = this.peer.nextZxid;
    if (zxid === null) throw new Error('this peer does not lead');
    return this.step({
      kind: 'propose',
      zxid,
      payload: PAYLOAD,
      view: view === null ? null : { ...view, version: zxid },
    });
  }

  // --- the way to a role ---

  /** Elected by one other voter, and the finalizing silence kept. */
  lead(other: number, lastZxid = this.#last): string[] {
    this.start();
    const own: Vote = {
      leader: this.peer.sid,
      zxid: lastZxid,
      round: 1,
      peerEpoch: this.peer.currentEpoch,
    };
    this.hear(other, own);
    return this.tick(200);
  }

  /** A learner connects, promises, takes over the history and acknowledges. */
  admit(
    link: LinkId,
    learner: number,
    lastZxid: Zxid,
    role: 'follower' | 'observer' = 'follower',
  ): string[] {
    return [
      ...this.greet(link, learner, role),
      ...this.message(link, { kind: 'ackEpoch', lastZxid, currentEpoch: 0 }),
      ...this.acknowledgeEpoch(link),
    ];
  }

  greet(
    link: LinkId,
    learner: number,
    role: 'follower' | 'observer' = 'follower',
    acceptedEpoch = 0,
  ): string[] {
    return [
      ...this.step({ kind: 'linkAccepted', link }),
      ...this.message(link, {
        kind: 'learnerInfo',
        role,
        acceptedEpoch,
        sid: sid(learner),
        protocolVersion: 0x10000,
        configVersion: 0,
      }),
    ];
  }

  acknowledgeEpoch(link: LinkId): string[] {
    return this.message(link, { kind: 'ack', zxid: makeZxid(this.peer.currentEpoch, 0) });
  }

  /** Follows (or observes) a leader that two voters of three report. */
  follow(leader: number, other: number): string[] {
    this.start();
    const vote: Vote = { leader: sid(leader), zxid: 0 as Zxid, round: 1, peerEpoch: 1 };
    this.hear(other, vote, 'following');
    return this.hear(leader, vote, 'leading');
  }

  /** Connected, and the epoch accepted: the leader's history comes next. */
  greetLeader(epoch: number, link: LinkId = 1): string[] {
    return [
      ...this.step({ kind: 'connected', attempt: 1, link }),
      ...this.message(link, { kind: 'leaderInfo', epoch }),
    ];
  }
}
