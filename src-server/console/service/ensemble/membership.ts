/** An ensemble's configuration as the interface sees it, what a change makes of it, and the words in which servers are told. */
import type { ConfiguredMember, MembershipChange } from '#contract/membership-models.ts';

import { type Sid, sid } from '../../../base/ids.ts';
import {
  type EnsembleConfig,
  ensembleFileText,
  type EnsembleServer,
  parseEnsembleConfig,
  versionHex,
} from '../../../config/ensemble-config.ts';
import type { ReconfigOrder } from '../../../coordination/model/request.ts';

export function membersOf(config: EnsembleConfig): ConfiguredMember[] {
  const groupOf = new Map<Sid, number>();
  for (const [group, ids] of config.groups ?? []) for (const id of ids) groupOf.set(id, group);
  return config.servers.map(({ id, role, addresses, client, secureClient }) => ({
    id,
    role,
    addresses,
    client,
    secureClient,
    group: groupOf.get(id) ?? null,
    weight: config.weights.get(id) ?? 1,
  }));
}

/** The configuration after a change, still with the version before. Where an id comes twice, its last line counts. */
export function changedConfig(before: EnsembleConfig, change: MembershipChange): EnsembleConfig {
  const config = configOf(changedMembers(before, change), before.version);
  // As servers will have read it: an address has one spelling.
  const read = parseEnsembleConfig(ensembleFileText(config, false));
  return read.ok ? { ...read.value, version: before.version } : config;
}

function changedMembers(
  before: EnsembleConfig,
  change: MembershipChange,
): readonly ConfiguredMember[] {
  if (change.kind === 'whole') return change.members;
  const members = new Map(membersOf(before).map((member) => [member.id, member]));
  for (const id of change.leaving) members.delete(id);
  for (const member of change.joining) members.set(member.id, member);
  return [...members.values()];
}

function configOf(members: readonly ConfiguredMember[], version: number): EnsembleConfig {
  const byId = new Map(members.map((member) => [member.id, member]));
  const sorted = [...byId.values()].sort((a, b) => a.id - b.id);
  const groups = new Map<number, Sid[]>();
  const weights = new Map<Sid, number>();
  for (const { id, role, group, weight } of sorted) {
    if (group === null) continue;
    groups.set(group, [...(groups.get(group) ?? []), sid(id)]);
    if (role === 'participant' || weight !== 1) weights.set(sid(id), weight);
  }
  const isGrouped = groups.size > 0;
  return {
    version,
    servers: sorted.map(serverOf),
    groups: isGrouped ? new Map([...groups].sort(([a], [b]) => a - b)) : null,
    weights: isGrouped ? weights : new Map(),
  };
}

function serverOf(member: ConfiguredMember): EnsembleServer {
  const { id, role, addresses, client, secureClient } = member;
  return { id: sid(id), role, addresses, client, secureClient };
}

/** Whether two configurations say the same of everybody, whatever their versions. */
export function isSameConfig(a: EnsembleConfig, b: EnsembleConfig): boolean {
  return ensembleFileText(a, false) === ensembleFileText(b, false);
}

/** As the protocol wants it. */
export function orderOf(change: MembershipChange, before: EnsembleConfig): ReconfigOrder {
  const fromVersion = before.version;
  if (change.kind === 'whole') {
    const lines = ensembleFileText(changedConfig(before, change), false).split('\n');
    return { joining: null, leaving: null, members: lines.join(','), fromVersion };
  }
  return {
    joining: change.joining.length === 0 ? null : change.joining.map(lineOf).join(','),
    leaving: change.leaving.length === 0 ? null : change.leaving.join(','),
    members: null,
    fromVersion,
  };
}

/** What does the same in zkCli. */
export function commandOf(change: MembershipChange, before: EnsembleConfig): string {
  const { joining, leaving, members } = orderOf(change, before);
  // Its shell takes words apart at spaces only; none of these has any.
  return [
    'reconfig',
    ...(before.version === 0 ? [] : ['-v', versionHex(before)]),
    ...(members === null ? [] : ['-members', members]),
    ...(leaving === null ? [] : ['-remove', leaving]),
    ...(joining === null ? [] : ['-add', joining]),
  ].join(' ');
}

function lineOf(member: ConfiguredMember): string {
  const config = configOf([{ ...member, group: null }], 0);
  return ensembleFileText(config, false);
}
