/**
 * Holds a thread still as SIGSTOP holds a process: its connections stay open, time passes, and nothing is answered. Host and
 * thread share the switch; the thread waits at it between two turns.
 */
const GO = 0;
const HOLD = 1;

export class PauseSwitch {
  /** What the other thread makes its own switch of. */
  readonly shared: SharedArrayBuffer;
  readonly #state: Int32Array<SharedArrayBuffer>;

  constructor(shared = new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT)) {
    this.shared = shared;
    this.#state = new Int32Array(shared);
  }

  get isOn(): boolean {
    return Atomics.load(this.#state, 0) === HOLD;
  }

  turnOn(): void {
    Atomics.store(this.#state, 0, HOLD);
  }

  turnOff(): void {
    Atomics.store(this.#state, 0, GO);
    Atomics.notify(this.#state, 0);
  }

  /** In the thread: returns once the switch is off. */
  wait(): void {
    Atomics.wait(this.#state, 0, HOLD);
  }
}
