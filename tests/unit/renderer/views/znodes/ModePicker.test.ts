/** The kinds of nodes that can be made: all of them, each explained, one chosen. */
import { beforeEach, expect, test } from 'vitest';

import { setLanguage } from '../../../../../src-renderer/i18n/words.ts';
import { CREATE_MODES, isSequential } from '../../../../../src-renderer/model/new-node.ts';
import ModePicker from '../../../../../src-renderer/views/znodes/ModePicker.vue';
import { allOf, mountIt } from '../../mounting.ts';

beforeEach(() => setLanguage('en'));

test('all seven are offered, each with a name and what it means', async () => {
  await mountIt(ModePicker, { modelValue: 'persistent' });
  const modes = allOf('.mode');
  expect(modes).toHaveLength(7);
  const words = modes.map((mode) =>
    ['.name', '.about'].map((part) => mode.querySelector(part)!.textContent.trim()),
  );
  expect(new Set(words.flat()).size).toBe(14);
  expect(words.flat()).not.toContain('');
});

test('sequential ones bear the sign of a list', async () => {
  await mountIt(ModePicker, { modelValue: 'persistent' });
  const signs = allOf('.mode').map((mode) => mode.querySelector('.sequential') !== null);
  expect(signs).toEqual(CREATE_MODES.map(isSequential));
});

test.each(CREATE_MODES)('%s is chosen by its line, and only it', async (mode) => {
  const { it, setProps } = await mountIt(ModePicker, {
    modelValue: mode === 'container' ? 'persistent' : 'container',
  });
  const input = allOf<HTMLInputElement>('input').find(({ value }) => value === mode)!;
  input.click();
  expect(it.emitted('update:modelValue')).toEqual([[mode]]);
  await setProps({ modelValue: mode });
  const chosen = allOf<HTMLInputElement>('input').filter(({ checked }) => checked);
  expect(chosen.map(({ value }) => value)).toEqual([mode]);
});
