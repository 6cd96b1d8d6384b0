/** Draws the app's icon in every size from its two sources, and packs it for each system: `node tests/icons/main.ts`. */
import fs from 'node:fs';
import path from 'node:path';

import { chromium } from 'playwright-core';

import { CHROMIUM } from '../peers/peers.ts';
import { type Picture, toIcns, toIco } from './containers.ts';

const FOLDER = path.join(import.meta.dirname, '..', '..', 'resources', 'icons');
const PIXELS = [16, 24, 32, 48, 64, 128, 256, 512, 1024];
/** Up to here fewer parts are more. */
const SMALL_PIXELS_MAX = 32;
const PNG = [16, 32, 48, 64, 128, 256, 512];
const ICO = [16, 24, 32, 48, 64, 128, 256];
const ICNS = [16, 32, 64, 128, 256, 512, 1024];

const large = fs.readFileSync(path.join(FOLDER, 'icon.svg'), 'utf8');
const small = fs.readFileSync(path.join(FOLDER, 'icon-small.svg'), 'utf8');
const browser = await chromium.launch({
  executablePath: CHROMIUM.files[0]!,
  args: ['--headless', '--no-sandbox', '--disable-gpu'],
});
const pictures: Picture[] = [];
try {
  const page = await browser.newPage();
  for (const pixels of PIXELS) {
    await page.setViewportSize({ width: pixels, height: pixels });
    const svg = pixels <= SMALL_PIXELS_MAX ? small : large;
    await page.setContent(
      `<style>html,body{margin:0;background:transparent}svg{display:block;width:100vw;height:100vh}</style>${svg}`,
    );
    pictures.push({ pixels, png: await page.screenshot({ omitBackground: true }) });
  }
} finally {
  await browser.close();
}

const these = (sizes: readonly number[]): Picture[] =>
  pictures.filter(({ pixels }) => sizes.includes(pixels));
const pngFolder = path.join(FOLDER, 'png');
fs.mkdirSync(pngFolder, { recursive: true });
for (const { pixels, png } of these(PNG))
  fs.writeFileSync(path.join(pngFolder, `${pixels}x${pixels}.png`), png);
fs.writeFileSync(path.join(FOLDER, 'icon.ico'), toIco(these(ICO)));
fs.writeFileSync(path.join(FOLDER, 'icon.icns'), toIcns(these(ICNS)));
