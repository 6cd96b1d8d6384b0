/**
 * Clients of a ring who write all the time, and what must be true of what they were told.
 *
 *   register   one writer, numbers that grow      whoever reads sees what was acknowledged before, or something newer
 *   counter    INCR by everybody                  acknowledged ≤ what it is in the end ≤ acknowledged and uncertain
 *
 * A write whose answer never came, or is UNCERTAIN, may hold or not, and may come to hold later.
 */
import { NetError } from '../../../src-server/platform/net.ts';
import { RespClient, RespLost } from '../../../src-server/storage/resp/client.ts';
import { type Reply, RespError, textOf } from '../../../src-server/storage/resp/reply.ts';
import { PLATFORM } from './control-stage.ts';

/** Where clients may come in. */
export interface Entrance {
  readonly proxyPort: number;
}

interface Register {
  readonly key: string;
  attempted: number;
  acknowledged: number;
  readonly uncertain: Set<number>;
}

export interface Tally {
  readonly acknowledged: number;
  readonly uncertain: number;
  /** By the code of their refusal. */
  readonly refused: ReadonlyMap<string, number>;
  readonly reads: number;
  /** What must not be. */
  readonly violations: readonly string[];
}

const ASK_MS = 20_000;

export class RingLoad {
  readonly #entrances: readonly Entrance[];
  readonly #registers: Register[] = [];
  readonly #counters: readonly string[];
  readonly #violations: string[] = [];
  readonly #refused = new Map<string, number>();
  readonly #counted = new Map<string, { acknowledged: number; uncertain: number }>();
  #isRunning = true;
  #reads = 0;
  readonly #restMs: number;
  readonly #loops: Promise<void>[] = [];

  /** Begins at once. @param options.restMs how long each client rests between two requests */
  constructor(
    entrances: readonly Entrance[],
    { clients = 6, restMs = 0 }: { readonly clients?: number; readonly restMs?: number } = {},
  ) {
    this.#entrances = entrances;
    this.#restMs = restMs;
    this.#counters = Array.from({ length: clients }, (_, i) => `counter:${i}`);
    for (const key of this.#counters) this.#counted.set(key, { acknowledged: 0, uncertain: 0 });
    for (let i = 0; i < clients; i++) {
      const register = {
        key: `register:${i}`,
        attempted: 0,
        acknowledged: 0,
        uncertain: new Set<number>(),
      };
      this.#registers.push(register);
      this.#loops.push(this.#write(register, i), this.#read(register, i + 1), this.#count(i));
    }
  }

  /** Writes that were acknowledged so far: who waits for it to grow knows that the ring goes on. */
  get acknowledged(): number {
    const counted = [...this.#counted.values()].reduce((sum, one) => sum + one.acknowledged, 0);
    return this.#registers.reduce((sum, { acknowledged }) => sum + acknowledged, counted);
  }

  get refused(): ReadonlyMap<string, number> {
    return this.#refused;
  }

  get reads(): number {
    return this.#reads;
  }

  get violations(): readonly string[] {
    return this.#violations;
  }

  /** Ends it, looks at everything once more, and tells what came of it. */
  async stop(): Promise<Tally> {
    this.#isRunning = false;
    await Promise.all(this.#loops);
    const caller = new Caller(this.#entrances, 0);
    for (const register of this.#registers) {
      const value = await this.#insist(caller, register.key);
      this.#look(register, value, register.acknowledged, 'in the end');
    }
    for (const [key, { acknowledged, uncertain }] of this.#counted) {
      const value = await this.#insist(caller, key);
      if (value < acknowledged || value > acknowledged + uncertain)
        this.#violations.push(
          `${key} is ${value}; ${acknowledged} were acknowledged, ${uncertain} are uncertain`,
        );
    }
    caller.close();
    const uncertain = [...this.#counted.values()].reduce((sum, one) => sum + one.uncertain, 0);
    return {
      acknowledged: this.acknowledged,
      uncertain:
        uncertain + this.#registers.reduce((sum, register) => sum + register.uncertain.size, 0),
      refused: this.#refused,
      reads: this.#reads,
      violations: this.#violations,
    };
  }

  async #write(register: Register, at: number): Promise<void> {
    const caller = new Caller(this.#entrances, at, this.#restMs);
    while (this.#isRunning) {
      const value = ++register.attempted;
      const outcome = await caller.ask('SET', register.key, String(value));
      if (outcome.kind === 'answered') register.acknowledged = value;
      else this.#note(outcome, () => register.uncertain.add(value));
    }
    caller.close();
  }

  async #read(register: Register, at: number): Promise<void> {
    const caller = new Caller(this.#entrances, at, this.#restMs);
    while (this.#isRunning) {
      const { acknowledged } = register;
      const outcome = await caller.ask('GET', register.key);
      if (outcome.kind !== 'answered') {
        this.#note(outcome, () => undefined);
        continue;
      }
      this.#reads++;
      this.#look(register, Number(textOf(outcome.reply) ?? 0), acknowledged, 'while it went on');
    }
    caller.close();
  }

  async #count(at: number): Promise<void> {
    const caller = new Caller(this.#entrances, at + 2, this.#restMs);
    for (let i = at; this.#isRunning; i++) {
      const key = this.#counters[i % this.#counters.length]!;
      const counted = this.#counted.get(key)!;
      const outcome = await caller.ask('INCR', key);
      if (outcome.kind === 'answered') counted.acknowledged++;
      else this.#note(outcome, () => counted.uncertain++);
    }
    caller.close();
  }

  #look(register: Register, value: number, acknowledged: number, when: string): void {
    const { key, attempted, uncertain } = register;
    if ((value >= acknowledged && value <= attempted) || uncertain.has(value)) return;
    this.#violations.push(`${key} is ${value} ${when}; ${acknowledged} was acknowledged before`);
  }

  #note(outcome: Exclude<Outcome, { kind: 'answered' }>, onUncertain: () => void): void {
    if (outcome.kind === 'unknown') onUncertain();
    else this.#refused.set(outcome.code, (this.#refused.get(outcome.code) ?? 0) + 1);
  }

  async #insist(caller: Caller, key: string): Promise<number> {
    const endMs = performance.now() + ASK_MS;
    for (;;) {
      const outcome = await caller.ask('GET', key);
      if (outcome.kind === 'answered') return Number(textOf(outcome.reply) ?? 0);
      if (performance.now() > endMs) throw new Error(`${key} cannot be read: ${outcome.code}`);
    }
  }
}

type Outcome =
  | { readonly kind: 'answered'; readonly reply: Reply }
  /** It was not done. */
  | { readonly kind: 'refused'; readonly code: string }
  | { readonly kind: 'unknown'; readonly code: string };

/** Goes to another entrance when one is closed. */
class Caller {
  readonly #entrances: readonly Entrance[];
  #at: number;
  readonly #restMs: number;
  #client: RespClient | null = null;

  constructor(entrances: readonly Entrance[], at: number, restMs = 0) {
    this.#entrances = entrances;
    this.#at = at;
    this.#restMs = restMs;
  }

  async ask(...words: readonly string[]): Promise<Outcome> {
    if (this.#restMs > 0) await new Promise((resolve) => setTimeout(resolve, this.#restMs));
    try {
      this.#client ??= await RespClient.connect({
        net: PLATFORM.net,
        host: '127.0.0.1',
        port: this.#entrances[this.#at % this.#entrances.length]!.proxyPort,
        timeoutMs: 1000,
      });
    } catch (error) {
      if (!(error instanceof NetError || error instanceof RespLost)) throw error;
      this.#at++;
      // Others want to go on as well.
      await new Promise((resolve) => setTimeout(resolve, 20));
      return { kind: 'refused', code: 'CLOSED' };
    }
    try {
      const reply = await this.#client.ask(words);
      if (!(reply instanceof RespError)) return { kind: 'answered', reply };
      const { code } = reply;
      return { kind: code === 'UNCERTAIN' ? 'unknown' : 'refused', code };
    } catch (error) {
      if (!(error instanceof RespLost)) throw error;
      this.#client = null;
      this.#at++;
      return { kind: 'unknown', code: 'LOST' };
    }
  }

  close(): void {
    this.#client?.close();
  }
}
