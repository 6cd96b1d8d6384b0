#!/usr/bin/env node
/** The `zabring` command, on whatever Node there is. */
import { fileURLToPath } from 'node:url';

import { findNode, missingNode, onLeftBehind, runToEnd } from './node-runtime.mjs';

const cli = new URL('cli.ts', import.meta.url);
const node = findNode();
if (node === process.execPath) {
  onLeftBehind(() => process.kill(process.pid, 'SIGTERM'));
  await import(cli.href);
} else if (node !== null) {
  process.exitCode = await runToEnd(node, [fileURLToPath(cli), ...process.argv.slice(2)]);
} else {
  process.stderr.write(`zabring: ${missingNode()}\n`);
  process.exitCode = 1;
}
