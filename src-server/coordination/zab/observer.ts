/** An observer in broadcast: is told what was decided, logs and applies it at once, and acknowledges nothing. */
import type { Zxid } from '../../base/zxid.ts';
import type { LinkId } from './events.ts';
import { Learning } from './learning.ts';
import type { InformAndActivate, Message, Proposal } from './messages.ts';
import type { Self } from './self.ts';

export class Observer extends Learning {
  readonly #jitter: number;

  /** @param jitter in 0 ≤ jitter < 1: spreads the return of many observers to one leader */
  constructor(self: Self, jitter: number) {
    super(self, 'observer');
    this.#jitter = jitter;
  }

  protected override delayMs(): number {
    return Math.floor(this.#jitter * this.self.settings.observerReconnectDelayMs);
  }

  protected override onSynchronised(): void {
    // Nothing is acknowledged, so there is nothing to begin from.
  }

  protected override onDurable(): void {
    // Nobody waits for an observer's disk.
  }

  protected override onBroadcast(link: LinkId, message: Message): void {
    switch (message.kind) {
      case 'inform':
        this.#onInform({ ...message, kind: 'proposal', view: null });
        return;
      case 'informAndActivate':
        this.#onActivate(message);
        return;
      case 'ping':
        this.self.emit({ kind: 'answerPing', link, zxid: message.zxid });
        return;
      case 'revalidated':
      case 'sync':
        this.self.emit({ kind: 'deliver', link, from: this.self.vote.leader, message });
        return;
      case 'proposal':
      case 'commit':
      case 'upToDate':
        return;
      default:
        this.refuse(message);
    }
  }

  #onInform(proposal: Proposal): boolean {
    const { history } = this.self;
    const { zxid, payload, view } = proposal;
    if (!history.isNext(zxid)) {
      this.self.leave('a transaction is missing');
      return false;
    }
    history.append(proposal);
    this.self.emit({ kind: 'append', zxid, payload, view });
    history.commit(zxid);
    this.self.emit({ kind: 'commit', zxid });
    return true;
  }

  #onActivate({ zxid, leader, payload, view }: InformAndActivate): void {
    if (!this.#onInform({ kind: 'proposal', zxid, payload, view })) return;
    const successor: { leader: typeof leader; zxid: Zxid } = { leader, zxid };
    if (this.self.activate(view, successor))
      this.self.leave('the configuration changes what this server does');
  }
}
