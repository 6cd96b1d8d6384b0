/** Access control lists and the identities they are checked against. */

export const Permission = { READ: 1, WRITE: 2, CREATE: 4, DELETE: 8, ADMIN: 16, ALL: 31 } as const;

export interface AclEntry {
  readonly permissions: number;
  /** Null only in a request that is about to be refused. */
  readonly scheme: string | null;
  readonly id: string | null;
}

export type Acl = readonly AclEntry[];

/** Who a connection is, as it proved itself: `ip`, `digest`, `super` … */
export interface Identity {
  readonly scheme: string;
  readonly id: string;
}

/** Everybody may do everything. The one list that is also its own marker in files (key −1). */
export const OPEN_ACL: Acl = [{ permissions: Permission.ALL, scheme: 'world', id: 'anyone' }];
export const READ_ACL: Acl = [{ permissions: Permission.READ, scheme: 'world', id: 'anyone' }];
