/** Snapshots as people read them: nodes with their places, what the file says of itself, and where it is damaged. */
import fs from 'node:fs';
import path from 'node:path';

import { describe, expect, test } from 'vitest';

import {
  type SnapshotProgress,
  SnapshotReader,
} from '../../../../../src-server/coordination/journal/snapshot-reader.ts';
import { SimClock } from '../../../../sim/clock.ts';
import { SimDisk } from '../../../../sim/disk.ts';

const FOLDER = path.join(import.meta.dirname, '../../../../fixtures/apache-3.8.0');
const FILE = '/d/snapshot.36';
const APACHE = fs.readFileSync(path.join(FOLDER, 'snapshot.36'));

interface Seen {
  readonly reader: SnapshotReader;
  readonly end: SnapshotProgress;
  readonly sessions: number;
  readonly nodes: readonly { readonly at: number; readonly path: string; readonly data: string }[];
}

function read(bytes: Uint8Array): Seen {
  const disk = new SimDisk({ clock: new SimClock() });
  disk.makeDirectory('/d');
  disk.put(FILE, bytes);
  let sessions = 0;
  const nodes: { at: number; path: string; data: string }[] = [];
  const reader = new SnapshotReader(disk, FILE, {
    onSession: () => sessions++,
    onNode: ({ at, path, data }) =>
      nodes.push({ at, path, data: Buffer.from(data ?? []).toString('base64') }),
  });
  let end = reader.step();
  while (end.kind === 'more') end = reader.step();
  return { reader, end, sessions, nodes };
}

describe('a snapshot of Apache’s', () => {
  const seen = read(APACHE);

  test('gives its nodes in order, parents first, and what it says of itself', () => {
    expect(seen.nodes[0]?.path).toBe('/');
    expect(seen.nodes.map(({ path }) => path)).toContain('/rich/路径');
    expect(seen.end).toMatchObject({
      kind: 'whole',
      end: { digest: { zxid: 0x36 }, lastZxid: null },
    });
    expect(seen.sessions).toBeGreaterThan(0);
  });

  test('gives any node again by its place, with its list', () => {
    for (const { at, path, data } of seen.nodes.toReversed()) {
      const node = seen.reader.at(at);
      expect([node.path, Buffer.from(node.data ?? []).toString('base64')]).toEqual([path, data]);
      expect(seen.reader.aclOf(node.aclKey)).not.toBeNull();
    }
    expect(() => seen.reader.at(seen.nodes[3]!.at + 1)).toThrow(/snapshot\.36/);
  });
});

test('damage ends the reading and says where; what came before is shown', () => {
  const bytes = Buffer.from(APACHE);
  const { at } = read(APACHE).nodes[6]!;
  bytes.writeInt32BE(0x7f00_0000, at);
  const { end, nodes } = read(bytes);
  expect(end).toMatchObject({ kind: 'damaged', at });
  expect(nodes).toHaveLength(6);
});

test('a changed value shows in the checksum', () => {
  const bytes = Buffer.from(APACHE);
  const at = bytes.indexOf('inside');
  bytes[at]! ^= 1;
  expect(read(bytes).end).toMatchObject({
    kind: 'damaged',
    problem: 'the checksum does not match',
  });
});

test('a file that was cut is damaged', () => {
  expect(read(APACHE.subarray(0, 2000)).end.kind).toBe('damaged');
});
