/**
 * The election port: the hello that begins a connection, and the notifications that follow it, each with its length in front.
 *
 *   hello         −65536 or −65535 i64 · sid i64 · length i32 · "host:port" or "host:port|host:port"
 *                 sid i64 ≥ 0                                    peers before 3.5
 *   notification  state i32 · leader i64 · zxid i64 · round i64              28 bytes, before 3.4
 *                 … · peer epoch i64 · version i32                           40 bytes, before 3.5
 *                 … · configuration: length i32, text                        version 2
 */
import { type Sid, sid } from '../../base/ids.ts';
import type { Zxid } from '../../base/zxid.ts';
import { Reader } from '../../bytes/reader.ts';
import type { Writer } from '../../bytes/writer.ts';
import {
  type HostPort,
  hostPortsText,
  isEveryHost,
  parseHostPorts,
} from '../../config/ensemble-config.ts';
import { NO_VOTE, type Notification, type PeerState } from '../zab/messages.ts';
import { readView, viewText } from './views.ts';

// --- hello ---

const ONE_ADDRESS = -65536;
const SEVERAL_ADDRESSES = -65535;
/** Version, sid, length. */
const HELLO_FIXED_BYTES = 20;
const HELLO_TEXT_BYTES_MAX = 2048;
export const HELLO_BYTES_MAX = HELLO_FIXED_BYTES + HELLO_TEXT_BYTES_MAX;

export interface Hello {
  /** Null for an observer without an id. */
  readonly sid: Sid | null;
  /** Where the peer says that it listens; addresses that stand for every interface are left out. */
  readonly addresses: readonly HostPort[];
  /** How many bytes it took. */
  readonly bytes: number;
}

/** @param options isMultiAddress: every peer knows hellos with several addresses */
export function writeHello(
  writer: Writer,
  options: {
    readonly sid: Sid;
    readonly addresses: readonly HostPort[];
    readonly isMultiAddress: boolean;
  },
): void {
  const { isMultiAddress, addresses } = options;
  writer.long(isMultiAddress ? SEVERAL_ADDRESSES : ONE_ADDRESS);
  writer.long(options.sid);
  writer.string(hostPortsText(isMultiAddress ? addresses : addresses.slice(0, 1)));
}

/** The hello at the beginning of the bytes, or what keeps it from being one. */
export function readHello(bytes: Buffer): Hello | 'need-more' | 'bad' {
  const reader = new Reader().reset(bytes, 0, bytes.length);
  if (bytes.length < 8) return 'need-more';
  const first = reader.long();
  if (first >= 0)
    return Number.isSafeInteger(first) ? { sid: sid(first), addresses: [], bytes: 8 } : 'bad';
  if (first !== ONE_ADDRESS && first !== SEVERAL_ADDRESSES) return 'bad';
  if (bytes.length < HELLO_FIXED_BYTES) return 'need-more';
  const id = reader.bigint();
  const length = reader.int32();
  if (length <= 0 || length > HELLO_TEXT_BYTES_MAX) return 'bad';
  const end = HELLO_FIXED_BYTES + length;
  if (bytes.length < end) return 'need-more';
  const addresses = parseHostPorts(bytes.toString('utf8', HELLO_FIXED_BYTES, end));
  const isAnonymous = id === ANONYMOUS;
  const number = Number(id);
  if (addresses === null || !(isAnonymous || Number.isSafeInteger(number))) return 'bad';
  return {
    sid: isAnonymous ? null : sid(number),
    addresses: addresses.filter(({ host }) => !isEveryHost(host)),
    bytes: end,
  };
}

/** Java's Long.MAX_VALUE. */
const ANONYMOUS = 0x7fff_ffff_ffff_ffffn;

// --- notifications ---

/** The longest message, without its length. */
export const NOTIFICATION_BYTES_MAX = 0x8_0000;

const WITHOUT_PEER_EPOCH_BYTES = 28;
const WITHOUT_VERSION_BYTES = 40;
const WITH_CONFIG = 2;

const STATES: readonly PeerState[] = ['looking', 'following', 'leading', 'observing'];

/** Appends the message, without its length. With a view it has the newest form, without one that of 3.4. */
export function writeNotification(writer: Writer, notification: Notification): void {
  const { state, vote, view } = notification;
  writer.int32(STATES.indexOf(state));
  writer.long(vote.leader);
  writer.long(vote.zxid);
  writer.long(vote.round);
  writer.long(vote.peerEpoch);
  if (view === null) {
    writer.int32(1);
    return;
  }
  writer.int32(WITH_CONFIG);
  writer.string(viewText(view));
}

/** Null where the bytes are no notification; the connection may go on. */
export function readNotification(bytes: Buffer, start: number, end: number): Notification | null {
  const length = end - start;
  if (length < WITHOUT_PEER_EPOCH_BYTES) return null;
  const reader = new Reader().reset(bytes, start, end);
  const state = STATES[reader.int32()];
  const leader = reader.long();
  const zxid = reader.long();
  const round = reader.long();
  const isOldest = length === WITHOUT_PEER_EPOCH_BYTES;
  const peerEpoch = isOldest ? Math.floor(zxid / 0x1_0000_0000) : reader.long();
  // Messages of exactly this length are from before the version meant anything, whatever stands there.
  const hasVersion = !isOldest && length !== WITHOUT_VERSION_BYTES;
  const version = hasVersion ? reader.int32() : 0;
  const config = version >= WITH_CONFIG ? reader.view() : null;
  if (!reader.ok || state === undefined || (version >= WITH_CONFIG && config === null)) return null;
  if (![leader, zxid, round, peerEpoch].every(isExact)) return null;
  return {
    state,
    vote: { leader: sid(leader), zxid: zxid as Zxid, round, peerEpoch },
    version,
    // A configuration nobody can read is none; the vote counts all the same.
    view: config === null ? null : readView(config.toString('utf8')),
  };
}

function isExact(value: number): boolean {
  return Number.isSafeInteger(value) || value === NO_VOTE;
}
