/** A worker thread with one ensemble member in it. */
import type { MessagePort } from 'node:worker_threads';

import type { NodeNature } from './console/service/console.ts';
import { JournalError } from './coordination/journal/journal-error.ts';
import { type Server, startServer } from './coordination/server.ts';
import { lockDirectory } from './platform/node/directory-lock.ts';
import { nodePlatform } from './platform/node/platform.ts';
import type {
  FromThread,
  MemberRole,
  NaturesAnswer,
  NaturesQuestion,
  ToThread,
} from './thread-messages.ts';

export async function runMember(role: MemberRole, host: MessagePort): Promise<void> {
  const tell = (message: FromThread): void => {
    host.postMessage(message);
  };
  const { settings, version, logLevel } = role;
  const platform = nodePlatform({
    version,
    logLevel,
    writeLog: (line) => tell({ kind: 'log', line }),
  });
  const startedMs = platform.clock.nowMs();
  const fail = (error: Error): void => {
    const mayHelp = !(error instanceof JournalError);
    tell({ kind: 'failed', why: error.message, mayHelp });
    host.close();
  };

  let server: Server;
  try {
    lockDirectory(settings.dataDir);
    server = await startServer({
      settings,
      platform,
      version,
      onProgress: ({ doing, bytes, total }) => {
        const step = doing === 'snapshot' ? 'reading-snapshot' : 'replaying-log';
        tell({ kind: 'member', state: { kind: 'starting', step, done: bytes, total } });
      },
      onFatal: fail,
    });
  } catch (error) {
    fail(error instanceof Error ? error : new Error(String(error)));
    return;
  }
  host.on('message', (message: ToThread) => {
    if (message.kind === 'stop') void server.stop().finally(() => host.close());
    if (message.kind === 'reports') answerReports(message.port, server);
  });
  const startedInMs = platform.clock.nowMs() - startedMs;
  tell({ kind: 'member', state: { kind: 'serving', clientPort: server.clientPort, startedInMs } });
  tell({ kind: 'ready' });
}

function answerReports(port: MessagePort, server: Server): void {
  port.on('message', ({ id, paths }: NaturesQuestion) => {
    const natures: (NodeNature | null)[] = paths.map((path) => server.natureOf(path));
    port.postMessage({ id, natures } satisfies NaturesAnswer);
  });
}
