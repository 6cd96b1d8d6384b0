/** Keys that work anywhere: not where one writes, not twice, and not longer than who asked for them. */
import { expect, test, vi } from 'vitest';

import { type Hotkey, useHotkeys } from '../../../../src-renderer/composables/use-hotkeys.ts';
import { useInPage } from '../mounting.ts';

function press(init: KeyboardEventInit, on: EventTarget = document.body): KeyboardEvent {
  const event = new KeyboardEvent('keydown', {
    bubbles: true,
    cancelable: true,
    composed: true,
    ...init,
  });
  on.dispatchEvent(event);
  return event;
}

async function register(...hotkeys: Hotkey[]): Promise<() => void> {
  return (await useInPage(() => useHotkeys(hotkeys))).close;
}

const MOD_K = { key: 'k', ctrlKey: true };

test('are taken from the browser where they mean something, and left to it otherwise', async () => {
  const run = vi.fn();
  await register({ keys: 'Mod+K', run });
  expect(press(MOD_K).defaultPrevented).toBe(true);
  expect(press({ key: 'k' }).defaultPrevented).toBe(false);
  expect(run).toHaveBeenCalledOnce();
});

test('that are off are left to others', async () => {
  const run = vi.fn();
  await register({ keys: 'Mod+K', run, isActive: () => false });
  expect(press(MOD_K).defaultPrevented).toBe(false);
  expect(run).not.toHaveBeenCalled();
});

test('that somebody nearer has used are used up', async () => {
  const run = vi.fn();
  await register({ keys: 'Mod+K', run });
  const stop = (event: Event): void => event.preventDefault();
  document.body.addEventListener('keydown', stop);
  press(MOD_K);
  document.body.removeEventListener('keydown', stop);
  expect(run).not.toHaveBeenCalled();
});

test('plain ones belong to whatever is written in, combinations do not', async () => {
  const [help, palette] = [vi.fn(), vi.fn()];
  await register({ keys: '?', run: help }, { keys: 'Mod+K', run: palette });
  const places = ['input', 'textarea', 'div', 'div'].map((tag) => document.createElement(tag));
  places[2]!.setAttribute('contenteditable', 'true');
  places[3]!.setAttribute('role', 'textbox');
  // As the editor of values stands in a shadow root.
  const host = document.createElement('div');
  host.attachShadow({ mode: 'open' }).append(document.createElement('textarea'));
  document.body.append(...places, host);
  const inShadow = host.shadowRoot!.firstElementChild!;
  for (const place of [...places, inShadow]) press({ key: '?', shiftKey: true }, place);
  expect(help).not.toHaveBeenCalled();
  for (const place of [...places, inShadow]) press(MOD_K, place);
  expect(palette).toHaveBeenCalledTimes(5);
  press({ key: '?', shiftKey: true });
  expect(help).toHaveBeenCalledOnce();
  for (const place of [...places, host]) place.remove();
});

test('mean nothing while a character is composed', async () => {
  const run = vi.fn();
  await register({ keys: 'Mod+K', run });
  press({ ...MOD_K, isComposing: true });
  expect(run).not.toHaveBeenCalled();
});

test('go with whoever asked for them', async () => {
  const run = vi.fn();
  const close = await register({ keys: 'Mod+K', run });
  close();
  press(MOD_K);
  expect(run).not.toHaveBeenCalled();
});
