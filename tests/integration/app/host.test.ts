/** The host and its threads, as the desktop app uses them: callers who come early, callers who stay, an end without delay. */
import { once } from 'node:events';
import path from 'node:path';
import { MessageChannel } from 'node:worker_threads';

import { expect, test } from 'vitest';

import type { MemberState } from '#contract/models.ts';
import { RpcClient } from '#rpc/client.ts';

import { localSettings } from '../../../src-server/config/settings.ts';
import { threadPort } from '../../../src-server/console/transports/message-port.ts';
import { Host } from '../../../src-server/host.ts';
import { temporaryFolder } from '../../peers/folders.ts';
import { HostedEnsemble, isWhole, leaderOf } from '../../peers/hosted-ensemble.ts';
import { until } from '../../peers/wait.ts';

test('a caller waits for the console, and does not keep it from stopping', async () => {
  using folder = temporaryFolder();
  const states: MemberState[] = [];
  const host = new Host({
    threadUrl: new URL('../../../src-server/thread.ts', import.meta.url),
    dataDir: folder.path,
    members: [{ settings: { ...localSettings(folder.path), clientPort: 0 }, configFile: null }],
    version: 'test',
    logLevel: 'error',
    writeLog: () => undefined,
    console: { directory: path.join(folder.path, 'console'), web: null },
    onMember: (state) => states.push(state),
    onUrl: () => undefined,
  });
  host.start();
  // The thread has not even been loaded yet.
  const { port1, port2 } = new MessageChannel();
  host.admit(port2);
  const rpc = new RpcClient(threadPort(port1), () => undefined);
  const connectStrings: (string | null)[] = [];
  rpc.subscribe('app', null, { onEvent: (facts) => connectStrings.push(facts.connectString) });
  await until('the caller knows where the member serves', () => connectStrings.at(-1) ?? null);

  const closed = once(port1, 'close');
  const startedMs = performance.now();
  await host.stop();
  await closed;
  // Threads that do not end by themselves are cut off after ten seconds.
  expect(performance.now() - startedMs).toBeLessThan(5000);
  expect(states.at(-1)).toEqual({ kind: 'stopped' });
});

test('members of an ensemble are ended and started again one by one, in order or suddenly', async () => {
  const ensemble = await HostedEnsemble.start({ members: 3 });
  const { rpc } = ensemble;
  try {
    const whole = await ensemble.sees('all three serve', isWhole);
    const leader = leaderOf(whole)!;
    const orders = [1, 2, 3].map((id) => ({ id, what: 'stop' as const }));
    for (const { id, what } of [...orders, { id: leader, what: 'kill' as const }]) {
      const orderedMs = performance.now();
      await rpc.call('ensemble.order', { id, what });
      await ensemble.sees('it has ended', ({ members }) =>
        members.some((member) => member.id === id && member.local?.kind === 'stopped'),
      );
      expect(performance.now() - orderedMs).toBeLessThan(5000);
      const without = await ensemble.sees(
        'two go on without it',
        ({ quorum }) => quorum?.isMet === true && quorum.alive === 2,
      );
      expect(without.members).toHaveLength(3);
      await rpc.call('ensemble.order', { id, what: 'start' });
      await ensemble.sees('it is back', isWhole);
    }
    // Nobody is called so.
    await rpc.call('ensemble.order', { id: 9, what: 'kill' });
    await ensemble.sees('nothing came of it', isWhole);
  } finally {
    await ensemble.close();
  }
});
