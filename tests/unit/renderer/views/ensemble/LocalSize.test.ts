/** The ensemble of this computer: one more member in steps, one fewer with what is left said first, and what a start had to settle. */
import { beforeEach, expect, test, vi } from 'vitest';

import { ApiError } from '#contract/errors.ts';
import type { LocalStart, OperationState } from '#contract/models.ts';

import { useDialogs } from '../../../../../src-renderer/composables/use-dialogs.ts';
import { useRemovalMenu } from '../../../../../src-renderer/composables/use-removal-menu.ts';
import { en } from '../../../../../src-renderer/i18n/en.ts';
import { setLanguage } from '../../../../../src-renderer/i18n/words.ts';
import LocalSize from '../../../../../src-renderer/views/ensemble/LocalSize.vue';
import ShrinkDialog from '../../../../../src-renderer/views/ensemble/ShrinkDialog.vue';
import { ensembleOf, memberOf } from '../../examples.ts';
import { settled, useFakeConsole } from '../../fake-console.ts';
import { allOf, buttonNamed, type Mounted, mountIt, useInPage } from '../../mounting.ts';

vi.mock('../../../../../src-renderer/api/console.ts', async () => {
  const { consoleModule } = await import('../../fake-console.ts');
  return consoleModule;
});

const fake = useFakeConsole();
const words = en.size;
const serving = { kind: 'serving', clientPort: 2181, startedInMs: 1 } as const;
const START: LocalStart = { kind: 'ensemble', movedPorts: [], leftOut: [], isOtherBeside: false };

beforeEach(() => setLanguage('en'));

function tell(local: LocalStart): void {
  const facts = { version: '0', dataDir: '/data dir', connectString: null, member: serving, local };
  fake().begin('app', () => facts);
}

async function show(local: LocalStart): Promise<void> {
  tell(local);
  await fake().connect();
  await mountIt(LocalSize, {
    view: ensembleOf({ members: [1, 2, 3].map((id) => memberOf(id, { local: serving })) }),
  });
  await settled();
}

const text = (selector: string): string =>
  allOf(selector)
    .map(({ textContent }) => textContent.replace(/\s+/g, ' ').trim())
    .join(' | ');

async function grow(label: string): Promise<void> {
  buttonNamed(words.add).dispatchEvent(
    new KeyboardEvent('keydown', { key: 'Enter', bubbles: true }),
  );
  await settled();
  allOf('[role="menuitem"]')
    .find(({ textContent }) => textContent.trim() === label)!
    .click();
  await settled();
}

test('one more comes in steps that are said, and is no news once it takes part', async () => {
  fake().answer('ensemble.grow', () => ({ operation: 'op' }));
  await show(START);
  expect(text('.size .title')).toBe('3 members run here');
  await grow(words.roles.observer);
  expect(fake().paramsOf('ensemble.grow')).toEqual([{ role: 'observer' }]);
  const steps: [number, string][] = [
    [0, words.steps.starting],
    [1, words.steps.catchingUp],
    [2, words.steps.joining],
  ];
  for (const [done, step] of steps) {
    const state: OperationState = { kind: 'running', done, total: 3 };
    fake().say('operation', state);
    await settled();
    expect(text('.growth')).toContain(step);
  }
  fake().say('operation', { kind: 'done', done: 3 });
  await settled();
  expect(allOf('.growth')).toEqual([]);
});

test('one that takes long to be in step need not be waited for', async () => {
  fake().answer('ensemble.grow', () => ({ operation: 'op' }));
  fake().answer('operations.cancel', () => undefined);
  await show(START);
  await grow(words.roles.participant);
  expect(() => buttonNamed(en.common.cancel)).toThrow();
  fake().say('operation', { kind: 'running', done: 1, total: 3 });
  await settled();
  buttonNamed(en.common.cancel).click();
  await settled();
  expect(fake().paramsOf('operations.cancel')).toEqual([{ operation: 'op' }]);
  fake().say('operation', { kind: 'cancelled', done: 1 });
  await settled();
  expect(allOf('.growth, .banner')).toEqual([]);
});

test('what kept one from coming is said, until somebody has read it', async () => {
  fake().refuse('ensemble.grow', new ApiError('reconfig-refused', 'member 4 could not start'));
  await show(START);
  await grow(words.roles.participant);
  expect(text('.banner')).toContain(words.failed);
  expect(text('.banner')).toContain('member 4 could not start');
  buttonNamed(en.common.close).click();
  await settled();
  expect(allOf('.banner')).toEqual([]);
});

test('what the start had to settle is said', async () => {
  await show({
    ...START,
    movedPorts: [{ member: 2, from: 2182, to: 2184, isLasting: false }],
    leftOut: [{ member: 4, folder: '/data/members/4' }],
    isOtherBeside: true,
  });
  const all = text('.banner');
  expect(all).toContain('Another program has port 2182. Clients of member 2 connect to 2184.');
  expect(all).toContain(words.movedDetail);
  expect(all).toContain('/data/members/4');
  expect(all).toContain(words.beside);
});

test('a server on its own cannot grow, and is told how an ensemble begins', async () => {
  await show({ ...START, kind: 'standalone' });
  expect(text('.banner code')).toBe('npm start -- --data "/data dir-ensemble"');
  expect(() => buttonNamed(words.add)).toThrow();
});

// --- one fewer ---

const LISTED = {
  id: 3,
  role: 'participant',
  addresses: [],
  client: null,
  secureClient: null,
  group: null,
  weight: 1,
} as const;
const quorum = (...ids: number[]) => ({
  voters: ids.map((id) => ({
    ...{ id, group: null, weight: 1, isAlive: true },
    standing: { id, kind: 'follows' as const, lag: 0 },
  })),
  observers: [],
  needed: 2,
  alive: ids.length,
  isMet: true,
  mayFail: ids.length - 2,
});

async function removal(isListed: boolean, isRefused = false): Promise<Mounted> {
  fake().answer('ensemble.config', () => ({
    version: 7,
    isGrouped: false,
    members: isListed ? [LISTED] : [],
    standings: [],
    clients: [],
    mayWrite: true,
  }));
  fake().answer('ensemble.planReconfig', () => ({
    fromVersion: 7,
    before: quorum(1, 2, 3),
    after: quorum(1, 2),
    changes: [{ id: 3, what: 'leaves' }],
    refusals: isRefused ? [{ kind: 'new-quorum-absent', ids: [] }] : [],
    warnings: [],
    command: null,
  }));
  await fake().connect();
  const mounted = await mountIt(ShrinkDialog, { id: 3 });
  await settled();
  await settled();
  return mounted;
}

test('one that is to go: what is left is said first, and where its data is afterwards', async () => {
  fake().answer('ensemble.shrink', () => ({ keptIn: '/data/removed/3 today' }));
  await removal(true);
  expect(text('[role="dialog"] .number')).toBe(
    '2 voters remain, 2 of them take part, 2 are needed.None may fail then without stopping writes.',
  );
  buttonNamed(words.removal.confirm).click();
  await settled();
  expect(fake().paramsOf('ensemble.shrink')).toEqual([{ id: 3, isDataKept: true }]);
  expect(text('[role="dialog"]')).toContain('/data/removed/3 today');
});

test('its data is deleted only where that was asked for', async () => {
  fake().answer('ensemble.shrink', () => ({ keptIn: null }));
  await removal(false);
  expect(text('[role="dialog"]')).toContain(words.removal.outside);
  expect(fake().paramsOf('ensemble.planReconfig')).toEqual([]);
  allOf<HTMLInputElement>('input[type="checkbox"]')[0]!.click();
  await settled();
  buttonNamed(words.removal.confirm).click();
  await settled();
  expect(fake().paramsOf('ensemble.shrink')).toEqual([{ id: 3, isDataKept: false }]);
  expect(text('[role="dialog"]')).toContain('its data is deleted');
});

test('one that cannot go stays, whether that is known before or not', async () => {
  const mounted = await removal(true, true);
  expect(text('[role="dialog"]')).toContain(words.removal.refused);
  expect(buttonNamed(words.removal.confirm).disabled).toBe(true);
  mounted.close();

  fake().refuse('ensemble.shrink', new ApiError('reconfig-in-progress', 'another is coming'));
  await removal(true);
  buttonNamed(words.removal.confirm).click();
  await settled();
  expect(text('[role="dialog"]')).toContain('another is coming');
  expect(buttonNamed(words.removal.confirm).disabled).toBe(false);
});

test('only members that run here, beside others, can be removed for good', async () => {
  tell(START);
  await fake().connect();
  const { given } = await useInPage(() => useRemovalMenu());
  await settled();
  const [entry, ...more] = given.entriesFor(memberOf(3, { local: serving }));
  expect(more).toEqual([]);
  if (entry?.kind === 'item') entry.onSelect();
  expect(useDialogs().dialog.value).toEqual({ kind: 'shrink', id: 3 });
  useDialogs().close();
  expect(given.entriesFor(memberOf(3, { local: null }))).toEqual([]);
  expect(given.entriesFor(memberOf(null, { local: serving }))).toEqual([]);
});
