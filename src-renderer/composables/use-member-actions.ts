/** Starting, pausing and ending members of this program's ensemble, with what it does to the quorum said before. */
import type { EnsembleMember, MemberOrder, QuorumView } from '#contract/ensemble-models.ts';

import { t } from '../i18n/words.ts';
import { consequenceOf, shortName } from '../model/ensemble.ts';
import { useMembers } from '../stores/members.ts';
import { useNotices } from '../stores/notices.ts';
import type { LocalActions } from './local-entries.ts';
import { useDialogs } from './use-dialogs.ts';

export interface MemberActions {
  of(member: EnsembleMember): LocalActions;
}

export function useMemberActions(): MemberActions {
  const members = useMembers();
  const dialogs = useDialogs();
  const notices = useNotices();

  function order(member: EnsembleMember, what: MemberOrder['what']): void {
    members.order({ id: member.id, what }).catch((error: unknown) => notices.showProblem(error));
  }

  async function withdraw(member: EnsembleMember, what: 'stop' | 'kill' | 'pause'): Promise<void> {
    const quorum = members.view?.quorum ?? null;
    const consequence = consequenceOf(member, quorum);
    const isDanger = consequence === 'loses-quorum' || consequence === 'ends-all';
    const texts = [
      ...(what === 'stop' ? [] : [t(`ensemble.actions.${what}Text`)]),
      what === 'pause' && consequence === 'ends-all'
        ? t('ensemble.actions.pauseAloneText')
        : consequenceText(member, quorum),
      ...(member.role === 'leader' && !isDanger ? [t('ensemble.consequences.leads')] : []),
    ];
    const answer = await dialogs.ask({
      title:
        member.id === null
          ? t(`ensemble.actions.${what}AloneTitle`)
          : t(`ensemble.actions.${what}Title`, { name: shortName(member) }),
      text: texts.join('\n'),
      confirm: isDanger
        ? t(`ensemble.actions.${what}Anyway`)
        : t(`ensemble.actions.${what}Confirm`),
      isDanger,
    });
    if (answer === 'confirm') order(member, what);
  }

  return {
    of: (member) => ({
      start: () => order(member, 'start'),
      resume: () => order(member, 'resume'),
      withdraw: (what) => withdraw(member, what),
    }),
  };
}

/** What becomes of writes without it. */
export function consequenceText(member: EnsembleMember, quorum: QuorumView | null): string {
  const consequence = consequenceOf(member, quorum);
  const { ifStopped } = member;
  if (ifStopped === null || consequence === 'none' || consequence === 'ends-all')
    return t(`ensemble.consequences.${consequence}`);
  const { alive, voters, needed, mayFail } = ifStopped;
  if (consequence === 'loses-quorum') {
    return needed === null
      ? t('ensemble.consequences.loses-quorum-groups', { alive, voters })
      : t('ensemble.consequences.loses-quorum', { alive, voters, needed });
  }
  if (needed === null) return t('ensemble.consequences.goes-on-groups', { alive, voters });
  return consequence === 'goes-on'
    ? t('ensemble.consequences.goes-on', { alive, voters, count: mayFail })
    : t('ensemble.consequences.goes-on-barely', { alive, voters });
}
