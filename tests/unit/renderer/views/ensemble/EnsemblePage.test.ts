/** The page of an ensemble: what is wrong is said with what helps, and nothing is ended before saying what would be left. */
import { beforeEach, describe, expect, test, vi } from 'vitest';

import type { EnsembleView } from '#contract/ensemble-models.ts';

import { useDialogs } from '../../../../../src-renderer/composables/use-dialogs.ts';
import { en } from '../../../../../src-renderer/i18n/en.ts';
import { setLanguage } from '../../../../../src-renderer/i18n/words.ts';
import EnsemblePage from '../../../../../src-renderer/views/ensemble/EnsemblePage.vue';
import { clusterOf, ensembleOf, memberOf } from '../../examples.ts';
import { settled, useFakeConsole } from '../../fake-console.ts';
import { allOf, buttonNamed, mountIt } from '../../mounting.ts';

vi.mock('../../../../../src-renderer/api/console.ts', async () => {
  const { consoleModule } = await import('../../fake-console.ts');
  return consoleModule;
});

const fake = useFakeConsole();
const words = en.ensemble;
const serving = { kind: 'serving', clientPort: 2181, startedInMs: 1 } as const;

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

async function show(view: EnsembleView): Promise<void> {
  fake().begin('clusters', () => [clusterOf()]);
  fake().begin('ensemble.members', () => view);
  fake().answer('clusters.identities', () => []);
  fake().answer('ensemble.order', () => undefined);
  await fake().connect();
  await mountIt(EnsemblePage);
  await settled();
  await settled();
}

const text = (selector: string): string =>
  allOf(selector)
    .map(({ textContent }) => textContent.replace(/\s+/g, ' ').trim())
    .join(' | ');

test('a whole ensemble says how much it bears', async () => {
  await show(ensembleOf());
  expect(text('.quorum .words')).toContain(words.standings.met);
  expect(text('.quorum .words')).toContain('1 may fail before writes stop');
  expect(allOf('.quorum .mark.alive')).toHaveLength(3);
  expect(allOf('tr.member')).toHaveLength(3);
  expect(allOf('tr.trouble')).toEqual([]);
  expect(text('tr.member')).toContain('0x100000005');
  expect(allOf('.chart')).toHaveLength(5);
});

test('without quorum it says what is missing, and of each member why and what helps', async () => {
  await show(
    ensembleOf({
      quorum: { voters: 3, alive: 0, needed: 2, isMet: false, mayFail: 0 },
      members: [
        memberOf(1, { role: 'looking', trouble: 'looking', lag: null }),
        memberOf(2, { role: 'unreachable', trouble: 'refused', detail: 'connect ECONNREFUSED' }),
        memberOf(3, { role: 'unreachable', trouble: 'silent' }),
      ],
    }),
  );
  expect(text('.quorum .words')).toContain(words.standings.lost);
  expect(text('.quorum .words')).toContain('2 are missing');
  expect(text('tr.trouble')).toContain(words.troubles.refused.advice);
  expect(text('tr.trouble')).toContain('connect ECONNREFUSED');
  expect(text('tr.trouble')).toContain(words.troubles.silent.title);
});

test('refused words are named, with the line that opens them', async () => {
  await show(ensembleOf({ members: [memberOf(1, { refusedWords: ['mntr'] })] }));
  expect(text('.refused')).toContain('1 server does not answer mntr.');
  expect(text('.refused code')).toBe('4lw.commands.whitelist=srvr,mntr,conf,isro');
});

test('a server on its own is no ensemble in distress', async () => {
  await show(ensembleOf({ quorum: null, members: [memberOf(null, { role: 'standalone' })] }));
  expect(text('.quorum .words')).toContain(words.standings.alone);
  expect(allOf('.quorum.tone-idle')).toHaveLength(1);
});

test('details open below their member, and arrow keys go from one to the next', async () => {
  await show(ensembleOf());
  const [first, second] = allOf('tr.member .open');
  first!.focus();
  first!.click();
  await settled();
  expect(text('tr.details')).toContain('Writes go on with 2 of 3; after that none may fail.');
  first!.dispatchEvent(new KeyboardEvent('keydown', { key: 'ArrowDown', bubbles: true }));
  expect(document.activeElement).toBe(second);
});

describe('members of this program', () => {
  const ours = (
    isMet: boolean,
    part: Parameters<typeof memberOf>[1] = {},
  ): ReturnType<typeof ensembleOf> =>
    ensembleOf({
      members: [
        memberOf(1, {
          local: serving,
          ifStopped: { voters: 3, alive: isMet ? 2 : 1, needed: 2, isMet, mayFail: 0 },
          ...part,
        }),
      ],
    });

  async function choose(label: string): Promise<void> {
    buttonNamed('Actions for member 1').dispatchEvent(
      new KeyboardEvent('keydown', { key: 'Enter', bubbles: true }),
    );
    await settled();
    allOf('[role="menuitem"]')
      .find(({ textContent }) => textContent.trim() === label)!
      .click();
    await settled();
  }

  function question(): { readonly text: string; readonly isDanger: boolean } {
    const dialog = useDialogs().dialog.value;
    if (dialog?.kind !== 'question') throw new Error('nothing is asked');
    return dialog.question;
  }

  async function answer(given: 'confirm' | 'cancel'): Promise<void> {
    const dialog = useDialogs().dialog.value;
    if (dialog?.kind === 'question') dialog.answer(given);
    await settled();
  }

  test('are ended once it was said what is left', async () => {
    await show(ours(true));
    await choose(words.actions.stop);
    expect(question()).toMatchObject({
      text: 'Writes go on with 2 of 3; after that none may fail.',
      isDanger: false,
    });
    expect(fake().paramsOf('ensemble.order')).toEqual([]);
    await answer('confirm');
    expect(fake().paramsOf('ensemble.order')).toEqual([{ id: 1, what: 'stop' }]);
  });

  test('are not ended against the quorum without a warning, nor after thinking better of it', async () => {
    await show(ours(false));
    await choose(words.actions.kill);
    expect(question().isDanger).toBe(true);
    expect(question().text).toContain('Quorum is lost: 1 of 3 remain, 2 are needed.');
    await answer('cancel');
    expect(fake().paramsOf('ensemble.order')).toEqual([]);
  });

  test('are paused once it was said what is left, and resumed without being asked', async () => {
    await show(ours(true));
    await choose(words.actions.pause);
    expect(question().text).toContain('as by SIGSTOP');
    expect(question().text).toContain('Writes go on with 2 of 3; after that none may fail.');
    await answer('confirm');
    expect(fake().paramsOf('ensemble.order')).toEqual([{ id: 1, what: 'pause' }]);
    const paused = ours(true, {
      local: { kind: 'paused' },
      role: 'unreachable',
      trouble: 'silent',
    });
    fake().say('ensemble.members', paused);
    await settled();
    expect(text('tr.member')).toContain(words.locals.paused);
    // It was paused by us: nothing is wrong.
    expect(allOf('tr.trouble')).toEqual([]);
    await choose(words.actions.resume);
    expect(fake().paramsOf('ensemble.order')).toContainEqual({ id: 1, what: 'resume' });
  });

  test('that are stopped can be started, without being asked', async () => {
    await show(ours(true, { local: { kind: 'stopped' }, role: 'unreachable', trouble: 'refused' }));
    expect(text('tr.member')).toContain(words.locals.stopped);
    // It was stopped by us: nothing is wrong.
    expect(allOf('tr.trouble')).toEqual([]);
    await choose(words.actions.start);
    expect(fake().paramsOf('ensemble.order')).toEqual([{ id: 1, what: 'start' }]);
  });
});

test('members elsewhere cannot be ended from here', async () => {
  await show(ensembleOf());
  buttonNamed('Actions for member 1').dispatchEvent(
    new KeyboardEvent('keydown', { key: 'Enter', bubbles: true }),
  );
  await settled();
  const offered = allOf('[role="menuitem"]').map(({ textContent }) => textContent.trim());
  const { start, pause, stop, kill } = words.actions;
  expect(offered.length).toBeGreaterThan(0);
  for (const own of [start, pause, stop, kill]) expect(offered).not.toContain(own);
});
