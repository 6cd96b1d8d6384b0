/**
 * The door for writes: prepared and proposed at the leader, sent there from anywhere else.
 *
 *   leader    prepare ─▶ propose ─▶ … ─▶ committed: the oldest waiter              one order for everybody
 *   learner   REQUEST ─▶ … ─▶ committed (session, cxid): that session's oldest     each session keeps its own
 *
 * A local session's first ephemeral node takes a createSession along, just before it; every other write goes as it is.
 *
 * A leader prepares one request after the other, each against what those before it will have changed; while its window is
 * full, or a step of the core is under way, they wait here. When the part this member plays ends, whoever waits is
 * forgotten: their connections close, and nobody says what became of the write, as nobody knows.
 */
import { assert } from '../../base/assert.ts';
import { Fifo } from '../../base/fifo.ts';
import { sessionId as sessionIdOf } from '../../base/ids.ts';
import type { Zxid } from '../../base/zxid.ts';
import { Reader } from '../../bytes/reader.ts';
import { type EnsembleConfig, ensembleConfigText } from '../../config/ensemble-config.ts';
import type { Limits } from '../../config/limits.ts';
import type { Settings } from '../../config/settings.ts';
import type { Platform } from '../../platform/platform.ts';
import type { Journal } from '../journal/journal.ts';
import type { Identity } from '../model/acl.ts';
import { Code } from '../model/codes.ts';
import { OpCode, opTraits } from '../model/ops.ts';
import type { Outcome } from '../model/outcome.ts';
import { makesEphemeral, type ReconfigOrder, Request } from '../model/request.ts';
import type { Txn } from '../model/txn.ts';
import type { Machine, Session } from '../state/machine.ts';
import { readRequest } from '../wire/requests.ts';
import { configOf, viewOf } from '../wire/views.ts';
import type { Event, LinkId } from '../zab/events.ts';
import type { Message, Request as Forwarded } from '../zab/messages.ts';
import type { Peer } from '../zab/peer.ts';
import type { View } from '../zab/view.ts';
import { HERE, type MemberSessions, type Seat } from './member-sessions.ts';
import { reconfigured } from './reconfiguration.ts';
import type { Storage } from './storage.ts';

/** Whoever waits for a write: told once, when it is applied here. */
export interface Waiter {
  settled(outcome: Outcome): void;
}

export interface SyncWaiter {
  synced(): void;
}

export interface SubmitParts {
  readonly settings: Settings;
  readonly limits: Limits;
  readonly platform: Pick<Platform, 'clock' | 'logger'>;
  readonly storage: Pick<Storage, 'machine' | 'lastZxid' | 'prepared'> & {
    readonly journal: Pick<Journal, 'room'>;
  };
  readonly sessions: MemberSessions;
  readonly peer: Pick<Peer, 'accepts' | 'nextZxid' | 'view' | 'nextView' | 'isSynchronised'>;
  readonly take: (event: Event) => void;
  /** Asks to be asked whether there is something to do. */
  readonly goOn: () => void;
  readonly send: (link: LinkId, message: Message) => void;
  readonly drop: (link: LinkId, reason: string) => void;
}

/** A request on its way into the leader's log. */
interface Submission {
  readonly seat: Seat;
  readonly sessionId: bigint;
  readonly op: OpCode;
  readonly cxid: number;
  readonly identities: readonly Identity[];
  readonly waiter: Waiter | null;
  readonly syncWaiter: SyncWaiter | null;
  /** Decoded, while the bytes it refers to are still there. */
  request: Request | null;
  body: Uint8Array;
  isBorrowed: boolean;
}

/** A write that a learner has sent to its leader. */
interface Sent {
  readonly cxid: number;
  readonly waiter: Waiter | null;
}

type ToLeader = Omit<Forwarded, 'kind' | 'sessionId'> & { readonly sessionId: bigint };

type Duty = 'none' | 'leader' | 'learner' | 'cut-off';

const NO_CXID = 0;
const NO_BYTES = new Uint8Array();

export class Submit {
  readonly #parts: SubmitParts;
  #duty: Duty = 'none';
  #machine: Machine;
  // --- leader ---
  readonly #backlog = new Fifo<Submission>();
  /** Who waits, one for each transaction in the log's order. */
  readonly #waiters = new Fifo<Waiter | null>(1024);
  readonly #reader = new Reader();
  #proposing: Zxid;
  #proposedView: View | null = null;
  readonly #proposalBytes = { last: -1, min: -1, max: -1 };
  // --- learner ---
  #leader: LinkId = HERE;
  readonly #sent = new Map<bigint, Fifo<Sent>>();
  #sentCount = 0;
  // --- both ---
  readonly #syncs = new Fifo<SyncWaiter>();
  #syncTokens = 0;

  constructor(parts: SubmitParts) {
    this.#parts = parts;
    this.#machine = parts.storage.machine;
    this.#proposing = parts.storage.lastZxid;
  }

  // --- the part this member plays ---

  lead(machine: Machine): void {
    this.#machine = machine;
    this.#duty = 'leader';
  }

  follow(machine: Machine, leader: LinkId): void {
    this.#machine = machine;
    this.#duty = 'learner';
    this.#leader = leader;
  }

  /** Nobody decides: nothing is written. */
  cutOff(machine: Machine): void {
    this.#machine = machine;
    this.#duty = 'cut-off';
  }

  end(): void {
    this.#duty = 'none';
    this.#backlog.clear();
    this.#waiters.clear();
    this.#sent.clear();
    this.#sentCount = 0;
    this.#syncs.clear();
  }

  // --- for clients of this member ---

  readonly mayLag = true;

  get outstanding(): number {
    return this.#duty === 'learner' ? this.#sentCount : this.#waiters.length + this.#backlog.length;
  }

  /** Of this member's time as leader; −1 before the first. */
  get proposalBytes(): { readonly last: number; readonly min: number; readonly max: number } {
    return this.#proposalBytes;
  }

  get pendingSyncs(): number {
    return this.#syncs.length;
  }

  accepts(op: OpCode): Code {
    if (this.#duty === 'cut-off') return Code.NOT_READ_ONLY;
    const { room } = this.#parts.storage.journal;
    // Whether the ensemble takes more is its leader's to say; a learner without room only falls behind.
    if (room === 'ok' || this.#duty === 'learner') return Code.OK;
    // Ends of sessions are small and free what they held; the reserve is there for them.
    const isSession = op === OpCode.CLOSE_SESSION || op === OpCode.CREATE_SESSION;
    return room === 'low' && isSession ? Code.OK : Code.NOT_READ_ONLY;
  }

  submit(request: Request, session: Session, waiter: Waiter | null): void {
    const { sessions, settings } = this.#parts;
    const mustUpgrade = makesEphemeral(request) && sessions.isLocal(session);
    const mayUpgrade = settings.localSessionsUpgradingEnabled;
    if (mustUpgrade && mayUpgrade) this.#upgrade(session);
    if (this.#duty === 'learner') {
      const { xid: cxid, op, body, identities } = request;
      const told = mustUpgrade && !mayUpgrade ? onLocalSession(waiter) : waiter;
      this.#forward({ sessionId: session.id, cxid, op, body, identities }, told);
    } else {
      this.#enter(request, session.id, waiter);
    }
  }

  #upgrade(session: Session): void {
    const { sessions } = this.#parts;
    sessions.upgrade(session);
    this.createSession(session.id, session.timeoutMs, {
      settled: ({ code }) => {
        if (code !== Code.OK) sessions.stayLocal(session);
      },
    });
  }

  createSession(id: bigint, timeoutMs: number, waiter: Waiter): void {
    const request = new Request(OpCode.CREATE_SESSION);
    request.timeoutMs = timeoutMs;
    if (this.#duty !== 'learner') {
      this.#enter(request, id, waiter);
      return;
    }
    const body = Buffer.alloc(4);
    body.writeInt32BE(timeoutMs);
    const { op, identities } = request;
    this.#forward({ sessionId: id, cxid: NO_CXID, op, body, identities }, waiter);
  }

  sync(request: Request, session: Session, waiter: SyncWaiter): void {
    if (this.#duty !== 'learner') {
      this.#wait(submissionOf(request, session.id, null, waiter));
      return;
    }
    const { xid: cxid, op, body, identities } = request;
    this.#syncs.push(waiter);
    this.#send({ sessionId: session.id, cxid, op, body, identities });
  }

  // --- from the member itself, at the leader ---

  /** The end of a session, or of a node whose time is over: nobody waits for it. */
  submitOwn(request: Request, sessionId: bigint): void {
    this.#enter(request, sessionId, null);
  }

  // --- learner: to the leader and back ---

  #forward(request: ToLeader, waiter: Waiter | null): void {
    const { sessionId, cxid } = request;
    let sent = this.#sent.get(sessionId);
    if (sent === undefined) this.#sent.set(sessionId, (sent = new Fifo<Sent>(8)));
    sent.push({ cxid, waiter });
    this.#sentCount++;
    this.#send(request);
  }

  #send(request: ToLeader): void {
    const { sessionId, cxid, op, body, identities } = request;
    this.#parts.send(this.#leader, {
      kind: 'request',
      sessionId: sessionIdOf(sessionId),
      cxid,
      op,
      body,
      identities,
    });
  }

  /** The leader has answered the oldest sync. */
  onSync(): void {
    this.#syncs.shift()?.synced();
  }

  #takeSent({ type, sessionId, cxid }: Txn): Waiter | null {
    const sent = this.#sent.get(sessionId);
    if (sent === undefined) return null;
    let waiter: Waiter | null = null;
    // Another member's client may have had this session when it wrote what comes here.
    if (sent.peek()?.cxid === cxid) {
      waiter = sent.shift()!.waiter;
      this.#sentCount--;
    }
    if (type === OpCode.CLOSE_SESSION) {
      this.#sent.delete(sessionId);
      this.#sentCount -= sent.length;
    }
    return waiter;
  }

  // --- leader: into the log ---

  /** A learner's client asks. */
  onRequest(link: LinkId, message: Forwarded): void {
    if (this.#duty !== 'leader') return;
    const { sessionId, cxid, op, body, identities } = message;
    const kind = opTraits(op)?.kind;
    if (kind !== 'write' && op !== OpCode.SYNC) {
      this.#parts.platform.logger.warn('a learner sent a request that is no write', { link, op });
      return;
    }
    this.#backlog.push({
      seat: link,
      sessionId,
      op: op as OpCode,
      cxid,
      identities,
      waiter: null,
      syncWaiter: null,
      request: null,
      body,
      isBorrowed: true,
    });
    if (this.#backlog.length > this.#parts.limits.submissionsMax)
      this.#parts.drop(link, 'it sends more requests than can be proposed');
  }

  #enter(request: Request, sessionId: bigint, waiter: Waiter | null): void {
    if (this.#duty === 'leader') this.#wait(submissionOf(request, sessionId, waiter, null));
  }

  /**
   * In its turn: by the end of this one it has been taken, or is kept. Never at once, as a turn begins with a look at the
   * clock, and the time may have come to lead no longer.
   */
  #wait(submission: Submission): void {
    this.#backlog.push(submission);
    this.#parts.goOn();
  }

  /**
   * Takes the oldest request that waits to the core, if the core can take it.
   * @returns whether there was something to do
   */
  goOn(): boolean {
    const next = this.#backlog.peek();
    if (next === undefined || this.#duty !== 'leader') return false;
    const { peer, take } = this.#parts;
    if (next.op === OpCode.SYNC) {
      this.#backlog.shift();
      const token = ++this.#syncTokens;
      if (next.syncWaiter !== null) this.#syncs.push(next.syncWaiter);
      take({ kind: 'syncRequested', link: next.seat === HERE ? null : next.seat, token });
      return true;
    }
    if (!peer.accepts) return false;
    this.#backlog.shift();
    this.#propose(next.request ?? this.#decoded(next), next.sessionId, next.seat, next.waiter);
    return true;
  }

  /** Whatever still waits at the end of a turn outlives the bytes it came in. */
  keep(): void {
    for (let i = this.#backlog.length - 1; i >= 0; i--) {
      const waiting = this.#backlog.at(i)!;
      if (!waiting.isBorrowed) return;
      waiting.body = Buffer.from(waiting.body);
      // What has no body refers to nothing that was borrowed.
      if (waiting.body.length > 0) waiting.request = null;
      waiting.isBorrowed = false;
    }
  }

  #decoded({ op, cxid, identities, body }: Submission): Request {
    const request = new Request(op);
    request.xid = cxid;
    request.identities = identities;
    const reader = this.#reader.reset(bufferOf(body), 0, body.length);
    if (op === OpCode.CREATE_SESSION) request.timeoutMs = reader.int32();
    else readRequest(reader, request);
    // A request this member would have refused at its own door still gets its place in the order.
    const refusal = this.accepts(op);
    if (refusal !== Code.OK) request.malformed = refusal;
    return request;
  }

  #propose(request: Request, sessionId: bigint, seat: Seat, waiter: Waiter | null): void {
    const { peer, storage, sessions, platform, take } = this.#parts;
    const zxid = peer.nextZxid;
    assert(zxid !== null, 'only an established leader proposes');
    const session = this.#machine.proposedSession(sessionId);
    const local = session === undefined ? sessions.localStandingOf(sessionId, seat) : null;
    this.#proposing = zxid;
    this.#proposedView = null;
    const txn = this.#machine.prepare(request, {
      session: session ?? null,
      sessionId,
      standing: isOfNoSession(request.op)
        ? Code.OK
        : (local?.any ?? sessions.standingOf(session, seat)),
      ...(local === null ? {} : { ephemeralStanding: local.ephemerals }),
      zxid,
      timeMs: platform.clock.wallMs(),
      reconfigure: this.#reconfigure,
    });
    if (txn.type === OpCode.CLOSE_SESSION && session !== undefined) sessions.onClosing(session);
    const payload = storage.prepared(txn);
    this.#measure(payload.length);
    this.#waiters.push(waiter);
    const view = txn.type === OpCode.RECONFIG ? this.#proposedView : null;
    take({ kind: 'propose', zxid, payload, view });
  }

  #measure(bytes: number): void {
    const { min, max } = this.#proposalBytes;
    this.#proposalBytes.last = bytes;
    if (min < 0 || bytes < min) this.#proposalBytes.min = bytes;
    if (bytes > max) this.#proposalBytes.max = bytes;
  }

  readonly #reconfigure = (order: ReconfigOrder): Uint8Array | Code => {
    const { peer, settings } = this.#parts;
    const version = this.#proposing;
    const config = reconfigured(order, {
      newest: configOf(peer.nextView),
      isAnotherUnderWay: peer.nextView.version !== peer.view.version,
      standaloneEnabled: settings.standaloneEnabled,
      isSynchronised: (next: EnsembleConfig) => peer.isSynchronised(viewOf(next)),
    });
    if (typeof config === 'number') return config;
    const next = { ...config, version };
    this.#proposedView = viewOf(next);
    return Buffer.from(ensembleConfigText(next));
  };

  /** Everything decided when this was asked for is applied here. */
  onSynced(): void {
    this.#syncs.shift()?.synced();
  }

  // --- applied ---

  /** Who waits for this transaction here; asked once for each, in their order. */
  waiterOf(txn: Txn): Waiter | null {
    if (this.#duty === 'learner') return this.#takeSent(txn);
    if (this.#duty !== 'leader') return null;
    const waiter = this.#waiters.shift();
    assert(waiter !== undefined, 'S2: every transaction of this leader has its waiter');
    return waiter;
  }
}

function submissionOf(
  request: Request,
  sessionId: bigint,
  waiter: Waiter | null,
  syncWaiter: SyncWaiter | null,
): Submission {
  const { op, xid: cxid, identities, body } = request;
  return {
    seat: HERE,
    sessionId,
    op,
    cxid,
    identities,
    waiter,
    syncWaiter,
    request,
    body: body.length === 0 ? NO_BYTES : body,
    isBorrowed: true,
  };
}

/** Beginnings and ends of sessions, and housekeeping. */
function isOfNoSession(op: OpCode): boolean {
  return (
    op === OpCode.CREATE_SESSION || op === OpCode.CLOSE_SESSION || op === OpCode.DELETE_CONTAINER
  );
}

/**
 * The leader does not know a learner's local session, and refuses a node that lives as long as it does because it had ended,
 * as far as it can tell. The client is told what its own server knows; of the parts of a multi it is not, as in Apache.
 */
function onLocalSession(waiter: Waiter | null): Waiter | null {
  if (waiter === null) return null;
  return {
    settled: (outcome) =>
      waiter.settled(
        outcome.type === OpCode.ERROR
          ? { ...outcome, code: Code.EPHEMERAL_ON_LOCAL_SESSION }
          : outcome,
      ),
  };
}

function bufferOf(bytes: Uint8Array): Buffer {
  return Buffer.isBuffer(bytes)
    ? bytes
    : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
