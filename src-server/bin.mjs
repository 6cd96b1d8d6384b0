#!/usr/bin/env node
/** The `zabring` command, on whatever Node there is. */
import { fileURLToPath } from 'node:url';

import { freshBundle } from './bundle.mjs';
import { findNode, keepCompiled, missingNode, onLeftBehind, runToEnd } from './node-runtime.mjs';

const node = findNode();
if (node === process.execPath) {
  onLeftBehind(() => process.kill(process.pid, 'SIGTERM'));
  await keepCompiled();
  await import(freshBundle() ?? './cli.ts');
} else if (node !== null) {
  process.exitCode = await runToEnd(node, [
    fileURLToPath(import.meta.url),
    ...process.argv.slice(2),
  ]);
} else {
  process.stderr.write(`zabring: ${missingNode()}\n`);
  process.exitCode = 1;
}
