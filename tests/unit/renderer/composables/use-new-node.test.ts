/** A node about to be created: what is said about it while it is filled in, and what is sent in the end. */
import { beforeEach, describe, expect, test, vi } from 'vitest';
import { nextTick } from 'vue';

import { ApiError } from '#contract/errors.ts';

import {
  type NewNodeEntry,
  useNewNode,
} from '../../../../src-renderer/composables/use-new-node.ts';
import { setLanguage, t } from '../../../../src-renderer/i18n/words.ts';
import { VALUE_BYTES_MAX } from '../../../../src-renderer/model/new-node.ts';
import { statOf, znodeOf } from '../examples.ts';
import { settled, useFakeConsole } from '../fake-console.ts';
import { bytesOf } from '../model/random.ts';
import { useInPage } from '../mounting.ts';

vi.mock('../../../../src-renderer/api/console.ts', async () => {
  const { consoleModule } = await import('../fake-console.ts');
  return consoleModule;
});

const fake = useFakeConsole();
const OPEN = [{ scheme: 'world', id: 'anyone', permissions: 31 }];

beforeEach(() => {
  setLanguage('en');
  fake().answer('znodes.get', ({ path }) => {
    if (path === '/gone') throw new ApiError('no-node', 'no such node');
    return znodeOf({
      path,
      kind: path === '/short' ? 'ephemeral' : 'persistent',
      stat: { cversion: 12, numChildren: 2 },
    });
  });
  fake().answer('znodes.create', ({ path }) => ({ path, stat: statOf() }));
});

async function begin(parent = '/a'): Promise<NewNodeEntry> {
  await fake().connect();
  const { given } = await useInPage(() => useNewNode(parent));
  await settled();
  return given;
}

test('begins below its parent, without a name, which cannot be made yet', async () => {
  const entry = await begin();
  expect(entry.form.path).toBe('/a/');
  expect([entry.pathWords.value, entry.canCreate.value]).toEqual([t('path.no-name'), false]);
  expect((await begin('/')).form.path).toBe('/');
});

test('is made as it was filled in', async () => {
  const entry = await begin();
  entry.form.path = '/a/b';
  entry.form.text = 'é';
  expect(entry.canCreate.value).toBe(true);
  expect(await entry.create()).toBe('/a/b');
  expect(fake().paramsOf('znodes.create')).toEqual([
    {
      cluster: 'local',
      path: '/a/b',
      mode: 'persistent',
      data: bytesOf('é'),
      acl: OPEN,
      ttlMs: null,
      withParents: false,
    },
  ]);
});

describe('the parent', () => {
  test('that is missing is said, and made as well if one likes', async () => {
    const entry = await begin();
    entry.form.path = '/gone/b';
    await settled();
    expect(entry.isParentMissing.value).toBe(true);
    expect(entry.pathWords.value).toBe(t('create.noParent', { parent: '/gone' }));
    entry.form.withParents = true;
    expect([entry.pathWords.value, entry.canCreate.value]).toEqual([null, true]);
    await entry.create();
    expect(fake().paramsOf('znodes.create')[0]?.withParents).toBe(true);
  });

  test('that is there is not made, whatever was ticked before', async () => {
    const entry = await begin();
    entry.form.withParents = true;
    entry.form.path = '/a/b';
    await settled();
    await entry.create();
    expect(fake().paramsOf('znodes.create')[0]?.withParents).toBe(false);
  });

  test('that belongs to a session can have no children', async () => {
    const entry = await begin();
    entry.form.path = '/short/b';
    await settled();
    expect(entry.pathWords.value).toBe(t('create.ephemeralParent', { parent: '/short' }));
    expect(entry.canCreate.value).toBe(false);
  });

  test('that may not be looked at is no obstacle', async () => {
    fake().refuse('znodes.get', new ApiError('no-auth', 'no'));
    const entry = await begin();
    entry.form.path = '/secret/b';
    await settled();
    expect(entry.canCreate.value).toBe(true);
  });

  test('is asked once while only the name is written, and a late answer is passed over', async () => {
    const entry = await begin();
    for (const path of ['/a/b', '/a/bc', '/a/bcd']) {
      entry.form.path = path;
      await nextTick();
    }
    expect(fake().paramsOf('znodes.get')).toHaveLength(1);
    const held = fake().hold('znodes.get');
    entry.form.path = '/short/x';
    await settled();
    entry.form.path = '/a/x';
    await settled();
    held[1]!(znodeOf());
    held[0]!(znodeOf({ kind: 'ephemeral' }));
    await settled();
    expect(entry.pathWords.value).toBeNull();
  });

  test('tells the next number of a sequence', async () => {
    const entry = await begin();
    entry.form.path = '/a/job-';
    expect(entry.sequence.value).toBeNull();
    entry.form.mode = 'persistent-sequential';
    expect(entry.sequence.value).toBe('job-0000000007');
    entry.form.path = '/a/';
    expect([entry.sequence.value, entry.pathWords.value]).toEqual(['0000000007', null]);
  });
});

describe('the value', () => {
  test('is none, text, bytes or a file', async () => {
    const entry = await begin();
    entry.form.path = '/a/b';
    const sent = async (): Promise<unknown> => {
      await entry.create();
      return fake().paramsOf('znodes.create').at(-1)?.data;
    };
    entry.setSource('none');
    expect(await sent()).toBeNull();
    entry.setSource('text');
    expect(await sent()).toEqual(new Uint8Array(0));
    entry.setSource('hex');
    entry.form.hex = 'ff 00';
    expect(await sent()).toEqual(Uint8Array.of(0xff, 0));
    entry.setSource('file');
    expect([entry.dataWords.value, entry.canCreate.value]).toEqual([t('create.noFile'), false]);
    entry.form.file = { name: 'x', bytes: Uint8Array.of(7) };
    expect(await sent()).toEqual(Uint8Array.of(7));
  });

  test('goes along from text to bytes and back, as far as it can', async () => {
    const { form, setSource } = await begin();
    form.text = 'aé';
    setSource('hex');
    expect(form.hex).toBe('61 c3 a9');
    form.hex = '62';
    setSource('text');
    expect(form.text).toBe('b');
    setSource('hex');
    form.hex = 'ff';
    setSource('text');
    expect(form.text).toBe('b');
  });

  test('that is no bytes is said', async () => {
    const entry = await begin();
    entry.form.path = '/a/b';
    entry.setSource('hex');
    entry.form.hex = 'f';
    expect([entry.dataWords.value, entry.canCreate.value]).toEqual([t('create.badHex'), false]);
    entry.setSource('text');
    entry.form.text = '\ud800';
    expect(entry.dataWords.value).toBe(t('create.badText'));
    entry.form.text = 'a'.repeat(VALUE_BYTES_MAX + 1);
    expect(entry.dataWords.value).toBe(t('create.tooLarge'));
  });
});

test.each([
  ['2', 'min', 120_000, null],
  ['1.5', 's', 1500, null],
  ['', 'min', NaN, 'not-positive'],
  ['x', 'min', NaN, 'not-positive'],
  ['-1', 's', -1000, 'not-positive'],
  ['99999', 'd', 8_639_913_600_000, 'too-long'],
] as const)('a time to live of %s %s', async (ttl, ttlUnit, ms, problem) => {
  const entry = await begin();
  Object.assign(entry.form, { path: '/a/b', mode: 'persistent-ttl', ttl, ttlUnit });
  expect(entry.problems.value.ttl).toBe(problem);
  if (problem !== null) return;
  await entry.create();
  expect(fake().paramsOf('znodes.create')[0]?.ttlMs).toBe(ms);
});

test('the usual lists fill the list in; one’s own begins with what was there', async () => {
  const { form } = await begin();
  form.preset = 'creator';
  await nextTick();
  expect(form.acl).toEqual([{ scheme: 'auth', id: '', permissions: 31 }]);
  form.preset = 'custom';
  await nextTick();
  expect(form.acl).toEqual([{ scheme: 'auth', id: '', permissions: 31 }]);
});

test('is busy while it is made, and free again when that is refused', async () => {
  const entry = await begin();
  entry.form.path = '/a/b';
  fake().refuse('znodes.create', new ApiError('node-exists', 'there is one'));
  const made = entry.create();
  expect(entry.isBusy.value).toBe(true);
  await expect(made).rejects.toMatchObject({ code: 'node-exists' });
  expect(entry.isBusy.value).toBe(false);
});
