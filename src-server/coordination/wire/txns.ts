/**
 * Transactions as the log and the leader's proposals carry them: header, body, digest.
 *
 *   clientId i64 · cxid i32 · zxid i64 · time i64 · type i32 │ body by type │ version i32 · digest i64 (not on refusals)
 */
import { sessionId } from '../../base/ids.ts';
import { zxidOf } from '../../base/zxid.ts';
import type { Reader } from '../../bytes/reader.ts';
import type { Writer } from '../../bytes/writer.ts';
import { type Acl } from '../model/acl.ts';
import type { Code } from '../model/codes.ts';
import { OpCode } from '../model/ops.ts';
import { DIGEST_VERSION, Txn } from '../model/txn.ts';
import { readAcl, readStrings, writeAcl, writeStrings } from './jute.ts';

const TXN_BYTES_MIN = 8;

/**
 * Appends the transaction to `writer`.
 *
 * The data of its parts is copied on the way, and `txn.data` then refers to the copy: what was borrowed from a received
 * chunk lives on in the log's slab until the transaction is applied.
 */
export function writeTxn(writer: Writer, txn: Txn): void {
  writer.bigint(txn.sessionId);
  writer.int32(txn.cxid);
  writer.long(txn.zxid);
  writer.long(txn.timeMs);
  writer.int32(txn.type);
  writeBody(writer, txn);
  if (txn.hasDigest) {
    writer.int32(DIGEST_VERSION);
    writer.halves(txn.digestHigh | 0, txn.digestLow | 0);
  }
}

function writeBody(writer: Writer, txn: Txn): void {
  switch (txn.type) {
    case OpCode.CREATE:
    case OpCode.CREATE2:
      writer.string(txn.path);
      writer.buffer(txn.data);
      writeAcl(writer, txn.acl);
      writer.bool(txn.ephemeral);
      writer.int32(txn.parentCversion);
      return;
    case OpCode.CREATE_CONTAINER:
    case OpCode.CREATE_TTL:
      writer.string(txn.path);
      writer.buffer(txn.data);
      writeAcl(writer, txn.acl);
      writer.int32(txn.parentCversion);
      if (txn.type === OpCode.CREATE_TTL) writer.long(txn.ttlMs);
      return;
    case OpCode.DELETE:
    case OpCode.DELETE_CONTAINER:
      writer.string(txn.path);
      return;
    case OpCode.SET_DATA:
    case OpCode.RECONFIG:
      writer.string(txn.path);
      writer.buffer(txn.data);
      writer.int32(txn.version);
      return;
    case OpCode.SET_ACL:
      writer.string(txn.path);
      writeAcl(writer, txn.acl);
      writer.int32(txn.version);
      return;
    case OpCode.CHECK:
      writer.string(txn.path);
      writer.int32(txn.version);
      return;
    case OpCode.CREATE_SESSION:
      writer.int32(txn.timeoutMs);
      return;
    case OpCode.CLOSE_SESSION:
      if (txn.paths !== null) writeStrings(writer, txn.paths);
      return;
    case OpCode.ERROR:
      writer.int32(txn.error);
      return;
    case OpCode.MULTI:
      writer.int32(txn.ops?.length ?? 0);
      for (const part of txn.ops ?? []) {
        writer.int32(part.type);
        const gap = writer.gap(4);
        writeBody(writer, part);
        writer.patchInt32(gap, writer.length - gap - 4);
      }
      return;
    default:
      return;
  }
}

/** After `writeTxn`: makes `txn.data` refer to the bytes just written at `start`, so that nothing borrowed is left. */
export function adoptData(txn: Txn, bytes: Buffer, start: number): void {
  if (txn.type === OpCode.MULTI) {
    for (const part of txn.ops ?? []) if (part.data !== null) part.data = Buffer.from(part.data);
    return;
  }
  if (txn.data === null || txn.data.length === 0) return;
  const pathBytes = bytes.readInt32BE(start + TXN_HEADER_BYTES);
  const dataAt = start + TXN_HEADER_BYTES + 4 + pathBytes + 4;
  txn.data = bytes.subarray(dataAt, dataAt + txn.data.length);
}

export const TXN_HEADER_BYTES = 32;

/**
 * Reads a transaction; `data` is a view into the bytes.
 * @returns null where the bytes are not a transaction
 */
export function readTxn(reader: Reader): Txn | null {
  const client = sessionId(reader.bigint());
  const cxid = reader.int32();
  const zxid = reader.long();
  const timeMs = reader.long();
  const type = reader.int32();
  if (!reader.ok || !Number.isSafeInteger(zxid) || !TXN_TYPES.has(type)) return null;
  const txn = new Txn(type as OpCode);
  txn.sessionId = client;
  txn.cxid = cxid;
  txn.zxid = zxidOf(zxid);
  txn.timeMs = timeMs;
  if (!readBody(reader, txn, reader.end)) return null;
  if (reader.left >= DIGEST_BYTES) {
    const version = reader.int32();
    const digest = reader.bigint();
    // Another version sums other things, so it cannot be compared.
    if (version === DIGEST_VERSION) {
      txn.hasDigest = true;
      txn.digestHigh = Number((digest >> 32n) & 0xffff_ffffn);
      txn.digestLow = Number(digest & 0xffff_ffffn);
    }
  }
  return txn;
}

const DIGEST_BYTES = 12;
const TXN_TYPES: ReadonlySet<number> = new Set([
  OpCode.CREATE,
  OpCode.CREATE2,
  OpCode.CREATE_CONTAINER,
  OpCode.CREATE_TTL,
  OpCode.DELETE,
  OpCode.DELETE_CONTAINER,
  OpCode.SET_DATA,
  OpCode.RECONFIG,
  OpCode.SET_ACL,
  OpCode.CHECK,
  OpCode.MULTI,
  OpCode.CREATE_SESSION,
  OpCode.CLOSE_SESSION,
  OpCode.ERROR,
]);

function readBody(reader: Reader, txn: Txn, end: number): boolean {
  switch (txn.type) {
    case OpCode.CREATE:
    case OpCode.CREATE2:
      txn.path = reader.string() ?? '';
      txn.data = reader.view();
      txn.acl = readKeptAcl(reader);
      txn.ephemeral = reader.bool();
      // Logs from before 3.3 end here.
      txn.parentCversion =
        end - reader.at === 0 || end - reader.at === DIGEST_BYTES ? -1 : reader.int32();
      return reader.ok;
    case OpCode.CREATE_CONTAINER:
    case OpCode.CREATE_TTL:
      txn.path = reader.string() ?? '';
      txn.data = reader.view();
      txn.acl = readKeptAcl(reader);
      txn.parentCversion = reader.int32();
      if (txn.type === OpCode.CREATE_TTL) txn.ttlMs = reader.long();
      return reader.ok;
    case OpCode.DELETE:
    case OpCode.DELETE_CONTAINER:
      txn.path = reader.string() ?? '';
      return reader.ok;
    case OpCode.SET_DATA:
    case OpCode.RECONFIG:
      txn.path = reader.string() ?? '';
      txn.data = reader.view();
      txn.version = reader.int32();
      return reader.ok;
    case OpCode.SET_ACL:
      txn.path = reader.string() ?? '';
      txn.acl = readKeptAcl(reader);
      txn.version = reader.int32();
      return reader.ok;
    case OpCode.CHECK:
      txn.path = reader.string() ?? '';
      txn.version = reader.int32();
      return reader.ok;
    case OpCode.CREATE_SESSION:
      txn.timeoutMs = reader.int32();
      return reader.ok;
    case OpCode.CLOSE_SESSION:
      txn.paths = hasNoPaths(reader) ? null : (readStrings(reader) ?? []).map((p) => p ?? '');
      return reader.ok;
    case OpCode.ERROR:
      txn.error = reader.int32() as Code;
      return reader.ok;
    case OpCode.MULTI:
      return readParts(reader, txn);
    default:
      return false;
  }
}

/** Before 3.6, and where it is switched off, there is no list. A digest, if any, then stands where the list would begin. */
function hasNoPaths(reader: Reader): boolean {
  if (reader.left === 0) return true;
  return reader.left === DIGEST_BYTES && reader.bytes.readInt32BE(reader.at) === DIGEST_VERSION;
}

function readParts(reader: Reader, txn: Txn): boolean {
  const count = reader.count(TXN_BYTES_MIN);
  txn.ops = [];
  for (let i = 0; i < count; i++) {
    const type = reader.int32();
    const length = reader.int32();
    if (
      !reader.ok ||
      length < 0 ||
      length > reader.left ||
      !TXN_TYPES.has(type) ||
      type === OpCode.MULTI
    )
      return false;
    const part = new Txn(type as OpCode);
    const end = reader.at + length;
    if (!readBody(reader, part, end) || reader.at > end) return false;
    reader.at = end;
    txn.ops.push(part);
  }
  return reader.ok;
}

function readKeptAcl(reader: Reader): Acl {
  return readAcl(reader) ?? [];
}
