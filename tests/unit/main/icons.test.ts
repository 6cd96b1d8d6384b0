/** The committed icons: containers whose every picture is a PNG of the size they claim. */
import fs from 'node:fs';
import path from 'node:path';

import { expect, test } from 'vitest';

const FOLDER = path.join(import.meta.dirname, '..', '..', '..', 'resources', 'icons');
const PNG = '89504e470d0a1a0a';

function widthOf(png: Buffer): number {
  expect(png.subarray(0, 8).toString('hex')).toBe(PNG);
  expect(png.readUInt32BE(16)).toBe(png.readUInt32BE(20));
  return png.readUInt32BE(16);
}

test('Windows finds every size it shows', () => {
  const ico = fs.readFileSync(path.join(FOLDER, 'icon.ico'));
  const sizes = Array.from({ length: ico.readUInt16LE(4) }, (_, index) => {
    const at = 6 + index * 16;
    const offset = ico.readUInt32LE(at + 12);
    const width = widthOf(ico.subarray(offset, offset + ico.readUInt32LE(at + 8)));
    expect(ico[at]).toBe(width % 256);
    return width;
  });
  expect(sizes).toEqual([16, 24, 32, 48, 64, 128, 256]);
});

test('macOS finds every size it shows, at both densities', () => {
  const icns = fs.readFileSync(path.join(FOLDER, 'icon.icns'));
  expect(icns.subarray(0, 4).toString('latin1')).toBe('icns');
  expect(icns.readUInt32BE(4)).toBe(icns.length);
  const pictures: [string, number][] = [];
  for (let at = 8; at < icns.length; at += icns.readUInt32BE(at + 4)) {
    const type = icns.subarray(at, at + 4).toString('latin1');
    pictures.push([type, widthOf(icns.subarray(at + 8, at + icns.readUInt32BE(at + 4)))]);
  }
  expect(pictures).toEqual([
    ['icp4', 16],
    ['icp5', 32],
    ['ic11', 32],
    ['ic12', 64],
    ['ic07', 128],
    ['ic08', 256],
    ['ic13', 256],
    ['ic09', 512],
    ['ic14', 512],
    ['ic10', 1024],
  ]);
});

test('Linux finds its pictures by their names', () => {
  for (const name of fs.readdirSync(path.join(FOLDER, 'png'))) {
    const width = widthOf(fs.readFileSync(path.join(FOLDER, 'png', name)));
    expect(name).toBe(`${width}x${width}.png`);
  }
});
