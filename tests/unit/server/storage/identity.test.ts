/** A node's folder knows whose it is, and counts the starts made from it. */
import fs from 'node:fs';
import path from 'node:path';

import { afterEach, beforeEach, expect, test } from 'vitest';

import type { Result } from '../../../../src-server/base/result.ts';
import { NodeDisk } from '../../../../src-server/platform/node/disk.ts';
import { NodeEntropy } from '../../../../src-server/platform/node/entropy.ts';
import {
  beginIncarnation,
  type Identity,
  joinRing,
  outcount,
  renameFolder,
} from '../../../../src-server/storage/identity.ts';
import { type Folder, temporaryFolder } from '../../../peers/folders.ts';

const disk = new NodeDisk();
let folder: Folder;

beforeEach(() => {
  folder = temporaryFolder();
});

afterEach(() => {
  folder[Symbol.dispose]();
});

const entropy = new NodeEntropy();

function begin(nodeId: string, { isLogGone = false } = {}): Result<Identity, string> {
  return beginIncarnation({ disk, entropy, directory: folder.path, nodeId, isLogGone });
}

test('every start has a number of its own, and the rest stays', () => {
  const first = begin('n1');
  if (!first.ok) throw new Error(first.error);
  expect(first.value).toMatchObject({ nodeId: 'n1', incarnation: 1, ringId: null });
  expect(first.value.clusterId).toMatch(/^[0-9a-f]{40}$/);
  joinRing({ disk, directory: folder.path, identity: first.value, ringId: 'r' });
  expect(begin('n1')).toEqual({
    ok: true,
    value: { ...first.value, incarnation: 2, ringId: 'r' },
  });
});

test('a folder whose log is gone, or has lost something, is another folder for the ring', () => {
  const first = begin('n1');
  if (!first.ok) throw new Error(first.error);
  const second = begin('n1', { isLogGone: true });
  if (!second.ok) throw new Error(second.error);
  expect(second.value).toMatchObject({ nodeId: 'n1', incarnation: 2 });
  expect(second.value.clusterId).not.toBe(first.value.clusterId);
  const identity = renameFolder({
    disk,
    entropy,
    directory: folder.path,
    identity: second.value,
  });
  expect(identity.clusterId).not.toBe(second.value.clusterId);
  expect(begin('n1')).toEqual({ ok: true, value: { ...identity, incarnation: 3 } });
});

test('starts from a new folder are counted on from those that the ring knows', () => {
  const first = begin('n1');
  if (!first.ok) throw new Error(first.error);
  outcount({ disk, directory: folder.path, identity: first.value, incarnation: 7 });
  expect(begin('n1')).toMatchObject({ ok: true, value: { incarnation: 9 } });
});

test('a folder of another node is left alone', () => {
  begin('n1');
  const other = begin('n2');
  expect(other.ok ? '' : other.error).toContain('holds the data of node n1');
  expect(begin('n1')).toMatchObject({ ok: true, value: { incarnation: 2 } });
});

test('what cannot be understood is not written over', () => {
  const file = path.join(folder.path, 'node.json');
  fs.writeFileSync(file, '{"nodeId": "n1"');
  expect(begin('n1')).toMatchObject({ ok: false });
  expect(fs.readFileSync(file, 'utf8')).toBe('{"nodeId": "n1"');
});
