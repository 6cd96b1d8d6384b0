/** The app's settings: kept whole or not at all, and never in the way. */
import fs from 'node:fs';
import path from 'node:path';

import { afterEach, beforeEach, expect, test } from 'vitest';

import { SettingsFile, type WindowState } from '../../../src-main/settings.ts';
import { LineLogger } from '../../../src-server/platform/node/logger.ts';
import { type Folder, temporaryFolder } from '../../peers/folders.ts';

const WINDOW: WindowState = {
  x: 1,
  y: 2,
  width: 900,
  height: 600,
  isMaximized: false,
  isFullScreen: true,
};

let folder: Folder;
let file: string;
let lines: string[];

beforeEach(() => {
  folder = temporaryFolder();
  file = path.join(folder.path, 'settings.json');
  lines = [];
});

afterEach(() => {
  folder[Symbol.dispose]();
});

function open(): SettingsFile {
  const log = new LineLogger({ level: 'info', write: (line) => lines.push(line) });
  return new SettingsFile({ file, log });
}

test('what was changed is there the next time', () => {
  const settings = open();
  expect(settings.current).toEqual({ version: 1, window: null });
  settings.change({ window: WINDOW });
  expect(open().current).toEqual({ version: 1, window: WINDOW });
  expect(fs.readdirSync(folder.path)).toEqual(['settings.json']);
  expect(lines).toEqual([]);
});

test.each([
  ['half a file', '{"version":1,"wind', 'it is not JSON'],
  ['nothing', '', 'it is not JSON'],
  [
    'another type',
    '{"version":1,"window":{"x":"left"}}',
    'settings.window.x is not a whole number',
  ],
  ['a later version', '{"version":2,"window":null}', 'settings.version is not 1'],
  ['an unknown field', '{"version":1,"window":null,"wondow":1}', 'settings.wondow is not known'],
  ['far too much', ' '.repeat(100_000), 'it is too large'],
])('%s is set aside, and said', (_what, text, why) => {
  fs.writeFileSync(file, text);
  expect(open().current).toEqual({ version: 1, window: null });
  expect(fs.readFileSync(`${file}.damaged`, 'utf8')).toBe(text);
  expect(fs.existsSync(file)).toBe(false);
  expect(lines).toHaveLength(1);
  expect(lines[0]).toContain(why);
});

test('a file that cannot be written is said, and the change holds while the app runs', () => {
  const settings = open();
  fs.mkdirSync(`${file}.next`);
  settings.change({ window: WINDOW });
  expect(settings.current.window).toEqual(WINDOW);
  expect(lines[0]).toContain('the settings could not be saved');
});
