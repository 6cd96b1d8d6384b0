/** An ensemble of this computer as the app runs it: a host with a thread for each member, and a caller of its console. */
import path from 'node:path';
import { MessageChannel } from 'node:worker_threads';

import type { EnsembleView } from '#contract/ensemble-models.ts';
import { RpcClient } from '#rpc/client.ts';

import { threadPort } from '../../src-server/console/transports/message-port.ts';
import { Host } from '../../src-server/host.ts';
import { startOfServe } from '../../src-server/start-members.ts';
import { type Folder, temporaryFolder } from './folders.ts';
import { until } from './wait.ts';

export interface HostedOptions {
  readonly members: number;
  readonly observers?: number;
  /** Absent for that of every start. */
  readonly tickTimeMs?: number;
}

export class HostedEnsemble {
  readonly host: Host;
  readonly rpc: RpcClient;
  readonly #folder: Folder;
  readonly #views: EnsembleView[] = [];

  private constructor(host: Host, folder: Folder) {
    this.host = host;
    this.#folder = folder;
    host.start();
    const { port1, port2 } = new MessageChannel();
    host.admit(port2);
    this.rpc = new RpcClient(threadPort(port1), () => undefined);
    this.rpc.subscribe(
      'ensemble.members',
      { cluster: 'local' },
      { onEvent: (view) => this.#views.push(view) },
    );
  }

  /** Begins in a folder of its own; `sees` says when it serves. */
  static async start({
    members,
    observers = 0,
    tickTimeMs,
  }: HostedOptions): Promise<HostedEnsemble> {
    const folder = temporaryFolder();
    const start = await startOfServe({
      dataDir: folder.path,
      clientPort: 0,
      clientAddress: null,
      configFile: null,
      members,
      observers,
      storage: 0,
      compat: '3.9',
      withConsole: true,
      consolePort: 0,
      logLevel: 'error',
    });
    if (!start.ok) throw new Error(start.error);
    const host = new Host({
      threadUrl: new URL('../../src-server/thread.ts', import.meta.url),
      dataDir: folder.path,
      members: start.value.members.map((member) => ({
        ...member,
        settings: { ...member.settings, ...(tickTimeMs === undefined ? {} : { tickTimeMs }) },
      })),
      version: 'test',
      logLevel: 'error',
      writeLog: () => undefined,
      console: { directory: path.join(folder.path, 'console'), web: null },
      onMember: () => undefined,
      onUrl: () => undefined,
    });
    return new HostedEnsemble(host, folder);
  }

  /** The newest view that came; throws before the first. */
  get view(): EnsembleView {
    const last = this.#views.at(-1);
    if (last === undefined) throw new Error('nothing was told of the members yet');
    return last;
  }

  /** The newest view, once it fits. */
  sees(what: string, fits: (view: EnsembleView) => boolean): Promise<EnsembleView> {
    return until(what, () => {
      const last = this.#views.at(-1);
      return last !== undefined && fits(last) ? last : null;
    });
  }

  async close(): Promise<void> {
    this.rpc.close();
    await this.host.stop();
    this.#folder[Symbol.dispose]();
  }
}

/** All voters of three take part, and every member serves. */
export function isWhole({ quorum, members }: EnsembleView): boolean {
  return quorum?.alive === 3 && members.every(({ local }) => local?.kind === 'serving');
}

export function leaderOf({ members }: Pick<EnsembleView, 'members'>): number | null {
  return members.find(({ role }) => role === 'leader')?.id ?? null;
}
