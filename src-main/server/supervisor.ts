/** The ensemble in this app: starts the host with its threads, tells how it is, and stops it when the app ends. */
import path from 'node:path';
import type { MessagePort } from 'node:worker_threads';

import type { Announcer } from '../../src-server/announcer.ts';
import type { Compat } from '../../src-server/config/settings.ts';
import { Host } from '../../src-server/host.ts';
import type { Logger, LogLevel } from '../../src-server/platform/logger.ts';
import type { Start } from '../../src-server/start-members.ts';
import { serverVersion } from '../../src-server/version.ts';

export interface SupervisorOptions {
  readonly threadUrl: URL;
  readonly start: Start;
  readonly compat: Compat;
  readonly logLevel: LogLevel;
  readonly log: Logger;
  /** Lines of the threads, with their time and level. */
  readonly writeLog: (line: string) => void;
  readonly announcer: Announcer;
}

export class Supervisor {
  readonly #host: Host;
  #stopped: Promise<void> | null = null;

  constructor(options: SupervisorOptions) {
    const { threadUrl, start, compat, logLevel, log, writeLog, announcer } = options;
    const { dataDir, members, local, growth, storage } = start;
    this.#host = new Host({
      threadUrl,
      dataDir,
      members,
      storage,
      local,
      growth,
      version: serverVersion(compat),
      logLevel,
      writeLog,
      console: { directory: path.join(dataDir, 'console'), web: null },
      onMember: (state) => {
        announcer.onMember(state, this.#host.connectString);
        // The window shows it and the host tries again, so nothing more has to happen here.
        if (state.kind === 'failed') log.error('no member serves', { why: state.why });
      },
      onStanding: (standing) => announcer.onStanding(standing),
      onNode: (id, state) => announcer.onNode(id, state),
      onUrl: () => undefined,
    });
  }

  start(): void {
    this.#host.start();
  }

  /** Somebody in this process wants to call the console. */
  admit(port: MessagePort): void {
    this.#host.admit(port);
  }

  /** Resolves when the last write is on the disk, however often it is called. */
  stop(): Promise<void> {
    this.#stopped ??= this.#host.stop();
    return this.#stopped;
  }
}
