/**
 * Whether the circle is fast enough: 100 nodes × 16384 partitions in a real browser, with the pointer going round, with another
 * node brought out every few frames, and with the ring changing all the time. Prints how long frames took, and how long of each
 * the page's own thread was at work: that is the drawing's, whatever else a machine does.
 *
 * `node tests/screenshots/circle.ts [FOLDER]`; with a folder, a picture of what was drawn is left there. The ring is a fixture:
 * znodes as a controller leaves them, without nodes.
 */
import path from 'node:path';

import type { Page } from 'playwright-core';

import { Client } from '../../src-server/coordination/client/client.ts';
import { nodePlatform } from '../../src-server/platform/node/platform.ts';
import { RingPaths } from '../../src-server/storage/control/paths.ts';
import { formatPartition } from '../../src-server/storage/control/records.ts';
import { ConsolePage, launchBrowser } from '../e2e/console-page.ts';
import { startApp } from '../peers/app.ts';
import { temporaryFolder } from '../peers/folders.ts';
import { writeRing } from '../peers/ring-fixture.ts';
import { until } from '../peers/wait.ts';

const SIZE = { width: 1920, height: 1080 };
const FRAMES = 300;
const FRAME_MS = 1000 / 60;

const [folder] = process.argv.slice(2);
using data = temporaryFolder();
const ports = ['--client-port', '0', '--console-port', '0', '--data', data.path];
const app = await startApp(['serve', '--members', '1', ...ports]);
const browser = await launchBrowser();
const client = new Client({
  platform: nodePlatform({ version: 'circle', logLevel: 'error', writeLog: () => undefined }),
  connect: `127.0.0.1:${app.port}`,
  sessionTimeoutMs: 30_000,
});
try {
  await client.ready();
  const { partitions } = await writeRing(client, { nodes: 100, zones: 5, partitionCount: 16384 });
  const console = await ConsolePage.open(browser, await until('an address', () => app.url()), {
    size: SIZE,
  });
  const { page } = console;
  await page.evaluate(() => (window.location.hash = '/local/ring'));
  await page.locator('.circle canvas').first().waitFor({ timeout: 60_000 });
  await page.locator('.circle .big').waitFor();

  report('still', await framesOf(page, () => Promise.resolve()));
  const box = (await page.locator('.circle').boundingBox())!;
  const centre = { x: box.x + box.width / 2, y: box.y + box.height / 2 };
  const at = (share: number): [number, number] => {
    const angle = share * 2 * Math.PI;
    const radius = box.width * 0.4;
    return [centre.x + Math.sin(angle) * radius, centre.y - Math.cos(angle) * radius];
  };
  let turn = 0;
  report(
    'pointer goes round',
    await framesOf(page, async () => {
      turn += 0.003;
      await page.mouse.move(...at(turn));
    }),
  );
  if (folder !== undefined)
    await page.screenshot({ path: path.join(folder, 'circle.png'), animations: 'disabled' });
  const nodes = page.locator('.zones .node');
  let nth = 0;
  report(
    'a node is brought out, and another',
    await framesOf(page, async () => {
      await nodes.nth(nth++ % 8).hover();
    }),
  );
  const paths = new RingPaths('/ring');
  let changed = 0;
  report(
    'leaders change, a hundred a time',
    await framesOf(page, async () => {
      const steps = Array.from({ length: 100 }, () => {
        const partition = changed++ % partitions.length;
        const state = partitions[partition]!;
        const leader = state.replicas[(state.epoch + 1) % state.replicas.length]!;
        const text = formatPartition({ ...state, leader, epoch: state.epoch + 1 });
        const data = Buffer.from(text);
        return { kind: 'set', path: paths.partition(partition), data, version: -1 } as const;
      });
      await client.multi(steps);
    }),
  );
  for (const complaint of console.complaints) process.stdout.write(`complaint: ${complaint}\n`);
} finally {
  await client.close();
  await browser.close();
  await app.stop();
}

interface Frames {
  readonly gaps: readonly number[];
  /** Of a frame, ms on average. */
  readonly workMs: number;
}

/** How long frames took, ms, while `act` was done again and again. */
async function framesOf(page: Page, act: () => Promise<unknown>): Promise<Frames> {
  const session = await page.context().newCDPSession(page);
  await session.send('Performance.enable');
  const workedS = async (): Promise<number> => {
    const { metrics } = await session.send('Performance.getMetrics');
    return metrics.find(({ name }) => name === 'TaskDuration')?.value ?? 0;
  };
  const beforeS = await workedS();
  const measured = page.evaluate(
    (count) =>
      new Promise<number[]>((resolve) => {
        const gaps: number[] = [];
        let before = performance.now();
        const look = (now: number): void => {
          gaps.push(now - before);
          before = now;
          if (gaps.length < count) requestAnimationFrame(look);
          else resolve(gaps.slice(1));
        };
        requestAnimationFrame(look);
      }),
    FRAMES,
  );
  let isDone = false;
  void measured.then(() => (isDone = true));
  while (!isDone) {
    await act();
    await new Promise((resolve) => void setTimeout(resolve, 4));
  }
  const gaps = await measured;
  const workMs = ((await workedS()) - beforeS) * (1000 / gaps.length);
  await session.detach();
  return { gaps, workMs };
}

function report(what: string, { gaps, workMs }: Frames): void {
  const sorted = [...gaps].sort((a, b) => a - b);
  const at = (share: number): string => sorted[Math.floor(sorted.length * share)]!.toFixed(1);
  const late = gaps.filter((gap) => gap > FRAME_MS * 1.5).length;
  const perS = (1000 * gaps.length) / gaps.reduce((sum, gap) => sum + gap, 0);
  const pace = `${perS.toFixed(1)} frames/s, p50 ${at(0.5)} ms, p99 ${at(0.99)} ms`;
  const work = `${late} of ${gaps.length} late, ${workMs.toFixed(1)} ms of work a frame`;
  process.stdout.write(`${what}: ${pace}, ${work}\n`);
}
