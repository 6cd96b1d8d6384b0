/** Members of both kinds with several addresses each: whoever cannot be reached at one is reached at another. */
import { afterEach, expect, test } from 'vitest';

import { Client } from '../../../src-server/coordination/client/client.ts';
import { nodePlatform } from '../../../src-server/platform/node/platform.ts';
import { startApacheMember } from '../../peers/apache.ts';
import { temporaryFolder } from '../../peers/folders.ts';
import { APACHE, describeWith } from '../../peers/peers.ts';
import { lastingPort } from '../../peers/ports.ts';
import { until } from '../../peers/wait.ts';
import { askWord } from '../../peers/words.ts';
import { OwnMember } from '../../peers/zabring-ensemble.ts';

const SETTINGS = { 'multiAddress.enabled': true, 'multiAddress.reachabilityCheckEnabled': false };

const owned: { close(): unknown }[] = [];

afterEach(async () => {
  for (const thing of owned.splice(0).reverse()) await thing.close();
});

async function addressAt(host: string): Promise<string> {
  return `${host}:${await lastingPort()}:${await lastingPort()}`;
}

describeWith([APACHE], 'several addresses', () => {
  test('two of ours and one of Apache’s agree, and each leads once', async () => {
    const servers = new Map<number, string>();
    for (const id of [1, 2, 3])
      servers.set(id, `${await addressAt('127.0.0.1')}|${await addressAt(`127.0.0.${10 + id}`)}`);
    const ports: (() => number)[] = [];
    const starts: (() => Promise<void>)[] = [];
    const stops: (() => Promise<void>)[] = [];
    for (const id of [1, 2]) {
      const folder = temporaryFolder();
      const own = new OwnMember({
        id,
        folder: folder.path,
        clientPort: await lastingPort(),
        servers,
        settings: { tickTimeMs: 1000, compat: '3.8' },
        lines: Object.entries(SETTINGS).map(([key, value]) => `${key}=${value}`),
      });
      owned.push({ close: () => folder[Symbol.dispose]() }, { close: () => own.stop() });
      ports.push(() => own.port);
      starts.push(() => own.start());
      stops.push(() => own.stop());
    }
    const folder = temporaryFolder();
    let java: Awaited<ReturnType<typeof startApacheMember>> | null = null;
    const stopJava = async (): Promise<void> => {
      await java?.kill();
      java = null;
    };
    owned.push({ close: () => folder[Symbol.dispose]() }, { close: stopJava });
    ports.push(() => java!.port);
    starts.push(async () => {
      const settings = { tickTime: 1000, ...SETTINGS };
      // It reads the server lines before the file's own keys reach where they are looked at.
      const properties = { 'zookeeper.multiAddress.enabled': 'true' };
      java = await startApacheMember({ folder: folder.path, id: 3, servers, settings, properties });
    });
    stops.push(stopJava);

    const serves = (index: number): Promise<unknown> =>
      until(`member ${index + 1} serves`, async () =>
        (await askWord(ports[index]!(), 'srvr', 1000)).includes('Mode: '),
      );
    await Promise.all(starts.map((start) => start()));
    await Promise.all([0, 1, 2].map(serves));
    for (const gone of [2, 1, 0]) {
      await stops[gone]!();
      const others = [0, 1, 2].filter((index) => index !== gone);
      await Promise.all(others.map(serves));
      const client = new Client({
        platform: nodePlatform({ version: 'test', logLevel: 'error', writeLog: () => undefined }),
        connect: others.map((index) => `127.0.0.1:${ports[index]!()}`).join(','),
        sessionTimeoutMs: 10_000,
      });
      owned.push({ close: () => client.close().catch(() => undefined) });
      await until('two of three write', async () => {
        await client.create(`/without-${gone}`, null).catch(() => undefined);
        return client.exists(`/without-${gone}`);
      });
      await client.close();
      await starts[gone]!();
      await serves(gone);
    }
    expect(await askWord(ports[0]!(), 'conf')).toContain('|127.0.0.11:');
  });
});
