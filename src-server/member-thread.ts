/** A worker thread with one ensemble member in it. */
import type { MessagePort } from 'node:worker_threads';

import { sid } from './base/ids.ts';
import { serverOf } from './config/ensemble-config.ts';
import { readMemberConfig } from './config/member-config.ts';
import type { NodeNature } from './console/service/console.ts';
import { MemberError } from './coordination/ensemble/member.ts';
import { clientAddressOf } from './coordination/ensemble/membership.ts';
import { JournalError } from './coordination/journal/journal-error.ts';
import { type EnsembleOptions, type Server, startServer } from './coordination/server.ts';
import { PauseSwitch } from './pause-switch.ts';
import { FaultLab } from './platform/fault-lab.ts';
import { NetError } from './platform/net.ts';
import { lockDirectory } from './platform/node/directory-lock.ts';
import { place } from './platform/node/net.ts';
import { nodePlatform } from './platform/node/platform.ts';
import type { Platform } from './platform/platform.ts';
import type {
  FromThread,
  MemberRole,
  NaturesAnswer,
  NaturesQuestion,
  ToThread,
} from './thread-messages.ts';
import { answerTimings } from './timing-channel.ts';

export async function runMember(role: MemberRole, host: MessagePort): Promise<void> {
  const tell = (message: FromThread): void => {
    host.postMessage(message);
  };
  const { version, logLevel } = role;
  const bare = nodePlatform({
    version,
    logLevel,
    writeLog: (line) => tell({ kind: 'log', line }),
  });
  const startedMs = bare.clock.nowMs();
  const pause = new PauseSwitch(role.pause);
  const lab = new FaultLab<number>({ self: role.settings.serverId, entropy: bare.entropy });
  lab.change(role.links);
  const fail = (error: Error): void => {
    const mayHelp = !(error instanceof JournalError || error instanceof MemberError);
    tell({ kind: 'failed', why: withAdvice(error, role), mayHelp });
    host.close();
  };

  let server: Server | null = null;
  /** Before the server is there its first phases have passed. */
  const tellStanding = (): void => {
    const ensemble = server?.ensemble ?? null;
    if (server === null || ensemble === null) return;
    const { clientPort } = server;
    const { role: standing, phase, leader, epoch } = ensemble.status;
    const { zxid, isServing } = ensemble;
    const id = role.settings.serverId;
    tell({
      kind: 'standing',
      standing: { id, clientPort, role: standing, phase, leader, epoch, zxid },
    });
    tell({
      kind: 'member',
      state: isServing
        ? { kind: 'serving', clientPort, startedInMs: bare.clock.nowMs() - startedMs }
        : { kind: 'starting', step: 'electing', done: 0, total: 0 },
    });
  };
  try {
    const { settings, ensemble } = startOf(role, bare, { faults: lab, onPhase: tellStanding });
    const platform =
      ensemble === null
        ? bare
        : { ...bare, logger: bare.logger.with({ member: settings.serverId }) };
    lockDirectory(settings.dataDir);
    server = await startServer({
      settings,
      platform,
      version,
      ensemble,
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
  const running = server;
  let reports: MessagePort | null = null;
  let timings: MessagePort | null = null;
  host.on('message', (message: ToThread) => {
    if (message.kind === 'stop') {
      // An open port would keep this thread alive: the console at its other end stays when only this member goes.
      reports?.close();
      timings?.close();
      void running.stop().finally(() => host.close());
    }
    if (message.kind === 'links') lab.change(message.links);
    if (message.kind === 'pause') pause.wait();
    if (message.kind === 'timings') {
      timings?.close();
      timings = message.port;
      answerTimings(timings, running);
    }
    if (message.kind === 'reports') {
      reports?.close();
      reports = message.port;
      answerReports(reports, running);
    }
  });
  if (running.ensemble === null) {
    const { clientPort } = running;
    const startedInMs = bare.clock.nowMs() - startedMs;
    tell({ kind: 'member', state: { kind: 'serving', clientPort, startedInMs } });
  } else {
    tellStanding();
  }
  tell({ kind: 'ready' });
}

/** Who starts it may not know that another port can be asked for. */
function withAdvice(error: Error, { settings }: MemberRole): string {
  const { clientPortAddress: host, clientPort: port } = settings;
  const isTaken = error instanceof NetError && error.code === 'in-use';
  return isTaken && error.message.includes(` ${place({ host, port })}:`)
    ? `${error.message}; --client-port chooses another`
    : error.message;
}

/** @throws MemberError for files that do not say what is needed */
function startOf(
  { settings, configFile, clientPort = null }: MemberRole,
  { disk }: Platform,
  { faults, onPhase }: { readonly faults: FaultLab; readonly onPhase: () => void },
): { readonly settings: MemberRole['settings']; readonly ensemble: EnsembleOptions | null } {
  if (configFile === null) return { settings, ensemble: null };
  const read = readMemberConfig({ disk, file: configFile, base: settings });
  if (!read.ok) throw new MemberError(read.error);
  const { ensemble: config, next } = read.value;
  if (config === null) throw new MemberError(`${configFile} describes no ensemble any more`);
  // A reconfiguration may have said since where clients connect.
  const client = serverOf(config, sid(settings.serverId))?.client ?? null;
  return {
    settings: {
      ...settings,
      ...(client === null ? {} : clientAddressOf(client)),
      ...(clientPort === null ? {} : { clientPort }),
    },
    ensemble: { config, next, file: configFile, faults, onPhase },
  };
}

function answerReports(port: MessagePort, server: Server): void {
  port.on('message', ({ id, paths }: NaturesQuestion) => {
    const natures: (NodeNature | null)[] = paths.map((path) => server.natureOf(path));
    const zxid = server.ensemble?.zxid ?? Infinity;
    port.postMessage({ id, zxid, natures } satisfies NaturesAnswer);
  });
}
