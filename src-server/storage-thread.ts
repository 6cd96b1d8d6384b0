/** A worker thread with one storage node in it. */
import type { MessagePort } from 'node:worker_threads';

import type { NodeState } from '#contract/storage-models.ts';

import { PauseSwitch } from './pause-switch.ts';
import { FaultLab } from './platform/fault-lab.ts';
import { lockDirectory } from './platform/node/directory-lock.ts';
import { nodePlatform } from './platform/node/platform.ts';
import { type NodeProgress, StorageNode, StorageNodeError } from './storage/node.ts';
import type { FromThread, StorageRole, ToThread } from './thread-messages.ts';

export async function runStorage(role: StorageRole, host: MessagePort): Promise<void> {
  const tell = (message: FromThread): void => {
    host.postMessage(message);
  };
  const { settings, version, logLevel, ensemble } = role;
  const bare = nodePlatform({
    version,
    logLevel,
    writeLog: (line) => tell({ kind: 'log', line }),
  });
  const platform = { ...bare, logger: bare.logger.with({ node: settings.nodeId }) };
  const startedMs = platform.clock.nowMs();
  const pause = new PauseSwitch(role.pause);
  const lab = new FaultLab<string>({ self: settings.nodeId, entropy: platform.entropy });
  lab.change(role.links);
  const fail = (error: Error): void => {
    const mayHelp = !(error instanceof StorageNodeError);
    tell({ kind: 'failed', why: error.message, mayHelp });
    host.close();
  };
  const tellState = (progress: NodeProgress): void => {
    const startedInMs = platform.clock.nowMs() - startedMs;
    tell({ kind: 'node', state: stateOf(progress, startedInMs) });
  };
  let node: StorageNode;
  try {
    lockDirectory(settings.dataDir);
    node = await StorageNode.start({
      settings,
      platform,
      version,
      ensemble,
      faults: lab,
      onProgress: tellState,
      onFatal: fail,
    });
  } catch (error) {
    fail(error instanceof Error ? error : new Error(String(error)));
    return;
  }
  host.on('message', (message: ToThread) => {
    if (message.kind === 'stop') void node.stop().finally(() => host.close());
    if (message.kind === 'node-links') lab.change(message.links);
    if (message.kind === 'ensemble') node.useEnsemble(message.connect);
    if (message.kind === 'pause') pause.wait();
  });
  tell({ kind: 'ready' });
}

function stateOf(progress: NodeProgress, startedInMs: number): NodeState {
  switch (progress.kind) {
    case 'reading': {
      const { bytes, bytesTotal } = progress;
      return { kind: 'starting', step: 'reading-log', done: bytes, total: bytesTotal, why: '' };
    }
    case 'joining':
      return { kind: 'starting', step: 'joining', done: 0, total: 0, why: progress.why };
    case 'serving': {
      const { clusterPort, proxyPort } = progress;
      return { kind: 'serving', clusterPort, proxyPort, startedInMs };
    }
  }
}
