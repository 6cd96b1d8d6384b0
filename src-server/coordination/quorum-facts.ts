/** Gathers what reports may say of a member's place among the others. */
import { sid } from '../base/ids.ts';
import { ensembleConfigText, participantsOf, serverOf } from '../config/ensemble-config.ts';
import type { Settings } from '../config/settings.ts';
import type { Platform } from '../platform/platform.ts';
import type { LeadingFacts, QuorumFacts } from './admin/member-facts.ts';
import type { Member } from './ensemble/member.ts';
import { configOf } from './wire/views.ts';
import { isVoter } from './zab/view.ts';

export interface QuorumParts {
  readonly settings: Settings;
  readonly platform: Platform;
  readonly member: Member;
}

export function quorumFacts({ settings, platform, member }: QuorumParts): QuorumFacts {
  const { peer, status } = member;
  const config = configOf(peer.view);
  const self = serverOf(config, sid(settings.serverId));
  return {
    peerState: `${status.role} - ${status.phase}`,
    quorumSize: participantsOf(config).length,
    leader: status.leader,
    initLimitTicks: settings.initLimitTicks,
    syncLimitTicks: settings.syncLimitTicks,
    electionPorts: self?.addresses.map(({ electionPort }) => electionPort) ?? [],
    quorumPorts: self?.addresses.map(({ quorumPort }) => quorumPort) ?? [],
    isObserver: self?.role === 'observer',
    membership: ensembleConfigText(config),
    leading: status.role === 'leading' ? leadingFacts({ settings, platform, member }) : null,
  };
}

function leadingFacts({ platform, member }: QuorumParts): LeadingFacts {
  const { peer, status, submit } = member;
  const synced = peer.learners.filter(({ isSynced }) => isSynced);
  const followers = synced.filter(({ role }) => role === 'follower');
  return {
    learners: peer.learners.length,
    syncedFollowers: followers.filter(({ sid: id }) => isVoter(peer.view, id)).length,
    syncedNonVotingFollowers: followers.filter(({ sid: id }) => !isVoter(peer.view, id)).length,
    syncedObservers: synced.length - followers.length,
    pendingSyncs: submit.pendingSyncs,
    uptimeMs: platform.clock.nowMs() - status.sinceMs,
    proposalBytes: submit.proposalBytes,
  };
}
