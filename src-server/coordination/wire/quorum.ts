/**
 * What leader and learners say to each other ⇄ QuorumPacket.
 *
 * A packet's type means different things in the two directions (PING, REVALIDATE), so a reader says whose packet it is. What
 * follows SNAP on the stream is not packets but the image of the state, and after it the mark below.
 */
import { sessionId, type Sid, sid } from '../../base/ids.ts';
import { epochOf, makeZxid, type Zxid } from '../../base/zxid.ts';
import { Reader } from '../../bytes/reader.ts';
import type { Writer } from '../../bytes/writer.ts';
import { OpCode } from '../model/ops.ts';
import type { FromLeader, FromLearner, Identity, Message, SessionTouch } from '../zab/messages.ts';
import type { View } from '../zab/view.ts';
import type { Packets } from './packets.ts';
import { TXN_HEADER_BYTES } from './txns.ts';
import { readView, viewText } from './views.ts';

const PacketType = {
  REQUEST: 1,
  PROPOSAL: 2,
  ACK: 3,
  COMMIT: 4,
  PING: 5,
  REVALIDATE: 6,
  SYNC: 7,
  INFORM: 8,
  COMMITANDACTIVATE: 9,
  NEWLEADER: 10,
  FOLLOWERINFO: 11,
  UPTODATE: 12,
  DIFF: 13,
  TRUNC: 14,
  SNAP: 15,
  OBSERVERINFO: 16,
  LEADERINFO: 17,
  ACKEPOCH: 18,
  INFORMANDACTIVATE: 19,
} as const;

/** What everybody since 3.4 speaks. */
export const PROTOCOL_VERSION = 0x1_0000;
/** What a learner speaks that does not say. */
const PROTOCOL_VERSION_UNSAID = 1;

/** Stands after the image that follows SNAP. */
export const SNAPSHOT_MARK = 'BenWasHere';
export const SNAPSHOT_MARK_BYTES = 4 + SNAPSHOT_MARK.length;

/** A field of the packet that says nothing. */
const NO_ZXID = -1;
/** Session and timeout. */
const TOUCH_BYTES = 12;
/** Where a transaction's header has its zxid and its type. */
const TXN_ZXID_AT = 12;
const TXN_TYPE_AT = 28;

// --- writing ---

/** Appends the packet. A payload's bytes go in as they are: those of the log. */
export function writeMessage(writer: Writer, message: Message): void {
  writeFields(writer, message);
  writeIdentities(writer, message.kind === 'request' ? message.identities : []);
}

/** Everything up to the identities. */
function writeFields(writer: Writer, message: Message): void {
  switch (message.kind) {
    case 'learnerInfo':
      begin(
        writer,
        message.role === 'observer' ? PacketType.OBSERVERINFO : PacketType.FOLLOWERINFO,
        makeZxid(message.acceptedEpoch, 0),
      );
      if (message.sid === null) {
        noData(writer);
        return;
      }
      writer.int32(20);
      writer.long(message.sid);
      writer.int32(message.protocolVersion);
      writer.long(message.configVersion);
      return;
    case 'leaderInfo':
      begin(writer, PacketType.LEADERINFO, makeZxid(message.epoch, 0));
      writer.int32(4);
      writer.int32(PROTOCOL_VERSION);
      return;
    case 'ackEpoch':
      begin(writer, PacketType.ACKEPOCH, message.lastZxid);
      writer.int32(4);
      writer.int32(message.currentEpoch);
      return;
    case 'diff':
      begin(writer, PacketType.DIFF, message.zxid);
      noData(writer);
      return;
    case 'trunc':
      begin(writer, PacketType.TRUNC, message.zxid);
      noData(writer);
      return;
    case 'snap':
      begin(writer, PacketType.SNAP, message.zxid);
      noData(writer);
      return;
    case 'proposal':
      begin(writer, PacketType.PROPOSAL, message.zxid);
      writer.buffer(message.payload);
      return;
    case 'commit':
      begin(writer, PacketType.COMMIT, message.zxid);
      noData(writer);
      return;
    case 'commitAndActivate':
      begin(writer, PacketType.COMMITANDACTIVATE, message.zxid);
      writer.int32(8);
      writer.long(message.leader);
      return;
    case 'inform':
      begin(writer, PacketType.INFORM, message.zxid);
      writer.buffer(message.payload);
      return;
    case 'informAndActivate':
      begin(writer, PacketType.INFORMANDACTIVATE, message.zxid);
      writer.int32(8 + message.payload.length);
      writer.long(message.leader);
      writer.raw(message.payload, 0, message.payload.length);
      return;
    case 'newLeader':
      begin(writer, PacketType.NEWLEADER, makeZxid(message.epoch, 0));
      writer.string(message.view === null ? null : viewText(message.view));
      return;
    case 'ack':
      begin(writer, PacketType.ACK, message.zxid);
      noData(writer);
      return;
    case 'upToDate':
      begin(writer, PacketType.UPTODATE, NO_ZXID);
      noData(writer);
      return;
    case 'ping':
      begin(writer, PacketType.PING, message.zxid);
      noData(writer);
      return;
    case 'pong':
      begin(writer, PacketType.PING, message.zxid);
      writer.int32(message.touches.length * TOUCH_BYTES);
      for (const touch of message.touches) {
        writer.bigint(touch.sessionId);
        writer.int32(touch.timeoutMs);
      }
      return;
    case 'request':
      begin(writer, PacketType.REQUEST, NO_ZXID);
      writer.int32(16 + message.body.length);
      writer.bigint(message.sessionId);
      writer.int32(message.cxid);
      writer.int32(message.op);
      writer.raw(message.body, 0, message.body.length);
      return;
    case 'revalidate':
      begin(writer, PacketType.REVALIDATE, NO_ZXID);
      writer.int32(12);
      writer.bigint(message.sessionId);
      writer.int32(message.timeoutMs);
      return;
    case 'revalidated':
      begin(writer, PacketType.REVALIDATE, NO_ZXID);
      writer.int32(9);
      writer.bigint(message.sessionId);
      writer.bool(message.isValid);
      return;
    case 'sync':
      begin(writer, PacketType.SYNC, 0);
      noData(writer);
      return;
  }
}

function begin(writer: Writer, type: number, zxid: number): void {
  writer.int32(type);
  writer.long(zxid);
}

function noData(writer: Writer): void {
  writer.int32(-1);
}

/** Nobody is written as no list, as Apache writes its own requests. */
function writeIdentities(writer: Writer, identities: readonly Identity[]): void {
  if (identities.length === 0) {
    writer.int32(-1);
    return;
  }
  writer.int32(identities.length);
  for (const { scheme, id } of identities) {
    writer.string(scheme);
    writer.string(id);
  }
}

// --- reading ---

/** Bytes that are no packet of this protocol: the link they came by cannot be trusted any further. */
export class BadPacket extends Error {
  override readonly name = 'BadPacket';
  readonly type: number;

  constructor(type: number, problem: string) {
    super(`packet of type ${type}: ${problem}`);
    this.type = type;
  }
}

/**
 * Reads the packets of one link.
 *
 * A request's body is a view that is valid until the end of the turn; every other payload is a copy or owned.
 */
export class MessageReader {
  readonly #reader = new Reader();

  /**
   * The current packet, sent by a learner.
   * @returns null for a type that learners do not send, which Apache skips, and so do we
   * @throws BadPacket
   */
  fromLearner(packets: Packets): FromLearner | null {
    const { type, zxid } = this.#open(packets);
    switch (type) {
      case PacketType.FOLLOWERINFO:
      case PacketType.OBSERVERINFO:
        return this.#learnerInfo(type, zxid);
      case PacketType.ACKEPOCH: {
        const reader = this.#data(type, 4);
        // −1: the learner's database is empty and not to be trusted.
        const lastZxid = zxid === NO_ZXID ? (NO_ZXID as Zxid) : checkedZxid(type, zxid);
        return { kind: 'ackEpoch', lastZxid, currentEpoch: reader.int32() };
      }
      case PacketType.ACK:
        return { kind: 'ack', zxid: checkedZxid(type, zxid) };
      case PacketType.PING:
        return { kind: 'pong', zxid: checkedZxid(type, zxid), touches: this.#touches() };
      case PacketType.REQUEST: {
        const reader = this.#data(type, 16);
        return {
          kind: 'request',
          sessionId: sessionId(reader.bigint()),
          cxid: reader.int32(),
          op: reader.int32(),
          body: reader.rest(),
          identities: this.#identities(),
        };
      }
      case PacketType.REVALIDATE: {
        const reader = this.#data(type, 12);
        return {
          kind: 'revalidate',
          sessionId: sessionId(reader.bigint()),
          timeoutMs: reader.int32(),
        };
      }
      default:
        return null;
    }
  }

  /**
   * The current packet, sent by the leader.
   * @returns null for a type that leaders do not send
   * @throws BadPacket
   */
  fromLeader(packets: Packets): FromLeader | null {
    const { type, zxid } = this.#open(packets);
    switch (type) {
      case PacketType.LEADERINFO:
        this.#data(type, 4);
        return { kind: 'leaderInfo', epoch: epochOf(checkedZxid(type, zxid)) };
      case PacketType.DIFF:
        return { kind: 'diff', zxid: checkedZxid(type, zxid) };
      case PacketType.TRUNC:
        return { kind: 'trunc', zxid: checkedZxid(type, zxid) };
      case PacketType.SNAP:
        return { kind: 'snap', zxid: checkedZxid(type, zxid) };
      case PacketType.PROPOSAL: {
        const payload = this.#payload(type, zxid, packets.isOwned);
        const view = reconfiguredView(payload);
        return { kind: 'proposal', zxid: checkedZxid(type, zxid), payload, view };
      }
      case PacketType.COMMIT:
        return { kind: 'commit', zxid: checkedZxid(type, zxid) };
      case PacketType.COMMITANDACTIVATE: {
        const leader = checkedSid(type, this.#data(type, 8).long());
        return { kind: 'commitAndActivate', zxid: checkedZxid(type, zxid), leader };
      }
      case PacketType.INFORM: {
        const payload = this.#payload(type, zxid, packets.isOwned);
        return { kind: 'inform', zxid: checkedZxid(type, zxid), payload };
      }
      case PacketType.INFORMANDACTIVATE: {
        const leader = checkedSid(type, this.#data(type, 8).long());
        const payload = this.#payload(type, zxid, packets.isOwned, 8);
        const view = reconfiguredView(payload);
        if (view === null) throw new BadPacket(type, 'the transaction is no reconfiguration');
        return { kind: 'informAndActivate', zxid: checkedZxid(type, zxid), leader, payload, view };
      }
      case PacketType.NEWLEADER:
        return {
          kind: 'newLeader',
          epoch: epochOf(checkedZxid(type, zxid)),
          view: this.#dataLength > 1 ? readView(this.#data(type, 0).rest().toString('utf8')) : null,
        };
      case PacketType.UPTODATE:
        return { kind: 'upToDate' };
      case PacketType.PING:
        return { kind: 'ping', zxid: checkedZxid(type, zxid) };
      case PacketType.REVALIDATE: {
        const reader = this.#data(type, 9);
        return {
          kind: 'revalidated',
          sessionId: sessionId(reader.bigint()),
          isValid: reader.bool(),
        };
      }
      case PacketType.SYNC:
        return { kind: 'sync' };
      default:
        return null;
    }
  }

  /** Where the data lies: `bytes[#dataAt, #dataAt + #dataLength)`; −1 long where there is none. */
  #dataAt = 0;
  #dataLength = -1;
  #end = 0;
  #bytes: Buffer = Buffer.alloc(0);

  #open({ bytes, start, end }: Packets): { type: number; zxid: number } {
    const reader = this.#reader.reset(bytes, start, end);
    const type = reader.int32();
    const zxid = reader.long();
    this.#dataLength = reader.int32();
    this.#dataAt = reader.at;
    this.#end = end;
    this.#bytes = bytes;
    return { type, zxid };
  }

  /** The cursor on the data, which has so many bytes at the least. */
  #data(type: number, bytesMin: number): Reader {
    if (this.#dataLength < bytesMin)
      throw new BadPacket(type, `${this.#dataLength} bytes of data are too few`);
    return this.#reader.reset(this.#bytes, this.#dataAt, this.#dataAt + this.#dataLength);
  }

  #learnerInfo(type: number, zxid: number): FromLearner {
    const isAnonymous = this.#dataLength < 0;
    const reader = isAnonymous ? null : this.#data(type, 8);
    return {
      kind: 'learnerInfo',
      role: type === PacketType.OBSERVERINFO ? 'observer' : 'follower',
      // Apache's that lost its database has accepted the epoch before the first.
      acceptedEpoch: zxid === BEFORE_EVERY_EPOCH ? -1 : epochOf(checkedZxid(type, zxid)),
      sid: reader === null ? null : checkedSid(type, reader.long()),
      protocolVersion:
        reader !== null && reader.left >= 4 ? reader.int32() : PROTOCOL_VERSION_UNSAID,
      configVersion: reader !== null && reader.left >= 8 ? checkedZxid(type, reader.long()) : 0,
    };
  }

  #touches(): SessionTouch[] {
    const touches: SessionTouch[] = [];
    if (this.#dataLength <= 0) return touches;
    if (this.#dataLength % TOUCH_BYTES !== 0)
      throw new BadPacket(PacketType.PING, 'the table of sessions has a broken line');
    const reader = this.#data(PacketType.PING, 0);
    while (reader.left > 0)
      touches.push({ sessionId: sessionId(reader.bigint()), timeoutMs: reader.int32() });
    return touches;
  }

  /** A transaction's bytes, kept; its header must say what the packet says. */
  #payload(type: number, zxid: number, isOwned: boolean, from = 0): Buffer {
    this.#data(type, from + TXN_HEADER_BYTES);
    const view = this.#bytes.subarray(this.#dataAt + from, this.#dataAt + this.#dataLength);
    const stated = this.#reader;
    stated.at = this.#dataAt + from + TXN_ZXID_AT;
    if (stated.long() !== zxid) throw new BadPacket(type, 'the transaction has another zxid');
    return isOwned ? view : Buffer.from(view);
  }

  #identities(): Identity[] {
    const reader = this.#reader.reset(
      this.#bytes,
      this.#dataAt + Math.max(0, this.#dataLength),
      this.#end,
    );
    const identities: Identity[] = [];
    for (let left = reader.int32(); left > 0 && reader.ok; left--)
      identities.push({ scheme: reader.string() ?? '', id: reader.string() ?? '' });
    return identities;
  }
}

const BEFORE_EVERY_EPOCH = -0x1_0000_0000;

function checkedZxid(type: number, zxid: number): Zxid {
  if (zxid < 0 || !Number.isSafeInteger(zxid))
    throw new BadPacket(type, `${zxid} is not a zxid this server can count to`);
  return zxid as Zxid;
}

function checkedSid(type: number, value: number): Sid {
  if (!Number.isSafeInteger(value)) throw new BadPacket(type, `${value} is not a server id`);
  return sid(value);
}

/** The view a transaction leads to, if it is a reconfiguration. */
function reconfiguredView(payload: Buffer): View | null {
  if (payload.readInt32BE(TXN_TYPE_AT) !== OpCode.RECONFIG) return null;
  const reader = new Reader().reset(payload, TXN_HEADER_BYTES, payload.length);
  reader.string();
  const view = readView(reader.view()?.toString('utf8') ?? '');
  if (!reader.ok || view === null || view.servers.length === 0)
    throw new BadPacket(PacketType.PROPOSAL, 'the reconfiguration has no configuration');
  return view;
}
