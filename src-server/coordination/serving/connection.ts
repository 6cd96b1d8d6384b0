/**
 * One client's socket: frames in, requests through gate and lane, one write out per turn.
 *
 *   hello ──connect request──▶ joining ──session ready──▶ open ──error──▶ closing ──▶ closed
 *     └──four-letter word──▶ answered, closed              └─ end of session asked ─▶ parting ─ applied ─▶ closing
 *
 * Nothing is read while the session is being set up, while too much waits in the lane, or while the client does not take
 * what it was sent.
 */
import { Frames } from '../../bytes/frames.ts';
import { Reader } from '../../bytes/reader.ts';
import { Writer } from '../../bytes/writer.ts';
import type { Limits } from '../../config/limits.ts';
import type { Settings } from '../../config/settings.ts';
import type { Clock, Timer } from '../../platform/clock.ts';
import type { Socket, SocketHandler } from '../../platform/net.ts';
import type { Acl, Identity } from '../model/acl.ts';
import { Permission } from '../model/acl.ts';
import { Code } from '../model/codes.ts';
import { OpCode, opTraits } from '../model/ops.ts';
import type { Outcome } from '../model/outcome.ts';
import { Request } from '../model/request.ts';
import type { Machine, Session } from '../state/machine.ts';
import { type ConnectRequest, readConnectRequest, writeConnectResponse } from '../wire/connect.ts';
import {
  beginReply,
  endReply,
  type EventType,
  writeBareReply,
  writeNotification,
} from '../wire/replies.ts';
import { readAuth, readRequest, readSaslToken } from '../wire/requests.ts';
import { authenticate } from './auth.ts';
import { admit } from './gate.ts';
import { accepted, EXPIRED, judge, type Service } from './handshake.ts';
import { Lane, type LaneOwner } from './lanes.ts';
import type { SessionPort, Waiter, WordPort, WritePort } from './ports.ts';
import type { Reads } from './reads.ts';
import { writeOutcome } from './replies.ts';
import { ConnectionStats, type ServerStats } from './stats.ts';
import type { Watcher, Watches } from './watches.ts';

/** What all connections of a door share. */
export interface Household {
  readonly settings: Settings;
  readonly limits: Limits;
  readonly clock: Clock;
  /** Another one once the leader has sent its state; nobody is connected then. */
  readonly machine: Machine;
  readonly watches: Watches;
  readonly reads: Reads;
  readonly writes: WritePort;
  readonly sessions: SessionPort;
  readonly words: WordPort;
  readonly stats: ServerStats;
  /** Words are answered in any case. */
  readonly service: Service;
  /** Notes that this connection has output, which leaves at the end of the turn. */
  markDirty(connection: Connection): void;
  /** Sends what every connection has gathered. */
  endTurn(): void;
  /** Closes the connection that has this session, if one has. */
  displace(sessionId: bigint): void;
  onAttached(connection: Connection): void;
  onClosed(connection: Connection): void;
}

/** Parting: the client said goodbye, and waits for the answer. Closing: it was told all it will be. */
type Phase = 'hello' | 'joining' | 'open' | 'parting' | 'closing' | 'closed';

const WORD_BYTES = 4;
const OUT_KEPT_BYTES = 0x10_0000;
const HEADER_BYTES = 8;

export class Connection implements SocketHandler, LaneOwner, Watcher {
  readonly remoteAddress: string;
  readonly remotePort: number;
  readonly establishedMs: number;
  readonly stats = new ConnectionStats();
  isDirty = false;
  identities: readonly Identity[];
  /** Agreed with the client, ms; 0 before. */
  timeoutMs = 0;
  session: Session | null = null;
  #phase: Phase = 'hello';
  readonly #household: Household;
  readonly #socket: Socket;
  readonly #frames: Frames;
  readonly #reader = new Reader();
  readonly #out = new Writer();
  readonly #lane: Lane;
  #answersReadOnly = false;
  #isPaused = false;
  #nowMs: number;
  /** Bytes of the first four, while they have not all come. */
  #greeting: Buffer = Buffer.alloc(0);
  readonly #scratch = new Request(OpCode.PING);
  /** Ends a connection that never gets a session. */
  readonly #sessionless: Timer;

  constructor(socket: Socket, household: Household) {
    this.#household = household;
    this.#socket = socket;
    this.#frames = new Frames(household.settings.requestBytesMax);
    this.#lane = new Lane(this);
    this.remoteAddress = socket.remoteAddress;
    this.remotePort = socket.remotePort;
    this.establishedMs = household.clock.wallMs();
    this.#nowMs = household.clock.nowMs();
    this.identities = [{ scheme: 'ip', id: socket.remoteAddress }];
    this.#sessionless = household.clock.after(household.settings.sessionlessTimeoutMs, () => {
      household.stats.sessionlessExpired.add();
      this.destroy();
    });
    socket.attach(this);
  }

  get sessionId(): bigint {
    return this.session?.id ?? 0n;
  }

  get hasSession(): boolean {
    return this.session !== null;
  }

  /** Requests that are not answered yet. */
  get outstanding(): number {
    return this.#lane.length;
  }

  // --- coming in ---

  onChunk(chunk: Buffer): void {
    if (!this.#isListening) return;
    this.#household.stats.bytesReceived.add(chunk.length);
    this.#nowMs = this.#household.clock.nowMs();
    const bytes = this.#phase === 'hello' ? this.#greet(chunk) : chunk;
    if (bytes === null) return;
    this.#frames.push(bytes);
    this.#pump();
    this.#household.endTurn();
  }

  get #isListening(): boolean {
    return this.#phase === 'hello' || this.#phase === 'joining' || this.#phase === 'open';
  }

  onDrain(): void {
    this.#resume();
    this.#household.endTurn();
  }

  onClose(): void {
    // Whoever said goodbye and did not wait for the answer has still said it.
    if (this.#phase === 'parting' && this.#hasLocalSession) this.#endLocalSession();
    this.#phase = 'closed';
    this.#sessionless.cancel();
    this.#lane.close();
    this.#household.watches.removeAll(this);
    this.#household.onClosed(this);
  }

  /** The first four bytes are a word or a frame's length. */
  #greet(chunk: Buffer): Buffer | null {
    if (this.#greeting.length + chunk.length < WORD_BYTES) {
      this.#greeting = Buffer.concat([this.#greeting, chunk]);
      return null;
    }
    const bytes = this.#greeting.length === 0 ? chunk : Buffer.concat([this.#greeting, chunk]);
    const answer = this.#household.words(bytes.latin1Slice(0, WORD_BYTES));
    if (answer === null) {
      this.#phase = 'joining';
      return bytes;
    }
    this.#household.stats.received++;
    this.#socket.write(Buffer.from(answer));
    this.#close();
    return null;
  }

  /** Takes frames until there are no more, or it has to stop. */
  #pump(): 'goes on' | 'stops' {
    while (this.#mayRead()) {
      const state = this.#frames.next();
      if (state === 'need-more') return 'goes on';
      if (state === 'bad-length') {
        this.#closeAfterFlush();
        return 'stops';
      }
      const { bytes, start, end } = this.#frames;
      this.#reader.reset(bytes, start, end);
      this.stats.received++;
      this.#household.stats.received++;
      if (this.session !== null) this.#takeRequest(this.session);
      else this.#join();
    }
    if (this.#phase === 'open' || this.#phase === 'joining') {
      this.#isPaused = true;
      this.#socket.pause();
    }
    return 'stops';
  }

  #mayRead(): boolean {
    if (this.#phase === 'open') {
      const { limits, writes, settings } = this.#household;
      if (this.#lane.length >= limits.laneLengthMax) return false;
      if (this.#lane.length > 0 && writes.outstanding >= settings.globalOutstandingLimit)
        return false;
      return this.#socket.queuedBytes + this.#out.length < limits.unsentBytesSoft;
    }
    return this.#phase === 'joining' && this.#joining === null;
  }

  #resume(): void {
    if (!this.#isPaused || !this.#mayRead()) return;
    this.#isPaused = false;
    this.#nowMs = this.#household.clock.nowMs();
    if (this.#pump() === 'goes on') this.#socket.resume();
  }

  // --- session ---

  /** The connect request being worked on. */
  #joining: ConnectRequest | null = null;

  #join(): void {
    const request = readConnectRequest(this.#reader);
    if (request === null) {
      this.#closeAfterFlush();
      return;
    }
    const { machine, settings, writes, sessions, stats, service } = this.#household;
    stats.connectionRequests.add();
    this.#answersReadOnly = request.hasReadOnly;
    const verdict = judge(request, machine, settings, service);
    switch (verdict.kind) {
      case 'turn-away':
        this.#drop();
        return;
      case 'refuse':
        // Apache closes the session's present connection before it looks at the password.
        this.#household.displace(verdict.claimedId);
        writeConnectResponse(this.#output(), EXPIRED, this.#answersReadOnly);
        this.#closeAfterFlush();
        return;
      case 'reattach':
        this.#household.displace(verdict.sessionId);
        if (service === 'read-only') {
          this.#comeBackToRead(sessions.locals?.find(verdict.sessionId) ?? null, verdict.timeoutMs);
          return;
        }
        this.#joining = request;
        sessions.revalidate(verdict.sessionId, verdict.timeoutMs, (session) =>
          this.#onRevalidated(session, verdict.timeoutMs),
        );
        return;
      case 'create': {
        if (sessions.locals !== null) {
          this.#open(sessions.locals.open(verdict.timeoutMs), verdict.timeoutMs);
          return;
        }
        if (writes.accepts(OpCode.CREATE_SESSION) !== Code.OK) {
          this.#drop();
          return;
        }
        this.#joining = request;
        const id = sessions.newSessionId();
        const waiter: Waiter = {
          settled: () => {
            const session = machine.session(id);
            if (this.#phase !== 'joining' || session === undefined) return;
            this.#joining = null;
            this.#open(session, verdict.timeoutMs);
            this.#resume();
          },
        };
        writes.createSession(id, verdict.timeoutMs, waiter);
        return;
      }
    }
  }

  /** Its session was local, and is one of the ensemble from here on. */
  onUpgraded(session: Session): void {
    this.session = session;
    this.#household.sessions.attached(session, this.timeoutMs);
  }

  /** Whether a session of the ensemble still lives nobody can say now; its client had better look elsewhere. */
  #comeBackToRead(session: Session | null, timeoutMs: number): void {
    if (session === null) this.#drop();
    else this.#open(session, timeoutMs);
  }

  #onRevalidated(session: Session | null, timeoutMs: number): void {
    if (this.#phase !== 'joining') return;
    this.#joining = null;
    if (session === null) {
      writeConnectResponse(this.#output(), EXPIRED, this.#answersReadOnly);
      this.#closeAfterFlush();
      return;
    }
    this.#household.stats.connectionsRevalidated.add();
    // Two may have asked for it at the same time.
    this.#household.displace(session.id);
    this.#open(session, timeoutMs);
    this.#resume();
  }

  #open(session: Session, timeoutMs: number): void {
    this.session = session;
    this.timeoutMs = timeoutMs;
    this.#phase = 'open';
    this.#sessionless.cancel();
    const { sessions, service } = this.#household;
    this.#household.onAttached(this);
    sessions.attached(session, timeoutMs);
    const response = accepted(session.id, timeoutMs, service === 'read-only');
    writeConnectResponse(this.#output(), response, this.#answersReadOnly);
    this.stats.answered('SESS', -1, this.#household.machine.lastZxid, this.#nowMs, 0);
    this.#countSent();
  }

  // --- requests ---

  #takeRequest(session: Session): void {
    const reader = this.#reader;
    if (reader.left < HEADER_BYTES) {
      this.#closeAfterFlush();
      return;
    }
    const xid = reader.int32();
    const op = reader.int32();
    this.#household.sessions.touch(session, this.timeoutMs, this.#nowMs);
    const traits = admit(op);
    if (traits === null) {
      writeBareReply(this.#output(), xid, UNIMPLEMENTED_ZXID, Code.UNIMPLEMENTED);
      this.#closeAfterFlush();
      return;
    }
    switch (traits.kind) {
      case 'read':
        if (traits.code === OpCode.SYNC && this.#household.writes.mayLag)
          this.#takeSync(xid, session);
        else this.#takeRead(traits.code, xid, session);
        return;
      case 'write':
        this.#takeWrite(traits.code, xid, session);
        return;
      case 'connection':
        if (traits.code === OpCode.SASL) this.#takeSasl(xid);
        else this.#takeAuth(xid);
        return;
    }
  }

  #takeRead(op: OpCode, xid: number, session: Session): void {
    const mustWait = this.#lane.length > 0;
    const request = mustWait ? new Request(op) : this.#scratch;
    request.op = op;
    request.xid = xid;
    request.malformed = Code.OK;
    request.identities = this.identities;
    readRequest(this.#reader, request);
    // Asked now: the session may well end behind a read that waits in the lane.
    const refusal = session.isClosing ? Code.SESSION_EXPIRED : Code.OK;
    if (mustWait) this.#lane.queue(request, refusal, this.#nowMs);
    else if (refusal !== Code.OK) this.answerRefused(request, refusal, this.#nowMs);
    else this.answerRead(request, this.#nowMs);
  }

  /** What was asked before it must be known here before it is answered, wherever that was asked. */
  #takeSync(xid: number, session: Session): void {
    const { writes, service } = this.#household;
    const request = this.#decode(OpCode.SYNC, xid);
    if (service === 'read-only') this.#refuse(request, Code.NOT_READ_ONLY);
    else writes.sync(request, session, this.#lane.sync(request, this.#nowMs));
  }

  #refuse(request: Request, code: Code): void {
    if (this.#lane.length > 0) this.#lane.queue(request, code, this.#nowMs);
    else this.answerRefused(request, code, this.#nowMs);
  }

  #decode(op: OpCode, xid: number): Request {
    const reader = this.#reader;
    const request = new Request(op);
    request.xid = xid;
    request.identities = this.identities;
    request.body = reader.bytes.subarray(reader.at, reader.end);
    readRequest(reader, request);
    return request;
  }

  #takeWrite(op: OpCode, xid: number, session: Session): void {
    const { writes } = this.#household;
    const request = this.#decode(op, xid);
    if (op === OpCode.CLOSE_SESSION && this.#hasLocalSession) {
      this.#takeGoodbye(request);
      return;
    }
    // What cannot be decoded runs its course as a refused write and takes its zxid, save a reconfig: Apache decodes that
    // one before.
    const isUnread = op === OpCode.RECONFIG && request.malformed !== Code.OK;
    const refusal = isUnread ? request.malformed : writes.accepts(op);
    if (refusal !== Code.OK) {
      this.#refuse(request, refusal);
      return;
    }
    // Whatever a client sends behind its goodbye is not read.
    if (op === OpCode.CLOSE_SESSION) this.#phase = 'parting';
    writes.submit(request, session, this.#lane.write(request, this.#nowMs));
  }

  /** No transaction made it, so none ends it; the answer still waits for those of the writes before. */
  #takeGoodbye(request: Request): void {
    this.#phase = 'parting';
    if (this.#lane.length > 0) this.#lane.queue(request, Code.OK, this.#nowMs);
    else this.answerRead(request, this.#nowMs);
  }

  get #hasLocalSession(): boolean {
    const { locals } = this.#household.sessions;
    return (
      locals !== null && this.session !== null && locals.find(this.session.id) === this.session
    );
  }

  #endLocalSession(): void {
    if (this.session !== null) this.#household.sessions.locals?.close(this.session);
  }

  /** Who somebody is holds for the requests behind it, so it is settled at once, ahead of what waits in the lane. */
  #takeAuth(xid: number): void {
    const { settings, stats } = this.#household;
    const packet = readAuth(this.#reader);
    if (packet === null) {
      this.#closeAfterFlush();
      return;
    }
    const proven = authenticate(packet.scheme, packet.auth, this.remoteAddress, settings);
    if (proven === null) {
      stats.authFailures.add();
      writeBareReply(this.#output(), xid, 0, Code.AUTH_FAILED);
      this.#closeAfterFlush();
      return;
    }
    const known = (identity: Identity): boolean =>
      this.identities.some(({ scheme, id }) => scheme === identity.scheme && id === identity.id);
    this.identities = [...this.identities, ...proven.filter((identity) => !known(identity))];
    writeBareReply(this.#output(), xid, 0, Code.OK);
    this.#countSent();
  }

  /** There is no SASL here; as in Apache without it, the client is told so by a token that is null, and stays. */
  #takeSasl(xid: number): void {
    if (readSaslToken(this.#reader) === null) {
      this.#closeAfterFlush();
      return;
    }
    const writer = this.#output();
    const frame = beginReply(writer, xid, 0, Code.OK);
    writer.buffer(null);
    endReply(writer, frame);
    this.#countSent();
  }

  // --- answers ---

  answerRead(request: Request, receivedMs: number): void {
    if (this.session === null) return;
    if (request.op === OpCode.CLOSE_SESSION) {
      this.#endLocalSession();
      writeBareReply(this.#output(), request.xid, this.#household.machine.lastZxid, Code.OK);
      this.#answered(request, 'write', receivedMs);
      this.#closeAfterFlush();
      return;
    }
    this.#household.reads.answer(request, this.session, this, this.#output());
    this.#answered(request, 'read', receivedMs);
  }

  answerRefused(request: Request, code: Code, receivedMs: number): void {
    writeBareReply(this.#output(), request.xid, this.#household.machine.lastZxid, code);
    this.#answered(request, 'write', receivedMs);
  }

  answerWrite(request: Request, outcome: Outcome, receivedMs: number): void {
    if (outcome.code === Code.SESSION_MOVED) {
      // Its client is elsewhere by now, and whoever still sits here must look for it there.
      this.#lane.close();
      this.#closeAfterFlush();
      return;
    }
    writeOutcome(this.#output(), request, outcome, this.#household.machine);
    this.#answered(request, 'write', receivedMs);
    if (request.op === OpCode.CLOSE_SESSION) this.#closeAfterFlush();
    else if (this.#isPaused) this.#resume();
  }

  notify(type: EventType, path: string, zxid: number, acl: Acl): void {
    if (this.#phase === 'closed' || this.#endsAfterFlush) return;
    const { machine, settings, limits } = this.#household;
    // A path says much by itself, so nobody hears of a node that they may not read (CVE-2024-23944). Apache 3.8 has this
    // from 3.8.4, and Debian's 3.8.0 as well.
    if (!machine.permits(acl, Permission.READ, this.identities)) return;
    writeNotification(this.#output(), settings.compat === '3.8' ? NO_ZXID : zxid, type, path);
    this.#countSent();
    if (this.#out.length + this.#socket.queuedBytes > limits.unsentBytesHard) this.#drop();
  }

  #answered(request: Request, kind: 'read' | 'write', receivedMs: number): void {
    const { stats, machine, clock } = this.#household;
    // A read that did not wait is answered in the same breath.
    const nowMs = kind === 'read' && receivedMs === this.#nowMs ? receivedMs : clock.nowMs();
    const latencyMs = nowMs - receivedMs;
    stats.answered(kind, latencyMs);
    this.stats.answered(
      opTraits(request.op)?.word ?? 'NA',
      request.xid,
      machine.lastZxid,
      nowMs,
      latencyMs,
    );
    this.#countSent();
  }

  #countSent(): void {
    this.stats.sent++;
    this.#household.stats.sent++;
  }

  // --- going out ---

  #output(): Writer {
    if (!this.isDirty) {
      this.isDirty = true;
      this.#household.markDirty(this);
    }
    return this.#out;
  }

  /** The end of the turn: everything written since leaves with one call. */
  flush(): void {
    this.isDirty = false;
    const out = this.#out;
    if (this.#phase === 'closed') {
      out.clear();
    } else if (out.length > 0) {
      this.#household.stats.responseBytes.add(out.length);
      if (this.#socket.write(out.view())) {
        if (out.capacity > OUT_KEPT_BYTES) out.release();
        else out.clear();
      } else {
        out.release();
      }
    }
    if (this.#endsAfterFlush) this.#close();
    else if (this.#isPaused) this.#household.clock.defer(() => this.onDrain());
  }

  #endsAfterFlush = false;

  /** Nothing more is read or told; what was answered so far still leaves. */
  #closeAfterFlush(): void {
    this.#phase = 'closing';
    this.#endsAfterFlush = true;
    this.#output();
  }

  /** The session ended, or another connection took it over. What it asked for and was not answered never will be. */
  dismiss(): void {
    if (this.#phase === 'closed') return;
    this.#phase = 'closing';
    this.#lane.close();
    if (this.isDirty) this.#endsAfterFlush = true;
    else this.#close();
  }

  #close(): void {
    this.#phase = 'closing';
    this.#household.watches.removeAll(this);
    this.#socket.end();
  }

  #drop(): void {
    this.#phase = 'closing';
    this.#household.watches.removeAll(this);
    this.#out.clear();
    this.#socket.destroy();
  }

  /** Ends it without a word: the client broke the rules, or the server stops. */
  destroy(): void {
    this.#drop();
  }

  /** It cannot be served any more. What it was answered in this turn still leaves, if it takes what it is sent. */
  sendAway(): void {
    if (this.#phase === 'closing' || this.#phase === 'closed') return;
    if (this.#out.length > 0 && this.#socket.queuedBytes === 0) this.#closeAfterFlush();
    else this.#drop();
  }
}

const UNIMPLEMENTED_ZXID = -1;
/** Of a change, before notifications had it. */
const NO_ZXID = -1;
