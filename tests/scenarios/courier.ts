/**
 * What lies between the servers of a scenario: links and votes, each in its order, and each held back where the script says so.
 *
 * Nothing is lost but by a broken link. What a server sent before it fell may still arrive.
 */
import type { Sid } from '../../src-server/base/ids.ts';
import type { LinkId } from '../../src-server/coordination/zab/events.ts';
import type {
  Message,
  Notification,
  Proposal,
} from '../../src-server/coordination/zab/messages.ts';

/** Whoever stands at an end: a peer, or a server whose part the script plays. */
export interface Station {
  readonly sid: Sid;
  readonly isUp: boolean;
  onAccepted(link: LinkId): void;
  onConnected(attempt: number, link: LinkId): void;
  onConnectFailed(attempt: number): void;
  onMessage(link: LinkId, message: Message, image: readonly Proposal[] | null): void;
  onLinkDown(link: LinkId): void;
  onNotification(from: Sid, notification: Notification): void;
}

/** Null: the other side closed. */
interface Parcel {
  readonly message: Message | null;
  readonly image: readonly Proposal[] | null;
}

interface End {
  readonly id: LinkId;
  readonly station: Station;
  other: End;
  isOpen: boolean;
  /** On the way to this end. */
  readonly inbound: Parcel[];
}

export interface CourierListener {
  arrived(from: Sid, to: Sid, message: Message): void;
  heard(from: Sid, to: Sid, notification: Notification): void;
}

export class Courier {
  readonly #stations = new Map<Sid, Station>();
  readonly #ends = new Map<LinkId, End>();
  readonly #votes = new Map<string, { from: Sid; to: Sid; waiting: Notification[] }>();
  /** `1->2` for links, `votes 1->2` for votes. */
  readonly #held = new Set<string>();
  readonly #cut = new Set<string>();
  readonly #listener: CourierListener;
  #nextId = 1;

  constructor(listener: CourierListener) {
    this.#listener = listener;
  }

  join(station: Station): void {
    this.#stations.set(station.sid, station);
  }

  // --- what scripts ask for ---

  hold(channel: string): void {
    this.#held.add(channel);
  }

  release(channel: string): void {
    this.#held.delete(channel);
  }

  /** Both directions, links and votes. */
  cut(a: Sid, b: Sid): void {
    this.#cut.add(pairOf(a, b));
    for (const end of [...this.#ends.values()])
      if (pairOf(end.station.sid, end.other.station.sid) === pairOf(a, b)) this.#break(end);
    for (const channel of this.#votes.values())
      if (pairOf(channel.from, channel.to) === pairOf(a, b)) channel.waiting.length = 0;
  }

  heal(a: Sid, b: Sid): void {
    this.#cut.delete(pairOf(a, b));
  }

  reaches(from: Sid, to: Sid): boolean {
    return this.#stations.get(to)?.isUp === true && !this.#cut.has(pairOf(from, to));
  }

  /** One message, though it is held back. @returns whether there was one */
  step(channel: string): boolean {
    return this.#deliver((name) => name === channel);
  }

  /** One message of whatever is not held back. @returns whether there was one */
  flow(): boolean {
    return this.#deliver((name) => !this.#held.has(name));
  }

  // --- links ---

  connect(from: Station, to: Sid, attempt: number): LinkId | null {
    const target = this.#stations.get(to);
    if (target === undefined || !this.reaches(from.sid, to)) {
      from.onConnectFailed(attempt);
      return null;
    }
    const far = {
      id: this.#nextId++,
      station: target,
      isOpen: true,
      inbound: [],
    } as unknown as End;
    const near: End = { id: this.#nextId++, station: from, isOpen: true, inbound: [], other: far };
    far.other = near;
    this.#ends.set(far.id, far);
    this.#ends.set(near.id, near);
    target.onAccepted(far.id);
    from.onConnected(attempt, near.id);
    return near.id;
  }

  /** The newest link of a server to another, at its own end. */
  linkOf(from: Sid, to: Sid): LinkId | null {
    const ends = [...this.#ends.values()].filter(
      ({ station, other, isOpen }) => isOpen && station.sid === from && other.station.sid === to,
    );
    return ends.at(-1)?.id ?? null;
  }

  peerOf(link: LinkId): Sid | null {
    return this.#ends.get(link)?.other.station.sid ?? null;
  }

  send(link: LinkId, message: Message, image: readonly Proposal[] | null = null): void {
    const end = this.#ends.get(link);
    if (end?.isOpen === true) end.other.inbound.push({ message, image });
  }

  /** What was sent before arrives first. */
  close(link: LinkId): void {
    const end = this.#ends.get(link);
    if (end === undefined) return;
    end.isOpen = false;
    end.inbound.length = 0;
    this.#ends.delete(link);
    end.other.inbound.push({ message: null, image: null });
  }

  closeAll(station: Station): void {
    for (const end of [...this.#ends.values()]) if (end.station === station) this.close(end.id);
  }

  #break(end: End): void {
    end.isOpen = false;
    end.inbound.length = 0;
    this.#ends.delete(end.id);
    if (end.station.isUp) end.station.onLinkDown(end.id);
  }

  // --- votes ---

  notify(from: Sid, to: Sid, notification: Notification): void {
    const name = `${from}->${to}`;
    const channel = this.#votes.get(name) ?? { from, to, waiting: [] };
    this.#votes.set(name, channel);
    channel.waiting.push(notification);
  }

  // --- delivery ---

  #deliver(isWanted: (channel: string) => boolean): boolean {
    for (const end of this.#ends.values()) {
      const from = end.other.station.sid;
      const to = end.station.sid;
      if (end.inbound.length === 0 || !isWanted(`${from}->${to}`)) continue;
      const { message, image } = end.inbound.shift()!;
      if (message === null) {
        this.#break(end);
        return true;
      }
      this.#listener.arrived(from, to, message);
      end.station.onMessage(end.id, message, image);
      return true;
    }
    for (const { from, to, waiting } of this.#votes.values()) {
      if (waiting.length === 0 || !isWanted(`votes ${from}->${to}`)) continue;
      const notification = waiting.shift()!;
      const station = this.#stations.get(to);
      if (station?.isUp !== true) return true;
      this.#listener.heard(from, to, notification);
      station.onNotification(from, notification);
      return true;
    }
    return false;
  }
}

function pairOf(a: Sid, b: Sid): string {
  return a < b ? `${a} ${b}` : `${b} ${a}`;
}
