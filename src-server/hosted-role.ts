/** A role of this program in a thread of its own: how it is, and what people may have done to it. */
import { Thread, type ThreadEvent, type ThreadOptions } from './hosted-thread.ts';
import type { PauseSwitch } from './pause-switch.ts';
import type { Role } from './thread-messages.ts';

/** What all roles are at times, besides what each is by itself. */
export type HeldState =
  | { readonly kind: 'failed'; readonly why: string; readonly retryAtMs: number | null }
  | { readonly kind: 'stopped' }
  | { readonly kind: 'paused' };

export type LifeOrder = 'start' | 'stop' | 'kill' | 'pause' | 'resume';

export interface HostedRoleParts<State> {
  readonly thread: ThreadOptions;
  /** What it is at each of its starts. */
  readonly roleAt: (pause: PauseSwitch) => Role;
  /** How it is while it begins. */
  readonly starting: State;
  /** What it tells besides its state; 'ready' and 'fell' as well. */
  readonly onEvent: (event: ThreadEvent) => void;
  /** Its state is another one, or it is paused or resumed. */
  readonly onState: () => void;
}

const PAUSED = { kind: 'paused' } as const;

export class HostedRole<State extends { readonly kind: string }> {
  readonly #thread: Thread;
  readonly #starting: State;
  readonly #onState: () => void;
  #state: State | HeldState;

  constructor(parts: HostedRoleParts<State>) {
    this.#starting = parts.starting;
    this.#state = parts.starting;
    this.#onState = parts.onState;
    this.#thread = new Thread(parts.thread, parts.roleAt, (event) => {
      if (event.kind === 'fell')
        this.tell({ kind: 'failed', why: event.why, retryAtMs: event.retryAtMs });
      parts.onEvent(event);
    });
  }

  /** What it told last may still be on its way when it is paused, and is true again when it is resumed. */
  get state(): State | HeldState {
    return this.#thread.isPaused ? PAUSED : this.#state;
  }

  /** It takes messages, and would answer. */
  get isAnswering(): boolean {
    return this.#thread.isReady && !this.#thread.isPaused;
  }

  get isReady(): boolean {
    return this.#thread.isReady;
  }

  tell(state: State | HeldState): void {
    this.#state = state;
    this.#onState();
  }

  readonly send: Thread['send'] = (message, transfer) => this.#thread.send(message, transfer);

  /** Starts it, or tries again at once where it fell. */
  start(): void {
    this.#thread.start();
  }

  /** Ends it for good. */
  stop(): Promise<void> {
    return this.#thread.stop();
  }

  /** @returns false where it was not paused */
  resume(): boolean {
    if (!this.#thread.resume()) return false;
    this.#onState();
    return true;
  }

  /** Of what is so already nothing becomes. */
  async carryOut(what: LifeOrder): Promise<void> {
    const thread = this.#thread;
    switch (what) {
      case 'start':
        if (thread.start()) this.tell(this.#starting);
        return;
      case 'pause':
        if (thread.pause()) this.#onState();
        return;
      case 'resume':
        this.resume();
        return;
      case 'stop':
      case 'kill':
        await thread.halt({ isSudden: what === 'kill' });
        // It may have been wanted again meanwhile.
        if (!thread.isRunning) this.tell({ kind: 'stopped' });
    }
  }
}
