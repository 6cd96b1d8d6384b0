/** The log files of a data directory, record by record, as bytes. */
import fs from 'node:fs';
import path from 'node:path';

import { adler32 } from '../../../src-server/bytes/checksum.ts';
import { Reader } from '../../../src-server/bytes/reader.ts';
import type { Txn } from '../../../src-server/coordination/model/txn.ts';
import { readTxn } from '../../../src-server/coordination/wire/txns.ts';

export interface LogRecord {
  readonly file: string;
  readonly offset: number;
  /** Header, body and digest. */
  readonly bytes: Buffer;
  readonly txn: Txn;
}

const FILE_HEADER = '5a4b4c47000000020000000000000000';

/** Every record up to the padding, of every log in the order of their zxids; anything that is not as it should be throws. */
export function readLogRecords(dataDir: string): LogRecord[] {
  const directory = path.join(dataDir, 'version-2');
  const files = fs
    .readdirSync(directory)
    .filter((name) => name.startsWith('log.'))
    .sort((a, b) => Number.parseInt(a.slice(4), 16) - Number.parseInt(b.slice(4), 16));
  return files.flatMap((file) => recordsOf(path.join(directory, file), file));
}

function recordsOf(filePath: string, file: string): LogRecord[] {
  const all = fs.readFileSync(filePath);
  if (all.toString('hex', 0, 16) !== FILE_HEADER) throw new Error(`${file}: header`);
  const records: LogRecord[] = [];
  for (let at = 16; at + 12 <= all.length;) {
    const checksum = all.readBigInt64BE(at);
    const length = all.readInt32BE(at + 8);
    if (checksum === 0n && length === 0) break;
    const bytes = all.subarray(at + 12, at + 12 + length);
    if (BigInt(adler32(bytes, 0, length)) !== checksum)
      throw new Error(`${file} at ${at}: checksum`);
    if (all[at + 12 + length] !== 0x42) throw new Error(`${file} at ${at}: last byte`);
    const txn = readTxn(new Reader().reset(bytes, 0, length));
    if (txn === null) throw new Error(`${file} at ${at}: no transaction`);
    records.push({ file, offset: at, bytes, txn });
    at += 13 + length;
  }
  return records;
}
