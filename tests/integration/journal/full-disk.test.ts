/** A whole server on a disk that runs full, and empty again: refused in time, nothing lost, sessions end all the same. */
import { afterEach, beforeEach, expect, test } from 'vitest';

import { defaultSettings } from '../../../src-server/config/settings.ts';
import { Code } from '../../../src-server/coordination/model/codes.ts';
import { OpCode } from '../../../src-server/coordination/model/ops.ts';
import { CreateFlag } from '../../../src-server/coordination/model/request.ts';
import { type Server, startServer } from '../../../src-server/coordination/server.ts';
import { NodeClock } from '../../../src-server/platform/node/clock.ts';
import { nodePlatform } from '../../../src-server/platform/node/platform.ts';
import { until } from '../../peers/wait.ts';
import { SimDisk } from '../../sim/disk.ts';
import { WireSession } from './wire-session.ts';

const RESERVE_BYTES = 100_000;

let disk: SimDisk;
let server: Server | null;
let log: string[];

beforeEach(() => {
  disk = new SimDisk({ clock: new NodeClock() });
  server = null;
  log = [];
});

afterEach(async () => {
  await server?.stop();
});

async function start(): Promise<number> {
  const platform = nodePlatform({
    version: 'test',
    logLevel: 'error',
    writeLog: (line) => log.push(line),
  });
  server = await startServer({
    settings: {
      ...defaultSettings('/data'),
      clientPort: 0,
      preallocateBytes: 0,
      diskReserveBytes: RESERVE_BYTES,
    },
    platform: { ...platform, disk },
    version: 'test',
    onProgress: () => undefined,
    onFatal: (error) => {
      throw error;
    },
  });
  return server.clientPort;
}

const leave = (freeBytes: number): void => {
  disk.capacityBytes = disk.usedBytes + freeBytes;
};
const codeOf = async (reply: Promise<{ readonly code: number }>): Promise<number> =>
  (await reply).code;

test('nearly full: writes are refused, reads go on, sessions begin and end; with room again, all is as before', async () => {
  const port = await start();
  const client = await WireSession.open(port);
  const leaving = await WireSession.open(port);
  expect(await codeOf(client.create('/kept', 'value'))).toBe(Code.OK);
  const flags = CreateFlag.EPHEMERAL;
  expect(await codeOf(leaving.create('/mine', '', { flags }))).toBe(Code.OK);

  leave(RESERVE_BYTES / 2);
  await until(
    'writes are refused',
    async () => (await codeOf(client.set('/kept', 'new'))) === -119,
  );
  for (const refused of [client.create('/new', ''), client.delete('/kept'), client.multi()])
    expect(await codeOf(refused)).toBe(Code.NOT_READ_ONLY);
  expect((await client.ask(OpCode.GET_DATA, { path: '/kept' })).code).toBe(Code.OK);
  await leaving.close();
  const gone = await client.ask(OpCode.EXISTS, { path: '/mine' });
  expect(gone.code).toBe(Code.NO_NODE);
  const late = await WireSession.open(port);
  await late.close();

  leave(RESERVE_BYTES * 2);
  await until('writes are taken', async () => (await codeOf(client.set('/kept', 'new'))) === 0);
  await client.close();
});

test('full in the middle of a write: it waits, and is answered when there is room', async () => {
  const port = await start();
  const client = await WireSession.open(port);
  await client.create('/kept', 'value');
  leave(RESERVE_BYTES * 2);
  const large = Array.from({ length: 8 }, (_, i) =>
    client.create(`/large-${i}`, Buffer.alloc(50_000, 'x')),
  );
  const small = client.set('/kept', 'behind them');
  await until('the disk is full', () => log.some((line) => line.includes('nearly full')));
  leave(RESERVE_BYTES * 20);
  const replies = await Promise.all([...large, small]);
  // Taken in time or refused: nothing is lost between.
  for (const { code } of replies) expect([Code.OK, Code.NOT_READ_ONLY]).toContain(code);
  const taken = replies.slice(0, 8).filter(({ code }) => code === Code.OK).length;
  expect(taken).toBeGreaterThan(3);
  await server!.stop();
  server = null;
  const again = await WireSession.open(await start());
  const { body } = await again.ask(OpCode.GET_CHILDREN, { path: '/' });
  expect(body!.names!.filter((name) => name.startsWith('large')).length).toBe(taken);
  await again.close();
});

test('full from the first moment: a new member does not start, because its log would be worth nothing', async () => {
  disk.capacityBytes = 100;
  await expect(start()).rejects.toThrow(/no space left/);
  disk.capacityBytes = 10_000_000;
  const client = await WireSession.open(await start());
  expect(await codeOf(client.create('/a', ''))).toBe(Code.OK);
  await client.close();
});
