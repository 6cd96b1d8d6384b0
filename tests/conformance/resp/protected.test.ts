/** Doors with TLS: redis-cli, ioredis and our own client come in with certificates, and nobody without. */
import fs from 'node:fs';

import { Redis } from 'ioredis';
import { afterAll, beforeAll, expect, test } from 'vitest';

import { NodeNet } from '../../../src-server/platform/node/net.ts';
import { SecureNet } from '../../../src-server/platform/node/secure-net.ts';
import { RespClient } from '../../../src-server/storage/resp/client.ts';
import { textOf } from '../../../src-server/storage/resp/reply.ts';
import { Authority, type MemberFiles } from '../../peers/certificates.ts';
import { temporaryFolder } from '../../peers/folders.ts';
import { CERTIFICATE_TOOLS, describeWith, REDIS } from '../../peers/peers.ts';
import { type RespNodes, startRespNodes } from '../../peers/resp-nodes.ts';
import { run } from '../../peers/run.ts';

describeWith([CERTIFICATE_TOOLS, REDIS], 'doors with TLS', () => {
  const folder = temporaryFolder();
  let authority: Authority;
  let client: MemberFiles;
  let nodes: RespNodes;
  let port: number;

  beforeAll(async () => {
    authority = new Authority(folder.path);
    client = authority.issue({ name: 'client' });
    nodes = await startRespNodes({ net: netOf(authority.issue({ name: 'node' })) });
    port = nodes.nodes[0]!.proxyPort;
  });
  afterAll(async () => {
    await nodes.close();
    folder[Symbol.dispose]();
  });

  function netOf({ pem }: MemberFiles): SecureNet {
    const store = (path: string) => ({ path, password: '', passwordPath: null });
    return new SecureNet({
      terms: {
        ...{ keyStore: store(pem), trustStore: store(authority.pem), isReloaded: false },
        ...{ protocols: ['TLSv1.2', 'TLSv1.3'], ciphers: null, verifiesDialled: true },
        ...{ verifiesDialling: false, clientAuth: 'need', detectionTimeoutMs: 5000 },
      },
      dials: 'tls',
      accepts: 'tls',
      knownHosts: () => [],
    });
  }

  test('our own client', async () => {
    const own = await RespClient.connect({
      net: netOf(client),
      host: '127.0.0.1',
      port,
      timeoutMs: 5000,
    });
    const value = 'v'.repeat(200_000);
    expect(await own.call('SET', 'a', value)).toBe('OK');
    expect(textOf(await own.ask(['GET', 'a']))).toBe(value);
    own.close();
    const plain = RespClient.connect({
      net: new NodeNet(),
      host: '127.0.0.1',
      port,
      timeoutMs: 5000,
    });
    await expect(plain).rejects.toThrow();
  });

  test('redis-cli', async () => {
    const certificate = [
      '--tls',
      '--cacert',
      authority.pem,
      '--cert',
      client.pem,
      '--key',
      client.pem,
    ];
    const parts = ['-h', '127.0.0.1', '-p', String(port), ...certificate, 'SET', 'b', '1'];
    const { output } = await run('/usr/bin/redis-cli', parts);
    expect(output.trim()).toBe('OK');
  });

  test('ioredis', async () => {
    const pem = fs.readFileSync(client.pem);
    const ca = fs.readFileSync(authority.pem);
    const redis = new Redis({ host: '127.0.0.1', port, tls: { ca, cert: pem, key: pem } });
    expect(await redis.incr('n')).toBe(1);
    await redis.quit();
  });
});
