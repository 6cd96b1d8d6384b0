/**
 * The 64-bit owner a node stores, which also tells containers and nodes with a time to live from the rest.
 *
 *   0                          an ordinary node
 *   0x8000 0000 0000 0000      a container
 *   0xff00 00tt tttt tttt      a TTL node: t is its life in milliseconds, at most 2^40 − 1
 *   anything else              the session of an ephemeral node
 */

export const CONTAINER_OWNER = -0x8000_0000_0000_0000n;
export const TTL_MS_MAX = 0xff_ffff_ffff;

const TTL_MARK = 0xff00_0000_0000_0000n;
const TTL_MASK = 0xff_ffff_ffffn;

export type NodeKind = 'persistent' | 'ephemeral' | 'container' | 'ttl';

/** With `extendedTypes` off, the TTL marks are ordinary session ids, as in Apache ZooKeeper. */
export function kindOfOwner(owner: bigint, extendedTypes: boolean): NodeKind {
  if (owner === 0n) return 'persistent';
  if (owner === CONTAINER_OWNER) return 'container';
  return extendedTypes && BigInt.asUintN(64, owner) >> 56n === 0xffn ? 'ttl' : 'ephemeral';
}

export function ttlOwner(ttlMs: number): bigint {
  return BigInt.asIntN(64, TTL_MARK | BigInt(ttlMs));
}

export function ttlOfOwner(owner: bigint): number {
  return Number(owner & TTL_MASK);
}
