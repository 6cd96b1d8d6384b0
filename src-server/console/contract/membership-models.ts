/**
 * Who belongs to an ensemble by its configuration, and orders to change that. A change is based on a version: whatever
 * somebody else changed since then stays theirs.
 */
import {
  boolean,
  integer,
  list,
  literal,
  nullable,
  number,
  object,
  range,
  text,
  type TypeOf,
  union,
} from './checks.ts';

/** More than anybody runs. */
const MEMBERS_MAX = 64;
const host = text({ max: 255 });
const port = range({ min: 1, max: 65_535 });
const memberId = range({ min: 0, max: Number.MAX_SAFE_INTEGER });

const hostPort = object({ host, port });

/** A line of the configuration. */
export const configuredMember = object({
  id: memberId,
  role: literal('participant', 'observer'),
  /** Several where a member has more than one network. */
  addresses: list(object({ host, quorumPort: port, electionPort: port }), { max: 8 }),
  /** Null where its own zoo.cfg says where its clients connect. */
  client: nullable(hostPort),
  secureClient: nullable(hostPort),
  /** Null where a plain majority decides, and for members that belong to none. */
  group: nullable(integer),
  /** What its vote counts within its group. */
  weight: integer,
});
export type ConfiguredMember = TypeOf<typeof configuredMember>;

/** Where a member is at present, as far as a change of the configuration cares. */
export const memberStanding = object({
  id: memberId,
  kind: literal(
    'leads',
    'follows',
    /** It hears of everything and acknowledges nothing. */
    'observes',
    /** It answers and has no leader. */
    'looks',
    'unheard',
    /** It runs, perhaps, and cannot be asked. */
    'unknown',
  ),
  /** Transactions behind the leader; null where that is not known. */
  lag: nullable(integer),
});
export type MemberStanding = TypeOf<typeof memberStanding>;

export const membership = object({
  /** A zxid; 0 for what was only ever written by hand. */
  version: number,
  isGrouped: boolean,
  members: list(configuredMember),
  standings: list(memberStanding),
  /** Where clients find members whose line does not say it. */
  clients: list(object({ id: memberId, at: hostPort })),
  /** Whether the access list of the configuration lets this session write; null where that cannot be told. */
  mayWrite: nullable(boolean),
});
export type Membership = TypeOf<typeof membership>;

/** `step`: some come (or are different from now on), some go. `whole`: a new list, the only way where there are groups. */
export const membershipChange = union('kind', {
  step: object({
    kind: literal('step'),
    joining: list(configuredMember, { max: MEMBERS_MAX }),
    leaving: list(memberId, { max: MEMBERS_MAX }),
  }),
  whole: object({
    kind: literal('whole'),
    members: list(configuredMember, { max: MEMBERS_MAX }),
  }),
});
export type MembershipChange = TypeOf<typeof membershipChange>;

export const membershipOrder = object({
  /** The version the change is based on. */
  fromVersion: number,
  change: membershipChange,
});
export type MembershipOrder = TypeOf<typeof membershipOrder>;
