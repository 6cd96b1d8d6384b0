import { describe, expect, test } from 'vitest';

import { defaultSettings } from '../../../../src-server/config/settings.ts';
import { readZooCfg } from '../../../../src-server/config/zoo-cfg.ts';

const KEYS = 'dataDir=/d\nssl.quorum.keyStore.location=/k.p12\n';

function read(text: string): ReturnType<typeof readZooCfg> {
  return readZooCfg(text, defaultSettings('/unused'));
}

describe('TLS between members', () => {
  test('stores and passwords alone switch nothing on', () => {
    expect(read(KEYS)).toMatchObject({ ok: true, value: { settings: { quorumTls: null } } });
  });

  test.each([
    ['sslQuorum=true', 'tls', 'tls'],
    ['sslQuorum=true\nportUnification=true', 'tls', 'both'],
    ['portUnification=true', 'plain', 'both'],
  ])('%j', (lines, dials, accepts) => {
    const expected = {
      dials,
      accepts,
      terms: {
        keyStore: { path: '/k.p12', password: '', passwordPath: null },
        trustStore: null,
        clientAuth: 'need',
        verifiesDialled: true,
        verifiesDialling: true,
        protocols: ['TLSv1.2', 'TLSv1.3'],
        ciphers: null,
      },
    };
    expect(read(KEYS + lines)).toMatchObject({
      ok: true,
      value: { settings: { quorumTls: expected } },
    });
  });

  test('everything it can be told', () => {
    const text = [
      'sslQuorum=true',
      'sslQuorumReloadCertFiles=true',
      'ssl.quorum.keyStore.passwordPath=/secret',
      'ssl.quorum.keyStore.type=PKCS12',
      'ssl.quorum.trustStore.location=/t.jks',
      'ssl.quorum.trustStore.password=open',
      'ssl.quorum.hostnameVerification=false',
      'ssl.quorum.clientAuth=want',
      'ssl.quorum.enabledProtocols=TLSv1.1,TLSv1.2',
      'ssl.quorum.ciphersuites=TLS_AES_128_GCM_SHA256, TLS_AES_256_GCM_SHA384',
      'ssl.quorum.handshakeDetectionTimeoutMillis=700',
    ].join('\n');
    expect(read(KEYS + text)).toMatchObject({
      ok: true,
      value: {
        warnings: [],
        settings: {
          quorumTls: {
            terms: {
              keyStore: { path: '/k.p12', passwordPath: '/secret' },
              trustStore: { path: '/t.jks', password: 'open' },
              isReloaded: true,
              verifiesDialled: false,
              verifiesDialling: false,
              clientAuth: 'want',
              protocols: ['TLSv1.2'],
              ciphers: ['TLS_AES_128_GCM_SHA256', 'TLS_AES_256_GCM_SHA384'],
              detectionTimeoutMs: 700,
            },
          },
        },
      },
    });
  });

  test.each([
    ['dataDir=/d\nsslQuorum=true', 'sslQuorum=true needs ssl.quorum.keyStore.location'],
    ['dataDir=/d\nportUnification=true', 'portUnification=true needs ssl.quorum.keyStore'],
    [`${KEYS}sslQuorum=yes`, 'line 3: sslQuorum=yes: neither true nor false'],
    [`${KEYS}ssl.quorum.crl=true`, 'whether certificates were revoked is not looked up here'],
    [`${KEYS}ssl.quorum.ocsp=true`, 'whether certificates were revoked is not looked up here'],
    [`${KEYS}ssl.quorum.keyStore.type=BCFKS`, 'neither JKS nor PEM nor PKCS12'],
    [`${KEYS}ssl.quorum.protocol=SSLv3`, 'only TLSv1.2 and TLSv1.3'],
    [`${KEYS}ssl.quorum.clientAuth=maybe`, 'neither need nor want nor none'],
    [`${KEYS}ssl.quorum.context.supplier.class=a.B`, 'this is a class of Java'],
  ])('%j is refused', (text, problem) => {
    const result = read(text);
    expect(result.ok ? 'accepted' : result.error).toContain(problem);
  });
});

test.each([
  ['quorum.auth.enableSasl=true', 'with TLS they can'],
  ['quorum.auth.serverRequireSasl=true', 'with TLS they can'],
  ['secureClientPort=2281', 'clients cannot connect with TLS here'],
  ['snapshot.compression.method=zip', 'neither gz nor snappy'],
  ['oraclePath=/o', 'no oracle decides'],
  ['enforce.auth.enabled=true', 'would be let in'],
])('what would be less than the file says is refused: %s', (line, problem) => {
  const result = read(`dataDir=/d\n${line}`);
  expect(result.ok ? 'accepted' : result.error).toContain(`line 2: ${line}: `);
  expect(result.ok ? 'accepted' : result.error).toContain(problem);
});

test('an observer keeps its log whatever syncEnabled says, and that is told', () => {
  expect(read('dataDir=/d\nsyncEnabled=false')).toMatchObject({
    ok: true,
    value: {
      warnings: [
        'syncEnabled=false has no effect here: an observer keeps its log, and may vote one day',
      ],
    },
  });
  expect(read('dataDir=/d\nsyncEnabled=true')).toMatchObject({ ok: true, value: { warnings: [] } });
});

test.each([
  ['', null],
  ['gz', 'gz'],
  ['SNAPPY', 'snappy'],
])('snapshot.compression.method=%s', (method, snapshotPacking) => {
  expect(read(`dataDir=/d\nsnapshot.compression.method=${method}`)).toMatchObject({
    ok: true,
    value: { settings: { snapshotPacking } },
  });
});

test('what is off and would be refused when on has no effect', () => {
  expect(read('dataDir=/d\nquorum.auth.enableSasl=false')).toMatchObject({
    ok: true,
    value: { warnings: ['quorum.auth.enableSasl has no effect here'] },
  });
});
