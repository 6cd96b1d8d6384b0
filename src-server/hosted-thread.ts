/** One worker thread, and its next one should it fall: started, held still, ended in order or at once. */
import { type MessagePort, Worker } from 'node:worker_threads';

import { PauseSwitch } from './pause-switch.ts';
import type { FromThread, Role, ToThread } from './thread-messages.ts';

/** A thread that fell is started again after this long, doubling up to the last. */
const RESTART_FIRST_MS = 500;
const RESTART_LAST_MS = 30_000;
const STOP_MS = 10_000;

export interface ThreadOptions {
  /** The built or plain `thread` file. */
  readonly threadUrl: URL;
  readonly writeLog: (line: string) => void;
}

export type ThreadEvent =
  | Exclude<FromThread, { kind: 'log' | 'failed' }>
  /** The thread ended without being asked to. */
  | { readonly kind: 'fell'; readonly why: string; readonly retryAtMs: number | null };

export class Thread {
  readonly #options: ThreadOptions;
  readonly #roleAt: (pause: PauseSwitch) => Role;
  readonly #onEvent: (event: ThreadEvent) => void;
  readonly #pause = new PauseSwitch();
  #worker: Worker | null = null;
  #isStopping = false;
  #isHalting = false;
  #restartMs = RESTART_FIRST_MS;
  #restart: NodeJS.Timeout | null = null;
  isReady = false;

  /** @param roleAt what it is at each of its starts */
  constructor(
    options: ThreadOptions,
    roleAt: (pause: PauseSwitch) => Role,
    onEvent: (event: ThreadEvent) => void,
  ) {
    this.#options = options;
    this.#roleAt = roleAt;
    this.#onEvent = onEvent;
  }

  get isRunning(): boolean {
    return this.#worker !== null;
  }

  get isPaused(): boolean {
    return this.#pause.isOn;
  }

  /** @returns false where it is so already, or cannot be: what starts or ends is not held */
  pause(): boolean {
    if (!this.isReady || this.#isStopping || this.#isHalting || this.isPaused) return false;
    this.#pause.turnOn();
    this.send({ kind: 'pause' });
    return true;
  }

  /** @returns false where it was not paused */
  resume(): boolean {
    const wasPaused = this.isPaused;
    this.#pause.turnOff();
    return wasPaused;
  }

  /** @returns false where it runs already */
  start(): boolean {
    if (this.#worker !== null || this.#isStopping) return false;
    if (this.#restart !== null) clearTimeout(this.#restart);
    this.#restart = null;
    const role = this.#roleAt(this.#pause);
    const worker = new Worker(this.#options.threadUrl, { workerData: role, name: role.role });
    this.#worker = worker;
    let failure: { readonly why: string; readonly mayHelp: boolean } | null = null;
    worker.on('message', (message: FromThread) => {
      switch (message.kind) {
        case 'log':
          this.#options.writeLog(message.line);
          return;
        case 'failed':
          failure = message;
          return;
        case 'ready':
          this.isReady = true;
          this.#restartMs = RESTART_FIRST_MS;
          this.#onEvent(message);
          return;
        case 'member':
        case 'standing':
        case 'node':
        case 'url':
        case 'retry-member':
        case 'order':
        case 'resize':
        case 'break-links':
        case 'heal':
        case 'storage-wish':
          this.#onEvent(message);
          return;
      }
    });
    worker.on('error', (error) => {
      failure ??= {
        why: error instanceof Error ? (error.stack ?? error.message) : String(error),
        mayHelp: true,
      };
    });
    worker.on('exit', () => {
      this.#worker = null;
      this.isReady = false;
      this.#pause.turnOff();
      const isMeant = this.#isStopping || this.#isHalting;
      this.#isHalting = false;
      if (!isMeant) this.#onFell(failure ?? { why: 'the thread ended by itself', mayHelp: true });
    });
    return true;
  }

  send(message: ToThread, transfer: MessagePort[] = []): void {
    if (this.isReady) this.#worker?.postMessage(message, transfer);
  }

  /** Ends it for good. */
  async stop(): Promise<void> {
    this.#isStopping = true;
    await this.#end({ isSudden: false });
  }

  /** Ends it until it is started again; suddenly as a process that is killed, of which only what it wrote remains. */
  async halt(how: { readonly isSudden: boolean }): Promise<void> {
    this.#isHalting = this.#worker !== null;
    await this.#end(how);
  }

  async #end({ isSudden }: { readonly isSudden: boolean }): Promise<void> {
    if (this.#restart !== null) clearTimeout(this.#restart);
    this.#restart = null;
    const worker = this.#worker;
    if (worker === null) return;
    const ended = new Promise<void>((resolve) => worker.once('exit', () => resolve()));
    if (isSudden) {
      void worker.terminate();
    } else {
      // Nobody ends in order who is held still.
      this.resume();
      worker.postMessage({ kind: 'stop' } satisfies ToThread);
    }
    const patience = setTimeout(() => void worker.terminate(), STOP_MS);
    await ended;
    clearTimeout(patience);
  }

  #onFell({ why, mayHelp }: { readonly why: string; readonly mayHelp: boolean }): void {
    if (!mayHelp) {
      this.#onEvent({ kind: 'fell', why, retryAtMs: null });
      return;
    }
    const delayMs = this.#restartMs;
    this.#restartMs = Math.min(this.#restartMs * 2, RESTART_LAST_MS);
    this.#restart = setTimeout(() => this.start(), delayMs);
    this.#onEvent({ kind: 'fell', why, retryAtMs: Date.now() + delayMs });
  }
}
