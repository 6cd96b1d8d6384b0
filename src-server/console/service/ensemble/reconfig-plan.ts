/**
 * What a change of the configuration leads to, a pure decision: from the configuration, the change, and where everybody
 * stands. The servers decide in the end; a step that would leave the ensemble without quorum is not even sent.
 *
 *   told well ▸ something changes ▸ enough voters ▸ somebody leads ▸ a quorum of today ▸ and of the new one is with the leader
 *
 * Servers count who leads and who follows, whatever their part in today's configuration. Somebody that observes is with the
 * leader as well, but acknowledges nothing until it is told that it votes; so it counts among those alive after the change,
 * and not among those who let it happen. Who cannot be asked neither stands in the way nor helps: that is for the servers.
 */
import type {
  ConfiguredMember,
  MembershipOrder,
  MemberStanding,
} from '#contract/membership-models.ts';
import type {
  PlannedMember,
  PlannedQuorum,
  ReconfigPlan,
  ReconfigRefusal,
  ReconfigWarning,
} from '#contract/reconfig-plan-models.ts';

import { type Sid, sid } from '../../../base/ids.ts';
import {
  type EnsembleConfig,
  hostPortText,
  isEveryHost,
  participantsOf,
} from '../../../config/ensemble-config.ts';
import { viewOf } from '../../../coordination/wire/views.ts';
import { quorumOf } from '../../../coordination/zab/quorum.ts';
import { changedConfig, commandOf, isSameConfig, membersOf } from './membership.ts';
import { quorumView } from './quorum-views.ts';

export interface PlanFacts {
  /** The configuration as the servers have it. */
  readonly now: EnsembleConfig;
  /** Of everybody in the configuration of today and in the new one, as far as anybody could be asked. */
  readonly standings: readonly MemberStanding[];
  readonly mayWrite: boolean | null;
}

/** Fewer a busy ensemble writes while its members are asked. */
const BEHIND_TXNS = 1000;

export function planReconfig(order: MembershipOrder, facts: PlanFacts): ReconfigPlan {
  const { now } = facts;
  const standings = new Map(facts.standings.map((standing) => [standing.id, standing]));
  const before = quorumOfConfig(now, standings);
  const plan = { fromVersion: order.fromVersion, before };
  const malformed = malformations(order, now);
  if (malformed.length > 0) {
    return { ...plan, after: null, changes: [], refusals: malformed, warnings: [], command: null };
  }
  const next = changedConfig(now, order.change);
  const after = quorumOfConfig(next, standings);
  const changes = changesBetween(now, next);
  return {
    ...plan,
    after,
    changes,
    refusals: refusalsOf({ now, next, before, after }),
    warnings: changes.length === 0 ? [] : warningsOf({ facts, next, before, after, changes }),
    command: changes.length === 0 ? null : commandOf(order.change, now),
  };
}

/** In one sentence, for the log and for whoever ordered it without looking at the plan. */
export function refusalText({ refusals }: Pick<ReconfigPlan, 'refusals'>): string {
  return refusals
    .map(({ kind, ids }) => `${kind}${ids.length === 0 ? '' : ` (${ids.join(', ')})`}`)
    .join(', ');
}

type Refusal = ReconfigPlan['refusals'][number];
type Change = ReconfigPlan['changes'][number];
type Standings = ReadonlyMap<number, MemberStanding>;

// --- quorums ---

function quorumOfConfig(config: EnsembleConfig, standings: Standings): PlannedQuorum {
  const members = membersOf(config).map((member) => ({
    role: member.role,
    planned: plannedOf(member, standings),
  }));
  const part = (role: ConfiguredMember['role']): PlannedMember[] =>
    members.filter((member) => member.role === role).map(({ planned }) => planned);
  const voters = part('participant');
  const view = viewOf(config);
  const { needed, alive, mayFail } = quorumView(view, sidsOf(voters.filter((one) => one.isAlive)));
  const following = sidsOf(voters.filter(({ standing }) => isFollowing(standing)));
  return {
    voters,
    observers: part('observer'),
    needed,
    alive,
    isMet: quorumOf(view).isMet((id) => following.has(id)),
    mayFail,
  };
}

function plannedOf({ id, group, weight }: ConfiguredMember, standings: Standings): PlannedMember {
  const standing = standings.get(id) ?? { id, kind: 'unknown' as const, lag: null };
  const isAlive = isFollowing(standing) || standing.kind === 'observes';
  return { id, group, weight, standing, isAlive };
}

function isFollowing({ kind }: MemberStanding): boolean {
  return kind === 'leads' || kind === 'follows';
}

function sidsOf(members: readonly { readonly id: number }[]): Set<Sid> {
  return new Set(members.map(({ id }) => sid(id)));
}

/** Whether it would have a quorum if those who cannot be asked followed. */
function mayBeMet(config: EnsembleConfig, { voters }: PlannedQuorum): boolean {
  const hoped = sidsOf(
    voters.filter(({ standing }) => isFollowing(standing) || standing.kind === 'unknown'),
  );
  return quorumOf(viewOf(config)).isMet((id) => hoped.has(id));
}

// --- what cannot be told to servers at all ---

function malformations({ fromVersion, change }: MembershipOrder, now: EnsembleConfig): Refusal[] {
  if (fromVersion !== now.version) return [refusal('outdated')];
  const told = change.kind === 'step' ? change.joining : change.members;
  const known = new Set<number>(now.servers.map(({ id }) => id));
  const twice = told.filter(({ id }, i) => told.findIndex((one) => one.id === id) !== i);
  const found = [refusal('listed-twice', twice), refusal('bad-address', told.filter(isMistold))];
  if (change.kind === 'step') {
    const { joining, leaving } = change;
    if (now.groups !== null) found.push({ kind: 'step-with-groups', ids: [] });
    found.push(
      { kind: 'not-a-member', ids: leaving.filter((id) => !known.has(id)) },
      refusal(
        'comes-and-goes',
        joining.filter(({ id }) => leaving.includes(id)),
      ),
      refusal(
        'no-client-address',
        joining.filter(({ client, secureClient }) => client === null && secureClient === null),
      ),
    );
  } else if (told.some(({ group }) => group !== null)) {
    const isAstray = ({ role, group }: ConfiguredMember) =>
      role === 'participant' && group === null;
    found.push(refusal('no-group', told.filter(isAstray)));
  }
  const real = found.filter(({ kind, ids }) => ids.length > 0 || kind === 'step-with-groups');
  if (real.length > 0) return real;
  const shared = sharedAddresses(now, changedConfig(now, change));
  return shared.length > 0 ? [{ kind: 'address-taken', ids: shared }] : [];
}

function refusal(kind: ReconfigRefusal, members: readonly { readonly id: number }[] = []): Refusal {
  return { kind, ids: [...new Set(members.map(({ id }) => id))] };
}

/** Names and IPv4 addresses, and IPv6 ones; nothing that would end a line or a part of one. */
function isHost(host: string): boolean {
  return /^[\w.-]+$/.test(host) || (host.includes(':') && /^[0-9a-fA-F:.]+$/.test(host));
}

function isMistold({ addresses, client, secureClient }: ConfiguredMember): boolean {
  const hosts = [...addresses, client, secureClient].flatMap((at) => (at === null ? [] : at.host));
  return (
    addresses.length === 0 ||
    !hosts.every(isHost) ||
    addresses.some(({ quorumPort, electionPort }) => quorumPort === electionPort)
  );
}

/** Members that are new or different and share an address with another one. What has always been so is not our matter. */
function sharedAddresses(now: EnsembleConfig, next: EnsembleConfig): number[] {
  const owners = new Map<string, number[]>();
  for (const { id, addresses, client, secureClient } of next.servers) {
    const all = [
      ...addresses.map(({ host, quorumPort: port }) => ({ host, port })),
      ...addresses.map(({ host, electionPort: port }) => ({ host, port })),
      ...[client, secureClient].filter((at) => at !== null),
    ];
    const names = all.filter(({ host }) => !isEveryHost(host)).map(hostPortText);
    for (const name of new Set(names)) owners.set(name, [...(owners.get(name) ?? []), id]);
  }
  const changed = new Set(changesBetween(now, next).map(({ id }) => id));
  const shared = [...owners.values()].filter(
    (ids) => ids.length > 1 && ids.some((id) => changed.has(id)),
  );
  return [...new Set(shared.flat())].sort((a, b) => a - b);
}

// --- what would become of it ---

interface Both {
  readonly now: EnsembleConfig;
  readonly next: EnsembleConfig;
  readonly before: PlannedQuorum;
  readonly after: PlannedQuorum;
}

function refusalsOf({ now, next, before, after }: Both): Refusal[] {
  if (isSameConfig(now, next)) return [refusal('nothing-changes')];
  if (participantsOf(next).length === 0) return [refusal('no-voters')];
  const everybody = [...before.voters, ...before.observers];
  const leads = before.voters.some(({ standing }) => standing.kind === 'leads');
  if (!leads && everybody.every(({ standing }) => standing.kind !== 'unknown'))
    return [refusal('no-leader')];
  const isAbsent = ({ standing }: PlannedMember): boolean => !isFollowing(standing);
  if (!before.isMet && !mayBeMet(now, before))
    return [refusal('old-quorum-lost', before.voters.filter(isAbsent))];
  if (!after.isMet && !mayBeMet(next, after))
    return [refusal('new-quorum-absent', after.voters.filter(isAbsent))];
  return [];
}

function changesBetween(now: EnsembleConfig, next: EnsembleConfig): Change[] {
  const before = new Map(membersOf(now).map((member) => [member.id, member]));
  const after = new Map(membersOf(next).map((member) => [member.id, member]));
  const changes: Change[] = [];
  for (const id of [...new Set([...before.keys(), ...after.keys()])].sort((a, b) => a - b)) {
    const was = before.get(id);
    const is = after.get(id);
    if (was === undefined) changes.push({ id, what: 'joins' });
    else if (is === undefined) changes.push({ id, what: 'leaves' });
    else {
      if (was.role !== is.role)
        changes.push({ id, what: is.role === 'observer' ? 'observes' : 'votes' });
      if (isMoved(was, is)) changes.push({ id, what: 'moves' });
      if (was.group !== is.group || was.weight !== is.weight) changes.push({ id, what: 'weighs' });
    }
  }
  return changes;
}

/** Who changes its role must say where its clients connect; that this is told for the first time moves nobody. */
function isMoved(was: ConfiguredMember, is: ConfiguredMember): boolean {
  const isFirstTold = was.client === null && was.secureClient === null && was.role !== is.role;
  return (
    meetingText(was.addresses) !== meetingText(is.addresses) ||
    (!isFirstTold &&
      (placeText(was.client) !== placeText(is.client) ||
        placeText(was.secureClient) !== placeText(is.secureClient)))
  );
}

function meetingText(addresses: ConfiguredMember['addresses']): string {
  return addresses.map((at) => `${at.host} ${at.quorumPort} ${at.electionPort}`).join('|');
}

function placeText(at: ConfiguredMember['client']): string {
  return at === null ? '' : hostPortText(at);
}

function warningsOf({
  facts,
  next,
  before,
  after,
  changes,
}: Omit<Both, 'now'> & {
  readonly facts: PlanFacts;
  readonly changes: readonly Change[];
}): ReconfigPlan['warnings'] {
  const { now, mayWrite } = facts;
  const found: { kind: ReconfigWarning; ids: number[] }[] = [];
  const warn = (kind: ReconfigWarning, ids: readonly number[] | boolean): void => {
    if (ids === true) found.push({ kind, ids: [] });
    else if (ids !== false && ids.length > 0) found.push({ kind, ids: [...ids] });
  };
  const votersThat = (test: (standing: MemberStanding) => boolean): number[] =>
    after.voters.filter(({ standing }) => test(standing)).map(({ id }) => id);
  const isPlain = next.groups === null;

  warn('unversioned', now.version === 0);
  warn('no-access', mayWrite === false);
  for (const [kind, id] of leaderWarnings(now, next, before)) warn(kind, [id]);
  warn('one-voter', after.voters.length === 1);
  warn('even-voters', isPlain && after.voters.length % 2 === 0);
  warn('none-may-fail', after.voters.length > 1 && after.mayFail === 0);
  warn('fewer-failures', after.mayFail > 0 && after.mayFail < before.mayFail);
  warn(
    'voters-unheard',
    votersThat(({ kind }) => kind === 'unheard'),
  );
  warn(
    'voters-looking',
    votersThat(({ kind }) => kind === 'looks'),
  );
  warn(
    'voters-observing',
    votersThat(({ kind }) => kind === 'observes'),
  );
  warn(
    'voters-unknown',
    votersThat(({ kind }) => kind === 'unknown'),
  );
  warn(
    'voters-behind',
    votersThat((standing) => isFollowing(standing) && (standing.lag ?? 0) > BEHIND_TXNS),
  );
  warn(
    'leavers-run-on',
    changes.flatMap(({ id, what }) =>
      what === 'leaves' && facts.standings.some((one) => one.id === id && one.kind !== 'unheard')
        ? [id]
        : [],
    ),
  );
  return found;
}

/** The leader stays only as a voter at the same quorum address. */
function* leaderWarnings(
  now: EnsembleConfig,
  next: EnsembleConfig,
  before: PlannedQuorum,
): Generator<[ReconfigWarning, number]> {
  const leader = before.voters.find(({ standing }) => standing.kind === 'leads')?.id;
  if (leader === undefined) return;
  const was = now.servers.find(({ id }) => id === leader)!;
  const is = next.servers.find(({ id }) => id === leader);
  if (is === undefined) yield ['leader-leaves', leader];
  else if (is.role === 'observer') yield ['leader-observes', leader];
  else if (meetingText(was.addresses) !== meetingText(is.addresses)) yield ['leader-moves', leader];
}
