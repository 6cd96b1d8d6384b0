/**
 * Session passwords as every ZooKeeper server computes them, so that a client can move between servers of one ensemble and
 * none of them keeps any: the first 16 bytes of Java's Random seeded with the id.
 *
 * Only the low 48 bits of the id matter, and whoever knows the id knows the password; it guards against mistakes, not
 * against enemies.
 */
import { timingSafeEqual } from 'node:crypto';

import { PASSWORD_BYTES } from '../wire/connect.ts';

const ID_MASK = 0xb341_5c00n;
const MULTIPLIER = 0x5_deec_e66dn;
const INCREMENT = 0xbn;
const STATE_MASK = (1n << 48n) - 1n;

export function passwordOf(sessionId: bigint): Buffer {
  const password = Buffer.alloc(PASSWORD_BYTES);
  let state = (sessionId ^ ID_MASK ^ MULTIPLIER) & STATE_MASK;
  for (let at = 0; at < PASSWORD_BYTES; at += 4) {
    state = (state * MULTIPLIER + INCREMENT) & STATE_MASK;
    password.writeUInt32LE(Number(state >> 16n), at);
  }
  return password;
}

export function isPasswordOf(sessionId: bigint, password: Uint8Array): boolean {
  return (
    sessionId !== 0n &&
    password.length === PASSWORD_BYTES &&
    timingSafeEqual(passwordOf(sessionId), password)
  );
}
