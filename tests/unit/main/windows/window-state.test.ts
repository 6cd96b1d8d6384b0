/** Where the window opens: where it was, if a person can still see and take it there. */
import { expect, test } from 'vitest';

import type { WindowState } from '../../../../src-main/settings.ts';
import { placeWindow, SMALLEST } from '../../../../src-main/windows/window-state.ts';

const MAIN = { x: 0, y: 25, width: 1920, height: 1055 };
const LEFT = { x: -1280, y: 0, width: 1280, height: 1024 };

function remembered(bounds: Partial<WindowState>): WindowState {
  return {
    x: 100,
    y: 100,
    width: 1000,
    height: 700,
    isMaximized: false,
    isFullScreen: false,
    ...bounds,
  };
}

test('a first window is of the usual size, and no larger than the screen', () => {
  expect(placeWindow(null, [MAIN]).bounds).toEqual({ width: 1280, height: 820 });
  expect(placeWindow(null, [{ x: 0, y: 0, width: 1024, height: 600 }]).bounds).toEqual({
    width: 1024,
    height: 600,
  });
  expect(placeWindow(null, [{ x: 0, y: 0, width: 640, height: 400 }]).bounds).toEqual(SMALLEST);
});

test('a window comes back to its place, on any screen', () => {
  const state = remembered({ x: -1200, y: 40 });
  expect(placeWindow(state, [MAIN, LEFT]).bounds).toEqual({
    x: -1200,
    y: 40,
    width: 1000,
    height: 700,
  });
});

test.each([
  ['its screen is gone', remembered({ x: -1200, y: 40 })],
  ['only its edge would be seen', remembered({ x: 1850 })],
  ['its top is above every screen', remembered({ y: -400 })],
  ['its top is below every screen', remembered({ y: 1070 })],
])('the system chooses a place when %s', (_why, state) => {
  expect(placeWindow(state, [MAIN]).bounds).toEqual({ width: 1000, height: 700 });
});

test('a window that was larger than its screen fits again', () => {
  const state = remembered({ x: 0, y: 25, width: 3000, height: 2000 });
  expect(placeWindow(state, [MAIN]).bounds).toEqual(MAIN);
});

test('maximized and full screen stay so', () => {
  expect(placeWindow(remembered({ isMaximized: true, isFullScreen: true }), [MAIN])).toMatchObject({
    isMaximized: true,
    isFullScreen: true,
  });
});
