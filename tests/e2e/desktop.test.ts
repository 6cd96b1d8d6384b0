/** The built desktop app: one window, sandboxed and under its policy, an ensemble behind it, and an orderly end. */
import fs from 'node:fs';
import path from 'node:path';

import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { Client } from '../../src-server/coordination/client/client.ts';
import { nodePlatform } from '../../src-server/platform/node/platform.ts';
import { type Folder, temporaryFolder } from '../peers/folders.ts';
import { CHROMIUM, describeWith } from '../peers/peers.ts';
import { until } from '../peers/wait.ts';
import { DesktopApp } from './desktop-app.ts';
import { converseWithConsole } from './page-console.ts';

function connect(port: number): Client {
  return new Client({
    platform: nodePlatform({ version: 'test', logLevel: 'error', writeLog: () => undefined }),
    connect: `127.0.0.1:${port}`,
    sessionTimeoutMs: 10_000,
  });
}

function flags(folder: Folder): string[] {
  return ['--client-port', '0', '--data', folder.path];
}

/** Command lines on this machine with this text in them. */
function processesThatName(text: string): string[] {
  return fs
    .readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((pid) => {
      const file = `/proc/${pid}/cmdline`;
      // Processes end while they are being listed.
      const line = fs.existsSync(file) ? fs.readFileSync(file, 'utf8').replaceAll('\0', ' ') : '';
      return line.includes(text) ? [line] : [];
    });
}

describeWith([CHROMIUM], 'the desktop app', () => {
  describe('its window', () => {
    let folder: Folder;
    let app: DesktopApp;
    let page: Page;
    const complaints: string[] = [];

    beforeAll(async () => {
      folder = temporaryFolder();
      app = new DesktopApp(flags(folder));
      page = await app.page();
      page.on('console', (message) => {
        if (message.type() === 'error') complaints.push(message.text());
      });
      page.on('pageerror', (error) => complaints.push(error.message));
    });

    afterAll(async () => {
      await app[Symbol.asyncDispose]();
      folder[Symbol.dispose]();
    });

    test('calls and topics of the console reach the page, and bytes stay bytes', async () => {
      const port = await app.port();
      const client = connect(port);
      const data = new Uint8Array(256).map((_, index) => index);
      await client.create('/bytes', Buffer.from(data));
      const [facts, clusters, opened] = await converseWithConsole(page, [
        { kind: 'subscribe', id: 1, topic: 'app', params: null },
        { kind: 'subscribe', id: 2, topic: 'clusters', params: null },
        {
          kind: 'call',
          id: 3,
          method: 'znodes.get',
          params: { cluster: 'local', path: '/bytes' },
        },
      ]);
      expect(facts).toMatchObject({ event: { dataDir: folder.path, local: { kind: 'ensemble' } } });
      expect(clusters).toMatchObject({ event: [{ id: 'local' }] });
      expect(opened).toMatchObject({ kind: 'result', result: { data } });

      const { version, czxid } = (
        opened as { result: { stat: { version: number; czxid: number } } }
      ).result.stat;
      const reversed = data.toReversed();
      const [saved] = await converseWithConsole(page, [
        {
          kind: 'call',
          id: 1,
          method: 'znodes.save',
          params: { cluster: 'local', path: '/bytes', version, czxid, data: reversed },
        },
      ]);
      expect(saved).toMatchObject({ kind: 'result', result: { kind: 'saved' } });
      expect(new Uint8Array((await client.getData('/bytes')).data!)).toEqual(reversed);
      await client.close();
    });

    test('three members are begun, and clients are told of all of them', async () => {
      expect(app.output).toMatch(/^ensemble +3 members/m);
      const port = await app.port();
      const addresses = await until('all three serve', async () => {
        const [facts] = await converseWithConsole(page, [
          { kind: 'subscribe', id: 1, topic: 'app', params: null },
        ]);
        const { connectString } = (facts as { event: { connectString: string } }).event;
        const listed = connectString.split(',');
        return listed.length === 3 ? listed : null;
      });
      expect(addresses).toContain(`127.0.0.1:${port}`);
      for (const address of addresses) {
        const client = connect(Number(address.split(':')[1]));
        await client.sync('/');
        await client.close();
      }
    });

    test('the page has nothing of Node or Electron but the bridge, and cannot change that', async () => {
      const found = await page.evaluate(() => {
        const world = window as unknown as Record<string, unknown>;
        const bridge = world['zabring'] as Record<string, unknown>;
        const native = bridge['native'] as Record<string, unknown>;
        const isReplaced = Reflect.set(world, 'zabring', null);
        const isExtended = Reflect.set(bridge, 'requestPort', null);
        return {
          strangers: ['require', 'process', 'module', 'Buffer', 'electron', 'ipcRenderer'].filter(
            (name) => name in world,
          ),
          bridge: Object.keys(bridge),
          native: Object.keys(native),
          platform: native['platform'],
          isReplaced,
          isExtended,
        };
      });
      expect(found).toEqual({
        strangers: [],
        bridge: ['requestPort', 'native'],
        native: ['platform', 'showDataFolder', 'pathOf'],
        platform: 'linux',
        isReplaced: false,
        isExtended: false,
      });
    });

    test('what the page changes in its own world does not reach the preload', async () => {
      await page.evaluate(() => {
        const world = window as unknown as Record<string, unknown>;
        world['MessageChannel'] = world['JSON'] = undefined;
        Array.prototype.map = () => {
          throw new Error('the page was here');
        };
      });
      const portCount = await page.evaluate(
        () =>
          new Promise<number>((resolve) => {
            window.addEventListener('message', ({ ports }) => resolve(ports.length));
            (window as unknown as { zabring: { requestPort(): void } }).zabring.requestPort();
          }),
      );
      expect(portCount).toBe(1);
      await page.reload();
    });

    test('the native call opens the data folder, and no other', async () => {
      await page.evaluate(() => {
        const { native } = (
          window as unknown as { zabring: { native: { showDataFolder(path?: string): void } } }
        ).zabring;
        native.showDataFolder('/etc');
      });
      await until('the folder is opened', () => app.seen('opened').length > 0);
      expect(app.seen('opened')).toEqual([{ kind: 'opened', what: folder.path }]);
    });

    test('every page comes under the policy, and keeps it', async () => {
      const answers = await page.evaluate(async () => {
        const found = [];
        for (const address of ['/', '/no-such-page.html', '/%2e%2e/main/index.js']) {
          const { status, headers } = await fetch(address);
          found.push({
            status,
            policy: headers.get('content-security-policy'),
            sniff: headers.get('x-content-type-options'),
          });
        }
        return found;
      });
      expect(answers.map(({ status }) => status)).toEqual([200, 404, 404]);
      for (const { policy, sniff } of answers) {
        expect(policy).toContain("default-src 'none'; script-src 'self'");
        expect(sniff).toBe('nosniff');
      }
      complaints.length = 0;
      await page.reload();
      await page.waitForLoadState('networkidle');
      expect(complaints).toEqual([]);

      const violated = await page.evaluate(
        () =>
          new Promise<string>((resolve) => {
            document.addEventListener('securitypolicyviolation', (event) =>
              resolve(event.effectiveDirective),
            );
            const script = document.createElement('script');
            script.textContent = 'window.ran = true';
            document.body.append(script);
          }),
      );
      expect(violated).toBe('script-src-elem');
      expect(await page.evaluate(() => 'ran' in window)).toBe(false);
      await expect(
        page.evaluate(() => fetch('https://example.org/').then(() => 'reached')),
      ).rejects.toThrow('Failed to fetch');
    });

    test('it goes nowhere else, and opens nothing', async () => {
      const before = page.url();
      await page.evaluate(() => {
        location.href = 'https://example.org/away';
      });
      await until('the navigation is refused', () =>
        app.output.includes('url=https://example.org/away'),
      );
      await page.evaluate(() => {
        window.open('https://example.org/popup');
      });
      await until('the window is refused', () =>
        app.output.includes('url=https://example.org/popup'),
      );
      expect(page.url()).toBe(before);
      await until('there is one window', async () => (await app.pageCount()) === 1);

      // A page the interface points to opens in the user's own browser.
      await page.evaluate(() => {
        window.open('https://zookeeper.apache.org/doc/');
        window.open('https://zookeeper.apache.org.example.org/');
        window.open('http://zookeeper.apache.org/');
      });
      await until('the last is refused', () =>
        app.output.includes('url=http://zookeeper.apache.org/'),
      );
      expect(app.seen('opened').map(({ what }) => what)).toEqual([
        folder.path,
        'https://zookeeper.apache.org/doc/',
      ]);
      await until('there is one window', async () => (await app.pageCount()) === 1);
    });

    test('it is given no permission', async () => {
      const states = await page.evaluate(async () => {
        const names = ['geolocation', 'notifications', 'camera', 'microphone', 'clipboard-read'];
        const queries = names.map((name) =>
          navigator.permissions.query({ name: name as PermissionName }),
        );
        return (await Promise.all(queries)).map(({ state }) => state);
      });
      expect(new Set(states)).toEqual(new Set(['denied']));
      expect(await page.evaluate(() => Notification.requestPermission())).toBe('denied');
    });

    test('a second start brings this window to the front and ends', async () => {
      const focusBefore = app.seen('focus').length;
      const second = new DesktopApp(flags(folder));
      expect(await second.exited).toBe(0);
      expect(second.output).toContain('open already');
      await until('the first is in front', () => app.seen('focus').length > focusBefore);
      expect(app.output).not.toContain('stopping');
    });

    test('a page whose process falls is loaded again, and has its port', async () => {
      app.do({ kind: 'crash' });
      await until('it is noticed', () => app.output.includes('the process of the page ended'));
      await until('the page answers again', async () => {
        const [facts] = await converseWithConsole(await app.page(), [
          { kind: 'subscribe', id: 1, topic: 'app', params: null },
        ]);
        return (facts as { kind: string }).kind === 'event';
      });
    });
  });

  test('quitting closes the window, stops all members and leaves no process', async () => {
    using folder = temporaryFolder();
    await using app = new DesktopApp(flags(folder));
    await app.page();
    const client = connect(await app.port());
    await client.create('/kept', Buffer.from('value'));
    await client.close();
    expect(await app.quit()).toBe(0);
    expect(app.output).toContain('stopping');

    // The same members with the same data, as nobody asks for others.
    await using again = new DesktopApp(flags(folder));
    expect(fs.readdirSync(path.join(folder.path, 'members'))).toEqual(['1', '2', '3']);
    const reader = connect(await again.port());
    expect((await reader.getData('/kept')).data?.toString()).toBe('value');
    await reader.close();
    again.signal('SIGTERM');
    expect(await again.exited, again.output).toBe(0);
    expect(again.output).toContain('stopping');
    expect(processesThatName(folder.path)).toEqual([]);
  });

  test('a signal before there is a window ends it as well', async () => {
    using folder = temporaryFolder();
    await using app = new DesktopApp(flags(folder));
    await until('the members are there', () => /^member 1 /m.test(app.output));
    app.signal('SIGTERM');
    expect(await app.exited, app.output).toBe(0);
    expect(app.seen('window')).toEqual([]);
  });

  test('closing the window ends the app', async () => {
    using folder = temporaryFolder();
    await using app = new DesktopApp(flags(folder));
    const page = await app.page();
    await page.close();
    expect(await app.exited).toBe(0);
    expect(app.output).toContain('stopping');
  });

  test('the window comes back where it was, and damaged settings are set aside', async () => {
    using folder = temporaryFolder();
    const settings = path.join(folder.path, 'desktop', 'settings.json');
    const bounds = { x: 40, y: 60, width: 900, height: 700 };
    {
      await using app = new DesktopApp(flags(folder));
      await app.page();
      app.do({ kind: 'place', bounds });
      await until('the place is remembered', () => fs.existsSync(settings));
      await app.quit();
    }
    {
      await using app = new DesktopApp(flags(folder));
      await app.page();
      expect(app.seen('window')[0]).toMatchObject({ bounds });
      await app.quit();
    }
    fs.writeFileSync(settings, '{"version":1,"window":{"x":"left"');
    await using app = new DesktopApp(flags(folder));
    await app.page();
    expect(app.seen('window')[0]).toMatchObject({ bounds: { width: 1280, height: 820 } });
    expect(app.output).toContain('the settings were damaged: set aside, and defaults used');
    expect(fs.readFileSync(`${settings}.damaged`, 'utf8')).toContain('left');
    await app.quit();
    const log = fs.readFileSync(path.join(folder.path, 'desktop', 'logs', 'zabring.log'), 'utf8');
    expect(log).toContain('the settings were damaged');
  });

  test('a server that cannot serve is shown in the window, and the app goes on', async () => {
    using folder = temporaryFolder();
    await using first = new DesktopApp(flags(folder));
    const port = await first.port();
    using other = temporaryFolder();
    await using app = new DesktopApp([
      ...['--members', '1', '--client-port', String(port), '--data', other.path],
    ]);
    const page = await app.page();
    const why = await until('the page knows why', async () => {
      const [facts] = await converseWithConsole(page, [
        { kind: 'subscribe', id: 1, topic: 'app', params: null },
      ]);
      return (facts as { event: { member: { why?: string } } }).event.member.why;
    });
    expect(why).toContain(`127.0.0.1:${port}: another program uses this port`);
    await first.quit();
    expect(await app.port()).toBe(port);
    expect(app.seen('error-box')).toEqual([]);
    await app.quit();
  });

  test('a flag that is none of ours is a mistake, and Chromium has its own', async () => {
    using folder = temporaryFolder();
    await using wrong = new DesktopApp([...flags(folder), '--datta', '/tmp']);
    expect(await wrong.exited).toBe(2);
    expect(wrong.output).toContain("Unknown option '--datta'");
    await using app = new DesktopApp([...flags(folder), '--ozone-platform=x11'], {
      locale: 'zh-CN',
    });
    await app.page();
    expect(app.seen('app-menu')[0]?.labels).toContain('打开数据文件夹');
    await app.quit();
  });
});
