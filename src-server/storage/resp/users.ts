/**
 * Who may come in, and which keys are theirs. Secrets are kept as scrypt hashes only; a password that was proven once is
 * remembered as a keyed digest, whose key lives and dies with this process, so that a client's fifty connections cost one
 * hash. Whoever guesses is held back by address.
 */
import { createHmac, scrypt, timingSafeEqual } from 'node:crypto';

import { err, ok, type Result } from '../../base/result.ts';
import type { Clock } from '../../platform/clock.ts';
import type { Entropy } from '../../platform/entropy.ts';

export interface UserRecord {
  readonly name: string;
  /** As `hashSecret` makes it. */
  readonly secret: string;
  /** Keys that begin with one of these are theirs; '' is all of them. */
  readonly keyPrefixes: readonly string[];
  readonly mayWrite: boolean;
}

export class User {
  readonly name: string;
  readonly mayWrite: boolean;
  readonly #prefixes: readonly Buffer[];
  readonly isRestricted: boolean;

  constructor({ name, mayWrite, keyPrefixes }: Omit<UserRecord, 'secret'>) {
    this.name = name;
    this.mayWrite = mayWrite;
    this.#prefixes = keyPrefixes.map((prefix) => Buffer.from(prefix));
    this.isRestricted = !keyPrefixes.includes('');
  }

  owns(key: Uint8Array): boolean {
    if (!this.isRestricted) return true;
    return this.#prefixes.some(
      (prefix) => key.length >= prefix.length && prefix.equals(key.subarray(0, prefix.length)),
    );
  }
}

/** Everybody's name where nobody has to say one. */
export const DEFAULT_USER = 'default';
const EVERYBODY = new User({ name: DEFAULT_USER, mayWrite: true, keyPrefixes: [''] });

/** One hash takes some 30 ms of a core and 16 MiB: often enough for people, too slow for guessing. */
const COST = { N: 16_384, r: 8, p: 1 } as const;
const HASH_BYTES = 32;
const SALT_BYTES = 16;
const HASHING_MAX = 2;
const WAITING_MAX = 256;
const FAILURES_MAX = 10;
const FAILURES_WINDOW_MS = 60_000;
const ADDRESSES_MAX = 10_000;
const PASSWORD_BYTES_MAX = 4096;

export type Verdict =
  | { readonly kind: 'welcome'; readonly user: User }
  | { readonly kind: 'wrong' }
  | { readonly kind: 'held-back'; readonly why: string };

interface Attempt {
  readonly name: string;
  readonly password: Buffer;
  readonly address: string;
  readonly done: (verdict: Verdict) => void;
}

interface Guest {
  /** Null for nobody. */
  readonly record: UserRecord | null;
  readonly user: User;
  readonly salt: Buffer;
  readonly hash: Buffer;
  /** Digest of the password that was proven last. */
  proven: Buffer | null;
}

export class Users {
  readonly #clock: Clock;
  #guests: ReadonlyMap<string, Guest>;
  readonly #digestKey: Buffer;
  readonly #nobody: Guest;
  readonly #failures = new Map<string, { count: number; untilMs: number }>();
  readonly #waiting: Attempt[] = [];
  #hashing = 0;

  constructor(options: {
    readonly records: readonly UserRecord[];
    readonly clock: Clock;
    readonly entropy: Entropy;
  }) {
    this.#clock = options.clock;
    this.#digestKey = Buffer.from(options.entropy.bytes(HASH_BYTES));
    this.#guests = new Map(options.records.map((record) => [record.name, guestOf(record)]));
    // A name that is not there takes as long as a wrong password.
    this.#nobody = {
      record: null,
      user: EVERYBODY,
      salt: Buffer.from(options.entropy.bytes(SALT_BYTES)),
      hash: Buffer.from(options.entropy.bytes(HASH_BYTES)),
      proven: null,
    };
  }

  /** From now on these are let in, and nobody else. Whoever was let in is asked about with `renewed`. */
  replace(records: readonly UserRecord[]): void {
    const before = this.#guests;
    const guestNow = (record: UserRecord): Guest => {
      const known = before.get(record.name);
      const isKnown =
        known !== undefined && JSON.stringify(known.record) === JSON.stringify(record);
      return isKnown ? known : guestOf(record);
    };
    this.#guests = new Map(records.map((record) => [record.name, guestNow(record)]));
  }

  /** What somebody who was let in may do now; null where they must come in again. */
  renewed(user: User | null): User | null {
    const { everybody } = this;
    if (everybody !== null || user === null || user === EVERYBODY) return everybody;
    return this.#guests.get(user.name)?.user ?? null;
  }

  /** Whoever comes in without a word, or null where everybody has to say who they are. */
  get everybody(): User | null {
    return this.#guests.size === 0 ? EVERYBODY : null;
  }

  /** @param attempt its password is borrowed until this returns; `done` is called at once or later */
  authenticate(attempt: {
    readonly name: string;
    readonly password: Uint8Array;
    readonly address: string;
    readonly done: (verdict: Verdict) => void;
  }): void {
    const { name, address, done } = attempt;
    const why = this.#heldBack(address);
    if (why !== null) {
      done({ kind: 'held-back', why });
      return;
    }
    const guest = this.#guests.get(name);
    const proven = guest?.proven ?? null;
    if (
      guest !== undefined &&
      proven !== null &&
      timingSafeEqual(proven, this.#digest(attempt.password))
    ) {
      done({ kind: 'welcome', user: guest.user });
      return;
    }
    if (attempt.password.length > PASSWORD_BYTES_MAX) {
      this.#onFailure(address);
      done({ kind: 'wrong' });
    } else if (this.#waiting.length >= WAITING_MAX) {
      done({ kind: 'held-back', why: 'too many passwords are being checked; try again' });
    } else {
      this.#waiting.push({ name, address, done, password: Buffer.from(attempt.password) });
      this.#next();
    }
  }

  #next(): void {
    while (this.#hashing < HASHING_MAX) {
      const attempt = this.#waiting.shift();
      if (attempt === undefined) return;
      const guest = this.#guests.get(attempt.name) ?? this.#nobody;
      this.#hashing++;
      scrypt(attempt.password, guest.salt, HASH_BYTES, COST, (error, hash) => {
        this.#hashing--;
        const isRight = error === null && timingSafeEqual(hash, guest.hash);
        // Who was let in when the password came may not be any more.
        this.#settle(attempt, guest, isRight && guest === this.#guests.get(attempt.name));
        this.#next();
      });
    }
  }

  #settle(attempt: Attempt, guest: Guest, isRight: boolean): void {
    if (isRight) {
      guest.proven = this.#digest(attempt.password);
      this.#failures.delete(attempt.address);
      attempt.done({ kind: 'welcome', user: guest.user });
    } else {
      this.#onFailure(attempt.address);
      attempt.done({ kind: 'wrong' });
    }
  }

  #digest(password: Uint8Array): Buffer {
    return createHmac('sha256', this.#digestKey).update(password).digest();
  }

  #heldBack(address: string): string | null {
    const failures = this.#failures.get(address);
    if (failures === undefined) return null;
    const leftMs = failures.untilMs - this.#clock.nowMs();
    if (leftMs <= 0) this.#failures.delete(address);
    else if (failures.count >= FAILURES_MAX)
      return `too many wrong passwords from ${address}; try again in ${Math.ceil(leftMs / 1000)} s`;
    return null;
  }

  #onFailure(address: string): void {
    const count = (this.#failures.get(address)?.count ?? 0) + 1;
    // Taken out first, so that the map stays ordered by the last failure.
    this.#failures.delete(address);
    this.#failures.set(address, { count, untilMs: this.#clock.nowMs() + FAILURES_WINDOW_MS });
    for (const oldest of this.#failures.keys()) {
      if (this.#failures.size <= ADDRESSES_MAX) return;
      this.#failures.delete(oldest);
    }
  }
}

/** What a users file or znode keeps instead of the password. */
export function hashSecret(password: string, entropy: Entropy): Promise<string> {
  const salt = Buffer.from(entropy.bytes(SALT_BYTES));
  return new Promise((resolve, reject) => {
    scrypt(password, salt, HASH_BYTES, COST, (error, hash) => {
      if (error === null) resolve(`scrypt$${salt.toString('base64')}$${hash.toString('base64')}`);
      else reject(error);
    });
  });
}

/** A users file: a JSON list of records. */
export function parseUsers(text: string): Result<readonly UserRecord[], string> {
  let read: unknown;
  try {
    read = JSON.parse(text);
  } catch {
    return err('the users are not JSON');
  }
  if (!Array.isArray(read)) return err('the users are not a list');
  const records: UserRecord[] = [];
  for (const [i, item] of read.entries()) {
    const record = recordOf(item);
    if (typeof record === 'string') return err(`user ${i + 1}: ${record}`);
    if (records.some(({ name }) => name === record.name))
      return err(`user ${record.name} is there twice`);
    records.push(record);
  }
  return ok(records);
}

function recordOf(item: unknown): UserRecord | string {
  if (typeof item !== 'object' || item === null) return 'is no object';
  const { name, secret, keyPrefixes, mayWrite } = item as Record<string, unknown>;
  if (typeof name !== 'string' || !/^[^\s\0]{1,64}$/.test(name)) return 'has no name';
  if (typeof secret !== 'string' || readSecret(secret) === null)
    return 'has no secret of the form scrypt$salt$hash';
  if (!Array.isArray(keyPrefixes) || !keyPrefixes.every((prefix) => typeof prefix === 'string'))
    return 'has no list of keyPrefixes';
  if (typeof mayWrite !== 'boolean') return 'mayWrite is neither true nor false';
  return { name, secret, keyPrefixes, mayWrite };
}

function readSecret(secret: string): { readonly salt: Buffer; readonly hash: Buffer } | null {
  const [kind, salt, hash, ...rest] = secret.split('$');
  if (kind !== 'scrypt' || salt === undefined || hash === undefined || rest.length > 0) return null;
  const bytes = { salt: Buffer.from(salt, 'base64'), hash: Buffer.from(hash, 'base64') };
  return bytes.salt.length >= 8 && bytes.hash.length === HASH_BYTES ? bytes : null;
}

function guestOf(record: UserRecord): Guest {
  const secret = readSecret(record.secret);
  if (secret === null) throw new Error(`the secret of user ${record.name} cannot be read`);
  return { record, user: new User(record), ...secret, proven: null };
}
