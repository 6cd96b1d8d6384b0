/** Who of those that a configuration names is heard, from the look that was taken at the ensemble's servers. */
import type { EnsembleMember, EnsembleView } from '#contract/ensemble-models.ts';
import type { Membership, MemberStanding } from '#contract/membership-models.ts';

import {
  type EnsembleServer,
  isEveryHost,
  parseHostPorts,
} from '../../../config/ensemble-config.ts';

export function standingsOf(
  servers: readonly Pick<EnsembleServer, 'id'>[],
  { members }: Pick<EnsembleView, 'members'>,
): MemberStanding[] {
  return servers.map(({ id }) => {
    const member = members.find((one) => one.id === id);
    if (member === undefined) return { id, kind: 'unknown', lag: null };
    return { id, kind: kindOf(member), lag: member.lag };
  });
}

function kindOf({ role }: Pick<EnsembleMember, 'role'>): MemberStanding['kind'] {
  switch (role) {
    case 'leader':
      return 'leads';
    case 'follower':
      return 'follows';
    case 'observer':
      return 'observes';
    // On its own it belongs to no ensemble at all, and takes part in none.
    case 'standalone':
    case 'read-only':
    case 'looking':
      return 'looks';
    case 'unreachable':
      return 'unheard';
    case 'unknown':
      return 'unknown';
  }
}

/** Where clients find those whose line does not say it. */
export function clientsOf(
  servers: readonly EnsembleServer[],
  { members }: Pick<EnsembleView, 'members'>,
): Membership['clients'] {
  return servers.flatMap(({ id, client }) => {
    if (client !== null) return [];
    const address = members.find((one) => one.id === id)?.address ?? null;
    const at = address === null ? undefined : parseHostPorts(address)?.[0];
    return at === undefined || isEveryHost(at.host) ? [] : [{ id, at }];
  });
}
