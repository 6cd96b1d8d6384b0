/** What settings say of a member's journal, on its own or among others. */
import { snap, SNAPPY_HEADER } from '../../bytes/snappy.ts';
import type { Limits } from '../../config/limits.ts';
import type { Settings } from '../../config/settings.ts';
import type { Metrics } from '../../platform/metrics.ts';
import type { Platform } from '../../platform/platform.ts';
import type { JournalOptions, Packing } from '../journal/journal.ts';

export function journalOptions(parts: {
  readonly settings: Settings;
  readonly limits: Limits;
  readonly platform: Platform;
  readonly metrics: Metrics;
}): JournalOptions {
  const { settings, limits, platform, metrics } = parts;
  const { disk, clock, logger } = platform;
  return {
    disk,
    clock,
    logger,
    metrics,
    dataDir: settings.dataDir,
    dataLogDir: settings.dataLogDir,
    preallocateBytes: settings.preallocateBytes,
    forceSync: settings.forceSync,
    fsyncWarningMs: settings.fsyncWarningMs,
    recordBytesMax: limits.recordBytesMax,
    snapshotRetainCount: settings.snapRetainCount,
    reserveBytes: settings.diskReserveBytes,
    withDigest: settings.digestEnabled,
    withLastZxid: settings.compat === '3.9',
    packing: packingOf(settings, platform),
    initialCounter: settings.initialCounter,
  };
}

function packingOf({ snapshotPacking }: Settings, { gzip }: Platform): Packing | null {
  if (snapshotPacking === 'snappy') return { ending: '.snappy', header: SNAPPY_HEADER, pack: snap };
  if (snapshotPacking === null || gzip === undefined) return null;
  return { ending: '.gz', header: Buffer.alloc(0), pack: gzip };
}
