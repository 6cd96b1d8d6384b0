/** What a ring's doors ask of those who come: certificates of nodes and of clients, and users who change while nodes run. */
import fs from 'node:fs';
import path from 'node:path';

import { Cluster, Redis } from 'ioredis';
import { afterEach, expect, test } from 'vitest';

import { hashSecret } from '../../../src-server/storage/resp/users.ts';
import { Authority, type MemberFiles, PASSWORD } from '../../peers/certificates.ts';
import { temporaryFolder } from '../../peers/folders.ts';
import { CERTIFICATE_TOOLS, describeWith, REDIS } from '../../peers/peers.ts';
import { run } from '../../peers/run.ts';
import { until } from '../../peers/wait.ts';
import { PLATFORM } from './control-stage.ts';
import { RingStage } from './ring-stage.ts';

let stage: RingStage | null = null;
const folders: ReturnType<typeof temporaryFolder>[] = [];

afterEach(async () => {
  await stage?.close();
  stage = null;
  for (const folder of folders.splice(0)) folder[Symbol.dispose]();
});

function newFolder(): string {
  const folder = temporaryFolder();
  folders.push(folder);
  return folder.path;
}

describeWith([CERTIFICATE_TOOLS, REDIS], 'a ring with certificates', () => {
  function confOf(files: MemberFiles, trust: Authority): Record<string, string> {
    return {
      'peerTls.keyStore': files.pkcs12,
      'peerTls.keyStorePassword': PASSWORD,
      'peerTls.trustStore': trust.pem,
      'clientTls.keyStore': files.pem,
      'clientTls.trustStore': trust.pem,
      'clientTls.clientAuth': 'need',
    };
  }

  test('replicates over them, takes clients with them, and nobody without', async () => {
    const authority = new Authority(newFolder());
    const impostor = new Authority(newFolder(), 'impostor');
    const files = authority.issue({ name: 'node' });
    const own = authority.issue({ name: 'client' });
    stage = await RingStage.set({ conf: confOf(files, authority) });
    const { ring, eyes } = stage;
    const [first, second] = ring.nodes;

    const secrets = {
      ca: fs.readFileSync(authority.pem),
      cert: fs.readFileSync(own.pem),
      key: fs.readFileSync(own.pem),
    };
    const cluster = new Cluster([{ host: '127.0.0.1', port: first!.clusterPort }], {
      redisOptions: { tls: secrets },
    });
    const keys = Array.from({ length: 100 }, (_, i) => `key:${i}`);
    try {
      await Promise.all(keys.map((key, i) => cluster.set(key, i)));
      const flags = ['--tls', '--cacert', authority.pem, '--cert', own.pem, '--key', own.pem];
      const cli = await run('redis-cli', ['-p', `${second!.proxyPort}`, ...flags, 'GET', 'key:7']);
      expect(cli.output.trim()).toBe('7');

      // Leaders are others when it is back, and everything went over protected links.
      await ring.node('n1').end('SIGKILL');
      await eyes.isWithout('n1');
      await Promise.all(keys.map((key) => cluster.incr(key)));
      ring.node('n1').start();
      await eyes.isWhole(3);
      expect(await Promise.all(keys.map((key) => cluster.get(key)))).toEqual(
        keys.map((_, i) => String(i + 1)),
      );
    } finally {
      cluster.disconnect();
    }

    const plain = new Redis({ port: second!.proxyPort, retryStrategy: null, lazyConnect: true });
    plain.on('error', () => undefined);
    await expect(plain.connect()).rejects.toThrow();
    const nameless = new Redis({
      port: second!.proxyPort,
      retryStrategy: null,
      lazyConnect: true,
      tls: { ca: secrets.ca },
    });
    nameless.on('error', () => undefined);
    await expect(nameless.connect().then(() => nameless.get('key:1'))).rejects.toThrow();
    nameless.disconnect();

    // One who dials the others, and one whom they dial: links are dialled by the lower name.
    const wrong = impostor.issue({ name: 'node' });
    for (const id of ['a-stranger', 'z-stranger']) await ring.add(id, confOf(wrong, authority));
    const three = [ring.node('n1'), ring.node('n2'), ring.node('n3')];
    for (const { id } of three) {
      const said = (words: string) => () => ring.node(id).output.includes(words);
      await until(
        `${id} lets nobody in`,
        said('somebody who is no node of this ring is not let in'),
      );
      await until(
        `${id} does not speak to a stranger`,
        said('a node is not spoken to node=z-stranger'),
      );
    }
  });
});

test('users are those of the file as it is now', async () => {
  const file = path.join(newFolder(), 'users.json');
  const secret = await hashSecret('right', PLATFORM.entropy);
  const anna = { name: 'anna', secret, keyPrefixes: ['anna:'], mayWrite: true };
  const write = (...users: readonly object[]): void => {
    fs.writeFileSync(`${file}.new`, JSON.stringify(users));
    fs.renameSync(`${file}.new`, file);
  };
  write(anna);
  stage = await RingStage.set({ nodes: 1, conf: { replicaCount: 1, minInSync: 1, users: file } });
  const [node] = stage.ring.nodes;
  const options = {
    port: node!.proxyPort,
    username: 'anna',
    password: 'right',
    maxRetriesPerRequest: 0,
  };
  const client = new Redis(options);
  client.on('error', () => undefined);
  try {
    expect(await client.set('anna:1', 'a')).toBe('OK');
    await expect(client.set('berta:1', 'b')).rejects.toThrow('NOPERM');

    write({ ...anna, keyPrefixes: ['anna:', 'berta:'], mayWrite: false });
    await until('it may read more', async () => (await client.get('berta:1')) === null);
    await expect(client.set('anna:1', 'c')).rejects.toThrow('NOPERM');
    expect(await client.get('anna:1')).toBe('a');

    fs.writeFileSync(file, '[{"name": "an');
    await until('a file that cannot be read is told of', () =>
      node!.output.includes('users stay as they were'),
    );
    expect(await client.get('anna:1')).toBe('a');

    write({ ...anna, name: 'berta', keyPrefixes: [''] });
    await until('anna is out', () =>
      client.get('anna:1').then(
        () => false,
        () => true,
      ),
    );
    const berta = new Redis({ ...options, username: 'berta' });
    expect(await berta.get('anna:1')).toBe('a');
    berta.disconnect();
  } finally {
    client.disconnect();
  }
});
