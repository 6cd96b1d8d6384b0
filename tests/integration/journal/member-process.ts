/**
 * A member in a process of its own, to be killed: `node member-process.ts <data directory> [settings as JSON]`. Says on its
 * first line which port clients use, and stops in order on SIGTERM.
 */
import { defaultSettings, type Settings } from '../../../src-server/config/settings.ts';
import { startServer } from '../../../src-server/coordination/server.ts';
import { nodePlatform } from '../../../src-server/platform/node/platform.ts';

const [dataDir, settings] = process.argv.slice(2);
if (dataDir === undefined) throw new Error('a data directory is needed');

const server = await startServer({
  settings: {
    ...defaultSettings(dataDir),
    clientPort: 0,
    tickTimeMs: 2000,
    minSessionTimeoutMs: 4000,
    maxSessionTimeoutMs: 60_000,
    maxClientConnections: 0,
    fourLetterWords: '*',
    extendedTypes: true,
    ...(JSON.parse(settings ?? '{}') as Partial<Settings>),
  },
  platform: nodePlatform({
    version: 'test',
    logLevel: 'warn',
    writeLog: (line) => process.stderr.write(`${line}\n`),
  }),
  version: '3.9.5-zabring, built on 2026-11-22 00:00 UTC',
  onProgress: () => undefined,
  onFatal: (error) => {
    throw error;
  },
});
process.stdout.write(`${JSON.stringify({ port: server.clientPort, ...server.recovered })}\n`);
process.once('SIGTERM', () => {
  void server.stop().then(() => process.exit(0));
});
