/**
 * The time that nodes grant each other, for each pair of nodes and for all partitions at once.
 *
 *      leader   ──beat 7 at 100──▶                  ◀──beat 3, heard 7──   follower
 *      uses the grant until 100 + what is usable    follows nobody else until it sent that + leaseMs
 *
 * A grant is counted from when the beat that it answers was sent, and given from when the answer leaves, so that its giver
 * always keeps it longer than its holder. Which partitions it covers, their replicas know: a member that leaves a leader says
 * `fenced` before anything that grants again, and keeps what it granted until then.
 */
import { Fifo } from '../../base/fifo.ts';
import type { NodeId } from '../ring/topology.ts';
import type { Effects } from './effects.ts';
import type { LeaseMessage } from './messages.ts';
import { type ReplicationSettings, usableLeaseMs } from './settings.ts';

/** Beats without an answer that are remembered; an answer to an older one grants nothing any more. */
const UNANSWERED_MAX = 256;

/** Times in which nobody was there to hear that are remembered; older ones are of no interest any more. */
const STALLS_MAX = 64;

interface Sent {
  readonly number: number;
  readonly atMs: number;
}

/** The clock jumped on, as the process had no time. */
interface Stall {
  readonly endMs: number;
  readonly lostMs: number;
}

/** What is known of one other node. */
class Peer {
  isUp = false;
  lastNumber = 0;
  readonly unanswered = new Fifo<Sent>();
  /** Of the newest beat or question of ours that it answered, on any link. */
  answeredNumber = 0;
  answeredSentMs = -Infinity;
  /** The newest beat of its on this link, 0 for none. */
  heardNumber = 0;
  /** When what we sent last that grants something has run out. */
  lentUntilMs = -Infinity;
  /** What it told us, before its last beat, was true at this time of ours or later. */
  freshMs = -Infinity;
  /** What this turn asks and answers. */
  isAsking = false;
  owedNumber = 0;
}

export class Leases {
  readonly #settings: ReplicationSettings;
  readonly #usableMs: number;
  readonly #peers = new Map<NodeId, Peer>();
  readonly #waiting: NodeId[] = [];
  readonly #stalls = new Fifo<Stall>();
  #nowMs = -Infinity;
  #nextBeatMs = -Infinity;

  constructor(settings: ReplicationSettings) {
    this.#settings = settings;
    this.#usableMs = usableLeaseMs(settings);
  }

  get nowMs(): number {
    return this.#nowMs;
  }

  /** So much of the time since then we were here: what came meanwhile may not have been heard yet. */
  attendedMs(sinceMs: number): number {
    let lostMs = 0;
    for (let i = 0; i < this.#stalls.length; i++) {
      const stall = this.#stalls.at(i)!;
      if (stall.endMs > sinceMs) lostMs += Math.min(stall.lostMs, stall.endMs - sinceMs);
    }
    return this.#nowMs - sinceMs - lostMs;
  }

  isLinked(node: NodeId): boolean {
    return this.#peers.get(node)?.isUp === true;
  }

  /** Until when what this node granted us may be used. */
  heldUntilMs(node: NodeId): number {
    return (this.#peers.get(node)?.answeredSentMs ?? -Infinity) + this.#usableMs;
  }

  /** When the newest beat or question of ours was sent that this node answered. */
  answeredSentMs(node: NodeId): number {
    return this.#peers.get(node)?.answeredSentMs ?? -Infinity;
  }

  /** The number of that. */
  answeredNumber(node: NodeId): number {
    return this.#peers.get(node)?.answeredNumber ?? 0;
  }

  /** When all that we granted this node will have run out. */
  lentUntilMs(node: NodeId): number {
    return this.#peers.get(node)?.lentUntilMs ?? -Infinity;
  }

  /** What this node told us of partitions it vouches for was true at this time of ours or later. */
  freshMs(node: NodeId): number {
    return this.#peers.get(node)?.freshMs ?? -Infinity;
  }

  /** Asks this node for an answer at the end of the turn. @returns the number to wait for */
  ask(node: NodeId): number {
    const peer = this.#peer(node);
    if (!peer.isAsking) {
      peer.isAsking = true;
      this.#waiting.push(node);
    }
    return peer.lastNumber + 1;
  }

  /** Whether this turn ends with beats. */
  get isBeatDue(): boolean {
    return this.#nowMs >= this.#nextBeatMs;
  }

  get wakeAtMs(): number {
    return this.#nextBeatMs;
  }

  // --- what happens ---

  /** Before the partitions hear of the time: they measure by it. */
  tick(nowMs: number): void {
    const lostMs = nowMs - this.#nowMs - this.#settings.attentionMs;
    this.#nowMs = nowMs;
    if (!(lostMs > 0 && lostMs < Infinity)) return;
    if (this.#stalls.length === STALLS_MAX) this.#stalls.shift();
    this.#stalls.push({ endMs: nowMs, lostMs });
  }

  linkUp(node: NodeId): void {
    const peer = this.#peer(node);
    peer.isUp = true;
    peer.unanswered.clear();
    peer.heardNumber = 0;
    peer.owedNumber = 0;
    // A first beat at once: until it is answered there is no lease.
    this.#nextBeatMs = -Infinity;
  }

  linkDown(node: NodeId): void {
    const peer = this.#peer(node);
    peer.isUp = false;
    peer.unanswered.clear();
    peer.heardNumber = 0;
    peer.owedNumber = 0;
  }

  onMessage(from: NodeId, message: LeaseMessage): void {
    const peer = this.#peer(from);
    switch (message.kind) {
      case 'beat':
        peer.heardNumber = message.number;
        // Answered at once: with our own beat it would be as old as two of them before it is heard.
        this.#owe(from, peer, message.number);
        this.#onAnswered(peer, message.heard);
        // Only who has just heard from us on this link says something of the present.
        if (message.heard === peer.answeredNumber) peer.freshMs = peer.answeredSentMs;
        return;
      case 'question':
        peer.heardNumber = Math.max(peer.heardNumber, message.number);
        this.#owe(from, peer, message.number);
        return;
      case 'answer':
        this.#onAnswered(peer, message.number);
    }
  }

  #owe(node: NodeId, peer: Peer, number: number): void {
    if (peer.owedNumber === 0) this.#waiting.push(node);
    peer.owedNumber = number;
  }

  /**
   * The end of a turn, after all partitions have said what they had to say: a beat counts for what was said before it, and so
   * does an answer.
   */
  turnEnd(effects: Effects): void {
    for (const node of this.#waiting) this.#speak(node, effects);
    this.#waiting.length = 0;
    if (!this.isBeatDue) return;
    this.#nextBeatMs = this.#nowMs + this.#settings.beatMs;
    for (const [node, peer] of this.#peers) if (peer.isUp) this.#beat(node, peer, effects);
  }

  #speak(node: NodeId, effects: Effects): void {
    const peer = this.#peer(node);
    const { isAsking, owedNumber } = peer;
    peer.isAsking = false;
    peer.owedNumber = 0;
    if (!peer.isUp) return;
    if (owedNumber > 0) {
      peer.lentUntilMs = this.#nowMs + this.#settings.leaseMs;
      effects.push({ kind: 'send', to: node, message: { kind: 'answer', number: owedNumber } });
    }
    if (!isAsking) return;
    const number = this.#number(peer);
    effects.push({ kind: 'send', to: node, message: { kind: 'question', number } });
  }

  #beat(node: NodeId, peer: Peer, effects: Effects): void {
    const heard = peer.heardNumber;
    if (heard > 0) peer.lentUntilMs = this.#nowMs + this.#settings.leaseMs;
    const number = this.#number(peer);
    effects.push({ kind: 'send', to: node, message: { kind: 'beat', number, heard } });
  }

  #number(peer: Peer): number {
    const number = ++peer.lastNumber;
    if (peer.unanswered.length === UNANSWERED_MAX) peer.unanswered.shift();
    peer.unanswered.push({ number, atMs: this.#nowMs });
    return number;
  }

  #onAnswered(peer: Peer, number: number): void {
    for (;;) {
      const oldest = peer.unanswered.peek();
      if (oldest === undefined || oldest.number > number) return;
      peer.unanswered.shift();
      if (oldest.number !== number) continue;
      peer.answeredNumber = number;
      peer.answeredSentMs = oldest.atMs;
    }
  }

  #peer(node: NodeId): Peer {
    let peer = this.#peers.get(node);
    if (peer === undefined) this.#peers.set(node, (peer = new Peer()));
    return peer;
  }
}
