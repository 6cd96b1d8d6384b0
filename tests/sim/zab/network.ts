/**
 * What lies between the peers: notifications that are lost, doubled and overtake each other, and links that keep their order
 * but stall, break on one side only, and take what was on the way with them.
 */
import type { Sid } from '../../../src-server/base/ids.ts';
import type { Prng } from '../../../src-server/base/prng.ts';
import type { LinkId } from '../../../src-server/coordination/zab/events.ts';
import type { Message, Notification } from '../../../src-server/coordination/zab/messages.ts';
import type { Agenda } from './agenda.ts';

export interface Station {
  readonly sid: Sid;
  readonly isUp: boolean;
  onNotification(from: Sid, notification: Notification): void;
  onUnreachable(peer: Sid): void;
  onAccepted(link: LinkId): void;
  onConnected(attempt: number, link: LinkId): void;
  onConnectFailed(attempt: number): void;
  onMessage(link: LinkId, message: Message, image: unknown): void;
  onLinkDown(link: LinkId): void;
}

/** One side of a link. */
interface End {
  readonly id: LinkId;
  readonly station: Station;
  other: End | null;
  isOpen: boolean;
  /** Nothing arrives before what was sent before it. */
  arrivesMs: number;
}

export class Network {
  readonly #agenda: Agenda;
  readonly #prng: Prng;
  readonly #stations = new Map<Sid, Station>();
  readonly #ends = new Map<LinkId, End>();
  /** Pairs that do not hear each other. */
  readonly #cut = new Set<string>();
  #nextId = 1;
  loss = 0;
  duplication = 0;
  delayMaxMs = 20;

  constructor(agenda: Agenda, prng: Prng) {
    this.#agenda = agenda;
    this.#prng = prng;
  }

  join(station: Station): void {
    this.#stations.set(station.sid, station);
  }

  #delay(): number {
    return this.#prng.between(1, this.delayMaxMs);
  }

  // --- notifications ---

  notify(from: Station, to: Sid, notification: Notification): void {
    if (this.#prng.chance(this.loss)) return;
    if (this.#prng.chance(0.5)) this.#dial(from, to);
    const copies = this.#prng.chance(this.duplication) ? 2 : 1;
    for (let i = 0; i < copies; i++) {
      this.#agenda.after(this.#delay(), () => {
        const station = this.#stations.get(to);
        if (station?.isUp === true && !this.#isCut(from.sid, to))
          station.onNotification(from.sid, notification);
      });
    }
  }

  /** Half of the time a connection must be made first, and its maker learns that nobody is there. */
  #dial(from: Station, to: Sid): void {
    this.#agenda.after(this.#delay(), () => {
      const isThere = this.#stations.get(to)?.isUp === true && !this.#isCut(from.sid, to);
      if (from.isUp && !isThere) from.onUnreachable(to);
    });
  }

  // --- links ---

  connect(from: Station, to: Sid, attempt: number): void {
    this.#agenda.after(this.#delay(), () => {
      const target = this.#stations.get(to);
      if (!from.isUp) return;
      if (target?.isUp !== true || this.#isCut(from.sid, to)) {
        from.onConnectFailed(attempt);
        return;
      }
      const near = this.#end(from);
      const far = this.#end(target);
      near.other = far;
      far.other = near;
      target.onAccepted(far.id);
      from.onConnected(attempt, near.id);
    });
  }

  #end(station: Station): End {
    const end: End = { id: this.#nextId++, station, other: null, isOpen: true, arrivesMs: 0 };
    this.#ends.set(end.id, end);
    return end;
  }

  send(link: LinkId, message: Message, image: unknown = null): void {
    const end = this.#ends.get(link);
    if (end?.isOpen !== true) return;
    const { other } = end;
    if (other === null) return;
    end.arrivesMs = Math.max(end.arrivesMs, this.#agenda.nowMs + this.#delay());
    this.#agenda.at(end.arrivesMs, () => {
      if (other.isOpen && other.station.isUp && !this.#isCut(end.station.sid, other.station.sid))
        other.station.onMessage(other.id, message, image);
    });
  }

  /** By the peer itself: what was sent arrives, then the other side learns of it. */
  close(link: LinkId): void {
    const end = this.#ends.get(link);
    if (end?.isOpen !== true) return;
    end.isOpen = false;
    this.#ends.delete(link);
    const { other } = end;
    if (other === null) return;
    this.#agenda.at(Math.max(end.arrivesMs, this.#agenda.nowMs + this.#delay()), () =>
      this.#lose(other),
    );
  }

  #lose(end: End): void {
    if (!end.isOpen) return;
    end.isOpen = false;
    this.#ends.delete(end.id);
    if (end.station.isUp) end.station.onLinkDown(end.id);
  }

  /** All links of a station that crashed; the others learn of it sooner or later. */
  crash(station: Station): void {
    for (const end of [...this.#ends.values()]) {
      if (end.station !== station) continue;
      end.isOpen = false;
      this.#ends.delete(end.id);
      const { other } = end;
      if (other !== null) this.#agenda.after(this.#delay(), () => this.#lose(other));
    }
  }

  /** Breaks links between stations that are cut: one side may learn of it long before the other. */
  cut(groups: readonly (readonly Sid[])[]): void {
    this.#cut.clear();
    for (const [i, group] of groups.entries())
      for (const other of groups.slice(i + 1))
        for (const a of group)
          for (const b of other) {
            this.#cut.add(`${a} ${b}`);
            this.#cut.add(`${b} ${a}`);
          }
    for (const end of [...this.#ends.values()]) {
      if (end.other === null || !this.#isCut(end.station.sid, end.other.station.sid)) continue;
      // What is on the way is lost, so the link cannot go on when the cut has healed.
      const lateMs = this.#prng.chance(0.5) ? this.#delay() : this.#prng.between(0, 30_000);
      end.other.other = null;
      this.#agenda.after(lateMs, () => this.#lose(end));
    }
  }

  heal(): void {
    this.#cut.clear();
  }

  #isCut(a: Sid, b: Sid): boolean {
    return this.#cut.has(`${a} ${b}`);
  }
}
