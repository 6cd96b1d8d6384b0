/** The words in Chinese as it is written on the mainland. */
import { clusters } from './zh-cn/clusters.ts';
import { editor } from './zh-cn/editor.ts';
import { ensemble } from './zh-cn/ensemble.ts';
import { keys } from './zh-cn/keys.ts';
import { log } from './zh-cn/log.ts';
import { rebalance } from './zh-cn/rebalance.ts';
import { reconfig } from './zh-cn/reconfig.ts';
import { ring } from './zh-cn/ring.ts';
import { shell } from './zh-cn/shell.ts';
import { timing } from './zh-cn/timing.ts';
import { values } from './zh-cn/values.ts';
import { znodes } from './zh-cn/znodes.ts';

export const zhCn = {
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
};
