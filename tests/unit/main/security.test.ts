/** What a window may do, rule by rule. */
import { EventEmitter } from 'node:events';
import fs from 'node:fs';
import path from 'node:path';

import type { HandlerDetails, Session, WebContents, WindowOpenHandlerResponse } from 'electron';
import { expect, test } from 'vitest';

import {
  guardContents,
  isOurs,
  refusePermissions,
  servePages,
} from '../../../src-main/security.ts';
import { SILENT } from '../../../src-server/platform/logger.ts';
import { temporaryFolder } from '../../peers/folders.ts';

test.each([
  ['app://zabring/', true],
  ['app://zabring/assets/a.js#x', true],
  ['app://zabring.example/', false],
  ['app://user@zabring.example/', false],
  ['app:zabring', false],
  ['https://zabring/', false],
  ['file:///etc/passwd', false],
  ['', false],
])('%s is ours: %s', (address, isIt) => {
  expect(isOurs(address)).toBe(isIt);
});

class Contents extends EventEmitter {
  openHandler: ((details: HandlerDetails) => WindowOpenHandlerResponse) | null = null;

  setWindowOpenHandler(handler: typeof this.openHandler): void {
    this.openHandler = handler;
  }
}

function guarded(): {
  opened: string[];
  navigate: (url: string, isMainFrame?: boolean) => boolean;
  open: (url: string) => WindowOpenHandlerResponse | undefined;
  contents: Contents;
} {
  const contents = new Contents();
  const opened: string[] = [];
  const openExternal = (url: string): void => void opened.push(url);
  guardContents(contents as unknown as WebContents, { openExternal, log: SILENT });
  return {
    contents,
    opened,
    navigate: (url, isMainFrame = true) => {
      let isAllowed = true;
      const preventDefault = (): void => void (isAllowed = false);
      contents.emit('will-frame-navigate', { url, isMainFrame, preventDefault });
      return isAllowed;
    },
    open: (url) => contents.openHandler?.({ url } as HandlerDetails),
  };
}

test('a window stays on our pages, and frames in it stay empty', () => {
  const { navigate, opened } = guarded();
  expect(navigate('app://zabring/')).toBe(true);
  expect(navigate('app://zabring/', false)).toBe(false);
  expect(navigate('https://example.org/')).toBe(false);
  expect(navigate('file:///etc/passwd')).toBe(false);
  expect(navigate('javascript:alert(1)')).toBe(false);
  expect(opened).toEqual([]);
});

test('no window is opened, and only pages we point to leave for the browser', () => {
  const { open, opened } = guarded();
  for (const url of [
    'app://zabring/',
    'http://zookeeper.apache.org/',
    'https://zookeeper.apache.org:8443/',
    'https://someone@zookeeper.apache.org/',
    'https://zookeeper.apache.org.example.org/',
    'https://zookeeper.apache.org/doc/',
    'nonsense',
  ])
    expect(open(url)).toEqual({ action: 'deny' });
  expect(opened).toEqual(['https://zookeeper.apache.org/doc/']);
});

test('no page is put into a page', () => {
  const { contents } = guarded();
  let isPrevented = false;
  contents.emit('will-attach-webview', { preventDefault: () => (isPrevented = true) });
  expect(isPrevented).toBe(true);
});

test('of all permissions, writing to the clipboard is the only one given', () => {
  const handlers: {
    ask?: Parameters<Session['setPermissionRequestHandler']>[0];
    check?: Parameters<Session['setPermissionCheckHandler']>[0];
    device?: Parameters<Session['setDevicePermissionHandler']>[0];
  } = {};
  refusePermissions({
    setPermissionRequestHandler: (handler) => (handlers.ask = handler),
    setPermissionCheckHandler: (handler) => (handlers.check = handler),
    setDevicePermissionHandler: (handler) => (handlers.device = handler),
  });
  const given = (
    ['clipboard-sanitized-write', 'clipboard-read', 'media', 'openExternal', 'unknown'] as const
  ).filter((permission) => {
    const contents = new Contents() as unknown as WebContents;
    const details = { isMainFrame: true, requestingUrl: 'app://zabring/' };
    const answers: boolean[] = [];
    handlers.ask!(contents, permission, (answer) => answers.push(answer), details);
    expect(answers).toEqual([handlers.check!(null, permission, 'app://zabring', details)]);
    return answers[0];
  });
  expect(given).toEqual(['clipboard-sanitized-write']);
  expect(handlers.device!({} as never)).toBe(false);
});

test('pages come from the interface alone, and are only read', async () => {
  using folder = temporaryFolder();
  const pages = path.join(folder.path, 'renderer');
  fs.mkdirSync(pages);
  fs.writeFileSync(path.join(folder.path, 'secret.html'), 'secret');
  fs.writeFileSync(path.join(pages, 'index.html'), '<p>page</p>');
  let handler: (request: Request) => Response | Promise<Response> = () => Response.error();
  servePages({ handle: (_scheme, given) => void (handler = given) }, pages);
  const get = async (address: string, method = 'GET'): Promise<[number, string]> => {
    const response = await handler(new Request(address, { method }));
    expect(response.headers.get('content-security-policy')).toContain("default-src 'none'");
    return [response.status, await response.text()];
  };
  expect(await get('app://zabring/')).toEqual([200, '<p>page</p>']);
  expect(await get('app://zabring/', 'POST')).toMatchObject([405, {}]);
  expect((await get('app://another/'))[0]).toBe(404);
  expect((await get('app://zabring/..%2fsecret.html'))[0]).toBe(404);
  expect((await get('app://zabring/%00'))[0]).toBe(404);
  expect((await get('app://zabring/%'))[0]).toBe(404);
});
