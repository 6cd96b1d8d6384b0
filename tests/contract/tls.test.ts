/** Connections with TLS: all that a net promises, and who is let in. */
import net from 'node:net';
import tls from 'node:tls';

import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';

import { sid } from '../../src-server/base/ids.ts';
import { FaultLab } from '../../src-server/platform/fault-lab.ts';
import { throughFaults } from '../../src-server/platform/link-faults.ts';
import type { Listener, Socket } from '../../src-server/platform/net.ts';
import { NodeClock } from '../../src-server/platform/node/clock.ts';
import { readIdentity, readTrusted } from '../../src-server/platform/node/key-stores.ts';
import { NodeNet } from '../../src-server/platform/node/net.ts';
import { SecureNet } from '../../src-server/platform/node/secure-net.ts';
import { opensslName } from '../../src-server/platform/node/tls-context.ts';
import type { NetSecurity, StoreFile, TlsTerms } from '../../src-server/platform/tls.ts';
import { Authority, type MemberFiles, PASSWORD } from '../peers/certificates.ts';
import { temporaryFolder } from '../peers/folders.ts';
import { CERTIFICATE_TOOLS, describeWith } from '../peers/peers.ts';
import { until } from '../peers/wait.ts';
import { netSuite } from './net.suite.ts';

const HOST = '127.0.0.1';

describeWith([CERTIFICATE_TOOLS], 'TLS', () => {
  const folder = temporaryFolder();
  let authority: Authority;
  let stranger: Authority;
  let member: MemberFiles;
  const owned: { close(): unknown }[] = [];

  beforeAll(() => {
    authority = new Authority(folder.path);
    stranger = new Authority(folder.path, 'stranger');
    member = authority.issue({ name: 'member' });
  });
  afterEach(async () => {
    for (const thing of owned.splice(0).reverse()) await thing.close();
  });
  afterAll(() => folder[Symbol.dispose]());

  function store(path: string, password = PASSWORD): StoreFile {
    return { path, password, passwordPath: null };
  }

  function netOf(
    how: Partial<TlsTerms> = {},
    ports: Partial<Omit<NetSecurity, 'terms'>> = {},
  ): SecureNet {
    const terms: TlsTerms = {
      keyStore: store(member.pem),
      trustStore: store(authority.pem),
      isReloaded: false,
      protocols: ['TLSv1.2', 'TLSv1.3'],
      ciphers: null,
      verifiesDialled: true,
      verifiesDialling: true,
      clientAuth: 'need',
      detectionTimeoutMs: 5000,
      ...how,
    };
    return new SecureNet({
      terms,
      dials: 'tls',
      accepts: 'tls',
      knownHosts: () => [],
      ...ports,
    });
  }

  netSuite('node with TLS', () => ({ net: netOf(), host: HOST, isSecure: true }));

  interface Listening {
    readonly port: number;
    readonly refused: string[];
    readonly sockets: Socket[];
    /** From each of them. */
    readonly heard: string[];
  }

  async function listen(on: SecureNet | NodeNet): Promise<Listening> {
    const refused: string[] = [];
    const sockets: Socket[] = [];
    const heard: string[] = [];
    const listener: Listener = await on.listen(
      {
        host: HOST,
        port: 0,
        backlog: 16,
        onRefused: (from, why) => refused.push(`${from}: ${why}`),
      },
      (socket) => {
        const index = sockets.push(socket) - 1;
        heard.push('');
        socket.attach({
          onChunk: (chunk) => (heard[index] = `${heard[index] ?? ''}${chunk.toString('latin1')}`),
          onDrain: () => undefined,
          onClose: () => undefined,
        });
        owned.push({ close: () => socket.destroy() });
      },
    );
    owned.push(listener);
    return { port: listener.port, refused, sockets, heard };
  }

  async function connect(with_: SecureNet | NodeNet, port: number, host = HOST): Promise<Socket> {
    const socket = await with_.connect({ host, port, timeoutMs: 10_000 });
    owned.push({ close: () => socket.destroy() });
    return socket;
  }

  test.each(['pem', 'pkcs12', 'jks'] as const)('keys in %s files', async (kind) => {
    const trust = kind === 'pem' ? authority.pem : authority.trustStore(kind);
    const side = netOf({ keyStore: store(member[kind]), trustStore: store(trust) });
    const { port, sockets } = await listen(side);
    await connect(side, port);
    await until('it is let in', () => sockets[0]?.isSecure);
  });

  test.each(['pkcs12', 'jks'] as const)('a wrong password of a %s file is told', (kind) => {
    expect(() => readIdentity(store(member[kind], 'another'))).toThrow(
      `${member[kind]} cannot be used for TLS: the password is wrong`,
    );
  });

  test('a store without a key, one without certificates, and what is no store, are told', () => {
    expect(() => readIdentity(store(authority.pem))).toThrow('there is no private key in it');
    expect(() => readTrusted(store(import.meta.filename))).toThrow(
      'neither PEM nor PKCS12 nor JKS',
    );
    expect(() => readTrusted(store('/nowhere/at/all.pem'))).toThrow(
      '/nowhere/at/all.pem cannot be',
    );
  });

  test('a member whose certificate has expired does not begin', () => {
    const { pkcs12 } = authority.issue({ name: 'expired-here', isExpired: true });
    expect(() => netOf({ keyStore: store(pkcs12) })).toThrow('its certificate has expired on 2');
  });

  test('who is dialled must have a certificate that is trusted, valid, and for its host', async () => {
    const strange = stranger.issue({ name: 'strange' });
    const elsewhere = authority.issue({ name: 'elsewhere', hosts: 'DNS:elsewhere.example' });
    const expired = authority.issue({ name: 'expired', isExpired: true });
    for (const [files, problem] of [
      [strange, 'its certificate is signed by nobody who is trusted here'],
      [elsewhere, 'its certificate is for DNS:elsewhere.example, and not for 127.0.0.1'],
      [expired, 'its certificate has expired'],
    ] as const) {
      const { key, chain } = readIdentity(store(files.pem));
      const server = tls.createServer({ key, cert: chain });
      server.on('tlsClientError', () => undefined);
      await new Promise<void>((resolve) => server.listen(0, HOST, resolve));
      owned.push({ close: () => server.close() });
      const { port } = server.address() as net.AddressInfo;
      await expect(connect(netOf(), port)).rejects.toMatchObject({
        code: 'tls',
        message: expect.stringContaining(`cannot connect to ${HOST}:${port}: ${problem}`) as string,
      });
      if (files === elsewhere) await connect(netOf({ verifiesDialled: false }), port);
    }
  });

  test('who dials must show one, unless nobody asks for it', async () => {
    const { chain } = readIdentity(store(member.pem));
    const dial = (port: number): void => {
      const socket = tls.connect({ host: HOST, port, ca: readTrusted(store(authority.pem)) });
      socket.on('error', () => undefined);
      owned.push({ close: () => socket.destroy() });
    };
    expect(chain).toContain('BEGIN CERTIFICATE');
    const strict = await listen(netOf());
    dial(strict.port);
    await until('it is sent away', () => strict.refused[0]);
    expect(strict.refused[0]).toContain('127.0.0.1: it shows no certificate');
    expect(strict.sockets).toEqual([]);
    for (const clientAuth of ['want', 'none'] as const) {
      const lenient = await listen(netOf({ clientAuth }));
      dial(lenient.port);
      await until('it is let in', () => lenient.sockets[0]);
    }
  });

  test('who dials must be one that is trusted, from where it says', async () => {
    const strange = stranger.issue({ name: 'strange-too' });
    const elsewhere = authority.issue({ name: 'elsewhere-too', hosts: 'DNS:elsewhere.example' });
    const { port, refused, sockets } = await listen(netOf());
    for (const [files, problem] of [
      [strange, 'its certificate is signed by nobody'],
      [elsewhere, 'its certificate is for DNS:elsewhere.example, and not for 127.0.0.1'],
    ] as const) {
      const dialling = netOf({ keyStore: store(files.pem) });
      await connect(dialling, port).catch(() => undefined);
      await until('it is sent away', () => refused.some((line) => line.includes(problem)));
    }
    expect(sockets).toEqual([]);
    const open = await listen(netOf({}, { knownHosts: () => ['elsewhere.example'] }));
    await connect(netOf({ keyStore: store(elsewhere.pem) }), open.port);
    await until('a known host is let in', () => open.sockets[0]);
  });

  test('one side without TLS: both sides say so', async () => {
    const secure = await listen(netOf());
    const plain = await connect(new NodeNet(), secure.port);
    plain.write(Buffer.from('hello, who is there?'));
    await until('it is sent away', () => secure.refused[0]);
    expect(secure.refused[0]).toContain('it connects without TLS; set sslQuorum=true there');

    const server = net.createServer((socket) => {
      socket.on('error', () => undefined);
      socket.end('not TLS at all, and more than a record begins with');
    });
    await new Promise<void>((resolve) => server.listen(0, HOST, resolve));
    owned.push({ close: () => server.close() });
    const { port } = server.address() as net.AddressInfo;
    await expect(connect(netOf(), port)).rejects.toMatchObject({
      code: 'tls',
      message: expect.stringContaining('it does not speak TLS here; switch TLS on there') as string,
    });
  });

  test('a port for both takes in either kind', async () => {
    const { port, sockets, heard } = await listen(netOf({}, { accepts: 'both' }));
    const plain = await connect(netOf({}, { dials: 'plain' }), port);
    plain.write(Buffer.from([0, 0]));
    plain.write(Buffer.from('all of it'));
    await until('the plain one is in', () => sockets[0]?.isSecure === false);
    await until('what it said first comes first', () => heard[0] === '\0\0all of it');
    await connect(netOf(), port);
    await until('the encrypted one is in', () => sockets[1]?.isSecure === true);
  });

  test('who says nothing is sent away, and holds up no closing', async () => {
    const { port, sockets } = await listen(netOf({ detectionTimeoutMs: 20 }, { accepts: 'both' }));
    const silent = await connect(new NodeNet(), port);
    let isClosed = false;
    silent.attach({
      onChunk: () => undefined,
      onDrain: () => undefined,
      onClose: () => (isClosed = true),
    });
    await until('it is sent away', () => isClosed);
    expect(sockets).toEqual([]);
  });

  test('what a fault lab does to a link it does above TLS as well', async () => {
    const { port, sockets, heard } = await listen(netOf());
    const faults = new FaultLab<number>({ self: sid(1), entropy: { uint32: () => 0 } });
    const raw = await connect(netOf(), port);
    const named = throughFaults(raw, { clock: new NodeClock(), faults });
    named.name(sid(2));
    named.socket.attach({
      onChunk: () => undefined,
      onDrain: () => undefined,
      onClose: () => undefined,
    });
    named.socket.write(Buffer.from('before '));
    await until('the way is open', () => heard[0] === 'before ');
    faults.change([{ from: 1, to: 2, isCut: true, delayMs: 0, lossPercent: 0 }]);
    named.socket.write(Buffer.from('held back '));
    expect(named.socket.queuedBytes).toBeGreaterThan(0);
    expect(named.socket.isSecure && sockets[0]!.isSecure).toBe(true);
    faults.change([]);
    named.socket.write(Buffer.from('after'));
    await until('it arrives in its order', () => heard[0] === 'before held back after');
  });

  test('new files are taken up where that is asked for', async () => {
    const { default: fs } = await import('node:fs');
    const file = `${folder.path}/reloaded.pem`;
    fs.copyFileSync(authority.issue({ name: 'before', hosts: 'DNS:before' }).pem, file);
    const { port } = await listen(netOf({ keyStore: store(file), isReloaded: true }));
    await expect(connect(netOf(), port)).rejects.toThrow('its certificate is for DNS:before');
    fs.copyFileSync(authority.issue({ name: 'after-that' }).pem, file);
    await connect(netOf(), port);
  });

  test.each([
    ['TLS_AES_128_GCM_SHA256', 'TLS_AES_128_GCM_SHA256'],
    ['TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256', 'ECDHE-RSA-AES128-GCM-SHA256'],
    ['TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA384', 'ECDHE-ECDSA-AES256-SHA384'],
    ['TLS_RSA_WITH_AES_256_GCM_SHA384', 'AES256-GCM-SHA384'],
    ['TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256', 'ECDHE-RSA-CHACHA20-POLY1305'],
  ])('the cipher suite %s', (name, expected) => {
    expect(opensslName(name)).toBe(expected);
  });

  test('an unknown cipher suite is refused', () => {
    expect(() => opensslName('TLS_NULL_WITH_NULL')).toThrow('there is no cipher suite');
  });
});
