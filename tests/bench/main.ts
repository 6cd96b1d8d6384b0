/**
 * `npm run bench`: ours beside Apache's and Redis in one run. Every figure is the median of paired rounds; the ratio counts.
 *
 *   npm run bench -- [--rounds 5] [--seconds 4] [--only getData]
 */
import { execFileSync } from 'node:child_process';
import os from 'node:os';
import { parseArgs } from 'node:util';

import { APACHE, isPresent } from '../peers/peers.ts';
import { measureEngine } from './engine-suite.ts';
import { measureEnsembles } from './ensemble-suite.ts';
import { ENSEMBLE_CONNECTIONS } from './ensemble-workloads.ts';
import { measurePlacement } from './placement-suite.ts';
import { Report } from './report.ts';
import { measureRecovery } from './ring-recovery-suite.ts';
import { measureRings } from './ring-suite.ts';
import { measureServers } from './server-suite.ts';
import { CONNECTIONS } from './workloads.ts';

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '5' },
    seconds: { type: 'string', default: '4' },
    only: { type: 'string', default: '' },
  },
});
const forMs = Number(values.seconds) * 1000;

if (!isPresent(APACHE)) {
  process.stderr.write(`${APACHE.name} is missing: ${APACHE.install}\n`);
  process.exit(1);
}

const machine = [
  `${os.cpus().length} × ${os.cpus()[0]?.model ?? 'unknown'}`,
  `${Math.round(os.totalmem() / 2 ** 30)} GiB`,
  `${os.type()} ${os.release()}`,
].join(', ');
const versions = `Node ${process.versions.node}; ${javaVersion()}; Apache ZooKeeper 3.8 (Debian)`;
const report = new Report({ rounds: Number(values.rounds), only: values.only });
process.stdout.write(
  `${machine}\n${versions}\n${CONNECTIONS} connections to one server, ${ENSEMBLE_CONNECTIONS} to three, values of 100 ` +
    `bytes, fsync on, ${report.rounds} rounds\n\n`,
);
await measureServers(report, forMs);
await measureEnsembles(report, forMs);
await measurePlacement(report);
await measureEngine(report, forMs);
await measureRings(report);
await measureRecovery(report);
if (!report.print()) process.exitCode = 1;
report.keep(machine, versions);

function javaVersion(): string {
  const output = execFileSync('/usr/bin/java', ['--version'], { encoding: 'utf8' });
  return output.split('\n')[0] ?? 'Java';
}
