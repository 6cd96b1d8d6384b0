/**
 * What a change of an ensemble's configuration would lead to, before anything is sent: the quorum before and after, what
 * speaks against it and what should be known. Words for each kind are the interface's.
 */
import {
  boolean,
  integer,
  list,
  literal,
  nullable,
  object,
  string,
  type TypeOf,
} from './checks.ts';
import { memberStanding } from './membership-models.ts';

/** One member of a configuration, as it stands to the leader of today. */
const plannedMember = object({
  id: integer,
  group: nullable(integer),
  weight: integer,
  standing: memberStanding,
  /** Whether it has a voice here: it leads or follows, or will follow as soon as it is told that it votes. */
  isAlive: boolean,
});
export type PlannedMember = TypeOf<typeof plannedMember>;

const plannedQuorum = object({
  voters: list(plannedMember),
  observers: list(plannedMember),
  /** Null with groups and weights, where no one number decides. */
  needed: nullable(integer),
  alive: integer,
  /** Whether those who lead and follow today suffice, which is what servers ask. */
  isMet: boolean,
  /** How many more of those alive may fail, whichever they are, before writes stop. */
  mayFail: integer,
});
export type PlannedQuorum = TypeOf<typeof plannedQuorum>;

export const reconfigRefusal = literal(
  /** Somebody changed the configuration since. */
  'outdated',
  'nothing-changes',
  /** Members to remove that are none. */
  'not-a-member',
  'comes-and-goes',
  'listed-twice',
  /** A host or port that cannot be one, or both ports the same. */
  'bad-address',
  /** Who joins says where its clients connect. */
  'no-client-address',
  /** Two members at one address. */
  'address-taken',
  /** With groups and weights only a whole new list is possible. */
  'step-with-groups',
  /** With groups every participant is in one. */
  'no-group',
  'no-voters',
  /** Nobody leads, so nobody could carry it out. */
  'no-leader',
  /** The quorum of today is lost: it could not agree. */
  'old-quorum-lost',
  /** The voters of the new configuration that lead or follow today are no quorum of it. */
  'new-quorum-absent',
);
export type ReconfigRefusal = TypeOf<typeof reconfigRefusal>;

export const reconfigWarning = literal(
  /** Version 0: most likely the servers run without `reconfigEnabled`. */
  'unversioned',
  /** The access list of the configuration lets only a superuser write. */
  'no-access',
  /** Servers accept this with `standaloneEnabled=false` only. */
  'one-voter',
  /** One voter fewer would tolerate as many failures. */
  'even-voters',
  'fewer-failures',
  'none-may-fail',
  /** These three mean that another leader takes over. */
  'leader-leaves',
  'leader-observes',
  'leader-moves',
  /** Voters of the new configuration that nobody hears. */
  'voters-unheard',
  /** … that answer and have no leader. */
  'voters-looking',
  /** … that observe today, and count only when they follow. */
  'voters-observing',
  /** … that are far behind the leader. */
  'voters-behind',
  /** … that cannot be asked, so that only the servers know. */
  'voters-unknown',
  /** Who is removed serves on until somebody stops it. */
  'leavers-run-on',
);
export type ReconfigWarning = TypeOf<typeof reconfigWarning>;

export const reconfigPlan = object({
  /** The version it is based on. */
  fromVersion: integer,
  before: plannedQuorum,
  /** Null where no configuration can be made of the change. */
  after: nullable(plannedQuorum),
  changes: list(
    object({
      id: integer,
      what: literal('joins', 'leaves', 'votes', 'observes', 'moves', 'weighs'),
    }),
  ),
  /** None: it may be ordered. */
  refusals: list(object({ kind: reconfigRefusal, ids: list(integer) })),
  warnings: list(object({ kind: reconfigWarning, ids: list(integer) })),
  /** What an operator would run in zkCli; null where there is nothing to run. */
  command: nullable(string),
});
export type ReconfigPlan = TypeOf<typeof reconfigPlan>;
