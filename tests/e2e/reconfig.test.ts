/** Who belongs to an ensemble, changed in a real browser: a step that would lose the quorum, and one that is carried out. */
import type { Locator } from 'playwright-core';
import { expect, test } from 'vitest';

import { CHROMIUM, describeWith } from '../peers/peers.ts';
import { until } from '../peers/wait.ts';
import type { ConsolePage } from './console-page.ts';
import { setStage } from './stage.ts';

describeWith([CHROMIUM], 'changing the membership in Chromium', () => {
  let console: ConsolePage;

  setStage({
    flags: ['--members', '3', '--observers', '1'],
    open: async (opened) => {
      console = opened;
      await console.page.getByRole('button', { name: 'Ensemble', exact: true }).click();
      await says(quorumLine(), /3 of 3 voters take part/);
    },
  });

  const quorumLine = (): Locator => console.page.locator('.ensemble .quorum');
  const rowWith = (words: string): Locator =>
    console.page.locator('.members tbody').filter({ hasText: words });
  const now = (): Locator => console.dialog.getByRole('region', { name: /^Now:/ });
  const after = (): Locator => console.dialog.getByRole('region', { name: /^After:/ });
  const notes = (): Locator => console.dialog.locator('.notes');
  const button = (name: string): Locator =>
    console.dialog.getByRole('button', { name, exact: true });

  async function says(place: Locator, words: RegExp): Promise<void> {
    await until(`it says ${words.source}`, async () =>
      words.test((await place.textContent({ timeout: 500 }).catch(() => '')) ?? ''),
    );
  }

  async function choose(member: string, action: string): Promise<void> {
    await console.page.getByRole('button', { name: `Actions for member ${member}` }).click();
    await console.page.getByRole('menuitem', { name: action }).click();
  }

  test('a step that would lose the quorum is not offered, and says why', async () => {
    const followers = await rowWith('Follower').locator('.id').allTextContents();
    const [gone, rest] = followers as [string, string];
    await choose(gone, 'Stop…');
    await button('Stop it').click();
    await says(quorumLine(), /2 of 3 voters take part/);

    await console.page.getByRole('button', { name: 'Change membership…' }).click();
    await console.dialog.getByRole('button', { name: `Remove member ${rest}` }).click();
    await says(notes(), /The new configuration would have no quorum\./);
    await says(notes(), new RegExp(`not with it: ${gone}\\.`));
    await says(after(), /no quorum.*2 of 2 needed.*1 follows now/);
    await says(now(), /tolerates no failure.*2 of 3 needed.*2 alive/);
    expect(await button(`Remove member ${rest}`).last().isDisabled()).toBe(true);
    expect(await console.dialog.locator('.command').count()).toBe(0);

    // The one that is gone may be removed instead: what is left of the voters is there.
    await console.dialog.getByRole('button', { name: `Keep member ${rest}` }).click();
    await console.dialog
      .getByRole('button', { name: `Remove member ${gone}` })
      .first()
      .click();
    await says(after(), /tolerates no failure.*2 of 2 needed.*2 alive/);
    await says(notes(), /An even number of voters\./);
    await until('it may be ordered', () => button(`Remove member ${gone}`).last().isEnabled());
    expect(await console.dialog.locator('.command code').textContent()).toMatch(
      new RegExp(`^reconfig -v [0-9a-f]+ -remove ${gone}$`),
    );
    await console.page.keyboard.press('Escape');
    await console.dialog.waitFor({ state: 'detached' });
    await choose(gone, 'Start');
    await says(quorumLine(), /3 of 3 voters take part/);
  });

  test('fields that are wrong are named, and a newcomer that is not there yet', async () => {
    await console.page.getByRole('button', { name: 'Change membership…' }).click();
    await says(now(), /tolerates 1 failure.*2 of 3 needed.*3 alive/);
    await button('Add a member').click();
    const field = (name: string): Locator => console.dialog.getByLabel(name, { exact: true });
    expect(await field('Id').inputValue()).toBe('5');
    await field('Id').fill('2');
    await says(console.dialog.locator('.fields'), /Taken/);
    await field('Id').fill('5');
    // Nobody listens there, and nobody can: the port stands for no service.
    await field('Host').fill('127.0.0.1');
    await field('Quorum port').fill('1');
    await field('Election port').fill('1');
    await says(console.dialog.locator('.fields'), /The quorum port already/);
    await field('Election port').fill('2');
    await field('Client port').fill('3');
    await says(notes(), /Voters not heard: 5\./);
    await says(after(), /tolerates no failure.*3 of 4 needed.*3 alive/);
    expect(await console.dialog.locator('.command code').textContent()).toContain(
      '-add server.5=127.0.0.1:1:2:participant;127.0.0.1:3',
    );
    await console.page.keyboard.press('Escape');
    await console.dialog.waitFor({ state: 'detached' });
  });

  test('an observer becomes a participant, by keys alone', async () => {
    await console.page.getByRole('button', { name: 'Change membership…' }).focus();
    await console.page.keyboard.press('Enter');
    const role = console.dialog.getByRole('radiogroup', { name: 'Role of member 4' });
    await role.getByRole('radio', { name: 'Observer' }).focus();
    await console.page.keyboard.press('ArrowLeft');
    await says(notes(), /Voters that observe now: 4\./);
    await says(after(), /tolerates 1 failure.*3 of 4 needed.*4 alive/);
    const confirm = button('Make member 4 a participant');
    await until('it may be ordered', () => confirm.isEnabled());
    await confirm.focus();
    await console.page.keyboard.press('Enter');
    await says(console.dialog, /Version 0x[0-9a-f]+ is in force\./);
    await says(console.dialog, /Every voter follows\./);
    await button('Done').click();
    await says(quorumLine(), /4 of 4 voters take part · 3 are needed/);

    // And back again, so that the next one finds what it expects.
    await choose('4', 'Make an observer…');
    await until('it may be ordered', () => button('Make member 4 an observer').isEnabled());
    await button('Make member 4 an observer').click();
    await says(console.dialog, /Every voter follows\./);
    await button('Done').click();
    await says(quorumLine(), /3 of 3 voters take part/);
  });
});
