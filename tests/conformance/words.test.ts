/** Four-letter words beside Apache's: the same lines in the same order, figures apart, since scripts read them. */
import { afterAll, beforeAll, expect, test } from 'vitest';

import { Client } from '../../src-server/coordination/client/client.ts';
import { nodePlatform } from '../../src-server/platform/node/platform.ts';
import { type ApacheServer, startApache } from '../peers/apache.ts';
import { type Folder, temporaryFolder } from '../peers/folders.ts';
import { APACHE, describeWith } from '../peers/peers.ts';
import { askWord } from '../peers/words.ts';
import { type OwnServer, startZabring } from '../peers/zabring.ts';

describeWith([APACHE], 'four-letter words', () => {
  let folders: Folder[];
  let ours: OwnServer;
  let theirs: ApacheServer;
  let clients: Client[];

  beforeAll(async () => {
    folders = [temporaryFolder(), temporaryFolder()];
    ours = await startZabring(folders[0]!.path, { compat: '3.8' });
    theirs = await startApache({ folder: folders[1]!.path });
    clients = await Promise.all([ours.port, theirs.port].map(live));
  });

  afterAll(async () => {
    await Promise.all(clients.map((client) => client.close()));
    await ours.stop();
    await theirs.stop();
    for (const folder of folders) folder[Symbol.dispose]();
  });

  /** One client with an ephemeral node and a watch. */
  async function live(port: number): Promise<Client> {
    const client = new Client({
      platform: nodePlatform({ version: 'test', logLevel: 'error', writeLog: () => undefined }),
      connect: `127.0.0.1:${port}`,
      sessionTimeoutMs: 10_000,
    });
    await client.create('/a', Buffer.from('some data'));
    await client.create('/a/e', null, { mode: 'ephemeral' });
    await client.getData('/a', () => undefined);
    return client;
  }

  /** Figures, names of this machine and dates replaced, so that only the form is left. */
  function form(answer: string): string {
    return answer
      .replace(/^Zookeeper version: .*$/m, 'Zookeeper version: V')
      .replace(/\b(Mon|Tue|Wed|Thu|Fri|Sat|Sun) \w{3} \d{2} [\d:]{8} UTC \d{4}/g, 'DATE')
      .replace(/0x[0-9a-f]+/g, 'HEX')
      .replace(/(\d+)(\.\d+)?/g, (_, __, fraction?: string) =>
        fraction === undefined ? 'N' : 'N.N',
      );
  }

  async function forms(word: string): Promise<[string, string]> {
    return [form(await askWord(ours.port, word)), form(await askWord(theirs.port, word))];
  }

  test.each(['ruok', 'srvr', 'isro', 'wchs', 'wchc', 'wchp', 'dirs', 'hash', 'crst', 'srst'])(
    '%s',
    async (word) => {
      const [own, apache] = await forms(word);
      expect(own).toBe(apache);
    },
  );

  test.each(['stat', 'cons'])('%s, whatever the order of its connections', async (word) => {
    const [own, apache] = await forms(word);
    const sorted = (answer: string): string[] => answer.split('\n').sort();
    expect(sorted(own)).toEqual(sorted(apache));
  });

  test('conf names the same settings', async () => {
    const keys = async (port: number): Promise<string[]> =>
      (await askWord(port, 'conf')).split('\n').map((line) => line.split('=')[0]!);
    expect(await keys(ours.port)).toEqual(await keys(theirs.port));
    expect(await askWord(ours.port, 'conf')).toMatch(/^minSessionTimeout=4000$/m);
  });

  test('envi names the same things', async () => {
    const keys = async (port: number): Promise<string[]> =>
      (await askWord(port, 'envi')).split('\n').map((line) => line.split('=')[0]!);
    expect(await keys(ours.port)).toEqual(await keys(theirs.port));
  });

  test('dump lists sessions, ephemerals and connections', async () => {
    // A bucket whose sessions have moved on stays in Apache's list, empty, for as long as its moment has not come.
    const dump = async (port: number): Promise<string> =>
      form(await askWord(port, 'dump')).replace(/(N expire at DATE:\n)+/g, 'N expire at DATE:\n');
    const answer = await dump(ours.port);
    const [sessions, rest] = answer.split('ephemeral nodes dump:\n');
    const theirForm = await dump(theirs.port);
    expect(sessions).toBe(theirForm.split('ephemeral nodes dump:\n')[0]);
    expect(rest?.split('Connections dump:')[0]).toBe(
      theirForm.split('ephemeral nodes dump:\n')[1]?.split('Connections dump:')[0],
    );
    expect(rest).toContain('\tip: /N.N.N.N:N sessionId: HEX\n');
  });

  test('mntr: every figure we have is under the name Apache gives it', async () => {
    const keysOf = (answer: string): Set<string> =>
      new Set(
        answer
          .split('\n')
          .filter((line) => line !== '')
          .map((line) => line.split('\t')[0]!),
      );
    const own = keysOf(await askWord(ours.port, 'mntr'));
    const apache = keysOf(await askWord(theirs.port, 'mntr'));
    // Apache gives percentiles of some summaries only.
    const unknown = [...own].filter((key) => !apache.has(key) && !/^zk_p(50|95|99|999)_/.test(key));
    expect(unknown).toEqual([]);
    for (const key of [
      'zk_znode_count',
      'zk_approximate_data_size',
      'zk_ephemerals_count',
      'zk_watch_count',
      'zk_num_alive_connections',
    ]) {
      const value = async (port: number): Promise<string | undefined> =>
        new RegExp(`^${key}\t(.*)$`, 'm').exec(await askWord(port, 'mntr'))?.[1];
      expect(await value(ours.port), key).toBe(await value(theirs.port));
    }
  });
});

test('words that are not opened are refused as Apache refuses them', async () => {
  using folder = temporaryFolder();
  const server = await startZabring(folder.path, { fourLetterWords: ['ruok'] });
  expect(await askWord(server.port, 'ruok')).toBe('imok');
  expect(await askWord(server.port, 'srvr')).toContain('Mode: standalone');
  expect(await askWord(server.port, 'mntr')).toBe(
    'mntr is not executed because it is not in the whitelist.\n',
  );
  await server.stop();
});
