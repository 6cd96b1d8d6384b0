/** The words in English. They are the measure: every other language has the same keys. */
import { clusters } from './en/clusters.ts';
import { editor } from './en/editor.ts';
import { ensemble } from './en/ensemble.ts';
import { keys } from './en/keys.ts';
import { log } from './en/log.ts';
import { rebalance } from './en/rebalance.ts';
import { reconfig } from './en/reconfig.ts';
import { ring } from './en/ring.ts';
import { shell } from './en/shell.ts';
import { timing } from './en/timing.ts';
import { values } from './en/values.ts';
import { znodes } from './en/znodes.ts';

export const en = {
  ...shell,
  ...clusters,
  ...ensemble,
  ...reconfig,
  ...znodes,
  ...values,
  ...log,
  ...timing,
  ...ring,
  ...editor,
  ...rebalance,
  ...keys,
} as const;
