/**
 * Transaction log files, byte for byte Apache's.
 *
 *   log.<zxid of the first record, hex>
 *   ┌ header ─────────────────────────┬ record ──────────────────────────────────┬ … ┬ padding ┐
 *   │ "ZKLG" i32 · version 2 · dbid 0 │ adler32 i64 · length i32 · txn · 0x42 'B' │   │ zeros   │
 *   └─────────────────────────────────┴───────────────────────────────────────────┴───┴─────────┘
 *
 * The file is extended with zeros in large steps, so a record of checksum 0 and length 0 is the end.
 */
import { adler32 } from '../../bytes/checksum.ts';
import type { Writer } from '../../bytes/writer.ts';
import type { Txn } from '../model/txn.ts';
import { adoptData, writeTxn } from '../wire/txns.ts';

export const LOG_PREFIX = 'log.';
export const LOG_MAGIC = 0x5a4b4c47;
export const LOG_VERSION = 2;
export const LOG_HEADER_BYTES = 16;
export const RECORD_HEADER_BYTES = 12;
/** Last byte of every record. */
export const RECORD_END = 0x42;

export function writeLogHeader(writer: Writer): void {
  writer.int32(LOG_MAGIC);
  writer.int32(LOG_VERSION);
  writer.long(0);
}

/** Appends a record, and makes the transaction's data refer to its copy in there. */
export function writeRecord(writer: Writer, txn: Txn): void {
  const at = writer.gap(RECORD_HEADER_BYTES);
  const start = writer.length;
  writeTxn(writer, txn);
  seal(writer, at);
  adoptData(txn, writer.bytes, start);
}

/** Appends a record whose transaction is encoded already. */
export function writeEncodedRecord(writer: Writer, payload: Uint8Array): void {
  const at = writer.gap(RECORD_HEADER_BYTES);
  writer.raw(payload, 0, payload.length);
  seal(writer, at);
}

function seal(writer: Writer, at: number): void {
  const start = at + RECORD_HEADER_BYTES;
  const end = writer.length;
  writer.patchLong(at, adler32(writer.bytes, start, end));
  writer.patchInt32(at + 8, end - start);
  writer.byte(RECORD_END);
}
