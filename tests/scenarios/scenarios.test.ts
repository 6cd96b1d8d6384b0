/** Every scenario goes as it is written; where that is meant to change, `npm run scenarios -- --rewrite`. */
import { expect, test } from 'vitest';

import { Disk } from './disk.ts';
import { scenarioFiles } from './files.ts';
import { Laws } from './laws.ts';
import { play } from './script.ts';
import { readEntries, readView, readZxid } from './words.ts';

test.each(scenarioFiles())('$name', ({ text }) => {
  const { headline, text: played } = play(text);
  expect(headline).toMatch(/^[A-Z0-9].*[^.]$/);
  expect(played).toBe(text);
});

test('a command that nobody understands is named with its line', () => {
  expect(() => play('A story\n\n> view 1 2 3\n> dance')).toThrow('line 4, > dance');
});

test('Z6: a promise ahead of the disk breaks the laws', () => {
  const disk = new Disk(readView('1 2 3', 0));
  const ack = { kind: 'ack', zxid: readZxid('2:0') } as const;
  disk.accepted = disk.current = 1;
  expect(() => new Laws().onSent(disk, ack)).toThrow('the epoch, then');
  disk.accepted = disk.current = 2;
  disk.append(readEntries('1:1=a')[0]!);
  expect(() => new Laws().onSent(disk, ack)).toThrow('the log, then');
  disk.synced = 1;
  expect(() => new Laws().onSent(disk, ack)).not.toThrow();
});
