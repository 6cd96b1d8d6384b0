/** What no linter knows: headers, sizes, names, and words that have no business here. */
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';

import { describe, expect, test } from 'vitest';

const ROOT = path.join(import.meta.dirname, '..', '..');
const files = execFileSync('git', ['ls-files', '--cached', '--others', '--exclude-standard'], {
  cwd: ROOT,
  encoding: 'utf8',
})
  .split('\n')
  .filter((file) => file !== '' && fs.existsSync(path.join(ROOT, file)));
const sources = files.filter((file) => /\.(ts|vue|mjs|cjs|js)$/.test(file));
const products = sources.filter((file) => file.startsWith('src-'));

function read(file: string): string {
  return fs.readFileSync(path.join(ROOT, file), 'utf8');
}

/** Files that break a rule, with the line where it helps. */
function offenders(
  of: readonly string[],
  isBroken: (text: string, file: string) => boolean,
): string[] {
  return of.filter((file) => isBroken(read(file), file));
}

describe('files', () => {
  test('each begins by saying what it is', () => {
    const hasHeader = (text: string): boolean => /^(#!.*\n)?(<script[^>]*>\n)?\/\*\*/.test(text);
    const declarations = /\.d\.ts$/;
    expect(
      offenders(
        products.filter((file) => !declarations.test(file) && !file.endsWith('.vue')),
        (text) => !hasHeader(text),
      ),
    ).toEqual([]);
  });

  test('none is longer than a reader bears', () => {
    const lines = (text: string): number => text.split('\n').length;
    expect(
      offenders(
        products.filter((file) => file.endsWith('.vue')),
        (text) => lines(text) > 300,
      ),
    ).toEqual([]);
    expect(
      offenders(
        products.filter((file) => !file.endsWith('.vue')),
        (text) => lines(text) > 620,
      ),
    ).toEqual([]);
  });

  test('no line is wider than a screen half', () => {
    const tooWide = sources.flatMap((file) =>
      read(file)
        .split('\n')
        .flatMap((line, i) =>
          line.length > 140 && !/https?:/.test(line) ? [`${file}:${i + 1}`] : [],
        ),
    );
    expect(tooWide).toEqual([]);
  });

  test('names say what a thing does', () => {
    const vague = /(^|[-/.])(utils?|helpers?|common|misc|shared|manager|stuff)([-/.]|$)/i;
    expect(products.filter((file) => vague.test(file))).toEqual([]);
  });
});

describe('words', () => {
  test.each([
    ['leftovers', /\b(TODO|FIXME|XXX|HACK)\b/],
    ['a test that runs alone', /\b(describe|test|it)\.only\(/],
    ['switched-off checks', /eslint-disable|@ts-ignore|@ts-nocheck|@ts-expect-error/],
    ['markup from strings', /\bv-html\b|\.innerHTML\b/],
    ['code from strings', /\bnew Function\(|\beval\(/],
  ])('no %s', (_, pattern) => {
    const own = path.relative(ROOT, import.meta.filename);
    expect(
      offenders(
        sources.filter((file) => file !== own && file !== 'eslint.config.js'),
        (text) => pattern.test(text),
      ),
    ).toEqual([]);
  });

  test('the project speaks of itself only', () => {
    const texts = files.filter(
      (file) =>
        /\.(ts|vue|mjs|cjs|js|md|json|html|css|py|sh)$/.test(file) && file !== 'package-lock.json',
    );
    const foreign = /\/work\/|\bclaude\b|\banthropic\b|\bopenai\b|\bissue \d|\bissue #\d/i;
    const own = path.relative(ROOT, import.meta.filename);
    expect(
      offenders(
        texts.filter((file) => file !== own),
        (text) => foreign.test(text),
      ),
    ).toEqual([]);
  });
});

test('every room of the server is named in the overview', () => {
  const overview = read('src-server/README.md');
  const rooms = new Set(
    products
      .filter((file) => /^src-server\/.*\//.test(file))
      .map((file) => path.dirname(file).slice('src-server/'.length)),
  );
  expect([...rooms].filter((room) => !overview.includes(`\`${room}\``))).toEqual([]);
});
