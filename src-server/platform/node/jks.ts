/**
 * JKS files, Java's own until Java 9.
 *
 *   FEEDFEED · version 2 · count · { 1 alias date key chain | 2 alias date certificate } · SHA-1 of password, a word and all this
 *
 * Keys are under a mask of SHA-1 sums: the first of password and salt, each further one of password and the one before.
 */
import { createHash, timingSafeEqual } from 'node:crypto';

import { Reader } from '../../bytes/reader.ts';
import { DER_TAGS, DerError, DerValue } from './der.ts';
import type { StoreContents } from './pkcs12.ts';

export const JKS_MAGIC = 0xfeedfeed;
const WORD = 'Mighty Aphrodite';
const MASKED_BY_SUN = '1.3.6.1.4.1.42.2.17.1.1';
const SHA1_BYTES = 20;
/** Nobody keeps so many. */
const ENTRIES_MAX = 10_000;
const CHAIN_MAX = 100;

/** @throws DerError with a sentence that says what is wrong */
export function readJks(file: Buffer, password: string): StoreContents {
  const secret = Buffer.from(password, 'utf16le').swap16();
  const end = file.length - SHA1_BYTES;
  const sum = sha1(secret, Buffer.from(WORD), file.subarray(0, Math.max(0, end)));
  if (end < 12 || !timingSafeEqual(sum, file.subarray(end)))
    throw new DerError('the password is wrong, or the file is damaged');
  const reader = new Reader().reset(file, 0, end);
  reader.int32();
  const version = reader.int32();
  const count = reader.int32();
  if (version !== 2 || count < 0 || count > ENTRIES_MAX)
    throw new DerError(`version ${version} is not known here`);
  const keys: Buffer[] = [];
  const certificates: Buffer[] = [];
  for (let i = 0; i < count && reader.ok; i++) {
    const isKey = reader.int32() === 1;
    skip(reader, length16(reader) + 8);
    if (isKey) keys.push(unmasked(bytes32(reader), secret));
    certificates.push(...chainOf(reader, isKey ? reader.int32() : 1));
  }
  if (!reader.ok) throw new DerError('the data ends too early');
  return { keys, certificates };
}

function chainOf(reader: Reader, length: number): Buffer[] {
  const chain: Buffer[] = [];
  while (chain.length < length && chain.length < CHAIN_MAX && reader.ok) {
    skip(reader, length16(reader));
    chain.push(bytes32(reader));
  }
  return chain;
}

function length16(reader: Reader): number {
  const at = reader.at;
  skip(reader, 2);
  return reader.ok ? reader.bytes.readUInt16BE(at) : 0;
}

function bytes32(reader: Reader): Buffer {
  const length = reader.int32();
  const at = reader.at;
  skip(reader, length);
  return reader.ok ? reader.bytes.subarray(at, at + length) : Buffer.alloc(0);
}

function skip(reader: Reader, bytes: number): void {
  if (bytes < 0 || bytes > reader.left) reader.ok = false;
  else reader.at += bytes;
}

function unmasked(entry: Buffer, secret: Buffer): Buffer {
  const [method, content] = DerValue.read(entry).as(DER_TAGS.sequence).parts;
  if (content === undefined || method?.part(0).oid !== MASKED_BY_SUN)
    throw new DerError('a key in it is encrypted in a way that is not known here');
  const { octets } = content;
  const masked = octets.subarray(SHA1_BYTES, octets.length - SHA1_BYTES);
  const key = Buffer.alloc(masked.length);
  let mask = octets.subarray(0, SHA1_BYTES);
  for (let at = 0; at < key.length; at++) {
    if (at % SHA1_BYTES === 0) mask = sha1(secret, mask);
    key[at] = masked[at]! ^ mask[at % SHA1_BYTES]!;
  }
  if (!sha1(secret, key).equals(octets.subarray(octets.length - SHA1_BYTES)))
    throw new DerError('the key in it has another password than the file');
  return key;
}

function sha1(...parts: readonly Buffer[]): Buffer {
  const hash = createHash('sha1');
  for (const part of parts) hash.update(part);
  return hash.digest();
}
