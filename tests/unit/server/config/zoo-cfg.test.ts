import { describe, expect, test } from 'vitest';

import { parseProperties } from '../../../../src-server/config/properties.ts';
import { defaultSettings } from '../../../../src-server/config/settings.ts';
import { readZooCfg } from '../../../../src-server/config/zoo-cfg.ts';

const BASE = defaultSettings('/unused');

function read(text: string): ReturnType<typeof readZooCfg> {
  return readZooCfg(text, BASE);
}

describe('properties files', () => {
  test.each([
    ['a=1', { a: '1' }],
    ['a = 1 ', { a: '1' }],
    ['a: 1\nb 2', { a: '1', b: '2' }],
    ['# no\n! nor this\n\n a=x=y', { a: 'x=y' }],
    ['a=one \\\n   two', { a: 'one two' }],
    ['a=C:\\\\data', { a: 'C:\\data' }],
    ['a\\ b=\\u00e9', { 'a b': 'é' }],
    ['a=1\r\na=2', { a: '2' }],
    ['empty', { empty: '' }],
  ])('%j', (text, expected) => {
    const found = [...parseProperties(text).values()].map(({ key, value }) => [key, value]);
    expect(Object.fromEntries(found)).toEqual(expected);
  });
});

describe('zoo.cfg', () => {
  test("the file that comes with Apache's package, with its ensemble lines off", () => {
    const result = read(
      [
        'tickTime=2000',
        'initLimit=10',
        'syncLimit=5',
        'dataDir=/var/lib/zookeeper',
        'clientPort=2181',
        '#server.1=zookeeper1:2888:3888',
        'autopurge.snapRetainCount=5',
        'autopurge.purgeInterval=1',
        '4lw.commands.whitelist=stat, ruok',
        'admin.serverPort=8080',
      ].join('\n'),
    );
    expect(result).toMatchObject({
      ok: true,
      value: {
        settings: {
          tickTimeMs: 2000,
          minSessionTimeoutMs: 4000,
          maxSessionTimeoutMs: 40_000,
          dataDir: '/var/lib/zookeeper',
          dataLogDir: '/var/lib/zookeeper',
          clientPort: 2181,
          clientPortAddress: null,
          snapRetainCount: 5,
          fourLetterWords: ['stat', 'ruok'],
        },
        ensembleKeys: ['initLimit', 'syncLimit'],
        warnings: [
          'autopurge.purgeInterval has no effect here',
          'admin.serverPort has no effect here',
        ],
      },
    });
  });

  test('an unknown key is a warning that names it', () => {
    expect(read('dataDir=/d\nclientprot=1')).toMatchObject({
      ok: true,
      value: { warnings: ['clientprot is not a setting this server knows'] },
    });
  });

  test.each([
    ['clientPort=2181', 'dataDir is missing'],
    ['dataDir=/d\nclientPort=0', 'clientPort=0: not a whole number from 1 to 65535'],
    ['dataDir=/d\ntickTime=2s', 'tickTime=2s: not a whole number'],
    ['dataDir=/d\nextendedTypesEnabled=yes', 'extendedTypesEnabled=yes: neither true nor false'],
    ['dataDir=/d\nforceSync=true', 'forceSync=true: neither yes nor no'],
    ['dataDir=/d\nminSessionTimeout=9000\nmaxSessionTimeout=8000', 'is above maxSessionTimeout'],
    ['# two\n\ndataDir=/d\ninitLimit=0', 'line 4: initLimit=0: not a whole number from 1'],
    ['dataDir=/d\nelectionAlg=1', 'electionAlg=1: 3 is the only way'],
    ['dataDir=/d\npeerType=leader', 'peerType=leader: neither participant nor observer'],
    ['dataDir=/d\nserver.1=a:1:2\ndynamicConfigFile=x', 'line 2: server.1=a:1:2: with dynamic'],
    ['dataDir=/d\nfastleader.minNotificationInterval=70000', 'is above fastleader.max'],
    ['dataDir=/d\nsnapshotSizeFactor=much', 'snapshotSizeFactor=much: not a share'],
    ['dataDir=', 'dataDir=: empty'],
  ])('%j is refused', (text, problem) => {
    const result = read(text);
    expect(result.ok ? 'accepted' : result.error).toContain(problem);
  });

  test('what an ensemble goes by', () => {
    const result = read(
      [
        'dataDir=/d',
        'initLimit=10',
        'syncLimit=5',
        'connectToLearnerMasterLimit=2',
        'electionPortBindRetry=0',
        'cnxTimeout=700',
        'quorumCnxnTimeoutMs=-1',
        'quorumListenOnAllIPs=TRUE',
        'standaloneEnabled=false',
        'reconfigEnabled=true',
        'commitLogCount=1',
        'snapshotSizeFactor=-1',
        'peerType=OBSERVER',
        'server.1=a:1:2',
        'localSessionsEnabled=true',
        'localSessionsUpgradingEnabled=true',
      ].join('\n'),
    );
    expect(result).toMatchObject({
      ok: true,
      value: {
        settings: {
          initLimitTicks: 10,
          syncLimitTicks: 5,
          connectToLearnerMasterLimitTicks: 2,
          electionPortBindRetry: 0,
          electionConnectTimeoutMs: 700,
          electionHelloTimeoutMs: 0,
          quorumListenOnAllIps: true,
          standaloneEnabled: false,
          reconfigEnabled: true,
          commitLogCount: 500,
          snapshotSizeFactor: -1,
          localSessionsEnabled: true,
          localSessionsUpgradingEnabled: true,
        },
        peerType: 'observer',
        ensembleLines: [{ key: 'server.1', value: 'a:1:2', line: 14 }],
        warnings: [],
      },
    });
  });

  test('values in other units, and those that stand for a default', () => {
    expect(
      read(
        'dataDir=/d\npreAllocSize=100\nmaxSessionTimeout=-1\nclientPortListenBacklog=-1\nautopurge.snapRetainCount=1',
      ),
    ).toMatchObject({
      ok: true,
      value: {
        settings: {
          preallocateBytes: 102_400,
          maxSessionTimeoutMs: 60_000,
          clientPortListenBacklog: 511,
          snapRetainCount: 3,
        },
        warnings: [],
      },
    });
  });
});
