/** Access control: which lists exist, and who passes them. */
import { assert } from '../../base/assert.ts';
import { type Acl, type AclEntry, type Identity, OPEN_ACL } from '../model/acl.ts';
import { Code } from '../model/codes.ts';
import { addressMatches, isAddressPattern } from './addresses.ts';

/** The id of OPEN_ACL, in memory and in snapshots; it is never in the table. */
export const OPEN_ACL_ID = -1;

/**
 * Each distinct list is kept once and nodes refer to it by number. Lists are counted and dropped with their last node, since
 * an ensemble may see millions of them come and go.
 */
export class AclTable {
  readonly #byId = new Map<number, { readonly acl: Acl; readonly key: string; uses: number }>();
  readonly #idByKey = new Map<string, number>();
  #nextId = 1;

  /** Counts one more use of the list. */
  intern(acl: Acl): number {
    if (acl === OPEN_ACL) return OPEN_ACL_ID;
    const key = keyOf(acl);
    if (key === OPEN_KEY) return OPEN_ACL_ID;
    const known = this.#idByKey.get(key);
    if (known !== undefined) {
      this.#byId.get(known)!.uses++;
      return known;
    }
    const id = this.#nextId++;
    this.#byId.set(id, { acl, key, uses: 1 });
    this.#idByKey.set(key, id);
    return id;
  }

  release(id: number): void {
    if (id === OPEN_ACL_ID) return;
    const entry = this.#byId.get(id);
    assert(entry !== undefined && entry.uses > 0, 'a released list was in use');
    if (--entry.uses === 0) {
      this.#byId.delete(id);
      this.#idByKey.delete(entry.key);
    }
  }

  get(id: number): Acl {
    if (id === OPEN_ACL_ID) return OPEN_ACL;
    const entry = this.#byId.get(id);
    assert(entry !== undefined, 'a node refers to a list in the table');
    return entry.acl;
  }

  entries(): { readonly id: number; readonly acl: Acl }[] {
    return [...this.#byId].map(([id, { acl }]) => ({ id, acl }));
  }
}

/** Whether any of `identities` has one of the `wanted` permission bits. An empty list is open to all. */
export function isPermitted(acl: Acl, wanted: number, identities: readonly Identity[]): boolean {
  if (acl === OPEN_ACL || acl.length === 0) return true;
  for (const identity of identities) if (identity.scheme === 'super') return true;
  for (const entry of acl) {
    if ((entry.permissions & wanted) === 0) continue;
    if (entry.scheme === 'world' && entry.id === 'anyone') return true;
    for (const identity of identities) {
      if (identity.scheme === entry.scheme && identityMatches(identity, entry.id ?? ''))
        return true;
    }
  }
  return false;
}

export interface AclRules {
  /** Addresses of IPv6 may stand in lists since 3.9.4. */
  readonly ipv6: boolean;
}

/**
 * The list as it is stored: duplicates removed and `auth` replaced by who the requester is.
 * @returns INVALID_ACL where the list is empty, of an unknown scheme or malformed; MARSHALLING_ERROR where an entry lacks
 *   what Apache looks into without asking
 */
export function resolveAcl(
  acl: Acl | null,
  identities: readonly Identity[],
  rules: AclRules,
): Acl | Code {
  if (acl === OPEN_ACL) return acl;
  if (acl === null || acl.length === 0) return Code.INVALID_ACL;
  const distinct = withoutDuplicates(acl);
  if (distinct === null) return Code.MARSHALLING_ERROR;
  const resolved: AclEntry[] = [];
  for (const entry of distinct) {
    const { permissions, scheme, id } = entry;
    if (scheme === null) return Code.INVALID_ACL;
    if (scheme === 'auth') {
      const proven = identities.filter((identity) => PROVEN_SCHEMES.has(identity.scheme));
      if (proven.length === 0) return Code.INVALID_ACL;
      for (const identity of proven) resolved.push({ permissions, ...identity });
    } else if (id === null) {
      return CHECKED_SCHEMES.has(scheme) ? Code.MARSHALLING_ERROR : Code.INVALID_ACL;
    } else if (isWellFormed(scheme, id, rules)) {
      resolved.push(entry);
    } else {
      return Code.INVALID_ACL;
    }
  }
  return resolved;
}

/**
 * Null where two entries cannot be compared: Java goes field by field, and a null is where its comparison ends with an
 * exception. (Each against each, as Java does it, would take many seconds for a list as long as a request.)
 */
function withoutDuplicates(acl: Acl): AclEntry[] | null {
  const distinct: AclEntry[] = [];
  const keys = new Set<string>();
  const begun = new Set<string>();
  for (const entry of acl) {
    const { permissions, scheme, id } = entry;
    const [ofPermissions, ofScheme] = [String(permissions), `${permissions}|${scheme}`];
    if (scheme === null ? begun.has(ofPermissions) : id === null && begun.has(ofScheme))
      return null;
    const key = keyOf([entry]);
    if (keys.has(key)) continue;
    keys.add(key);
    begun.add(ofPermissions).add(ofScheme);
    distinct.push(entry);
  }
  return distinct;
}

/** Schemes that look at an entry's id. */
const CHECKED_SCHEMES: ReadonlySet<string> = new Set(['world', 'digest', 'ip']);

/** Schemes whose identities somebody had to prove; an address is only observed. */
const PROVEN_SCHEMES: ReadonlySet<string> = new Set(['digest']);

function identityMatches(identity: Identity, pattern: string): boolean {
  switch (identity.scheme) {
    case 'digest':
      return identity.id === pattern;
    case 'ip':
      return addressMatches(identity.id, pattern);
    default:
      return false;
  }
}

function isWellFormed(scheme: string, id: string, rules: AclRules): boolean {
  switch (scheme) {
    case 'world':
      return id === 'anyone';
    case 'digest':
      return partsBetweenColons(id) === 2;
    case 'ip':
      return isAddressPattern(id) && (rules.ipv6 || !id.includes(':'));
    default:
      return false;
  }
}

/** Counted as Java's split counts: empty parts at the end do not. */
function partsBetweenColons(text: string): number {
  const parts = text.split(':');
  while (parts.length > 1 && parts.at(-1) === '') parts.pop();
  return parts.length;
}

function keyOf(acl: Acl): string {
  let key = '';
  for (const { permissions, scheme, id } of acl) {
    key += `${permissions}|${scheme === null ? '-' : scheme.length}|${scheme}|${id === null ? '-' : id.length}|${id};`;
  }
  return key;
}

const OPEN_KEY = keyOf(OPEN_ACL);
