/** How lines of a log are marked: a tone for each group of operations, and words for what cannot be read. */
import type { LogRow } from '#contract/log-models.ts';

import { t } from '../i18n/words.ts';
import { groupOf, type OpGroup } from '../model/log-filter.ts';

export type OpTone = 'ok' | 'info' | 'danger' | 'purple' | 'accent' | 'warn' | 'teal' | 'plain';

const TONES: Record<OpGroup, OpTone> = {
  create: 'ok',
  set: 'info',
  delete: 'danger',
  acl: 'purple',
  multi: 'accent',
  error: 'warn',
  config: 'teal',
  session: 'plain',
  check: 'plain',
};

export function toneOfGroup(group: OpGroup): OpTone {
  return TONES[group];
}

export function toneOf(op: string): OpTone {
  const group = groupOf(op);
  return group === null ? 'plain' : TONES[group];
}

/** In the language of the moment, where there are words for it. */
export function reasonOf({ reason, problem }: Extract<LogRow, { kind: 'mark' }>): string {
  return reason === null ? problem : t(`logDamage.${reason}`);
}
