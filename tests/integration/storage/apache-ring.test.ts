/** A ring that Apache's ensemble coordinates: it forms, a node is killed under load, and nothing acknowledged is lost. */
import { afterEach, beforeEach, expect, test } from 'vitest';

import { type ApacheMember, startApacheMember } from '../../peers/apache.ts';
import { takeSeats } from '../../peers/apache-ensemble.ts';
import { type Folder, temporaryFolder } from '../../peers/folders.ts';
import { APACHE, describeWith } from '../../peers/peers.ts';
import { StorageRing } from '../../peers/storage-ring.ts';
import { until } from '../../peers/wait.ts';
import { RingEyes } from './ring-eyes.ts';
import { RingLoad } from './ring-load.ts';

describeWith([APACHE], "Apache's ensemble", () => {
  const members: ApacheMember[] = [];
  let folders: Folder[] = [];

  beforeEach(async () => {
    const seats = await takeSeats('participant', 'participant', 'participant');
    folders = [...seats.lines.keys()].map(() => temporaryFolder());
    for (const [i, folder] of folders.entries())
      members.push(
        await startApacheMember({
          folder: folder.path,
          id: i + 1,
          servers: seats.lines,
          settings: { tickTime: 500, initLimit: 10, syncLimit: 5 },
          heap: '128m',
        }),
      );
    await Promise.all(members.map((member) => member.isServing()));
  });

  afterEach(async () => {
    await Promise.all(members.splice(0).map((member) => member.kill()));
    for (const folder of folders.splice(0)) folder[Symbol.dispose]();
  });

  test('coordinates a ring as ours does', async () => {
    const connect = members.map(({ port }) => `127.0.0.1:${port}`).join(',');
    const ring = await StorageRing.start({ nodes: 3, ensemble: connect });
    const eyes = new RingEyes(members[0]!.port);
    try {
      await eyes.isWhole(3);
      const load = new RingLoad(ring.nodes);
      await until('writes are acknowledged', () => load.acknowledged > 200);
      await ring.node('n1').end('SIGKILL');
      await eyes.isWithout('n1');
      const from = load.acknowledged;
      await until('writes go on', () => load.acknowledged > from + 200);
      ring.node('n1').start();
      await eyes.isWhole(3);
      expect((await load.stop()).violations).toEqual([]);
      await eyes.areCopiesEqual(ring.nodes);
    } finally {
      await eyes.close();
      await ring.close();
    }
  });
});
