/** The ensemble page in a real browser: three members of this program, ended and started again by somebody who looks. */
import fs from 'node:fs';
import path from 'node:path';

import type { Locator } from 'playwright-core';
import { expect, test } from 'vitest';

import { CHROMIUM, describeWith } from '../peers/peers.ts';
import { until } from '../peers/wait.ts';
import type { ConsolePage } from './console-page.ts';
import { setStage } from './stage.ts';

describeWith([CHROMIUM], 'the ensemble page in Chromium', () => {
  let console: ConsolePage;

  setStage({
    flags: ['--members', '3'],
    open: async (opened) => {
      console = opened;
      await console.page.getByRole('button', { name: 'Ensemble', exact: true }).click();
      await is(/3 of 3 voters take part/);
    },
  });

  const quorum = (): Locator => console.page.locator('.quorum');
  const rowWith = (words: string): Locator =>
    console.page.locator('.members tbody').filter({ hasText: words });

  async function is(words: RegExp): Promise<void> {
    await until(`the quorum says ${words.source}`, async () =>
      words.test((await quorum().textContent()) ?? ''),
    );
  }

  async function choose(member: string, action: string): Promise<void> {
    await console.page.getByRole('button', { name: `Actions for member ${member}` }).click();
    await console.page.getByRole('menuitem', { name: action }).click();
  }

  test('members with their roles and figures, and charts that move', async () => {
    await is(/1 may fail before writes stop/);
    expect(await console.page.locator('.members tr.member').count()).toBe(3);
    expect(await rowWith('Leader').count()).toBe(1);
    expect(await rowWith('Follower').count()).toBe(2);
    expect(await rowWith('Leader').textContent()).toMatch(/0x[1-9a-f][0-9a-f]{8}/);
    await until('lines are drawn', async () => {
      const lines = await console.page.locator('.chart').last().locator('path.line').all();
      const shapes = await Promise.all(lines.map((line) => line.getAttribute('d')));
      return shapes.length === 3 && shapes.every((shape) => shape?.includes('L'));
    });
    const chart = console.page.locator('.chart .plot').last();
    await chart.hover();
    const box = (await chart.boundingBox())!;
    await console.page.mouse.move(box.x + box.width - 8, box.y + 40);
    await until('values stand beside the pointer', async () =>
      /1\s*\d+\s*2\s*\d+\s*3\s*\d+/.test(
        (await chart
          .locator('.note')
          .textContent()
          .catch(() => '')) ?? '',
      ),
    );
  });

  test('the page is reached by keys, and details open by keys', async () => {
    await console.page.getByRole('button', { name: 'Nodes', exact: true }).click();
    await console.tree.waitFor();
    await console.page.keyboard.press('Alt+m');
    await quorum().waitFor();
    await console.page.locator('.members .open').first().focus();
    await console.page.keyboard.press('ArrowDown');
    await console.page.keyboard.press('Enter');
    const details = console.page.locator('.details');
    await details.waitFor();
    expect(await details.textContent()).toContain('Writes go on with 2 of 3; after that none');
    await console.page.reload();
    await is(/3 of 3 voters take part/);
  });

  test('a leader is killed and comes back; a quorum is not given up without a warning', async () => {
    const leader = (await rowWith('Leader').locator('.id').textContent())!;
    await choose(leader, 'Kill…');
    expect(await console.dialog.textContent()).toContain('the others elect another one');
    await console.dialog.getByRole('button', { name: 'Kill it', exact: true }).click();
    await is(/2 of 3 voters take part.*none may fail/);
    await until('it shows as stopped', async () =>
      ((await rowWith('Stopped').textContent()) ?? '').includes(leader),
    );
    const next = (await rowWith('Leader').locator('.id').textContent())!;
    expect(next).not.toBe(leader);

    await choose(next, 'Stop…');
    expect(await console.dialog.textContent()).toContain('Quorum is lost: 1 of 3 remain');
    await console.dialog.getByRole('button', { name: 'Stop it all the same' }).click();
    await is(/No quorum: nothing can be written/);
    await until('the last one says what it lacks', async () =>
      ((await rowWith('Electing').textContent()) ?? '').includes('It has no leader.'),
    );

    for (const id of [leader, next]) {
      await choose(id, 'Start');
      await until('it is on its way', async () => (await rowWith('Stopped').count()) < 2);
    }
    await is(/3 of 3 voters take part/);
  });

  test('one more member is added, takes part, and is removed for good', async () => {
    await console.page.getByRole('button', { name: 'Add a member' }).click();
    await console.page.getByRole('menuitem', { name: 'One that votes' }).click();
    await is(/4 of 4 voters take part/);
    await until('it runs here as the others do', async () =>
      /^4 members run here/.test((await console.page.locator('.size .title').textContent()) ?? ''),
    );
    await choose('4', 'Remove from the ensemble…');
    await console.dialog.getByText('3 voters remain, 3 of them take part, 2 are needed.').waitFor();
    await console.dialog.getByRole('button', { name: 'Remove it' }).click();
    await console.dialog.getByText('Member 4 is removed. Its data is kept in').waitFor();
    const kept = await console.dialog.locator('code').textContent();
    expect(fs.existsSync(path.join(kept!, 'zoo.cfg'))).toBe(true);
    await console.dialog.getByRole('button', { name: 'Done' }).click();
    await is(/3 of 3 voters take part/);
    await until('three run here', async () =>
      /^3 members run here/.test((await console.page.locator('.size .title').textContent()) ?? ''),
    );
  });
});
