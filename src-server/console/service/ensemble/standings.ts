/** Who of those that a configuration names is heard, from the look that was taken at the ensemble's servers; who is new is asked. */
import type { EnsembleView, MemberRole } from '#contract/ensemble-models.ts';
import type { Membership, MemberStanding } from '#contract/membership-models.ts';

import {
  type EnsembleServer,
  isEveryHost,
  parseHostPorts,
} from '../../../config/ensemble-config.ts';
import type { Platform } from '../../../platform/platform.ts';
import { Inquiry } from './inquiry.ts';

/** Who runs and is near answers in a few milliseconds; people wait for the plan. */
const PATIENCE_MS = 1000;

export function standingsOf(
  servers: readonly Pick<EnsembleServer, 'id'>[],
  { members }: Pick<EnsembleView, 'members'>,
): MemberStanding[] {
  return servers.map(({ id }) => {
    const member = members.find((one) => one.id === id);
    if (member === undefined) return { id, kind: 'unknown', lag: null };
    return { id, kind: kindOf(member.role), lag: member.lag };
  });
}

/** Of somebody that is to join and that nobody looks at yet. */
export async function standingOfStranger(
  { id, client, addresses }: EnsembleServer,
  { net, clock }: Pick<Platform, 'net' | 'clock'>,
): Promise<MemberStanding> {
  if (client === null) return { id, kind: 'unknown', lag: null };
  const host = isEveryHost(client.host) ? addresses[0]!.host : client.host;
  const inquiry = new Inquiry({ net, clock, at: { host, port: client.port } });
  await new Promise<void>((resolve) => {
    const patience = clock.after(PATIENCE_MS, resolve);
    void inquiry.ask(0).then(() => {
      patience.cancel();
      resolve();
    });
  });
  return { id, kind: kindOf(inquiry.last?.role ?? 'unreachable'), lag: null };
}

function kindOf(role: MemberRole): MemberStanding['kind'] {
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
