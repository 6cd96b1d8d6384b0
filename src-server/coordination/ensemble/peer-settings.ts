/** What a configuration means to the core. */
import type { Limits } from '../../config/limits.ts';
import type { Settings } from '../../config/settings.ts';
import type { PeerSettings } from '../zab/peer.ts';

/** Apache's: how long a quorum of votes waits for a better one. */
const FINALIZE_MS = 200;
/** Apache's: more would have the leader do little else. */
const SNAPSHOT_SYNCS_MAX = 10;
const DIFF_SYNCS_MAX = 100;
/** A leader's patience with its voters is the initLimit. */
const NO_LIMIT = -1;

export function peerSettings(settings: Settings, limits: Limits): PeerSettings {
  const { connectToLearnerMasterLimitTicks: connectLimitTicks } = settings;
  return {
    tickMs: settings.tickTimeMs,
    initLimitTicks: settings.initLimitTicks,
    syncLimitTicks: settings.syncLimitTicks,
    connectLimitTicks: connectLimitTicks === 0 ? null : connectLimitTicks,
    connectRetryMs: settings.leaderConnectRetryMs,
    notifyMinMs: settings.notificationIntervalMinMs,
    notifyMaxMs: settings.notificationIntervalMaxMs,
    finalizeMs: FINALIZE_MS,
    epochWaitMaxMs: NO_LIMIT,
    observerElectionDelayMs: settings.observerElectionDelayMs,
    observerReconnectDelayMs: settings.observerReconnectDelayMs,
    committedKept: settings.commitLogCount,
    proposalsMax: limits.proposalsMax,
    isSnapshotForced: settings.forceSnapshotSync,
    isLogSyncEnabled: settings.snapshotSizeFactor >= 0,
    snapshotSyncsMax: SNAPSHOT_SYNCS_MAX,
    diffSyncsMax: DIFF_SYNCS_MAX,
    isReconfigEnabled: settings.reconfigEnabled,
    initialCounter: settings.initialCounter,
  };
}
