/** The log file: every line once, in files of bounded number and size. */
import fs from 'node:fs';
import path from 'node:path';

import { expect, test } from 'vitest';

import { LogFile } from '../../../src-main/logs.ts';
import { temporaryFolder } from '../../peers/folders.ts';

test('a full file makes room, and the oldest goes', () => {
  using folder = temporaryFolder();
  const log = new LogFile({ folder: folder.path, bytesMax: 30, filesMax: 3 });
  for (let i = 0; i < 12; i++) log.write(`line ${i}\n`.padEnd(10, '.'));
  log.close();
  const read = (name: string): string => fs.readFileSync(path.join(folder.path, name), 'utf8');
  expect(fs.readdirSync(folder.path).sort()).toEqual([
    'zabring.1.log',
    'zabring.2.log',
    'zabring.log',
  ]);
  expect(read('zabring.log')).toContain('line 11');
  expect(read('zabring.1.log')).toContain('line 8');
  expect(read('zabring.2.log')).toContain('line 5');
});

test('a later run writes on where the one before ended', () => {
  using folder = temporaryFolder();
  const options = { folder: folder.path, bytesMax: 1000, filesMax: 2 };
  for (const line of ['first\n', 'second\n']) {
    const log = new LogFile(options);
    log.write(line);
    log.close();
  }
  expect(fs.readFileSync(path.join(folder.path, 'zabring.log'), 'utf8')).toBe('first\nsecond\n');
});

test('a line larger than a file is written whole', () => {
  using folder = temporaryFolder();
  const log = new LogFile({ folder: folder.path, bytesMax: 10, filesMax: 2 });
  log.write('a line that is too long\n');
  log.write('next\n');
  log.close();
  expect(fs.readFileSync(path.join(folder.path, 'zabring.1.log'), 'utf8')).toContain('too long');
});

test('a log that cannot be written stops nobody', () => {
  using folder = temporaryFolder();
  const log = new LogFile({ folder: folder.path, bytesMax: 10, filesMax: 2 });
  log.write('first line\n');
  // The next file cannot be made where a folder has its name.
  fs.rmSync(path.join(folder.path, 'zabring.log'));
  fs.mkdirSync(path.join(folder.path, 'zabring.log', 'in the way'), { recursive: true });
  fs.mkdirSync(path.join(folder.path, 'zabring.1.log', 'in the way'), { recursive: true });
  log.write('lost\n');
  fs.rmSync(path.join(folder.path, 'zabring.log'), { recursive: true });
  log.write('kept\n');
  log.close();
  expect(fs.readFileSync(path.join(folder.path, 'zabring.log'), 'utf8')).toBe('kept\n');
});
