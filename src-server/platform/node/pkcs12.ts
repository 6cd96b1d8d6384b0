/**
 * PKCS12 files (RFC 7292), as keytool and openssl write them.
 *
 *   PFX ─▶ contents, sealed by a MAC of the password
 *            ├─ bags as they are       keys, each encrypted by itself
 *            └─ bags, encrypted        certificates
 */
import { createDecipheriv, createHash, createHmac, pbkdf2Sync, timingSafeEqual } from 'node:crypto';

import { DER_TAGS, DerError, DerValue } from './der.ts';

/** What a file with keys holds: certificates in DER, and keys in PKCS8, perhaps under the file's password. */
export interface StoreContents {
  readonly keys: readonly Buffer[];
  readonly certificates: readonly Buffer[];
}

const DATA = '1.2.840.113549.1.7.1';
const ENCRYPTED_DATA = '1.2.840.113549.1.7.6';
const KEY_BAG = '1.2.840.113549.1.12.10.1.1';
const SHROUDED_KEY_BAG = '1.2.840.113549.1.12.10.1.2';
const CERTIFICATE_BAG = '1.2.840.113549.1.12.10.1.3';
const PBES2 = '1.2.840.113549.1.5.13';
const TRIPLE_DES = '1.2.840.113549.1.12.1.3';

interface Digest {
  readonly name: string;
  readonly bytes: number;
  readonly blockBytes: number;
}

const SHA1: Digest = { name: 'sha1', bytes: 20, blockBytes: 64 };

const DIGESTS: Readonly<Record<string, Digest>> = {
  '1.3.14.3.2.26': SHA1,
  '2.16.840.1.101.3.4.2.1': { name: 'sha256', bytes: 32, blockBytes: 64 },
  '2.16.840.1.101.3.4.2.2': { name: 'sha384', bytes: 48, blockBytes: 128 },
  '2.16.840.1.101.3.4.2.3': { name: 'sha512', bytes: 64, blockBytes: 128 },
};

const HMACS: Readonly<Record<string, string>> = {
  '1.2.840.113549.2.7': 'sha1',
  '1.2.840.113549.2.9': 'sha256',
  '1.2.840.113549.2.10': 'sha384',
  '1.2.840.113549.2.11': 'sha512',
};

const CIPHERS: Readonly<Record<string, { readonly name: string; readonly keyBytes: number }>> = {
  '2.16.840.1.101.3.4.1.2': { name: 'aes-128-cbc', keyBytes: 16 },
  '2.16.840.1.101.3.4.1.22': { name: 'aes-192-cbc', keyBytes: 24 },
  '2.16.840.1.101.3.4.1.42': { name: 'aes-256-cbc', keyBytes: 32 },
};

/** So many rounds take seconds, and nobody writes them. */
const ROUNDS_MAX = 10_000_000;

/** @throws DerError with a sentence that says what is wrong */
export function readPkcs12(file: Buffer, password: string): StoreContents {
  const [version, contents, seal] = DerValue.read(file).as(DER_TAGS.sequence).parts;
  if (version?.integer !== 3 || contents === undefined) throw new DerError('not a PKCS12 file');
  const safe = contentOf(contents, DATA).octets;
  if (seal !== undefined) checkSeal(seal, safe, password);
  const keys: Buffer[] = [];
  const certificates: Buffer[] = [];
  for (const part of DerValue.read(safe).as(DER_TAGS.sequence).parts)
    for (const bag of DerValue.read(bagsIn(part, password)).as(DER_TAGS.sequence).parts) {
      const kind = bag.part(0).oid;
      const value = bag.part(1).as(DER_TAGS.first).part(0);
      if (kind === KEY_BAG || kind === SHROUDED_KEY_BAG) keys.push(value.whole);
      else if (kind === CERTIFICATE_BAG)
        certificates.push(value.part(1).as(DER_TAGS.first).part(0).octets);
    }
  return { keys, certificates };
}

function contentOf(info: DerValue, kind: string): DerValue {
  if (info.part(0).oid !== kind) throw new DerError('it is sealed in a way that is not known here');
  return info.part(1).as(DER_TAGS.first).part(0);
}

function bagsIn(part: DerValue, password: string): Buffer {
  if (part.part(0).oid !== ENCRYPTED_DATA) return contentOf(part, DATA).octets;
  const [, method, encrypted] = contentOf(part, ENCRYPTED_DATA).part(1).parts;
  if (method === undefined || encrypted === undefined) throw new DerError('something is missing');
  return decrypted(method, encrypted.octets, password);
}

function decrypted(method: DerValue, bytes: Buffer, password: string): Buffer {
  const kind = method.part(0).oid;
  const { name, key, iv } =
    kind === PBES2
      ? keyOfPbes2(method.part(1), password)
      : kind === TRIPLE_DES
        ? keyOfTripleDes(method.part(1), password)
        : refuse(
            `its certificates are encrypted in an old way (${kind}); write it anew with a current keytool or openssl`,
          );
  try {
    const decipher = createDecipheriv(name, key, iv);
    return Buffer.concat([decipher.update(bytes), decipher.final()]);
  } catch {
    throw new DerError('the password is wrong');
  }
}

interface CipherKey {
  readonly name: string;
  readonly key: Buffer;
  readonly iv: Buffer;
}

function keyOfPbes2(parameters: DerValue, password: string): CipherKey {
  const [salt, rounds, ...more] = parameters.part(0).part(1).parts;
  if (salt === undefined || rounds === undefined) throw new DerError('something is missing');
  const hmac = more.find(({ tag }) => tag === DER_TAGS.sequence);
  const digest = hmac === undefined ? 'sha1' : HMACS[hmac.part(0).oid];
  const cipher = CIPHERS[parameters.part(1).part(0).oid];
  if (digest === undefined || cipher === undefined)
    throw new DerError('it is encrypted in a way that is not known here');
  const key = pbkdf2Sync(password, salt.octets, roundsOf(rounds), cipher.keyBytes, digest);
  return { name: cipher.name, key, iv: parameters.part(1).part(1).octets };
}

function keyOfTripleDes(parameters: DerValue, password: string): CipherKey {
  const rounds = roundsOf(parameters.part(1));
  const derive = (purpose: number, bytes: number): Buffer =>
    derived({ digest: SHA1, purpose, password, salt: parameters.part(0).octets, rounds, bytes });
  return { name: 'des-ede3-cbc', key: derive(1, 24), iv: derive(2, 8) };
}

function checkSeal(seal: DerValue, safe: Buffer, password: string): void {
  const [mac, salt, count] = seal.parts;
  const digest = mac === undefined ? undefined : DIGESTS[mac.part(0).part(0).oid];
  if (mac === undefined || salt === undefined || digest === undefined)
    throw new DerError('it is sealed in a way that is not known here');
  const rounds = count === undefined ? 1 : roundsOf(count);
  const key = derived({
    digest,
    purpose: 3,
    password,
    salt: salt.octets,
    rounds,
    bytes: digest.bytes,
  });
  const expected = createHmac(digest.name, key).update(safe).digest();
  const stated = mac.part(1).octets;
  if (stated.length !== expected.length || !timingSafeEqual(stated, expected))
    throw new DerError('the password is wrong, or the file is damaged');
}

function roundsOf(value: DerValue): number {
  const rounds = value.integer;
  if (rounds < 1 || rounds > ROUNDS_MAX) throw new DerError('it is hashed too often');
  return rounds;
}

/** Appendix B of the RFC: keys from a password. */
function derived(parts: {
  readonly digest: Digest;
  readonly purpose: number;
  readonly password: string;
  readonly salt: Buffer;
  readonly rounds: number;
  readonly bytes: number;
}): Buffer {
  const { digest, salt, rounds } = parts;
  const { blockBytes } = digest;
  const text = Buffer.from(`${parts.password}\0`, 'utf16le').swap16();
  const seed = Buffer.concat([repeated(salt, blockBytes), repeated(text, blockBytes)]);
  const made: Buffer[] = [];
  for (let length = 0; length < parts.bytes; length += digest.bytes) {
    let block = Buffer.concat([Buffer.alloc(blockBytes, parts.purpose), seed]);
    for (let i = 0; i < rounds; i++) block = createHash(digest.name).update(block).digest();
    made.push(block);
    addToEach(seed, repeated(block, blockBytes).subarray(0, blockBytes));
  }
  return Buffer.concat(made).subarray(0, parts.bytes);
}

/** So often that whole blocks are filled. */
function repeated(bytes: Buffer, blockBytes: number): Buffer {
  const length = Math.ceil(bytes.length / blockBytes) * blockBytes;
  return Buffer.alloc(length, bytes);
}

/** Every block of `seed` grows by `by` and 1, as a large number. */
function addToEach(seed: Buffer, by: Buffer): void {
  for (let at = 0; at < seed.length; at += by.length) {
    let carry = 1;
    for (let i = by.length - 1; i >= 0; i--) {
      carry += seed[at + i]! + by[i]!;
      seed[at + i] = carry & 0xff;
      carry >>>= 8;
    }
  }
}

function refuse(problem: string): never {
  throw new DerError(problem);
}
