/** One data directory, used by Apache's server and ours in turns, whichever way the one before ended. */
import fs from 'node:fs';
import path from 'node:path';

import { expect, test } from 'vitest';

import { OpCode } from '../../../src-server/coordination/model/ops.ts';
import { startApache } from '../../peers/apache.ts';
import { temporaryFolder } from '../../peers/folders.ts';
import { APACHE, describeWith } from '../../peers/peers.ts';
import { askWord } from '../../peers/words.ts';
import { startMember } from './member.ts';
import { playRichHistory } from './rich-history.ts';
import { treeOf } from './tree-of.ts';
import { type SessionKey, WireSession } from './wire-session.ts';

interface Running {
  readonly port: number;
  stop(): Promise<void>;
  kill(): Promise<void>;
}

async function figure(port: number, name: string): Promise<number> {
  const line = (await askWord(port, 'mntr'))
    .split('\n')
    .find((each) => each.startsWith(`${name}\t`));
  return Number(line?.split('\t')[1]);
}

/** Lines of `zxid: digest`, one for every 128 transactions this process has seen. */
async function digests(port: number): Promise<Map<string, string>> {
  const lines = (await askWord(port, 'hash')).trim().split('\n');
  return new Map(lines.map((line) => line.split(': ') as [string, string]));
}

async function asAnn(port: number, key: SessionKey): Promise<WireSession> {
  const session = await WireSession.open(port, { again: key, timeoutMs: 20_000 });
  expect(session.id).toBe(key.id);
  await session.auth('ann', 'secret');
  return session;
}

describeWith([APACHE], 'a data directory', () => {
  test('goes there and back: equal trees, versions, sessions and digests, after stops and kills', async () => {
    using folder = temporaryFolder();
    const dataDir = path.join(folder.path, 'data');
    const startJava = (): Promise<Running> => startApache({ folder: folder.path, dataDir });
    const startOurs = (): Promise<Running> => startMember(dataDir);
    const turns: readonly [() => Promise<Running>, 'stop' | 'kill'][] = [
      [startJava, 'kill'],
      [startOurs, 'kill'],
      [startJava, 'stop'],
      [startOurs, 'stop'],
      [startJava, 'kill'],
      [startOurs, 'stop'],
      [startJava, 'stop'],
    ];
    const keys: SessionKey[] = [];
    let before: string[] = [];
    for (const [turn, [start, end]] of turns.entries()) {
      const server = await start();
      for (const key of keys) {
        const session = await asAnn(server.port, key);
        const { body } = await session.ask(OpCode.GET_EPHEMERALS, { path: '/' });
        expect(body?.names?.length).toBe(2);
        if (key !== keys[0]) {
          await session.drop();
          continue;
        }
        const after = await treeOf(session);
        for (const [i, line] of after.entries()) expect(line).toBe(before[i]);
        expect(after.length).toBe(before.length);
        await session.drop();
      }
      expect(await figure(server.port, 'zk_digest_mismatches_count')).toBe(0);

      const { ann, bob } = await playRichHistory(server.port, `/turn-${turn}`);
      // What an earlier owner of the directory made is changed by the next one, too.
      if (turn > 0) {
        const earlier = `/turn-${turn - 1}`;
        expect((await ann.set(`${earlier}/plain`, `turn ${turn}`)).code).toBe(0);
        expect((await ann.delete(`${earlier}/last`)).code).toBe(0);
        expect((await ann.create(`${earlier}/hers/more`, '')).code).toBe(0);
      }
      await bob.close();
      keys.push(ann.key);
      before = await treeOf(ann);
      await ann.drop();
      expect(await figure(server.port, 'zk_digest_mismatches_count')).toBe(0);
      await server[end]();
    }
    expect(before.length).toBeGreaterThan(150);
  });

  test('replayed by both from the same files has the same digests at the same transactions', async () => {
    using folder = temporaryFolder();
    const javaDir = path.join(folder.path, 'java');
    const ourDir = path.join(folder.path, 'ours');
    // Written by ours, then some by Java, so that each replays the other's transactions.
    const ours = await startMember(javaDir);
    for (let i = 0; i < 4; i++) {
      const { ann, bob } = await playRichHistory(ours.port, `/ours-${i}`);
      await ann.drop();
      await bob.close();
    }
    await ours.kill();
    const java = await startApache({ folder: folder.path, dataDir: javaDir });
    for (let i = 0; i < 4; i++) {
      const { ann, bob } = await playRichHistory(java.port, `/java-${i}`);
      await ann.drop();
      await bob.close();
    }
    await java.kill();
    // The snapshots that each start wrote would spare them the replay.
    for (const name of fs.readdirSync(path.join(javaDir, 'version-2')))
      if (name.startsWith('snapshot.') && name !== 'snapshot.0')
        fs.rmSync(path.join(javaDir, 'version-2', name));
    fs.cpSync(javaDir, ourDir, { recursive: true });

    const both = [
      await startApache({ folder: folder.path, dataDir: javaDir }),
      await startMember(ourDir),
    ] as const;
    const [theirDigests, ourDigests] = await Promise.all(both.map(({ port }) => digests(port)));
    expect(ourDigests).toEqual(theirDigests);
    expect(ourDigests!.size).toBeGreaterThanOrEqual(3);
    for (const { port } of both) expect(await figure(port, 'zk_digest_mismatches_count')).toBe(0);
    const figures = ['zk_znode_count', 'zk_ephemerals_count', 'zk_approximate_data_size'];
    for (const name of figures)
      expect(await figure(both[1].port, name), name).toBe(await figure(both[0].port, name));
    for (const server of both) await server.stop();
  });
});
