/**
 * What can be asked: every operation code with its traits. Gate, lanes, metrics and admin read this one table.
 */

export const OpCode = {
  NOTIFICATION: 0,
  CREATE: 1,
  DELETE: 2,
  EXISTS: 3,
  GET_DATA: 4,
  SET_DATA: 5,
  GET_ACL: 6,
  SET_ACL: 7,
  GET_CHILDREN: 8,
  SYNC: 9,
  PING: 11,
  GET_CHILDREN2: 12,
  CHECK: 13,
  MULTI: 14,
  CREATE2: 15,
  RECONFIG: 16,
  CHECK_WATCHES: 17,
  REMOVE_WATCHES: 18,
  CREATE_CONTAINER: 19,
  DELETE_CONTAINER: 20,
  CREATE_TTL: 21,
  MULTI_READ: 22,
  AUTH: 100,
  SET_WATCHES: 101,
  SASL: 102,
  GET_EPHEMERALS: 103,
  GET_ALL_CHILDREN_NUMBER: 104,
  SET_WATCHES2: 105,
  ADD_WATCH: 106,
  WHO_AM_I: 107,
  CREATE_SESSION: -10,
  CLOSE_SESSION: -11,
  /** Not a request: the type of a refused write in the log. */
  ERROR: -1,
} as const;

export type OpCode = (typeof OpCode)[keyof typeof OpCode];

export interface OpTraits {
  readonly code: OpCode;
  /** The name people see in logs, metrics and the console. */
  readonly name: string;
  /** Short code that `cons` prints as the last operation. */
  readonly word: string;
  /**
   * 'write' becomes a transaction; 'read' is answered from local state after the session's earlier writes;
   * 'connection' concerns the connection only and is answered at once.
   */
  readonly kind: 'read' | 'write' | 'connection';
  /** False for operations that only servers and their own housekeeping may submit. */
  readonly fromClients: boolean;
}

const TRAITS: readonly OpTraits[] = [
  write(OpCode.CREATE, 'create', 'CREA'),
  write(OpCode.CREATE2, 'create2', 'CREA'),
  write(OpCode.CREATE_CONTAINER, 'createContainer', 'CREA'),
  write(OpCode.CREATE_TTL, 'createTTL', 'CREA'),
  write(OpCode.DELETE, 'delete', 'DELE'),
  write(OpCode.SET_DATA, 'setData', 'SETD'),
  write(OpCode.SET_ACL, 'setACL', 'SETA'),
  write(OpCode.CHECK, 'check', 'CHEC'),
  write(OpCode.MULTI, 'multi', 'MULT'),
  write(OpCode.RECONFIG, 'reconfig', 'RECO'),
  write(OpCode.CLOSE_SESSION, 'closeSession', 'CLOS'),
  { ...write(OpCode.CREATE_SESSION, 'createSession', 'SESS'), fromClients: false },
  { ...write(OpCode.DELETE_CONTAINER, 'deleteContainer', 'DELE'), fromClients: false },
  read(OpCode.EXISTS, 'exists', 'EXIS'),
  read(OpCode.GET_DATA, 'getData', 'GETD'),
  read(OpCode.GET_ACL, 'getACL', 'GETA'),
  read(OpCode.GET_CHILDREN, 'getChildren', 'GETC'),
  read(OpCode.GET_CHILDREN2, 'getChildren2', 'GETC'),
  read(OpCode.GET_EPHEMERALS, 'getEphemerals', 'GETE'),
  read(OpCode.GET_ALL_CHILDREN_NUMBER, 'getAllChildrenNumber', 'GETACN'),
  read(OpCode.MULTI_READ, 'multiRead', 'MLTR'),
  read(OpCode.SYNC, 'sync', 'SYNC'),
  read(OpCode.PING, 'ping', 'PING'),
  read(OpCode.SET_WATCHES, 'setWatches', 'SETW'),
  read(OpCode.SET_WATCHES2, 'setWatches2', 'STW2'),
  read(OpCode.ADD_WATCH, 'addWatch', 'ADDW'),
  read(OpCode.CHECK_WATCHES, 'checkWatches', 'CHKW'),
  read(OpCode.REMOVE_WATCHES, 'removeWatches', 'REMW'),
  read(OpCode.WHO_AM_I, 'whoAmI', 'HOMI'),
  { code: OpCode.AUTH, name: 'auth', word: 'AUTH', kind: 'connection', fromClients: true },
  { code: OpCode.SASL, name: 'sasl', word: 'SASL', kind: 'connection', fromClients: true },
];

/** Indexed by code plus 16, so that a lookup is an array read. */
const BY_CODE: (OpTraits | undefined)[] = new Array<OpTraits | undefined>(128).fill(undefined);
const CODE_SHIFT = 16;
for (const traits of TRAITS) BY_CODE[traits.code + CODE_SHIFT] = traits;

/** Undefined for a code that does not exist. */
export function opTraits(code: number): OpTraits | undefined {
  return BY_CODE[code + CODE_SHIFT];
}

export function opName(code: number): string {
  return opTraits(code)?.name ?? (code === OpCode.ERROR ? 'error' : `op ${code}`);
}

function read(code: OpCode, name: string, word: string): OpTraits {
  return { code, name, word, kind: 'read', fromClients: true };
}

function write(code: OpCode, name: string, word: string): OpTraits {
  return { code, name, word, kind: 'write', fromClients: true };
}
