/**
 * Killed in the middle of everything, again and again, a member has lost nothing that it acknowledged: every value, every
 * version, every zxid, every session with its ephemeral nodes. ZABRING_KILLS says how often; the suite does a few.
 */
import { expect, test } from 'vitest';

import { Prng } from '../../../src-server/base/prng.ts';
import { temporaryFolder } from '../../peers/folders.ts';
import { startMember } from './member.ts';
import { Writer } from './writer.ts';

const KILLS = Number(process.env['ZABRING_KILLS'] ?? '15');

test(
  `kill -9 under load, ${KILLS} times: everything acknowledged is there`,
  { timeout: 20_000 + KILLS * 3000 },
  async () => {
    using folder = temporaryFolder();
    const random = new Prng(2026);
    let acknowledged = 0;
    let awaited = 0;
    let onEnough: () => void = () => undefined;
    const writers = [1, 8, 32, 64].map(
      (inFlight) =>
        new Writer({
          name: `writer-${inFlight}`,
          inFlight,
          onAcknowledged: () => {
            if (++acknowledged === awaited) onEnough();
          },
        }),
    );
    for (let kill = 0; kill < KILLS; kill++) {
      // Small snapshots and many logs, so that kills meet every part of the journal's work.
      const member = await startMember(folder.path, { snapCount: random.pick([200, 2000]) });
      await Promise.all(writers.map((writer) => writer.connect(member.port)));
      await Promise.all(writers.map((writer) => writer.verify()));
      awaited = acknowledged + random.between(1, 4000);
      const enough = new Promise<void>((resolve) => (onEnough = resolve));
      for (const writer of writers) writer.start();
      await enough;
      await member.kill();
      await Promise.all(writers.map((writer) => writer.ended()));
    }
    const member = await startMember(folder.path);
    await Promise.all(writers.map((writer) => writer.connect(member.port)));
    await Promise.all(writers.map((writer) => writer.verify()));
    expect(acknowledged).toBeGreaterThan(KILLS * 500);
    await member.stop();
  },
);
