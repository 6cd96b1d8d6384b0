/**
 * A learner's connection to its leader: found in the view, tried a few times as the leader may not listen yet, and given up
 * when nothing comes in time.
 */
import type { Sid } from '../../base/ids.ts';
import type { Connected, ConnectFailed, LinkId } from './events.ts';
import type { Message } from './messages.ts';
import type { Self } from './self.ts';
import { serverOf } from './view.ts';

const TRIES = 5;

export class LeaderLink {
  readonly #self: Self;
  readonly #leader: Sid;
  #link: LinkId | null = null;
  #tries = 0;
  #attempt = 0;
  #isTrusted = false;
  #retryAtMs = Infinity;
  #deadlineMs = Infinity;

  constructor(self: Self) {
    this.#self = self;
    this.#leader = self.vote.leader;
  }

  get link(): LinkId | null {
    return this.#link;
  }

  get wakeAtMs(): number {
    return Math.min(this.#retryAtMs, this.#deadlineMs);
  }

  get #initLimitMs(): number {
    return this.#self.settings.initLimitTicks * this.#self.settings.tickMs;
  }

  begin(delayMs: number): void {
    const { nowMs, settings } = this.#self;
    const limitMs = (settings.connectLimitTicks ?? settings.initLimitTicks) * settings.tickMs;
    this.#deadlineMs = nowMs + delayMs + limitMs;
    if (delayMs > 0) this.#retryAtMs = nowMs + delayMs;
    else this.#connect();
  }

  onTick(): void {
    const { nowMs } = this.#self;
    if (nowMs >= this.#deadlineMs) {
      this.#self.leave(
        this.#link === null ? 'the leader cannot be reached' : 'nothing heard from the leader',
      );
    } else if (nowMs >= this.#retryAtMs) {
      this.#connect();
    }
  }

  /** @returns whether this is the connection that was tried for */
  onConnected({ attempt, link }: Connected): boolean {
    if (attempt !== this.#attempt || this.#link !== null) {
      this.#self.emit({ kind: 'close', link, reason: 'tried for too long' });
      return false;
    }
    this.#link = link;
    this.expect(this.#initLimitMs);
    return true;
  }

  onConnectFailed({ attempt }: ConnectFailed): void {
    if (attempt === this.#attempt && this.#link === null) this.#retry();
  }

  onLinkDown(link: LinkId): void {
    if (link !== this.#link) return;
    this.#link = null;
    // A server that does not lead yet closes, as it would refuse.
    if (this.#isTrusted) this.#self.leave('the leader is gone');
    else this.#retry();
  }

  /** It has said that it leads. */
  trust(): void {
    this.#isTrusted = true;
  }

  /** Something must come within this time; null while this peer itself is busy. */
  expect(limitMs: number | null): void {
    this.#deadlineMs = limitMs === null ? Infinity : this.#self.nowMs + limitMs;
  }

  send(message: Message): void {
    if (this.#link !== null) this.#self.send(this.#link, message);
  }

  end(reason: string): void {
    if (this.#link !== null) this.#self.emit({ kind: 'close', link: this.#link, reason });
    this.#link = null;
  }

  #connect(): void {
    const self = this.#self;
    this.#retryAtMs = Infinity;
    const server = serverOf(self.view, this.#leader);
    if (server === null) {
      self.leave('the leader is not in the configuration');
      return;
    }
    this.#tries++;
    this.#attempt = ++self.attempts;
    self.emit({
      kind: 'connect',
      attempt: this.#attempt,
      sid: this.#leader,
      address: server.quorumAddress,
    });
  }

  #retry(): void {
    if (this.#tries >= TRIES) this.#self.leave('the leader cannot be reached');
    else this.#retryAtMs = this.#self.nowMs + this.#self.settings.connectRetryMs;
  }
}
