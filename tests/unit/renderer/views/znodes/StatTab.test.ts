/** Every fact the server keeps of a node is there, readable. */
import { beforeEach, expect, test, vi } from 'vitest';

import { stat as statCheck } from '#contract/models.ts';

import { en } from '../../../../../src-renderer/i18n/en.ts';
import { setLanguage } from '../../../../../src-renderer/i18n/words.ts';
import StatTab from '../../../../../src-renderer/views/znodes/StatTab.vue';
import { statOf, znodeOf } from '../../examples.ts';
import { useFakeConsole } from '../../fake-console.ts';
import { allOf, mountIt } from '../../mounting.ts';

useFakeConsole();

beforeEach(() => {
  setLanguage('en');
  vi.spyOn(Date, 'now').mockReturnValue(1_700_000_600_000);
});

const FACTS = {
  czxid: 0x1_0000_0001,
  mzxid: 0x1_0000_0002,
  pzxid: 0x1_0000_0003,
  ctime: 1_700_000_000_000,
  mtime: 1_700_000_540_000,
  version: 21,
  cversion: 22,
  aversion: 23,
  ephemeralOwner: '0000000001abcdef',
  dataLength: 1_234_567,
  numChildren: 98_765,
};

/** What stands beside each name. */
function shown(): Map<string, string> {
  return new Map(
    allOf('.fact').map((fact) => [
      fact.querySelector('dt')!.textContent.trim(),
      fact.querySelector('dd')!.textContent.trim().replace(/\s+/g, ' '),
    ]),
  );
}

test('all eleven, by their names, each once', async () => {
  expect(statCheck.problem(FACTS, 'stat')).toBeNull();
  await mountIt(StatTab, { znode: znodeOf({ stat: FACTS }) });
  const names = Object.keys(FACTS).map((field) => en.stat[field as keyof typeof FACTS].name);
  expect(names).toHaveLength(11);
  expect([...shown().keys()].sort()).toEqual([...names].sort());
});

test('zxids as logs write them, numbers grouped, times readable, the owner as a number', async () => {
  await mountIt(StatTab, { znode: znodeOf({ stat: FACTS }) });
  const of = (field: keyof typeof FACTS): string => shown().get(en.stat[field].name)!;
  expect(['czxid', 'mzxid', 'pzxid'].map((field) => of(field as 'czxid'))).toEqual([
    '0x100000001',
    '0x100000002',
    '0x100000003',
  ]);
  expect(['version', 'cversion', 'aversion'].map((field) => of(field as 'version'))).toEqual([
    '21',
    '22',
    '23',
  ]);
  expect(of('ctime')).toContain('2023');
  expect(of('ctime')).toContain('10 minutes ago');
  expect(of('mtime')).toContain('1 minute ago');
  expect(of('ephemeralOwner')).toBe('0x1abcdef');
  expect(of('dataLength')).toContain('1,234,567');
  expect(of('dataLength')).toContain('1.18 MiB');
  expect(of('numChildren')).toBe('98,765');
});

test('what there is none of is said in words', async () => {
  await mountIt(StatTab, { znode: znodeOf({ stat: statOf({ ctime: 0, mtime: 0 }) }) });
  const of = (field: 'ctime' | 'ephemeralOwner'): string => shown().get(en.stat[field].name)!;
  expect(of('ephemeralOwner')).toBe(en.stat.noOwner);
  expect(of('ctime')).toBe(en.common.never);
});

test('follows the node', async () => {
  const { setProps } = await mountIt(StatTab, { znode: znodeOf({ stat: FACTS }) });
  await setProps({ znode: znodeOf({ stat: { ...FACTS, version: 99 } }) });
  expect(shown().get(en.stat.version.name)).toBe('99');
});
