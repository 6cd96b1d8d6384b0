import { beforeEach, describe, expect, test } from 'vitest';

import { EnsembleFiles } from '../../../../src-server/config/ensemble-files.ts';
import { readMemberConfig } from '../../../../src-server/config/member-config.ts';
import { defaultSettings } from '../../../../src-server/config/settings.ts';
import { SimClock } from '../../../sim/clock.ts';
import { LOSES_EVERYTHING_UNSYNCED, SimDisk } from '../../../sim/disk.ts';

const SERVERS = 'server.1=a:1:2;2181\nserver.2=b:1:2\nserver.3=c:1:2:observer\n';
const BASICS = 'dataDir=/data\ninitLimit=10\nsyncLimit=5\n';

let disk: SimDisk;

function put(path: string, text: string): void {
  const file = disk.open(path, 'replace');
  file.write(Buffer.from(text), 0);
  file.close();
}

function text(path: string): string {
  return disk.contents(path).toString('utf8');
}

function read() {
  return readMemberConfig({ disk, file: '/conf/zoo.cfg', base: defaultSettings('/unused') });
}

function problem(): string {
  const result = read();
  return result.ok ? 'accepted' : result.error;
}

beforeEach(() => {
  disk = new SimDisk({ clock: new SimClock() });
  disk.makeDirectory('/conf');
  disk.makeDirectory('/data');
  put('/data/myid', '2\n');
});

describe('what a member starts from', () => {
  test('servers in zoo.cfg itself', () => {
    put('/conf/zoo.cfg', `${BASICS}clientPort=2182\n${SERVERS}`);
    expect(read()).toMatchObject({
      ok: true,
      value: {
        settings: { serverId: 2, clientPort: 2182, clientPortAddress: null, initLimitTicks: 10 },
        ensemble: { version: 0, servers: [{ id: 1 }, { id: 2 }, { id: 3 }] },
        next: null,
        warnings: [],
      },
    });
  });

  test('servers in a dynamic file, whose name says the version, and one that was being agreed on', () => {
    put('/conf/zoo.cfg', `${BASICS}dynamicConfigFile=/conf/zoo.cfg.dynamic.10000000a\n`);
    put('/conf/zoo.cfg.dynamic.10000000a', 'server.1=a:1:2\nserver.2=b:1:2;127.0.0.1:2199\n');
    put('/conf/zoo.cfg.dynamic.next', `${SERVERS}version=10000000b`);
    expect(read()).toMatchObject({
      ok: true,
      value: {
        settings: { serverId: 2, clientPort: 2199, clientPortAddress: '127.0.0.1' },
        ensemble: { version: 0x1_0000_000a, servers: [{ id: 1 }, { id: 2 }] },
        next: { version: 0x1_0000_000b },
      },
    });
  });

  test('one server runs on its own, and what ensembles go by has no effect', () => {
    put('/conf/zoo.cfg', 'dataDir=/data\ninitLimit=5\nserver.1=a:1:2\n');
    expect(read()).toMatchObject({
      ok: true,
      value: { ensemble: null, warnings: ['initLimit has no effect here'] },
    });
    put('/conf/zoo.cfg', `${BASICS}standaloneEnabled=false\nserver.2=a:1:2\n`);
    expect(read()).toMatchObject({ ok: true, value: { ensemble: { servers: [{ id: 2 }] } } });
  });

  test('the server list knows better than peerType', () => {
    put('/data/myid', '3');
    put('/conf/zoo.cfg', BASICS + SERVERS);
    const warning =
      'peerType=participant contradicts the server list, where server.3 is observer; the list holds';
    expect(read()).toMatchObject({ ok: true, value: { warnings: [] } });
    put('/conf/zoo.cfg', `${BASICS}peerType=participant\n${SERVERS}`);
    expect(read()).toMatchObject({ ok: true, value: { warnings: [warning] } });
  });

  test.each([
    [`dataDir=/data\nsyncLimit=5\n${SERVERS}`, '/conf/zoo.cfg: initLimit is missing'],
    [`dataDir=/data\ninitLimit=5\n${SERVERS}`, '/conf/zoo.cfg: syncLimit is missing'],
    [
      `${BASICS}server.1=a:1:2\nserver.2=b:1:1`,
      '/conf/zoo.cfg: line 5: server.2=b:1:1: the quorum',
    ],
    [`${BASICS}server.1=a:1:2\nserver.2=b:1:2|c:1:2`, 'server.2 has several addresses'],
    [`${BASICS}server.1=a:1:2:observer`, 'no participant'],
    [`${BASICS}dynamicConfigFile=/conf/none`, '/conf/none: this file, named by dynamicConfigFile'],
    [`${BASICS}clientPort=99\nserver.1=a:1:2\nserver.2=b:1:2;98`, 'clientPort=99 contradicts'],
  ])('%j is refused', (cfg, why) => {
    put('/conf/zoo.cfg', cfg);
    expect(problem()).toContain(why);
  });

  test.each([
    ['', '/data/myid: "" is not a server id from 0 to 255'],
    ['two', '/data/myid: "two" is not a server id'],
    ['256', '/data/myid: "256" is not a server id'],
  ])('myid %j is refused', (id, why) => {
    put('/data/myid', id);
    put('/conf/zoo.cfg', BASICS + SERVERS);
    expect(problem()).toContain(why);
  });

  test('what is missing is named', () => {
    expect(problem()).toBe('/conf/zoo.cfg cannot be read: no such file');
    put('/conf/zoo.cfg', BASICS + SERVERS);
    disk.remove('/data/myid');
    expect(problem()).toBe('/data/myid is missing: it says which of the servers this one is');
  });

  test('a dynamic file that says its version itself is refused, as by Apache', () => {
    put('/conf/zoo.cfg', `${BASICS}dynamicConfigFile=/conf/d\n`);
    put('/conf/d', `${SERVERS}version=1`);
    expect(problem()).toBe('/conf/d: line 4: version: the name of this file says the version');
  });
});

describe('a configuration changes', () => {
  const CFG =
    '# our cluster\ntickTime=2000\ndataDir=/data\ninitLimit=10\nsyncLimit=5\nclientPort=2182\n' +
    'clientPortListenBacklog=7\npeerType=participant\nserver.1=a:1:2\nserver.2=b:1:2;2182\n';

  function ensemble() {
    const result = read();
    if (!result.ok || result.value.ensemble === null) throw new Error('no ensemble');
    return result.value.ensemble;
  }

  test('proposed, in force, and read again', () => {
    put('/conf/zoo.cfg', CFG);
    const files = new EnsembleFiles({ disk, file: '/conf/zoo.cfg' });
    const changed = { ...ensemble(), version: 0x2_0000_0001 };
    files.backUp();
    files.propose(changed);
    expect(text('/conf/zoo.cfg.bak')).toBe(CFG);
    expect(text('/conf/zoo.cfg.dynamic.next')).toBe(
      'server.1=a:1:2:participant\nserver.2=b:1:2:participant;0.0.0.0:2182\nversion=200000001',
    );

    files.activate(changed, { hasClientAddress: true });
    files.forgetProposed();
    expect(text('/conf/zoo.cfg')).toBe(
      '# our cluster\ntickTime=2000\ndataDir=/data\ninitLimit=10\nsyncLimit=5\n' +
        'clientPortListenBacklog=7\ndynamicConfigFile=/conf/zoo.cfg.dynamic.200000001\n',
    );
    expect(text('/conf/zoo.cfg.dynamic.200000001')).toBe(
      'server.1=a:1:2:participant\nserver.2=b:1:2:participant;0.0.0.0:2182',
    );
    expect(ensemble()).toEqual(changed);
    expect(read()).toMatchObject({
      ok: true,
      value: { next: null, settings: { clientPort: 2182, clientPortListenBacklog: 7 } },
    });
  });

  test('whatever a crash takes, there is a configuration to start from', () => {
    put('/conf/zoo.cfg', CFG);
    disk.open('/conf/zoo.cfg', 'edit').syncNow();
    disk.open('/data/myid', 'edit').syncNow();
    disk.syncDirectory('/conf');
    disk.syncDirectory('/data');
    const before = ensemble();
    const changed = { ...before, version: 0x2_0000_0001 };
    const files = new EnsembleFiles({ disk, file: '/conf/zoo.cfg' });
    files.propose(changed);
    disk = disk.afterCrash(LOSES_EVERYTHING_UNSYNCED);
    expect(ensemble()).toEqual(before);
    const again = new EnsembleFiles({ disk, file: '/conf/zoo.cfg' });
    again.activate(changed, { hasClientAddress: false });
    disk = disk.afterCrash(LOSES_EVERYTHING_UNSYNCED);
    expect(ensemble()).toEqual(changed);
    expect(read()).toMatchObject({ ok: true, value: { next: changed } });
  });

  test('the copy of what people wrote is made once', () => {
    put('/conf/zoo.cfg', CFG);
    const files = new EnsembleFiles({ disk, file: '/conf/zoo.cfg' });
    files.backUp();
    files.activate(ensemble(), { hasClientAddress: false });
    expect(text('/conf/zoo.cfg')).toContain('clientPort=2182');
    files.backUp();
    expect(text('/conf/zoo.cfg.bak')).toBe(CFG);
  });

  test('a key written over several lines goes whole', () => {
    put('/conf/zoo.cfg', 'dataDir=/data\nserver.1=a:1:2:\\\n  observer\n# end');
    new EnsembleFiles({ disk, file: '/conf/zoo.cfg' }).activate(
      { version: 1, servers: [], groups: null, weights: new Map() },
      { hasClientAddress: false },
    );
    expect(text('/conf/zoo.cfg')).toBe(
      'dataDir=/data\n# end\ndynamicConfigFile=/conf/zoo.cfg.dynamic.1\n',
    );
  });
});
