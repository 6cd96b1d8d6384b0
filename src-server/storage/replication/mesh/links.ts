/**
 * The mesh of links between the nodes of a ring: one for each pair, dialled by the node whose name comes first.
 *
 *   a ──dial, hello──▶ b        a link is up at b when a's hello was read, at a when b's was: nothing is said before that, and
 *   a ◀────hello────── b        whatever is said after it comes on a link that is up at both ends
 *
 * A node that dials again replaces its link. Who cannot be reached is tried again after a pause that grows, and at once when
 * the ring tells a new address. Each link that was up is told as down before the next one is told as up.
 */
import { Prng } from '../../../base/prng.ts';
import type { Clock, Timer } from '../../../platform/clock.ts';
import type { Entropy } from '../../../platform/entropy.ts';
import { type LinkFaults, mayConnect, throughFaults } from '../../../platform/link-faults.ts';
import type { Logger } from '../../../platform/logger.ts';
import { type Listener, type Net, NetError, type Socket } from '../../../platform/net.ts';
import type { NodeId } from '../../ring/topology.ts';
import type { Message } from '../messages.ts';
import { Link } from './link.ts';
import type {
  CompareMessage,
  CopyMessage,
  DigestMessage,
  Hello,
  MeshMessage,
} from './mesh-messages.ts';

export type { CompareMessage, Digest, DigestMessage } from './mesh-messages.ts';

/** Where a node of the ring can be reached, as the ensemble tells. */
export interface PeerPlace {
  readonly host: string;
  readonly port: number;
  /** Number of its start: another one is worth another try at once. */
  readonly incarnation: number;
}

/** What comes in. Bytes are borrowed until the call returns. */
export interface MeshHandler {
  onLinkUp(node: NodeId): void;
  onLinkDown(node: NodeId, reason: string): void;
  onMessage(from: NodeId, message: Message): void;
  onCopyMessage(from: NodeId, message: CopyMessage): void;
  onDigestMessage(from: NodeId, message: DigestMessage): void;
  onCompareMessage(from: NodeId, message: CompareMessage): void;
  onForward(from: NodeId, requestId: number, errand: Uint8Array): void;
  onForwarded(from: NodeId, requestId: number, reply: Uint8Array): void;
  /** What was sent to this node has left: there is room for more. */
  onRoom(node: NodeId): void;
}

export interface LinksOptions {
  readonly node: NodeId;
  readonly incarnation: () => number;
  /** Null until it is known. */
  readonly ringId: () => string | null;
  /** Protected or not. */
  readonly net: Net;
  readonly clock: Clock;
  readonly entropy: Entropy;
  readonly logger: Logger;
  readonly faults?: LinkFaults<NodeId> | null;
  readonly handler: MeshHandler;
  readonly limits?: Partial<LinkLimits>;
}

export interface LinkLimits {
  /** The largest entry and what goes with it. */
  readonly frameBytesMax: number;
  readonly unsentBytesMax: number;
  readonly connectTimeoutMs: number;
  readonly helloTimeoutMs: number;
  /** Of a link that is up; beats come several times a second. */
  readonly silenceMs: number;
  readonly retryMinMs: number;
  readonly retryMaxMs: number;
  /** Accepted, and not introduced yet. */
  readonly strangersMax: number;
}

export const DEFAULT_LINK_LIMITS: LinkLimits = {
  frameBytesMax: 0x600_0000,
  unsentBytesMax: 0x1000_0000,
  connectTimeoutMs: 3000,
  helloTimeoutMs: 3000,
  silenceMs: 10_000,
  retryMinMs: 50,
  retryMaxMs: 2000,
  strangersMax: 256,
};

const BACKLOG = 128;
const WATCH_MS = 1000;

/** One other node. */
interface Peer {
  readonly node: NodeId;
  place: PeerPlace | null;
  /** Up: hellos were exchanged. */
  link: Link | null;
  /** Of the node at the other end, and its dial: what is older is too late. */
  incarnation: number;
  dial: number;
  isDialling: boolean;
  retryMs: number;
  retry: Timer | null;
}

export class Links {
  readonly #options: LinksOptions;
  readonly #limits: LinkLimits;
  readonly #prng: Prng;
  readonly #peers = new Map<NodeId, Peer>();
  /** Not introduced yet, and until when they may be silent. */
  readonly #strangers = new Map<Link, number>();
  readonly #dirty = new Set<Link>();
  readonly #complaints = new Map<NodeId, string>();
  readonly #over = new AbortController();
  #listener: Listener | null = null;
  #dials = 0;
  #watch: Timer | null = null;
  #isFlushPlanned = false;

  constructor(options: LinksOptions) {
    this.#options = options;
    this.#limits = { ...DEFAULT_LINK_LIMITS, ...options.limits };
    this.#prng = new Prng(options.entropy.uint32());
    this.#keepWatch();
  }

  // --- where ---

  /**
   * Lets other nodes in.
   * @returns the port
   * @throws NetError when the address cannot be listened on
   */
  async listen(address: { readonly host: string | null; readonly port: number }): Promise<number> {
    const { net, logger } = this.#options;
    const onRefused = (from: string, why: string): void => {
      logger.warn('somebody who is no node of this ring is not let in', { from, why });
    };
    const listener = await net.listen({ ...address, backlog: BACKLOG, onRefused }, (socket) =>
      this.#onSocket(socket),
    );
    if (this.#over.signal.aborted) await listener.close();
    this.#listener = listener;
    return listener.port;
  }

  /** All other nodes of the ring that are there, as far as known. Links to those who are not named stay until they break. */
  setPeers(places: ReadonlyMap<NodeId, PeerPlace>): void {
    for (const [node, place] of places) {
      if (node === this.#options.node) continue;
      const peer = this.#peer(node);
      const before = peer.place;
      peer.place = place;
      const isSame =
        before?.host === place.host &&
        before.port === place.port &&
        before.incarnation === place.incarnation;
      if (!isSame) this.#dialAtOnce(peer);
    }
    for (const [node, peer] of this.#peers) if (!places.has(node)) peer.place = null;
  }

  isUp(node: NodeId): boolean {
    return this.#peers.get(node)?.link?.isOpen === true;
  }

  get nodesUp(): NodeId[] {
    return [...this.#peers.keys()].filter((node) => this.isUp(node));
  }

  /** Bytes sent to this node that the system has not taken. */
  unsentBytes(node: NodeId): number {
    return this.#peers.get(node)?.link?.unsentBytes ?? 0;
  }

  // --- sending ---

  /** @returns false where there is no link: nothing has left */
  send(to: NodeId, message: MeshMessage): boolean {
    const link = this.#peers.get(to)?.link;
    if (link?.isOpen !== true) return false;
    link.send(message);
    this.#dirty.add(link);
    this.#planFlush();
    return true;
  }

  sendForward(to: NodeId, requestId: number, errand: Uint8Array): boolean {
    return this.send(to, { kind: 'forward', requestId, errand });
  }

  sendAnswer(to: NodeId, requestId: number, reply: Uint8Array): boolean {
    return this.send(to, { kind: 'forwarded', requestId, reply });
  }

  /** The end of a turn. Whoever does not call it has what it sent leave at the end of the turn by itself. */
  flush(): void {
    for (const link of this.#dirty) link.flush();
    this.#dirty.clear();
  }

  #planFlush(): void {
    if (this.#isFlushPlanned) return;
    this.#isFlushPlanned = true;
    this.#options.clock.defer(() => {
      this.#isFlushPlanned = false;
      this.flush();
    });
  }

  /** Ends everything at once. Nothing is told afterwards. */
  async close(): Promise<void> {
    this.#over.abort();
    this.#watch?.cancel();
    for (const { link, retry } of this.#peers.values()) {
      retry?.cancel();
      link?.close('this node ends');
    }
    for (const link of this.#strangers.keys()) link.close('this node ends');
    await this.#listener?.close();
  }

  // --- dialling ---

  #peer(node: NodeId): Peer {
    let peer = this.#peers.get(node);
    if (peer === undefined) {
      const { retryMinMs: retryMs } = this.#limits;
      const none = { place: null, link: null, incarnation: 0, dial: 0 };
      peer = { node, ...none, isDialling: false, retryMs, retry: null };
      this.#peers.set(node, peer);
    }
    return peer;
  }

  #dialAtOnce(peer: Peer): void {
    // A former start will not say hello any more, and the silence of a machine that lost its power tells nobody.
    for (const link of [...this.#strangers.keys()])
      if (link.peer === peer.node) link.close('the node was started again');
    peer.retry?.cancel();
    peer.retry = null;
    peer.retryMs = this.#limits.retryMinMs;
    this.#dial(peer);
  }

  #dial(peer: Peer): void {
    const { node, net, clock, faults = null, logger } = this.#options;
    const { place } = peer;
    const isOurs = node < peer.node;
    if (!isOurs || place === null || peer.isDialling || peer.retry !== null) return;
    if (peer.link?.isOpen === true || this.#over.signal.aborted) return;
    if (!mayConnect(faults, peer.node)) {
      this.#dialLater(peer);
      return;
    }
    peer.isDialling = true;
    const { connectTimeoutMs: timeoutMs } = this.#limits;
    const { host, port } = place;
    net.connect({ host, port, timeoutMs, signal: this.#over.signal }).then(
      (socket) => {
        if (this.#over.signal.aborted) socket.destroy();
        else this.#introduce(peer, this.#linkOf(socket), clock.nowMs());
      },
      (error: unknown) => {
        peer.isDialling = false;
        if (this.#over.signal.aborted) return;
        const why = error instanceof Error ? error.message : String(error);
        // Who is away comes back by itself; whoever shows the wrong certificate stays a stranger until somebody sees to it.
        if (error instanceof NetError && error.code === 'tls') this.#complain(peer.node, why);
        else logger.debug('a node cannot be reached', { node: peer.node, host, port, why });
        this.#dialLater(peer);
      },
    );
  }

  #dialLater(peer: Peer): void {
    const { retryMaxMs } = this.#limits;
    // Spread, so that those who lost the same node do not all come back in the same moment.
    const delayMs = peer.retryMs * (0.75 + this.#prng.below(51) / 100);
    peer.retryMs = Math.min(peer.retryMs * 2, retryMaxMs);
    peer.retry?.cancel();
    peer.retry = this.#options.clock.after(delayMs, () => {
      peer.retry = null;
      this.#dial(peer);
    });
  }

  /** Says who dials, and waits to be answered. */
  #introduce(peer: Peer, link: Link, nowMs: number): void {
    link.name(peer.node);
    this.#strangers.set(link, nowMs + this.#limits.helloTimeoutMs);
    this.#sayHello(link, peer.node, ++this.#dials);
  }

  #sayHello(link: Link, to: NodeId, dial: number): void {
    const { node: from, incarnation, ringId } = this.#options;
    link.send({
      kind: 'hello',
      ringId: ringId(),
      from,
      incarnation: incarnation(),
      to,
      dial,
    });
    link.flush();
  }

  // --- links ---

  #onSocket(socket: Socket): void {
    if (this.#over.signal.aborted || this.#strangers.size >= this.#limits.strangersMax) {
      socket.destroy();
      return;
    }
    const untilMs = this.#options.clock.nowMs() + this.#limits.helloTimeoutMs;
    this.#strangers.set(this.#linkOf(socket), untilMs);
  }

  #linkOf(socket: Socket): Link {
    const { clock, faults = null } = this.#options;
    const { frameBytesMax, unsentBytesMax } = this.#limits;
    return new Link({
      socket: throughFaults(socket, { clock, faults }),
      clock,
      frameBytesMax,
      unsentBytesMax,
      onMessage: (link, message) => this.#onMessage(link, message),
      onDrain: (link) => {
        if (link.peer !== null && this.#peers.get(link.peer)?.link === link) {
          this.#options.handler.onRoom(link.peer);
        }
      },
      onClose: (link, reason) => this.#onClose(link, reason),
    });
  }

  #onMessage(link: Link, message: MeshMessage): void {
    if (this.#strangers.has(link)) {
      if (message.kind === 'hello') this.#onHello(link, message);
      else link.close('it does not say who it is');
      return;
    }
    const { handler } = this.#options;
    const from = link.peer!;
    switch (message.kind) {
      case 'hello':
        link.close('it says twice who it is');
        return;
      case 'forward':
        handler.onForward(from, message.requestId, message.errand);
        return;
      case 'forwarded':
        handler.onForwarded(from, message.requestId, message.reply);
        return;
      case 'askDigest':
      case 'digest':
      case 'distrust':
        handler.onDigestMessage(from, message);
        return;
      case 'compare':
      case 'compared':
        handler.onCompareMessage(from, message);
        return;
      case 'copyChunk':
      case 'copyTaken':
      case 'copyRefused':
        handler.onCopyMessage(from, message);
        return;
      default:
        handler.onMessage(from, message);
    }
  }

  #onHello(link: Link, hello: Hello): void {
    const isDialled = link.peer !== null;
    const why = this.#whyNot(link, hello);
    if (why !== null) {
      this.#complain(hello.from, why);
      link.close(why);
      return;
    }
    const peer = this.#peer(hello.from);
    this.#complaints.delete(peer.node);
    this.#strangers.delete(link);
    if (!isDialled) {
      link.name(peer.node);
      this.#sayHello(link, peer.node, hello.dial);
      if (!link.isOpen) return;
    }
    this.#takeDown(peer, 'it was replaced');
    peer.link = link;
    peer.incarnation = hello.incarnation;
    peer.dial = hello.dial;
    peer.isDialling = false;
    peer.retryMs = this.#limits.retryMinMs;
    this.#options.handler.onLinkUp(peer.node);
  }

  /** It comes again and again; said once is enough. */
  #complain(node: NodeId, why: string): void {
    if (this.#complaints.get(node) === why) return;
    this.#complaints.set(node, why);
    this.#options.logger.warn('a node is not spoken to', { node, why });
  }

  #whyNot(link: Link, hello: Hello): string | null {
    const { node } = this.#options;
    const ringId = this.#options.ringId();
    if (hello.to !== node) return `it looks for ${hello.to}`;
    if (hello.ringId !== null && ringId !== null && hello.ringId !== ringId) {
      return `it belongs to the ring ${hello.ringId}`;
    }
    if (link.peer !== null) return link.peer === hello.from ? null : `there is ${hello.from}`;
    if (!(hello.from < node)) return 'this node dials it, not the other way round';
    const { link: present, incarnation, dial } = this.#peer(hello.from);
    if (present?.isOpen !== true) return null;
    const isOld =
      hello.incarnation < incarnation || (hello.incarnation === incarnation && hello.dial <= dial);
    return isOld ? 'a later link of it is here' : null;
  }

  #onClose(link: Link, reason: string): void {
    this.#strangers.delete(link);
    this.#dirty.delete(link);
    if (this.#over.signal.aborted || link.peer === null) return;
    const peer = this.#peer(link.peer);
    if (peer.link === link) {
      this.#takeDown(peer, reason);
      this.#dial(peer);
    } else if (peer.link === null && peer.isDialling) {
      peer.isDialling = false;
      this.#dialLater(peer);
    }
  }

  #takeDown(peer: Peer, reason: string): void {
    const { link } = peer;
    if (link === null) return;
    peer.link = null;
    link.close(reason);
    this.#options.logger.info('the link to a node is down', { node: peer.node, reason });
    this.#options.handler.onLinkDown(peer.node, reason);
  }

  /** Connections whose other end is gone without a word. */
  #keepWatch(): void {
    const { clock } = this.#options;
    this.#watch = clock.after(WATCH_MS, () => {
      const nowMs = clock.nowMs();
      for (const [link, untilMs] of this.#strangers) {
        if (nowMs > untilMs) link.close('it does not say who it is');
      }
      for (const { link } of this.#peers.values()) {
        if (link !== null && nowMs - link.lastHeardMs > this.#limits.silenceMs) {
          link.close('nothing is heard on it');
        }
      }
      this.#keepWatch();
    });
  }
}
