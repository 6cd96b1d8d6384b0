/**
 * Edits of a ring as somebody stages them, and why one cannot be done: `storage/ring/edits.ts` in the shapes of the contract.
 *
 * A list of edits is tried in its order, each on what those before it left; one that cannot be done changes nothing.
 */
import {
  type Check,
  list,
  literal,
  nullable,
  number,
  object,
  string,
  text,
  type TypeOf,
  union,
} from './checks.ts';
import { nodeName } from './storage-models.ts';

/** Longer than any that is allowed, so that what is wrong with a name is told as a fault of the edit. */
const word = text({ max: 200 });

/** A storage node as placement knows it. */
export const stagedNode = object({
  id: nodeName,
  region: word,
  zone: word,
  host: word,
  /** A share: 2 holds twice what 1 holds, 0 nothing. */
  weight: number,
  /** The most bytes of data it may hold; null for no limit. */
  capBytes: nullable(number),
});
export type StagedNode = TypeOf<typeof stagedNode>;

export const strategy = literal('balanced', 'tokens');

export const edit = union('kind', {
  addNode: object({ kind: literal('addNode'), node: stagedNode }),
  /** It stays a member and holds nothing any more. */
  drainNode: object({ kind: literal('drainNode'), id: nodeName }),
  removeNode: object({ kind: literal('removeNode'), id: nodeName }),
  /** A new node that takes over everything of an old one. */
  replaceNode: object({ kind: literal('replaceNode'), id: nodeName, by: stagedNode }),
  setWeight: object({ kind: literal('setWeight'), id: nodeName, weight: number }),
  setCap: object({ kind: literal('setCap'), id: nodeName, capBytes: nullable(number) }),
  setPlace: object({
    kind: literal('setPlace'),
    id: nodeName,
    region: word,
    zone: word,
    host: word,
  }),
  setReplicas: object({ kind: literal('setReplicas'), replicaCount: number }),
  setPartitions: object({ kind: literal('setPartitions'), partitionCount: number }),
  /** How much more than its share a node may hold so that rules are kept; null for whatever it takes. */
  setOverload: object({ kind: literal('setOverload'), overloadPercent: nullable(number) }),
  setStrategy: object({ kind: literal('setStrategy'), strategy }),
  setTokensPerNode: object({ kind: literal('setTokensPerNode'), tokensPerNode: number }),
  /** Under `tokens`: the first of each walk leads, or everybody as many as they can. */
  setLeaders: object({ kind: literal('setLeaders'), leaders: literal('walk', 'even') }),
  /** Positions on the circle are whole numbers below 2^32. */
  addToken: object({ kind: literal('addToken'), id: nodeName, position: number }),
  moveToken: object({ kind: literal('moveToken'), from: number, to: number }),
  removeToken: object({ kind: literal('removeToken'), position: number }),
} as const satisfies Readonly<Record<string, Check<unknown>>>);
export type Edit = TypeOf<typeof edit>;

/** A file that names the place of every token is thousands of edits. */
export const edits = list(edit, { max: 20_000 });

export const editFault = union('kind', {
  noNode: object({ kind: literal('noNode'), id: string }),
  /** Somebody must hold the data. */
  nobodyLeft: object({ kind: literal('nobodyLeft') }),
  outOfRange: object({ kind: literal('outOfRange'), least: number, most: number }),
  notAPowerOfTwo: object({ kind: literal('notAPowerOfTwo') }),
  /** Tokens are edited under the strategy `tokens` only. */
  noTokens: object({ kind: literal('noTokens') }),
  noToken: object({ kind: literal('noToken'), position: number }),
  taken: object({ kind: literal('taken'), position: number, by: string }),
  badPosition: object({ kind: literal('badPosition'), position: number }),
  tooManyTokens: object({ kind: literal('tooManyTokens'), node: string, most: number }),
  tooManyNodes: object({ kind: literal('tooManyNodes'), count: number, most: number }),
  badId: object({ kind: literal('badId'), id: string }),
  duplicateId: object({ kind: literal('duplicateId'), id: string }),
  badPlace: object({
    kind: literal('badPlace'),
    id: string,
    field: literal('region', 'zone', 'host'),
    value: string,
  }),
  badWeight: object({ kind: literal('badWeight'), id: string, weight: number }),
  badCap: object({ kind: literal('badCap'), id: string, capBytes: number }),
} as const satisfies Readonly<Record<string, Check<unknown>>>);
export type EditFault = TypeOf<typeof editFault>;
