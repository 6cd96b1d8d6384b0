/** The fault lab in a real browser: members of this program cut off, slowed down and paused by somebody who looks. */
import type { Locator } from 'playwright-core';
import { expect, test } from 'vitest';

import { CHROMIUM, describeWith } from '../peers/peers.ts';
import { until } from '../peers/wait.ts';
import type { ConsolePage } from './console-page.ts';
import { setStage } from './stage.ts';

describeWith([CHROMIUM], 'the fault lab in Chromium', () => {
  let console: ConsolePage;

  setStage({
    flags: ['--members', '3'],
    open: async (opened) => {
      console = opened;
      await console.page.getByRole('button', { name: 'Ensemble', exact: true }).click();
      await is(/3 of 3 voters take part/);
    },
  });

  const lab = (): Locator => console.page.locator('.fault-lab');
  const banner = (): Locator => console.page.locator('.broken');
  const row = (id: number): Locator =>
    console.page
      .locator('.members tbody')
      .filter({ has: console.page.locator('.id', { hasText: String(id) }) });
  const way = (from: number, to: number): Locator =>
    lab().getByRole('button', { name: `From member ${from} to member ${to}: ` });
  const field = (name: string): Locator => lab().getByLabel(name, { exact: true });

  async function is(words: RegExp): Promise<void> {
    await until(`the quorum says ${words.source}`, async () =>
      words.test((await console.page.locator('.quorum').textContent()) ?? ''),
    );
  }

  async function leader(): Promise<number> {
    return until('somebody leads', async () => {
      // Who has none says so in words.
      const role = console.page.locator('.chip', { hasText: /^\s*Leader\s*$/ });
      const rows = console.page.locator('.members tbody').filter({ has: role });
      return (await rows.count()) === 1 ? Number(await rows.locator('.id').textContent()) : null;
    });
  }

  async function heal(): Promise<void> {
    await banner().getByRole('button', { name: 'Heal everything' }).click();
    await until('nothing is broken any more', async () => (await banner().count()) === 0);
    await is(/3 of 3 voters take part/);
  }

  test('a leader is isolated, another one is elected, and one click heals it', async () => {
    const first = await leader();
    await lab().getByRole('button', { name: 'Isolate' }).click();
    await console.page.getByRole('menuitem', { name: `Member ${first}` }).click();
    expect(await console.dialog.textContent()).toContain('The leader loses its quorum');
    await console.dialog.getByRole('button', { name: 'Isolate it', exact: true }).click();
    await until('it is told', async () =>
      ((await banner().textContent()) ?? '').includes('4 ways are cut'),
    );
    expect(await lab().locator('.way.cut .cross').count()).toBeGreaterThanOrEqual(4);
    await is(/2 of 3 voters take part/);
    expect(await leader()).not.toBe(first);
    await until('it has no leader', async () =>
      ((await row(first).textContent()) ?? '').includes('Electing'),
    );
    await heal();
    expect(await leader()).not.toBe(first);
  });

  test('a way is chosen in the drawing or by keys, and made slow and lossy in the form beside it', async () => {
    await lab().locator('[data-link="1-2"] .hit').click();
    await lab().getByRole('form', { name: 'Link 1 – 2' }).waitFor();
    await way(1, 2).focus();
    await console.page.keyboard.press('ArrowRight');
    await console.page.keyboard.press('Enter');
    await lab().getByRole('form', { name: 'Link 1 – 3' }).waitFor();
    await field('Delay from 1 to 3, ms').fill('120');
    await field('Loss from 3 to 1, percent').fill('10');
    const about = lab().locator('.editor');
    await until('it is said what loss is', async () =>
      ((await about.textContent()) ?? '').includes('TCP leaves nothing out'),
    );
    expect(await way(1, 3).textContent()).toContain('Open');
    await console.page.keyboard.press('Enter');
    await until('the ways are as written', async () =>
      [await way(1, 3).textContent(), await way(3, 1).textContent()]
        .map((text) => text?.trim())
        .join()
        .includes('120 ms,10 %'),
    );
    expect(await lab().locator('.map .words').allTextContents()).toHaveLength(2);
    // A page that comes later sees the same.
    await console.page.reload();
    await until('it is told', async () =>
      ((await banner().textContent()) ?? '').includes('1 is late · 1 loses'),
    );
    await heal();
  });

  test('a follower is paused, shows as paused, and goes on when it is resumed', async () => {
    const leads = await leader();
    const follower = [1, 2, 3].find((id) => id !== leads)!;
    const menu = console.page.getByRole('button', { name: `Actions for member ${follower}` });
    await menu.click();
    await console.page.getByRole('menuitem', { name: 'Pause…' }).click();
    expect(await console.dialog.textContent()).toContain('as by SIGSTOP');
    await console.dialog.getByRole('button', { name: 'Pause it', exact: true }).click();
    await until('it is paused', async () =>
      ((await row(follower).textContent()) ?? '').includes('Paused'),
    );
    await until('it is told', async () =>
      ((await banner().textContent()) ?? '').includes('1 member is paused'),
    );
    await is(/2 of 3 voters take part/);
    await menu.click();
    await console.page.getByRole('menuitem', { name: 'Resume' }).click();
    await until('nothing is broken any more', async () => (await banner().count()) === 0);
    await is(/3 of 3 voters take part/);
  });
});
