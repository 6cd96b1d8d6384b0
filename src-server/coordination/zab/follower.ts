/**
 * A follower in broadcast: logs proposals in order, acknowledges each when it is on its disk, applies what the leader decides.
 *
 * A decision may come before the own disk is done: others' disks were enough. It always concerns the oldest undecided
 * transaction (Z5).
 */
import type { LinkId } from './events.ts';
import { Learning } from './learning.ts';
import type { Commit, CommitAndActivate, Message, Proposal } from './messages.ts';
import type { Self } from './self.ts';

export class Follower extends Learning {
  /** The last one that needs no acknowledgement from us any more. */
  #acknowledged = 0;

  constructor(self: Self) {
    super(self, 'follower');
  }

  protected override delayMs(): number {
    return 0;
  }

  protected override onSynchronised(): void {
    this.#acknowledged = this.self.history.last;
  }

  protected override onBroadcast(link: LinkId, message: Message): void {
    switch (message.kind) {
      case 'proposal':
        this.#onProposal(message);
        return;
      case 'commit':
        this.#onCommit(message);
        return;
      case 'commitAndActivate':
        this.#onActivate(message);
        return;
      case 'ping':
        this.self.emit({ kind: 'answerPing', link, zxid: message.zxid });
        return;
      case 'revalidated':
      case 'sync':
        this.self.emit({ kind: 'deliver', link, from: this.self.vote.leader, message });
        return;
      case 'upToDate':
        return;
      default:
        this.refuse(message);
    }
  }

  #onProposal(proposal: Proposal): void {
    const { history } = this.self;
    const { zxid, payload, view } = proposal;
    if (!history.isNext(zxid)) {
      this.self.leave('a proposal is missing');
      return;
    }
    if (view !== null) this.self.see(view);
    history.append(proposal);
    this.self.emit({ kind: 'append', zxid, payload, view });
  }

  #onCommit({ zxid }: Commit | CommitAndActivate): boolean {
    const { history } = this.self;
    if (history.undecided?.zxid !== zxid) {
      this.self.leave('the leader decided out of order');
      return false;
    }
    history.commit(zxid);
    this.self.emit({ kind: 'commit', zxid });
    return true;
  }

  #onActivate(message: CommitAndActivate): void {
    const { zxid, leader } = message;
    const view = this.self.history.undecided?.view ?? null;
    if (!this.#onCommit(message) || view === null) return;
    if (this.self.activate(view, { leader, zxid }))
      this.self.leave('the configuration changes what this server does');
  }

  /** One acknowledgement each, as leaders count them. */
  protected override onDurable({ zxid: durable }: { readonly zxid: number }): void {
    const { history } = this.self;
    const from = history.indexAfter(this.#acknowledged as Proposal['zxid']);
    for (let i = from; i < history.length; i++) {
      const { zxid } = history.at(i);
      if (zxid > durable) return;
      this.#acknowledged = zxid;
      this.link.send({ kind: 'ack', zxid });
    }
  }
}
