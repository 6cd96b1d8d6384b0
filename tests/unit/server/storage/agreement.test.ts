import { expect, test } from 'vitest';

import { oddCopies } from '../../../../src-server/storage/agreement.ts';
import { nodeId } from '../../../../src-server/storage/ring/topology.ts';

const [A, B, C] = [nodeId('a'), nodeId('b'), nodeId('c')];

function digests(a: number, b: number, c?: number): Map<typeof A, Uint8Array> {
  const all = new Map([
    [A, Uint8Array.of(a)],
    [B, Uint8Array.of(b)],
  ]);
  if (c !== undefined) all.set(C, Uint8Array.of(c));
  return all;
}

test('copies that are the same are nobody’s fault', () => {
  expect(oddCopies(A, digests(1, 1, 1), 3)).toBeNull();
  expect(oddCopies(A, digests(1, 1), 3)).toBeNull();
});

test('what most hold is right, whoever leads', () => {
  expect(oddCopies(A, digests(1, 1, 2), 3)).toEqual([C]);
  expect(oddCopies(A, digests(2, 1, 1), 3)).toEqual([A]);
});

test('where none are more the leader decides, once all that should be were heard', () => {
  expect(oddCopies(B, digests(1, 2), 2)).toEqual([A]);
  expect(oddCopies(A, digests(1, 2, 3), 3)).toEqual([B, C]);
  expect(oddCopies(A, digests(1, 2), 3)).toEqual([]);
});
