/** Before the end-to-end suites: the bundles they run are built from the sources there are now. */
import path from 'node:path';

import { ensureBuilt } from '../../src-main/launch/build.mjs';

export async function setup(): Promise<void> {
  await ensureBuilt(path.join(import.meta.dirname, '..', '..'), process.execPath);
}
