/** Our own member within the test's process, on a port the system chooses. */
import { defaultSettings, type Settings } from '../../src-server/config/settings.ts';
import { type Server, startServer } from '../../src-server/coordination/server.ts';
import { nodePlatform } from '../../src-server/platform/node/platform.ts';

export interface OwnServer {
  readonly port: number;
  readonly server: Server;
  /** Every log line so far. */
  readonly log: readonly string[];
  stop(): Promise<void>;
}

export async function startZabring(
  dataDir: string,
  settings: Partial<Settings> = {},
): Promise<OwnServer> {
  const log: string[] = [];
  const server = await startServer({
    settings: {
      ...defaultSettings(dataDir),
      clientPort: 0,
      tickTimeMs: 2000,
      minSessionTimeoutMs: 4000,
      maxSessionTimeoutMs: 40_000,
      maxClientConnections: 0,
      fourLetterWords: '*',
      extendedTypes: true,
      ...settings,
    },
    platform: nodePlatform({
      version: 'test',
      logLevel: 'debug',
      writeLog: (line) => log.push(line),
    }),
    version: '3.9.5-zabring, built on 2026-11-22 00:00 UTC',
    onProgress: () => undefined,
    onFatal: (error) => {
      throw error;
    },
  });
  return { port: server.clientPort, server, log, stop: () => server.stop() };
}
