/** The two servers of a comparison: Debian's Apache ZooKeeper 3.8.0 and ours, with the same settings and nothing on disk. */
import fs from 'node:fs';
import path from 'node:path';

import type { Compat } from '../../../src-server/config/settings.ts';
import { startApache } from '../../peers/apache.ts';
import { temporaryFolder } from '../../peers/folders.ts';
import { startZabring } from '../../peers/zabring.ts';
import { openStage, type Stage } from './play.ts';
import { SUPER_DIGEST, SUPER_USER } from './vocabulary.ts';

export interface Pair {
  readonly theirs: Stage;
  readonly ours: Stage;
  stop(): Promise<void>;
}

/** Whoever removes containers and nodes whose time is up would do so in the middle of a play. */
const NEVER_MS = 2_000_000_000;

/** What is acknowledged need not survive here, so neither waits for its disk. */
export async function startPair(compat: Compat): Promise<Pair> {
  const folder = temporaryFolder();
  const ownFolder = path.join(folder.path, 'ours');
  fs.mkdirSync(ownFolder);
  const apache = await startApache({
    folder: folder.path,
    properties: {
      'zookeeper.forceSync': 'no',
      // Users' names are read in the encoding of the machine.
      'file.encoding': 'UTF-8',
      'zookeeper.enforceQuota': 'true',
      'znode.container.checkIntervalMs': String(NEVER_MS),
      'zookeeper.DigestAuthenticationProvider.superDigest': SUPER_DIGEST,
    },
  });
  const zabring = await startZabring(ownFolder, {
    compat,
    forceSync: false,
    enforceQuota: true,
    containerCheckIntervalMs: NEVER_MS,
    superDigest: SUPER_DIGEST,
  });
  const theirs = await openStage(apache.port, SUPER_USER);
  const ours = await openStage(zabring.port, SUPER_USER);
  return {
    theirs,
    ours,
    stop: async () => {
      theirs.admin.destroy();
      ours.admin.destroy();
      await Promise.all([apache.stop(), zabring.stop()]);
      folder[Symbol.dispose]();
    },
  };
}
