/** Long work: runs in the background, shows progress, can be cancelled, and its end is remembered for a while. */
import { ApiError } from '#contract/errors.ts';
import type { OperationState } from '#contract/models.ts';

import type { Clock, Timer } from '../../platform/clock.ts';
import { explainAnything } from './explain.ts';

export interface Progress {
  /** Throws where the work was cancelled, so that it stops here. */
  advance(done: number, total: number | null): void;
}

interface Operation {
  state: OperationState;
  isCancelled: boolean;
  readonly listeners: Set<(state: OperationState) => void>;
  /** Runs from its end until it is forgotten. */
  forgetting: Timer | null;
}

const TELL_MS = 100;
/** How long the end of an operation can still be asked for. */
const REMEMBERED_MS = 600_000;

class Cancelled extends Error {}

function failureOf(
  error: unknown,
): Pick<Extract<OperationState, { kind: 'failed' }>, 'code' | 'why'> {
  const { code, message } = explainAnything(error);
  return { code, why: message };
}

export class Operations {
  readonly #clock: Clock;
  readonly #operations = new Map<string, Operation>();
  #nextId = 1;
  #isClosed = false;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  start(work: (progress: Progress) => Promise<void>): string {
    const id = String(this.#nextId++);
    const operation: Operation = {
      state: { kind: 'running', done: 0, total: null },
      isCancelled: false,
      listeners: new Set(),
      forgetting: null,
    };
    this.#operations.set(id, operation);
    let toldMs = -Infinity;
    let done = 0;
    const tell = (state: OperationState): void => {
      operation.state = state;
      for (const listener of [...operation.listeners]) listener(state);
    };
    const progress: Progress = {
      advance: (nowDone, total) => {
        if (operation.isCancelled) throw new Cancelled();
        done = nowDone;
        operation.state = { kind: 'running', done, total };
        const nowMs = this.#clock.nowMs();
        if (nowMs - toldMs < TELL_MS) return;
        toldMs = nowMs;
        tell(operation.state);
      },
    };
    work(progress)
      .then(
        () => tell({ kind: 'done', done }),
        (error: unknown) => {
          if (error instanceof Cancelled) tell({ kind: 'cancelled', done });
          else tell({ kind: 'failed', done, ...failureOf(error) });
        },
      )
      .finally(() => {
        if (this.#isClosed) return;
        operation.forgetting = this.#clock.after(REMEMBERED_MS, () => this.#operations.delete(id));
      });
    return id;
  }

  /** Work under way ends where it next asks, and nothing is waited for that would keep a thread from ending. */
  close(): void {
    this.#isClosed = true;
    for (const operation of this.#operations.values()) {
      operation.isCancelled = true;
      operation.forgetting?.cancel();
    }
  }

  cancel(id: string): void {
    this.#find(id).isCancelled = true;
  }

  /** Tells the present state and every later one. */
  follow(id: string, listener: (state: OperationState) => void): () => void {
    const operation = this.#find(id);
    operation.listeners.add(listener);
    listener(operation.state);
    return () => operation.listeners.delete(listener);
  }

  #find(id: string): Operation {
    const operation = this.#operations.get(id);
    if (operation === undefined) throw new ApiError('not-found', `there is no operation ${id}`);
    return operation;
  }
}
