/**
 * The turn of a member on its own: prepare → log → durable → apply → tell watchers and answer.
 *
 * There is nobody to agree with, so what is durable here is committed. Laws: S1 a write is applied and answered only when it
 * is durable. S2 writes are applied in zxid order, which is the order of submission.
 */
import { assert } from '../../base/assert.ts';
import { Fifo } from '../../base/fifo.ts';
import { nextZxid, type Zxid } from '../../base/zxid.ts';
import type { Settings } from '../../config/settings.ts';
import type { Platform } from '../../platform/platform.ts';
import type { Journal } from '../journal/journal.ts';
import { Code } from '../model/codes.ts';
import { OpCode } from '../model/ops.ts';
import type { Outcome } from '../model/outcome.ts';
import { Request } from '../model/request.ts';
import type { Txn } from '../model/txn.ts';
import type { Machine, Session } from '../state/machine.ts';
import { Housekeeping } from './housekeeping.ts';
import { Reaper } from './reaper.ts';
import { SessionClock } from './session-clock.ts';
import { SessionIds } from './session-ids.ts';

/** Whoever waits for a write: told once, in the order of submission. */
export interface Waiter {
  settled(outcome: Outcome): void;
}

/** Told of everything that is applied; the turn ends after a batch. */
export interface AppliedListener {
  onApplied(txn: Txn, outcome: Outcome, waiter: Waiter | null): void;
  flush(): void;
}

export interface StandaloneParts {
  readonly settings: Settings;
  readonly platform: Platform;
  readonly machine: Machine;
  readonly journal: Journal;
  readonly onFatal: (error: Error) => void;
}

/** The wait of a write nobody waits for. */
const NOBODY = null;

export class Standalone {
  readonly #platform: Platform;
  readonly #machine: Machine;
  readonly #journal: Journal;
  readonly #sessionClock: SessionClock;
  readonly #sessionIds: SessionIds;
  readonly #housekeeping: Housekeeping;
  readonly #reaper: Reaper;
  /** Who waits, one for each transaction in the log's order. */
  readonly #waiters = new Fifo<Waiter | null>(1024);
  #lastProposed: Zxid;
  #listener: AppliedListener = { onApplied: () => undefined, flush: () => undefined };

  constructor(parts: StandaloneParts) {
    this.#platform = parts.platform;
    this.#machine = parts.machine;
    this.#journal = parts.journal;
    this.#lastProposed = parts.machine.lastZxid;
    this.#sessionIds = new SessionIds(parts.settings.serverId, parts.platform);
    this.#sessionClock = new SessionClock({
      clock: parts.platform.clock,
      tickMs: parts.settings.tickTimeMs,
      onExpired: (sessions) => this.#expire(sessions),
    });
    this.#housekeeping = new Housekeeping({
      settings: parts.settings,
      clock: parts.platform.clock,
      machine: () => parts.machine,
      journal: parts.journal,
      seed: parts.platform.entropy.uint32(),
    });
    this.#reaper = new Reaper({
      settings: parts.settings,
      clock: parts.platform.clock,
      machine: parts.machine,
      submit: (request) => this.#propose(request, null, 0n, NOBODY),
    });
    this.#journal.onDurable({ durable: (txns) => this.#commit(txns), fatal: parts.onFatal });
  }

  listen(listener: AppliedListener): void {
    this.#listener = listener;
  }

  /**
   * Sessions that survived get a whole timeout to come back.
   * @param options isNew: nothing is on the disk yet, and a log without a snapshot would not be taken for a database;
   *   hasChanged: the state is not what the newest snapshot says
   * @throws DiskError where a new database cannot be begun
   */
  async start(options: { readonly isNew: boolean; readonly hasChanged: boolean }): Promise<void> {
    if (options.isNew) {
      const problem = await this.#housekeeping.snapshot();
      if (problem !== null) throw problem;
    } else if (options.hasChanged) {
      void this.#housekeeping.snapshot();
    }
    for (const session of this.#machine.sessions)
      this.#sessionClock.track(session, session.timeoutMs);
    this.#sessionClock.start();
    this.#housekeeping.start();
    this.#reaper.start();
  }

  async stop(): Promise<void> {
    this.#sessionClock.stop();
    this.#housekeeping.stop();
    this.#reaper.stop();
    await this.#journal.close();
  }

  // --- writes ---

  get outstanding(): number {
    return this.#waiters.length;
  }

  get lastProposed(): Zxid {
    return this.#lastProposed;
  }

  accepts(op: OpCode): Code {
    const { room } = this.#journal;
    if (room === 'ok') return Code.OK;
    // Ends of sessions are small and free what they held; the reserve is there for them.
    const isSession = op === OpCode.CLOSE_SESSION || op === OpCode.CREATE_SESSION;
    return room === 'low' && isSession ? Code.OK : Code.NOT_READ_ONLY;
  }

  submit(request: Request, session: Session, waiter: Waiter | null): void {
    this.#propose(request, session, session.id, waiter);
  }

  /** Nobody else decides anything. */
  readonly mayLag = false;

  sync(): void {
    assert(false, 'what cannot lag is not asked to catch up');
  }

  createSession(id: bigint, timeoutMs: number, waiter: Waiter): void {
    const request = new Request(OpCode.CREATE_SESSION);
    request.timeoutMs = timeoutMs;
    this.#propose(request, null, id, waiter);
  }

  #propose(
    request: Request,
    session: Session | null,
    sessionId: bigint,
    waiter: Waiter | null,
  ): void {
    this.#lastProposed = nextZxid(this.#lastProposed);
    const timeMs = this.#platform.clock.wallMs();
    const txn = this.#machine.prepare(request, {
      session,
      sessionId,
      zxid: this.#lastProposed,
      timeMs,
    });
    this.#waiters.push(waiter);
    this.#journal.append(txn);
    this.#housekeeping.onLogged();
  }

  #commit(txns: readonly Txn[]): void {
    for (const txn of txns) {
      const closing =
        txn.type === OpCode.CLOSE_SESSION ? this.#machine.session(txn.sessionId) : undefined;
      const outcome = this.#machine.apply(txn);
      if (closing !== undefined) this.#sessionClock.forget(closing);
      const waiter = this.#waiters.shift();
      assert(waiter !== undefined, 'S2: every transaction has its waiter');
      if (txn.type === OpCode.CREATE_SESSION) this.#track(txn);
      this.#listener.onApplied(txn, outcome, waiter);
    }
    this.#listener.flush();
  }

  // --- sessions ---

  newSessionId(): bigint {
    return this.#sessionIds.next((id) => this.#machine.session(id) !== undefined);
  }

  /** There is nobody to whom a session would not be known. */
  readonly locals = null;

  revalidate(id: bigint, _timeoutMs: number, answer: (session: Session | null) => void): void {
    const session = this.#machine.session(id);
    answer(session === undefined || session.isClosing ? null : session);
  }

  touch(session: Session, _timeoutMs: number, nowMs: number): void {
    this.#sessionClock.touch(session, nowMs);
  }

  attached(session: Session, timeoutMs: number): void {
    this.#sessionClock.track(session, timeoutMs);
  }

  get sessionClock(): SessionClock {
    return this.#sessionClock;
  }

  #track(txn: Txn): void {
    const session = this.#machine.session(txn.sessionId);
    if (session !== undefined) this.#sessionClock.track(session, txn.timeoutMs);
  }

  #expire(sessions: readonly Session[]): void {
    for (const session of sessions) {
      if (session.isClosing) continue;
      this.#platform.logger.info('session expired', { session: `0x${session.id.toString(16)}` });
      this.#propose(new Request(OpCode.CLOSE_SESSION), session, session.id, NOBODY);
    }
  }
}
