/** The laws of merging: what one side changed is taken, what both changed alike is taken once, and nothing gets lost unsaid. */
import { describe, expect, test } from 'vitest';

import { mergeTexts } from '../../../../src-renderer/model/text-merge.ts';
import { Prng } from '../../../../src-server/base/prng.ts';

const ROUNDS = 1500;

function randomLines(random: Prng): string {
  const lines = Array.from(
    { length: random.below(8) },
    () => `${random.pick(['a', 'b', 'c', '', 'ä', '😀'])}\n`,
  );
  return lines.join('') + (random.chance(0.3) ? 'end without a break' : '');
}

function changed(random: Prng, text: string): string {
  const lines = text.split(/(?<=\n)/);
  for (let edits = random.below(4); edits > 0; edits--) {
    lines.splice(
      random.below(lines.length + 1),
      random.below(3),
      ...Array.from({ length: random.below(3) }, () => `${random.pick(['x', 'y', 'a', 'b'])}\n`),
    );
  }
  return lines.join('');
}

describe('laws', () => {
  function eachRound(law: (base: string, a: string, b: string) => void): void {
    const random = new Prng(1);
    for (let round = 0; round < ROUNDS; round++) {
      const base = randomLines(random);
      const related = random.chance(0.8);
      law(
        base,
        related ? changed(random, base) : randomLines(random),
        related ? changed(random, base) : randomLines(random),
      );
    }
  }

  test('where only they changed something, theirs is the result', () => {
    eachRound((base, a) => expect(mergeTexts(base, a, base)).toEqual({ text: a, conflicts: 0 }));
  });

  test('where only we changed something, ours is the result', () => {
    eachRound((base, a) => expect(mergeTexts(base, base, a)).toEqual({ text: a, conflicts: 0 }));
  });

  test('where both did the same, it is done once', () => {
    eachRound((base, a) => expect(mergeTexts(base, a, a)).toEqual({ text: a, conflicts: 0 }));
  });

  test('without a conflict it does not matter who is who', () => {
    eachRound((base, a, b) => {
      const merged = mergeTexts(base, a, b);
      if (merged?.conflicts === 0) expect(mergeTexts(base, b, a)).toEqual(merged);
      else expect(mergeTexts(base, b, a)?.conflicts).toBe(merged?.conflicts);
    });
  });

  test('every line that either side added is in the result, or a conflict says that it may not be', () => {
    eachRound((base, a, b) => {
      const merged = mergeTexts(base, a, b);
      if (merged?.conflicts !== 0) return;
      const known = new Set(base.split('\n'));
      const lines = new Set(merged.text.split('\n'));
      for (const line of [...a.split('\n'), ...b.split('\n')]) {
        if (!known.has(line)) expect(lines, JSON.stringify([base, a, b])).toContain(line);
      }
    });
  });

  test('every line we added is in the result, conflict or not', () => {
    eachRound((base, a, b) => {
      const lines = new Set((mergeTexts(base, a, b)?.text ?? '').split('\n'));
      const known = new Set(base.split('\n'));
      for (const line of b.split('\n')) if (!known.has(line)) expect(lines).toContain(line);
    });
  });
});

describe('examples', () => {
  const base = 'one\ntwo\nthree\nfour\nfive\n';

  test('changes in different places come together', () => {
    expect(
      mergeTexts(base, base.replace('one', 'ONE'), base.replace('five', 'FIVE') + 'six\n'),
    ).toEqual({ text: 'ONE\ntwo\nthree\nfour\nFIVE\nsix\n', conflicts: 0 });
  });

  test('where both changed a line, ours is kept and counted', () => {
    expect(mergeTexts(base, base.replace('two', 'theirs'), base.replace('two', 'mine'))).toEqual({
      text: base.replace('two', 'mine'),
      conflicts: 1,
    });
  });

  test('each place is counted once', () => {
    const theirs = base.replace('one', 'a').replace('five', 'b');
    const mine = base.replace('one', 'c').replace('five', 'd');
    expect(mergeTexts(base, theirs, mine)).toEqual({ text: mine, conflicts: 2 });
  });

  test('changes that touch are one place: nobody can tell where one ends and the other begins', () => {
    expect(mergeTexts('a\nb\n', 'A\nb\n', 'a\nB\n')).toEqual({ text: 'a\nB\n', conflicts: 1 });
  });

  test('a line deleted there and changed here is a conflict', () => {
    expect(mergeTexts(base, base.replace('three\n', ''), base.replace('three', '3'))).toEqual({
      text: base.replace('three', '3'),
      conflicts: 1,
    });
  });

  test('line ends are part of their lines', () => {
    expect(mergeTexts('a\r\nb\r\n', 'a\r\nb\r\nc\r\n', 'A\r\nb\r\n')).toEqual({
      text: 'A\r\nb\r\nc\r\n',
      conflicts: 0,
    });
    expect(mergeTexts('a\nb\nc', 'a\nb\nc\n', 'A\nb\nc')).toEqual({
      text: 'A\nb\nc\n',
      conflicts: 0,
    });
  });

  test('texts of more different lines than there are characters for cannot be merged, which is told', () => {
    const many = Array.from({ length: 70_000 }, (_, i) => `${i}\n`).join('');
    expect(mergeTexts(many, many, many)).toBeNull();
    const enough = Array.from({ length: 60_000 }, (_, i) => `${i}\n`).join('');
    expect(mergeTexts(enough, `${enough}more\n`, `first\n${enough}`)).toEqual({
      text: `first\n${enough}more\n`,
      conflicts: 0,
    });
  });
});
