/** The learners of a leader: who they are, to whom proposals and commits go, and who counts as being led. */
import type { Sid } from '../../base/ids.ts';
import type { LinkId } from './events.ts';
import { type Learner } from './learner.ts';
import type { LearnerRole, Message } from './messages.ts';
import type { Self } from './self.ts';

export class Learners {
  readonly #self: Self;
  readonly #byLink = new Map<LinkId, Learner>();
  /** Lists are replaced, never changed: effects that name them may still wait. */
  #followers: readonly LinkId[] = [];
  #observers: readonly LinkId[] = [];

  constructor(self: Self) {
    this.#self = self;
  }

  /** Get proposals and commits. */
  get followers(): readonly LinkId[] {
    return this.#followers;
  }

  /** Get what was decided. */
  get observers(): readonly LinkId[] {
    return this.#observers;
  }

  get(link: LinkId): Learner | null {
    return this.#byLink.get(link) ?? null;
  }

  [Symbol.iterator](): IterableIterator<Learner> {
    return this.#byLink.values();
  }

  add(learner: Learner): void {
    this.#byLink.set(learner.link, learner);
  }

  remove(link: LinkId): void {
    if (this.#byLink.delete(link)) this.reroute();
  }

  drop(learner: Learner, reason: string): void {
    this.#self.emit({ kind: 'close', link: learner.link, reason });
    this.remove(learner.link);
  }

  closeAll(reason: string): void {
    for (const link of this.#byLink.keys()) this.#self.emit({ kind: 'close', link, reason });
    this.#byLink.clear();
  }

  tell(to: readonly LinkId[], message: Message): void {
    if (to.length > 0) this.#self.emit({ kind: 'send', to, message });
  }

  /** Somebody became, or is no longer, one to whom things are forwarded. */
  reroute(): void {
    this.#followers = this.#linksOf('follower');
    this.#observers = this.#linksOf('observer');
  }

  #linksOf(role: LearnerRole): LinkId[] {
    const links: LinkId[] = [];
    for (const learner of this.#byLink.values())
      if (learner.isForwarded && learner.role === role) links.push(learner.link);
    return links;
  }

  /** The leader itself, and every learner that counts. */
  with(counts: (learner: Learner) => boolean): (sid: Sid) => boolean {
    const sids = new Set([this.#self.sid]);
    for (const learner of this.#byLink.values())
      if (learner.stage !== 'new' && counts(learner)) sids.add(learner.sid);
    return (sid) => sids.has(sid);
  }
}
