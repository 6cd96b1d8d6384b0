/** Editing an access list entry by entry: only what is meant changes, and what a server would refuse is said beside it. */
import { beforeEach, describe, expect, test } from 'vitest';

import type { AclEntry } from '#contract/models.ts';

import AclEditor from '../../../../../src-renderer/components/domain/AclEditor.vue';
import { en } from '../../../../../src-renderer/i18n/en.ts';
import { setLanguage } from '../../../../../src-renderer/i18n/words.ts';
import { PERMISSIONS } from '../../../../../src-renderer/model/acl.ts';
import { settled } from '../../fake-console.ts';
import { allOf, buttonNamed, fill, type Mounted, mountIt } from '../../mounting.ts';

beforeEach(() => setLanguage('en'));

const WORLD = { scheme: 'world', id: 'anyone', permissions: 31 };
const DIGEST = { scheme: 'digest', id: 'me:hash=', permissions: 5 };
const LIST: readonly AclEntry[] = [WORLD, DIGEST];

function open(acl = LIST, props: Record<string, unknown> = {}): Promise<Mounted> {
  return mountIt(AclEditor, { modelValue: acl, hasIdentity: true, ...props });
}

/** The lists it gave out, in order. */
function given({ it }: Mounted): AclEntry[][] {
  return (it.emitted('update:modelValue') ?? []).map(([acl]) => acl as AclEntry[]);
}

function entry(index: number): HTMLElement {
  return allOf('.entry')[index]!;
}

function chips(index: number): HTMLButtonElement[] {
  return [...entry(index).querySelectorAll<HTMLButtonElement>('.chip')];
}

describe('permissions', () => {
  test('are shown as they are', async () => {
    await open();
    expect(chips(1).map((chip) => chip.getAttribute('aria-pressed'))).toEqual(
      PERMISSIONS.map(({ bit }) => String((DIGEST.permissions & bit) !== 0)),
    );
  });

  test.each(PERMISSIONS.map(({ name, bit }, i) => [name, bit, i] as const))(
    '%s is switched by itself, and by nothing else',
    async (_, bit, i) => {
      const editor = await open();
      chips(1)[i]!.click();
      expect(given(editor)).toEqual([
        [WORLD, { ...DIGEST, permissions: DIGEST.permissions ^ bit }],
      ]);
    },
  );

  test('a bit the console has no name for stays', async () => {
    const editor = await open([{ ...WORLD, permissions: 33 }]);
    chips(0)[0]!.click();
    expect(given(editor)).toEqual([[{ ...WORLD, permissions: 32 }]]);
  });
});

describe('entries', () => {
  test('an id is changed in its place', async () => {
    const editor = await open();
    fill(entry(1).querySelector('input')!, 'you:hash=');
    expect(given(editor)).toEqual([[WORLD, { ...DIGEST, id: 'you:hash=' }]]);
  });

  test.each([
    [1, 'world', [WORLD, { scheme: 'world', id: 'anyone', permissions: 5 }]],
    [0, 'ip', [{ scheme: 'ip', id: '', permissions: 31 }, DIGEST]],
    [0, 'auth', [{ scheme: 'auth', id: '', permissions: 31 }, DIGEST]],
  ])('entry %i of scheme %s begins with the id that suits it', async (index, scheme, list) => {
    const editor = await open();
    const menu = entry(index).querySelector<HTMLElement>('.scheme button')!;
    menu.dispatchEvent(new KeyboardEvent('keydown', { key: 'Enter', bubbles: true }));
    await settled();
    const items = allOf('[role="menuitemradio"]');
    items.find(({ textContent }) => textContent.trim() === scheme)!.click();
    expect(given(editor)).toEqual([list]);
  });

  test('one is added at the end, one is taken out of its place', async () => {
    const editor = await open();
    buttonNamed(en.acl.add).click();
    entry(0).querySelector<HTMLButtonElement>(`[aria-label="${en.acl.remove}"]`)!.click();
    expect(given(editor)).toEqual([
      [...LIST, WORLD],
      [DIGEST, WORLD],
    ]);
  });

  test('the list that was handed in is not written into', async () => {
    const acl = Object.freeze(LIST.map((one) => Object.freeze({ ...one })));
    await open(acl);
    chips(0)[0]!.click();
    fill(entry(0).querySelector('input')!, 'x');
    expect(acl).toEqual(LIST);
  });

  test('a scheme that a server added stays what it is', async () => {
    await open([{ scheme: 'their-own', id: 'x', permissions: 1 }]);
    expect(entry(0).querySelector('.scheme')!.textContent).toContain('their-own');
    expect(allOf('.problem')).toEqual([]);
  });
});

describe('what a server would refuse', () => {
  test.each([
    [{ ...WORLD, permissions: 0 }, true, 'no-permission'],
    [{ ...WORLD, id: 'me' }, true, 'world-id'],
    [{ scheme: 'auth', id: '', permissions: 1 }, false, 'auth-needs-identity'],
    [{ scheme: 'ip', id: '300.1.1.1', permissions: 1 }, true, 'ip-id'],
  ] as const)('%j is said beside it', async (wrong, hasIdentity, problem) => {
    await open([wrong, WORLD], { hasIdentity });
    expect(entry(0).querySelector('.problem')!.textContent).toBe(en.acl.problems[problem]);
    expect(entry(1).querySelector('.problem')).toBeNull();
  });

  test('is said once who we are is known', async () => {
    const { setProps } = await open([{ scheme: 'auth', id: '', permissions: 1 }], {
      hasIdentity: false,
    });
    expect(allOf('.problem')).toHaveLength(1);
    await setProps({ hasIdentity: true });
    expect(allOf('.problem')).toEqual([]);
  });
});

describe('a list that may only be read', () => {
  test('is shown whole, and nothing can be done with it', async () => {
    await open([{ ...WORLD, id: 'nonsense' }, DIGEST], { isReadOnly: true });
    expect(allOf('.entry')).toHaveLength(2);
    expect(entry(1).textContent).toContain('me:hash=');
    expect(allOf('input')).toEqual([]);
    expect(allOf('.problem')).toEqual([]);
    expect(chips(0).every(({ disabled }) => disabled)).toBe(true);
    expect(allOf('button').length).toBe(10);
  });
});

test('a digest is made of user and password, and only the digest is given out', async () => {
  const editor = await open();
  buttonNamed(en.acl.addDigest).click();
  await settled();
  const [user, password] = allOf<HTMLInputElement>('.generator input');
  fill(user!, 'super');
  fill(password!, 'test');
  await expect
    .poll(() => document.querySelector('.generator code')?.textContent)
    .toBe('super:D/InIHSb7yEEbrWz8b9l71RjZJU=');
  buttonNamed(en.acl.addThis).click();
  await settled();
  expect(given(editor).at(-1)).toEqual([
    ...LIST,
    { scheme: 'digest', id: 'super:D/InIHSb7yEEbrWz8b9l71RjZJU=', permissions: 31 },
  ]);
  expect(allOf('.generator')).toEqual([]);
});
