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

function begin(nodeId: string): Result<Identity, string> {
  return beginIncarnation({ disk, entropy: new NodeEntropy(), directory: folder.path, nodeId });
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
