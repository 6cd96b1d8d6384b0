/** Snapshots that Apache's server packed: ours goes on from them, and shows them. */
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';

import { expect, test } from 'vitest';

import { SnapshotReader } from '../../../src-server/coordination/journal/snapshot-reader.ts';
import { fileKindOf, listStored } from '../../../src-server/coordination/journal/stored-files.ts';
import { NodeDisk } from '../../../src-server/platform/node/disk.ts';
import { APACHE_CLASSPATH, startApache } from '../../peers/apache.ts';
import { temporaryFolder } from '../../peers/folders.ts';
import { APACHE, describeWith } from '../../peers/peers.ts';
import { until } from '../../peers/wait.ts';
import { startMember } from './member.ts';
import { treeOf } from './tree-of.ts';
import { WireSession } from './wire-session.ts';

describeWith([APACHE], 'packed snapshots', () => {
  test.each([
    ['gz', '1f8b'],
    ['snappy', '82534e41505059'],
  ])('%s', async (method, magic) => {
    using folder = temporaryFolder();
    const version = path.join(folder.path, 'data', 'version-2');
    const start = () =>
      startApache({
        folder: folder.path,
        properties: { 'zookeeper.snapshot.compression.method': method },
      });
    const first = await start();
    const session = await WireSession.open(first.port);
    for (let i = 0; i < 300; i++)
      await session.create(`/n${i}`, Buffer.alloc(i * 17, String(i)).toString());
    const tree = await treeOf(session);
    await session.drop();
    await first.kill();
    // It writes one of everything when it begins.
    await (await start()).kill();
    const packed = fs.readdirSync(version).filter((name) => name.endsWith(`.${method}`));
    const newest = packed.sort((a, b) => a.length - b.length || (a < b ? -1 : 1)).at(-1)!;
    const file = path.join(version, newest);
    expect(fs.readFileSync(file).toString('hex').startsWith(magic)).toBe(true);

    const disk = new NodeDisk();
    expect(fileKindOf(disk, file)).toBe('snapshot');
    expect(listStored(disk, version).map(({ name }) => name)).toContain(newest);
    const nodes: { readonly at: number; readonly path: string }[] = [];
    const reader = new SnapshotReader(disk, file, {
      onSession: () => undefined,
      onNode: ({ at, path: node }) => nodes.push({ at, path: node }),
    });
    let progress = reader.step();
    while (progress.kind === 'more') progress = reader.step();
    expect(progress.kind).toBe('whole');
    expect(nodes.map((node) => node.path)).toContain('/n299');
    for (const { at, path: node } of [nodes.at(-1)!, nodes[3]!])
      expect(reader.at(at).path).toBe(node);
    reader.close();

    // All that is left of the history is in it.
    for (const name of fs.readdirSync(version))
      if (name !== newest && !name.includes('Epoch')) fs.rmSync(path.join(version, name));
    const ours = await startMember(path.join(folder.path, 'data'));
    const again = await WireSession.open(ours.port);
    expect(await treeOf(again)).toEqual(tree);
    await again.create('/more', '');
    await again.drop();
    await ours.kill();

    const last = await start();
    const back = await WireSession.open(last.port);
    expect((await treeOf(back)).length).toBe(tree.length + 1);
    await back.drop();
    await last.kill();
  });

  test.each(['gz', 'snappy'] as const)('ours as %s, read by Apache’s', async (method) => {
    using folder = temporaryFolder();
    const dataDir = path.join(folder.path, 'data');
    const version = path.join(dataDir, 'version-2');
    const ours = await startMember(dataDir, { snapCount: 100, snapshotPacking: method });
    const session = await WireSession.open(ours.port);
    for (let i = 0; i < 400; i++)
      await session.create(`/n${i}`, Buffer.alloc(i * 40, String(i)).toString());
    const tree = await treeOf(session);
    await session.drop();
    const packed = await until('some are packed', () => {
      const found = fs
        .readdirSync(version)
        .filter((name) => /^snapshot\.[0-9a-f]{2,}\./.test(name) && name.endsWith(`.${method}`));
      return found.length >= 2 ? found : null;
    });
    await ours.kill();
    const newest = path.join(version, packed.sort().at(-1)!);
    const printed = execFileSync(
      '/usr/bin/java',
      ['-cp', APACHE_CLASSPATH, 'org.apache.zookeeper.server.SnapshotFormatter', newest],
      { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] },
    );
    expect(printed).toContain('/n99');

    const java = await startApache({ folder: folder.path });
    const again = await WireSession.open(java.port);
    expect(await treeOf(again)).toEqual(tree);
    await again.drop();
    await java.kill();
    const back = await startMember(dataDir, { snapshotPacking: method });
    const last = await WireSession.open(back.port);
    expect(await treeOf(last)).toEqual(tree);
    await last.drop();
    await back.kill();
  });

  test('one that is cut off is damaged, and says so', () => {
    using folder = temporaryFolder();
    const file = path.join(folder.path, 'snapshot.5.gz');
    fs.writeFileSync(file, Buffer.from('1f8b0800000000000003', 'hex'));
    const reader = new SnapshotReader(new NodeDisk(), file, {
      onSession: () => undefined,
      onNode: () => undefined,
    });
    expect(reader.step()).toMatchObject({ kind: 'damaged' });
    reader.close();
    expect(fileKindOf(new NodeDisk(), file)).toBeNull();
  });
});
