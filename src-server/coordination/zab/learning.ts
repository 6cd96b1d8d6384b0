/** What following and observing share: a link to the leader, the synchronisation, and messages that wait for the disk. */
import { Fifo } from '../../base/fifo.ts';
import type { LinkId } from './events.ts';
import { LeaderLink } from './leader-link.ts';
import type { LearnerRole, Message } from './messages.ts';
import type { Role, RoleEvent } from './role.ts';
import type { Self } from './self.ts';
import { Synchronisation } from './synchronisation.ts';

export abstract class Learning implements Role {
  protected readonly self: Self;
  protected readonly link: LeaderLink;
  readonly #role: LearnerRole;
  readonly #synchronisation: Synchronisation;
  /** Bounded by what the leader's link holds back for us: it drops who does not take its output. */
  readonly #waiting = new Fifo<Message>();

  constructor(self: Self, role: LearnerRole) {
    this.self = self;
    this.link = new LeaderLink(self);
    this.#role = role;
    this.#synchronisation = new Synchronisation(self, this.link, role);
  }

  /** A message of the broadcast phase. */
  protected abstract onBroadcast(link: LinkId, message: Message): void;

  protected abstract onDurable(event: Extract<RoleEvent, { kind: 'durable' }>): void;

  /** Synchronised: the log ends with what the leader has decided, and what follows is ours to deal with. */
  protected abstract onSynchronised(): void;

  protected abstract delayMs(): number;

  get leaderLink(): LinkId | null {
    return this.#synchronisation.isDone ? this.link.link : null;
  }

  get wakeAtMs(): number {
    return this.link.wakeAtMs;
  }

  begin(): void {
    const { vote, acceptedEpoch, hasSuccessor } = this.self;
    this.self.enter('discovery', vote.leader, acceptedEpoch, hasSuccessor ? 'named' : 'elected');
    this.link.begin(this.delayMs());
  }

  onTick(): void {
    this.link.onTick();
  }

  onLinkDown(link: LinkId): void {
    this.link.onLinkDown(link);
  }

  end(reason: string): void {
    this.link.end(reason);
  }

  onMessage(link: LinkId, message: Message): void {
    if (link !== this.link.link) return;
    if (this.#synchronisation.isBusy) this.#waiting.push(message);
    else this.#take(link, message);
  }

  on(event: RoleEvent): void {
    if (event.kind === 'connected') {
      if (this.link.onConnected(event)) this.#synchronisation.onConnected();
    } else if (event.kind === 'connectFailed') {
      this.link.onConnectFailed(event);
    } else if (this.#synchronisation.isDone) {
      if (event.kind === 'durable') this.onDurable(event);
    } else {
      this.#synchronisation.on(event);
      this.#takeWaiting();
    }
  }

  #takeWaiting(): void {
    const { link } = this.link;
    if (link === null) return;
    while (!this.self.isLeaving && !this.#synchronisation.isBusy) {
      const message = this.#waiting.shift();
      if (message === undefined) return;
      this.#take(link, message);
    }
  }

  #take(link: LinkId, message: Message): void {
    if (this.#synchronisation.isDone) {
      this.link.expect(this.self.settings.syncLimitTicks * this.self.settings.tickMs);
      this.onBroadcast(link, message);
      return;
    }
    if (!this.#synchronisation.onMessage(message)) return;
    this.onSynchronised();
    this.#synchronisation.logRest();
  }

  protected refuse(message: Message): void {
    this.self.leave(`the leader sent ${message.kind} to a ${this.#role}`);
  }
}
