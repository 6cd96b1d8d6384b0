/** Access lists as people edit them: permissions by name, usual lists, and the rules a server will judge them by. */
import type { AclEntry } from '#contract/models.ts';

export const PERMISSIONS = [
  { name: 'read', bit: 1 },
  { name: 'write', bit: 2 },
  { name: 'create', bit: 4 },
  { name: 'delete', bit: 8 },
  { name: 'admin', bit: 16 },
] as const;

export const ALL_PERMISSIONS = 31;
const READ = 1;

export const SCHEMES = ['world', 'auth', 'digest', 'ip', 'x509', 'sasl'] as const;

const ANYONE = { scheme: 'world', id: 'anyone' } as const;

export type AclPreset = 'open' | 'read-only' | 'creator' | 'custom';

/** The list of a preset; `custom` begins as the open one. */
export function presetAcl(preset: AclPreset): AclEntry[] {
  switch (preset) {
    case 'open':
    case 'custom':
      return [{ ...ANYONE, permissions: ALL_PERMISSIONS }];
    case 'read-only':
      return [
        { scheme: 'auth', id: '', permissions: ALL_PERMISSIONS },
        { ...ANYONE, permissions: READ },
      ];
    case 'creator':
      return [{ scheme: 'auth', id: '', permissions: ALL_PERMISSIONS }];
  }
}

export type AclProblem =
  | 'empty'
  | 'no-permission'
  | 'world-id'
  | 'digest-id'
  | 'ip-id'
  | 'auth-needs-identity'
  | 'no-scheme'
  | 'no-id';

/**
 * What a server would refuse about one entry, or null.
 * @param hasIdentity whether this session has proved who it is, which `auth` stands for
 */
export function entryProblem(entry: AclEntry, hasIdentity: boolean): AclProblem | null {
  if (entry.permissions === 0) return 'no-permission';
  switch (entry.scheme) {
    case '':
      return 'no-scheme';
    case 'world':
      return entry.id === 'anyone' ? null : 'world-id';
    case 'auth':
      return hasIdentity ? null : 'auth-needs-identity';
    case 'digest':
      return /^[^:]*:[^:]+:*$/.test(entry.id) ? null : 'digest-id';
    case 'ip':
      return isAddressPattern(entry.id) ? null : 'ip-id';
    default:
      return entry.id === '' ? 'no-id' : null;
  }
}

export function aclProblem(acl: readonly AclEntry[], hasIdentity: boolean): AclProblem | null {
  if (acl.length === 0) return 'empty';
  for (const entry of acl) {
    const problem = entryProblem(entry, hasIdentity);
    if (problem !== null) return problem;
  }
  return null;
}

export function areSameAcls(a: readonly AclEntry[], b: readonly AclEntry[]): boolean {
  return (
    a.length === b.length &&
    a.every((entry, i) => {
      const other = b[i]!;
      return (
        entry.scheme === other.scheme &&
        entry.id === other.id &&
        entry.permissions === other.permissions
      );
    })
  );
}

/** The id of the digest scheme: the user, and the SHA-1 of `user:password` in base64. */
export async function digestId(user: string, password: string): Promise<string> {
  const hash = await crypto.subtle.digest('SHA-1', new TextEncoder().encode(`${user}:${password}`));
  const base64 = btoa(String.fromCharCode(...new Uint8Array(hash)));
  return `${user}:${base64}`;
}

/** An address, or a network as `address/bits`. */
function isAddressPattern(text: string): boolean {
  const [address = '', bits, ...more] = text.split('/');
  if (more.length > 0) return false;
  const isV6 = address.includes(':');
  if (!(isV6 ? isIpv6(address) : isIpv4(address))) return false;
  return bits === undefined || (/^[0-9]{1,3}$/.test(bits) && Number(bits) <= (isV6 ? 128 : 32));
}

function isIpv4(text: string): boolean {
  const parts = text.split('.');
  return (
    parts.length === 4 && parts.every((part) => /^[0-9]{1,3}$/.test(part) && Number(part) <= 255)
  );
}

function isIpv6(text: string): boolean {
  const halves = text.split('::');
  if (halves.length > 2) return false;
  const groups = halves.flatMap((half) => (half === '' ? [] : half.split(':')));
  if (!groups.every((group) => /^[0-9a-fA-F]{1,4}$/.test(group))) return false;
  return halves.length === 2 ? groups.length < 8 : groups.length === 8;
}
