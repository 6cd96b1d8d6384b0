/** Breaking and healing links of this program's ensemble, with what comes of it said before. */
import { computed, type ComputedRef } from 'vue';

import type { EnsembleMember } from '#contract/ensemble-models.ts';
import type { LinkFault } from '#contract/fault-models.ts';

import { t, tn } from '../i18n/words.ts';
import {
  changed,
  countFaults,
  isolation,
  isTrying,
  labMembers,
  outlookOf,
  type WayState,
} from '../model/fault-lab.ts';
import { useFaults } from '../stores/faults.ts';
import { useMembers } from '../stores/members.ts';
import { useNotices } from '../stores/notices.ts';
import { useDialogs } from './use-dialogs.ts';

export interface Forecast {
  readonly text: string;
  /** Nothing could be written any more. */
  readonly isGrave: boolean;
}

export interface FaultLab {
  /** Members that have links to be broken; none elsewhere than in this program's ensemble. */
  readonly members: ComputedRef<readonly (EnsembleMember & { readonly id: number })[]>;
  readonly links: ComputedRef<readonly LinkFault[]>;
  readonly isBroken: ComputedRef<boolean>;
  /** Everything that is broken, in a few words. */
  readonly summary: ComputedRef<string>;
  /** What would come of these changes; null where that cannot be told. */
  forecast(changes: readonly LinkFault[]): Forecast | null;
  apply(changes: readonly LinkFault[]): void;
  /** Asks first. */
  isolate(id: number): Promise<void>;
  heal(): void;
}

export function useFaultLab(): FaultLab {
  const faults = useFaults();
  const view = useMembers();
  const dialogs = useDialogs();
  const notices = useNotices();

  const members = computed(() => labMembers(view.view?.members ?? []));
  const links = computed(() => faults.view.links);
  const counts = computed(() => countFaults(faults.view));

  function report(work: Promise<unknown>): void {
    work.catch((error: unknown) => notices.showProblem(error));
  }

  function forecast(changes: readonly LinkFault[]): Forecast | null {
    const quorum = view.view?.quorum ?? null;
    const after = changed(links.value, changes);
    const outlook = outlookOf(members.value, after, quorum?.needed ?? null);
    if (quorum === null || outlook === null) return null;
    const isLed = members.value.some(({ role }) => role === 'leader');
    const listed = (ids: readonly number[]): string => ids.join(', ');
    const texts: string[] = [];
    switch (outlook.kind) {
      case 'leads-on': {
        const { leader, reached, leftOut } = outlook;
        texts.push(t('faults.outlook.leads-on', { leader, reached, voters: quorum.voters }));
        if (leftOut.length > 0) texts.push(t('faults.outlook.leftOut', { ids: listed(leftOut) }));
        break;
      }
      case 'elects': {
        const { candidates } = outlook;
        if (isLed) texts.push(t('faults.outlook.elects'));
        texts.push(t('faults.outlook.candidates', { ids: listed(candidates) }));
        break;
      }
      case 'nobody':
        texts.push(t('faults.outlook.nobody', { needed: quorum.needed ?? 0 }));
        break;
    }
    if (changes.some(isTrying)) texts.push(t('faults.trying'));
    return { text: texts.join(' '), isGrave: outlook.kind === 'nobody' };
  }

  const apply = (changes: readonly LinkFault[]): void => report(faults.breakLinks(changes));

  return {
    members,
    links,
    isBroken: computed(() => Object.values(counts.value).some((count) => count > 0)),
    summary: computed(() => {
      const { cut, slow, lossy, paused } = counts.value;
      const isAlone = faults.view.paused.includes(null);
      return [
        ...(cut > 0 ? [tn('faults.banner.cut', cut)] : []),
        ...(slow > 0 ? [tn('faults.banner.slow', slow)] : []),
        ...(lossy > 0 ? [tn('faults.banner.lossy', lossy)] : []),
        ...(isAlone ? [t('faults.banner.pausedAlone')] : []),
        ...(paused > 0 && !isAlone ? [tn('faults.banner.paused', paused)] : []),
      ].join(' · ');
    }),
    forecast,
    apply,
    isolate: async (id) => {
      const ids = members.value.map((member) => member.id);
      const changes = isolation(ids, id);
      const expected = forecast(changes);
      const isDanger = expected?.isGrave ?? false;
      const answer = await dialogs.ask({
        title: t('faults.isolateTitle', { id }),
        text: [t('faults.isolateText'), ...(expected === null ? [] : [expected.text])].join('\n'),
        confirm: isDanger ? t('faults.isolateAnyway') : t('faults.isolateConfirm'),
        isDanger,
      });
      if (answer === 'confirm') apply(changes);
    },
    heal: () => report(faults.heal()),
  };
}

/** What is done to a way, where there is little room. */
export function stateText({ delayMs, lossPercent }: LinkFault, state: WayState): string {
  if (state === 'lossy' && delayMs > 0)
    return t('faults.states.slow-lossy', { ms: delayMs, loss: lossPercent });
  return t(`faults.states.${state}`, { ms: delayMs, loss: lossPercent });
}
