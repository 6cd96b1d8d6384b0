/** Branded identities, so that one kind of number cannot stand in for another. Made here and in zxid.ts only. */

declare const brand: unique symbol;

/** A session's 64-bit id as the wire carries it, signed. Real ids use the top byte, so it never fits a number. */
export type SessionId = bigint & { readonly [brand]: 'SessionId' };

/** A server's id in its ensemble, as in `myid`. */
export type Sid = number & { readonly [brand]: 'Sid' };

export function sessionId(value: bigint): SessionId {
  return BigInt.asIntN(64, value) as SessionId;
}

export function sid(value: number): Sid {
  return value as Sid;
}

/** Sixteen lower-case digits without prefix: how people and JSON see a session. */
export function sessionHex(id: bigint): string {
  return BigInt.asUintN(64, id).toString(16).padStart(16, '0');
}
