/** The fault lab of the page: nothing is broken before it was said what comes of it, and everything is healed at once. */
import { beforeEach, expect, test, vi } from 'vitest';

import type { EnsembleView } from '#contract/ensemble-models.ts';
import type { FaultsView } from '#contract/fault-models.ts';

import StatusBar from '../../../../../src-renderer/components/layout/StatusBar.vue';
import { useDialogs } from '../../../../../src-renderer/composables/use-dialogs.ts';
import { en } from '../../../../../src-renderer/i18n/en.ts';
import { setLanguage } from '../../../../../src-renderer/i18n/words.ts';
import { cut, healthy } from '../../../../../src-renderer/model/fault-lab.ts';
import EnsemblePage from '../../../../../src-renderer/views/ensemble/EnsemblePage.vue';
import { clusterOf, ensembleOf, memberOf } from '../../examples.ts';
import { settled, useFakeConsole } from '../../fake-console.ts';
import { allOf, buttonNamed, fill, mountIt } from '../../mounting.ts';

vi.mock('../../../../../src-renderer/api/console.ts', async () => {
  const { consoleModule } = await import('../../fake-console.ts');
  return consoleModule;
});

const fake = useFakeConsole();
const words = en.faults;
const serving = { kind: 'serving', clientPort: 2181, startedInMs: 1 } as const;
const NOTHING: FaultsView = { links: [], paused: [] };

beforeEach(() => {
  setLanguage('en');
  vi.stubGlobal(
    'ResizeObserver',
    class {
      observe(): void {}
      disconnect(): void {}
    },
  );
});

/** Three members of this program, the second of which leads. */
function ours(): EnsembleView {
  return ensembleOf({
    members: [1, 2, 3].map((id) =>
      memberOf(id, { local: serving, role: id === 2 ? 'leader' : 'follower' }),
    ),
  });
}

async function show(faults: FaultsView = NOTHING, view = ours()): Promise<void> {
  fake().begin('clusters', () => [clusterOf()]);
  fake().begin('ensemble.members', () => view);
  fake().begin('ensemble.faults', () => faults);
  fake().answer('clusters.identities', () => []);
  fake().answer('ensemble.breakLinks', () => undefined);
  fake().answer('ensemble.heal', () => undefined);
  await fake().connect();
  await mountIt(EnsemblePage);
  await settled();
  await settled();
}

const text = (selector: string): string =>
  allOf(selector)
    .map(({ textContent }) => textContent.replace(/\s+/g, ' ').trim())
    .join(' | ');

/** Of the editor: delay and loss of the first way, then of the second. */
const fields = (): HTMLInputElement[] =>
  allOf<HTMLInputElement>('.editor input').filter(({ type }) => type === 'text');

async function choose(from: number, to: number, state: string): Promise<void> {
  buttonNamed(`From member ${from} to member ${to}: ${state}`).click();
  await settled();
}

test('every way is drawn and listed as it is', async () => {
  await show({
    links: [
      cut({ from: 1, to: 2 }),
      { ...healthy({ from: 3, to: 1 }), delayMs: 100, lossPercent: 20 },
    ],
    paused: [],
  });
  expect(allOf('[data-way="1-2"].cut')).toHaveLength(1);
  expect(allOf('[data-way="2-1"].open')).toHaveLength(1);
  expect(allOf('[data-way="3-1"].lossy')).toHaveLength(1);
  expect(text('.map .words')).toBe('100 ms, 20 %');
  expect(text('.cell.cut')).toBe('Cut');
  expect(text('.broken')).toContain('1 way is cut · 1 is late · 1 loses');
});

test('a link is broken as written, once it was said what comes of it', async () => {
  await show();
  expect(allOf('.broken')).toEqual([]);
  await choose(2, 1, 'Open');
  expect(text('.editor .title')).toBe('Link 1 – 2');
  expect(buttonNamed(words.apply).disabled).toBe(true);
  const [delay, , , loss] = fields();
  fill(delay!, '250');
  fill(loss!, '1000');
  await settled();
  expect(text('.editor .problem')).toBe(words.lossProblem);
  expect(buttonNamed(words.apply).disabled).toBe(true);
  fill(loss!, '40');
  await settled();
  expect(text('.editor')).toContain(words.aboutLoss);
  expect(text('.expected')).toContain('Member 2 goes on leading, with 3 of 3 voters.');
  expect(text('.expected')).toContain(words.trying);
  allOf<HTMLFormElement>('.editor')[0]!.requestSubmit();
  await settled();
  expect(fake().paramsOf('ensemble.breakLinks')).toEqual([
    {
      links: [
        { ...healthy({ from: 1, to: 2 }), delayMs: 250 },
        { ...healthy({ from: 2, to: 1 }), lossPercent: 40 },
      ],
    },
  ]);
});

test('a cut that leaves nobody a quorum says so first', async () => {
  await show({ links: [cut({ from: 2, to: 3 }), cut({ from: 1, to: 3 })], paused: [] });
  await choose(1, 2, 'Open');
  buttonNamed(words.cutBoth).click();
  await settled();
  expect(text('.expected.grave')).toContain('Nobody reaches 2 voters both ways');
  expect(fake().paramsOf('ensemble.breakLinks')).toEqual([]);
  buttonNamed(words.applyAnyway).click();
  await settled();
  expect(fake().paramsOf('ensemble.breakLinks')).toEqual([
    { links: [cut({ from: 1, to: 2 }), cut({ from: 2, to: 1 })] },
  ]);
});

test('what somebody else does to the open link is shown, and a link is healed by itself', async () => {
  await show();
  await choose(1, 3, 'Open');
  fake().say('ensemble.faults', { links: [cut({ from: 3, to: 1 })], paused: [] });
  await settled();
  expect(buttonNamed(words.apply).disabled).toBe(true);
  buttonNamed(words.healLink).click();
  await settled();
  expect(fake().paramsOf('ensemble.breakLinks')).toEqual([
    { links: [healthy({ from: 1, to: 3 }), healthy({ from: 3, to: 1 })] },
  ]);
});

test('a member is isolated after a question, and everything is healed without one', async () => {
  await show({ links: [cut({ from: 1, to: 2 })], paused: [3] });
  expect(text('.broken')).toContain('1 way is cut · 1 member is paused');
  buttonNamed(words.isolate).dispatchEvent(
    new KeyboardEvent('keydown', { key: 'Enter', bubbles: true }),
  );
  await settled();
  allOf('[role="menuitem"]')
    .find(({ textContent }) => textContent.trim() === 'Member 2')!
    .click();
  await settled();
  const dialog = useDialogs().dialog.value;
  if (dialog?.kind !== 'question') throw new Error('nothing is asked');
  expect(dialog.question.text).toContain('Can be elected: 1, 3.');
  dialog.answer('confirm');
  await settled();
  expect(fake().paramsOf('ensemble.breakLinks')[0]?.links).toHaveLength(4);
  allOf<HTMLButtonElement>('.broken button')[0]!.click();
  await settled();
  expect(fake().paramsOf('ensemble.heal')).toEqual([null]);
});

test('the status bar says so on every page, and leads to the lab', async () => {
  fake().begin('clusters', () => [clusterOf()]);
  fake().begin('ensemble.faults', () => ({ links: [cut({ from: 1, to: 2 })], paused: [] }));
  fake().answer('clusters.identities', () => []);
  await fake().connect();
  const { router } = await mountIt(StatusBar, {}, { address: '/local/nodes/a' });
  await settled();
  buttonNamed(words.banner.title).click();
  await settled();
  expect(router.currentRoute.value.fullPath).toBe('/local/ensemble');
  fake().say('ensemble.faults', NOTHING);
  await settled();
  expect(allOf('.sign')).toEqual([]);
});

test('arrow keys go from way to way, over the diagonal', async () => {
  await show();
  buttonNamed('From member 1 to member 2: Open').focus();
  const press = (key: string): string => {
    document.activeElement!.dispatchEvent(new KeyboardEvent('keydown', { key, bubbles: true }));
    return document.activeElement!.getAttribute('data-cell')!;
  };
  expect(press('ArrowDown')).toBe('2 1');
  expect(press('ArrowLeft')).toBe('2 0');
  expect(press('ArrowUp')).toBe('1 0');
  expect(press('ArrowRight')).toBe('1 2');
});

test('there is no lab for ensembles elsewhere', async () => {
  await show(NOTHING, ensembleOf());
  expect(allOf('.fault-lab')).toEqual([]);
});
