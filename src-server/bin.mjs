#!/usr/bin/env node
/**
 * The `zabring` command, on whatever Node there is: the program needs 24, which the packages in node_modules bring along.
 */
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const NODE_MAJOR = 24;
const here = path.dirname(fileURLToPath(import.meta.url));
const cli = path.join(here, 'cli.ts');

if (Number(process.versions.node.split('.')[0]) >= NODE_MAJOR) {
  await import(cli);
} else {
  const node = path.join(
    here,
    '..',
    'node_modules',
    '.bin',
    process.platform === 'win32' ? 'node.cmd' : 'node',
  );
  if (existsSync(node)) {
    const child = spawn(node, [cli, ...process.argv.slice(2)], { stdio: 'inherit' });
    for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => child.kill(signal));
    child.on('exit', (code) => {
      process.exitCode = code ?? 1;
    });
  } else {
    process.stderr.write(
      `zabring needs Node ${NODE_MAJOR}, and this is ${process.versions.node}. Run npm install in its folder, which brings one along.\n`,
    );
    process.exitCode = 1;
  }
}
