/** What a storage.conf says, what it may not say, and that the sample tells the truth about what holds without it. */
import fs from 'node:fs';
import path from 'node:path';

import { describe, expect, test } from 'vitest';

import { readStorageConf } from '../../../../src-server/config/storage-conf.ts';
import {
  defaultStorageSettings,
  type StorageSettings,
} from '../../../../src-server/config/storage-settings.ts';

const BASE = defaultStorageSettings('/unused');
const LEAST = 'id=n1\ndataDir=/d\n';
const SAMPLE = path.join(import.meta.dirname, '../../../../resources/conf/storage.conf');

function read(text: string): StorageSettings {
  const conf = readStorageConf(text, BASE);
  if (!conf.ok) throw new Error(conf.error);
  return conf.value;
}

function refusal(text: string): string {
  const conf = readStorageConf(text, BASE);
  return conf.ok ? 'it is taken' : conf.error;
}

describe('a storage.conf', () => {
  test('says who the node is, and the rest holds', () => {
    expect(read(LEAST)).toEqual({ ...BASE, nodeId: 'n1', host: 'n1', dataDir: '/d' });
  });

  test.each<[string, Partial<StorageSettings>]>([
    ['zone=a\nregion=eu\nhost=rack-7', { zone: 'a', region: 'eu', host: 'rack-7' }],
    ['weight=2.5\ncap=500GiB', { weight: 2.5, capBytes: 500 * 2 ** 30 }],
    ['segmentBytes=2m', { segmentBytes: 2 * 2 ** 20 }],
    ['address=*\nadvertisedHost=db1', { address: null, advertisedHost: 'db1' }],
    ['ensemble=a:1,b:2/x', { ensemble: 'a:1,b:2/x' }],
    ['mode=cache\nreplicaCount=2\nminInSync=1', { mode: 'cache', replicaCount: 2, minInSync: 1 }],
  ])('%j', (text, expected) => {
    expect(read(LEAST + text)).toMatchObject(expected);
  });

  test.each([
    ['dataDir=/d', 'id is missing'],
    [`${LEAST}userFile=u`, 'line 3: userFile is not a setting of a storage node'],
    ['id=n1', 'dataDir is missing'],
    ['id=a b\ndataDir=/d', 'line 1: id=a b: not 1 to 32 letters'],
    [`${LEAST}clusterPort=x`, 'clusterPort=x: not a whole number from 0 to 65535'],
    [`${LEAST}mode=fast`, 'not durable or cache'],
    [`${LEAST}partitionCount=100`, 'no power of two'],
    [`${LEAST}replicaCount=2\nminInSync=3`, 'no write would ever be accepted'],
    [`${LEAST}address=*`, 'advertisedHost is missing'],
    [`${LEAST}cap=lots`, 'such as 64MiB'],
    [`${LEAST}peerTls.trustStore=t.pem`, 'peerTls.keyStore is missing'],
  ])('is refused: %j', (text, why) => {
    expect(refusal(text)).toContain(why);
  });

  test('protects clients and nodes, each by its own files', () => {
    const settings = read(
      `${LEAST}clientTls.keyStore=k.pem\npeerTls.keyStore=p.p12\npeerTls.keyStorePassword=x\npeerTls.trustStore=t.pem`,
    );
    expect(settings.clientTls?.terms).toMatchObject({
      keyStore: { path: 'k.pem', password: '' },
      trustStore: null,
      clientAuth: 'none',
    });
    expect(settings.peerTls?.terms).toMatchObject({
      keyStore: { path: 'p.p12', password: 'x' },
      trustStore: { path: 't.pem' },
      clientAuth: 'need',
    });
  });
});

test('what the sample shows as usual is what holds', () => {
  const sample = fs.readFileSync(SAMPLE, 'utf8');
  const usual = sample
    .split('\n')
    .filter((line) => /^#\w+=/.test(line) && !/^#(cap|users|ensembleAuth|\w+Tls\.)/.test(line))
    .map((line) => line.slice(1));
  expect(usual.length).toBeGreaterThan(20);
  expect(read([sample, ...usual].join('\n'))).toEqual(read(sample));
});
