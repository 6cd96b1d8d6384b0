/** A node about to be created, judged before anything is sent. */
import { describe, expect, test } from 'vitest';

import { createMode } from '#contract/models.ts';

import { presetAcl } from '../../../../src-renderer/model/acl.ts';
import {
  CREATE_MODES,
  hasTtl,
  isEphemeral,
  isFlawless,
  isSequential,
  type NewNode,
  newNodeProblems,
  nextSequence,
  TTL_MS_MAX,
  TTL_UNITS,
  VALUE_BYTES_MAX,
} from '../../../../src-renderer/model/new-node.ts';
import { Prng } from '../../../../src-server/base/prng.ts';
import { isValidPath, sequenceSuffix } from '../../../../src-server/coordination/state/paths.ts';

function nodeOf(part: Partial<NewNode>): NewNode {
  return {
    path: '/a',
    mode: 'persistent',
    ttlMs: null,
    acl: presetAcl('open'),
    dataLength: 0,
    ...part,
  };
}

describe('modes', () => {
  test('all of the contract are offered, each once', () => {
    expect(new Set(CREATE_MODES).size).toBe(CREATE_MODES.length);
    expect(CREATE_MODES).toHaveLength(7);
    for (const mode of CREATE_MODES) expect(createMode.problem(mode, 'mode')).toBeNull();
  });

  test.each([
    ['persistent', false, false, false],
    ['ephemeral', false, true, false],
    ['persistent-sequential', true, false, false],
    ['ephemeral-sequential', true, true, false],
    ['container', false, false, false],
    ['persistent-ttl', false, false, true],
    ['persistent-sequential-ttl', true, false, true],
  ] as const)('%s: sequential %s, ephemeral %s, with a time to live %s', (mode, ...traits) => {
    expect([isSequential(mode), isEphemeral(mode), hasTtl(mode)]).toEqual(traits);
  });
});

describe('the path', () => {
  test('is refused exactly where our server refuses it, with the digits that stand behind it', () => {
    const random = new Prng(1);
    const pieces = ['/', '/', 'a', '.', '..', '0', ' ', '\u0001'];
    for (let round = 0; round < 5000; round++) {
      const path = Array.from({ length: random.below(6) }, () => random.pick(pieces)).join('');
      for (const mode of CREATE_MODES) {
        const judged = isSequential(mode) ? path + sequenceSuffix(7) : path;
        const isGood = isValidPath(judged) && judged !== '/';
        expect(newNodeProblems(nodeOf({ path, mode }), true).path === null, path).toBe(isGood);
      }
    }
  });

  test.each([
    ['/a/', 'persistent', 'no-name'],
    ['/a/', 'persistent-sequential', null],
    ['/', 'persistent', 'is-root'],
    ['/', 'ephemeral-sequential', null],
    ['/a//', 'persistent', 'empty-part'],
    ['/a/.', 'persistent', 'dot-part'],
    ['/a/.', 'persistent-sequential', null],
    ['a', 'persistent', 'relative'],
  ] as const)('%j as %s: %s', (path, mode, problem) => {
    expect(newNodeProblems(nodeOf({ path, mode }), true).path).toBe(problem);
  });
});

describe('the time to live', () => {
  test.each([
    [null, 'not-positive'],
    [NaN, 'not-positive'],
    [-5, 'not-positive'],
    [0, 'not-positive'],
    [1, null],
    [TTL_MS_MAX, null],
    [TTL_MS_MAX + 1, 'too-long'],
    [Infinity, 'too-long'],
  ] as const)('of %s ms: %s', (ttlMs, problem) => {
    for (const mode of CREATE_MODES) {
      expect(newNodeProblems(nodeOf({ mode, ttlMs }), true).ttl).toBe(
        hasTtl(mode) ? problem : null,
      );
    }
  });

  test('units are what they are called', () => {
    expect(TTL_UNITS).toEqual({ ms: 1, s: 1000, min: 60_000, h: 3_600_000, d: 86_400_000 });
  });
});

test('a value larger than servers take is told of, at the very byte', () => {
  expect(newNodeProblems(nodeOf({ dataLength: VALUE_BYTES_MAX }), true).data).toBeNull();
  expect(newNodeProblems(nodeOf({ dataLength: VALUE_BYTES_MAX + 1 }), true).data).toBe('too-large');
});

test('every flaw by itself keeps a node from being made', () => {
  expect(isFlawless(newNodeProblems(nodeOf({}), true))).toBe(true);
  const flawed: Partial<NewNode>[] = [
    { path: 'a' },
    { mode: 'persistent-ttl', ttlMs: 0 },
    { acl: [] },
    { dataLength: VALUE_BYTES_MAX + 1 },
  ];
  for (const part of flawed) expect(isFlawless(newNodeProblems(nodeOf(part), true))).toBe(false);
  expect(isFlawless(newNodeProblems(nodeOf({ acl: presetAcl('creator') }), false))).toBe(false);
});

test('the next number counts creations, whatever was deleted since', () => {
  const random = new Prng(3);
  for (let round = 0; round < 200; round++) {
    let [created, alive] = [0, 0];
    for (let step = random.below(60); step > 0; step--) {
      if (alive > 0 && random.chance(0.4)) alive--;
      else [created, alive] = [created + 1, alive + 1];
    }
    // What servers show of a parent: creations twice, less the children there are.
    const parent = { cversion: created * 2 - alive, numChildren: alive };
    expect(nextSequence(parent)).toBe(sequenceSuffix(created));
  }
});
