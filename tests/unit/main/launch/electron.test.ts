/** When `npm start` opens a window, and when it says why not. */
import { expect, test } from 'vitest';

import { whyNoWindow } from '../../../../src-main/launch/electron.mjs';

test.each([
  ['darwin', {}, 501, null],
  ['win32', {}, undefined, null],
  ['linux', { DISPLAY: ':0' }, 1000, null],
  ['linux', { WAYLAND_DISPLAY: 'wayland-0' }, 1000, null],
  ['linux', {}, 1000, 'there is no display'],
  ['linux', { DISPLAY: '' }, 1000, 'there is no display'],
  ['linux', { DISPLAY: ':0' }, 0, 'this is root, for whom Electron has no sandbox'],
])('%s with %j as user %s: %s', (platform, env, uid, why) => {
  expect(whyNoWindow({ platform, env, uid })).toBe(why);
});
