/** Flags of the app: the server's own, beside switches for Chromium. */
import { expect, test } from 'vitest';

import { readDesktopFlags } from '../../../src-main/desktop-flags.ts';

test('no flags start the app as it is', () => {
  expect(readDesktopFlags([])).toMatchObject({
    ok: true,
    value: { kind: 'app', dataDir: null, clientPort: null, members: null, withConsole: true },
  });
});

test('flags of the server are read, and Chromium keeps its own', () => {
  const command = readDesktopFlags([
    '--no-sandbox',
    '--client-port',
    '2182',
    '--ozone-platform=wayland',
    '--data=/tmp/x',
    '--members',
    '5',
  ]);
  expect(command).toMatchObject({
    ok: true,
    value: { kind: 'app', clientPort: 2182, dataDir: '/tmp/x', members: 5 },
  });
});

test.each([
  [['--datta', '/tmp/x'], "Unknown option '--datta'"],
  [['--no-sandboxes'], "Unknown option '--no-sandboxes'"],
  [['--client-port', '70000'], '--client-port 70000: not a port'],
  [['serve'], 'the app takes no serve'],
  [['--no-console'], 'the app is the console'],
])('%j is refused', (args, why) => {
  const command = readDesktopFlags(args);
  expect(command.ok ? '' : command.error).toContain(why);
});

test('help and version are answered', () => {
  expect(readDesktopFlags(['--help'])).toEqual({ ok: true, value: { kind: 'help' } });
  expect(readDesktopFlags(['--version'])).toEqual({ ok: true, value: { kind: 'version' } });
});
