/** How operations of a log are told apart at a glance: a tone for each group. */
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
