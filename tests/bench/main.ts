/**
 * `npm run bench`: our server beside Apache's in one run. Every figure is the median of paired rounds; the ratio counts.
 *
 *   npm run bench -- [--rounds 5] [--seconds 4] [--only getData]
 */
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';

import { APACHE, isPresent } from '../peers/peers.ts';
import { type Contestant, JAVA, OURS, type Running } from './contestants.ts';
import { isMet, ratio, type Row, table } from './figures.ts';
import {
  CONNECTIONS,
  creates,
  largeTree,
  prepare,
  startTime,
  throughput,
  writeLatency,
} from './workloads.ts';

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '5' },
    seconds: { type: 'string', default: '4' },
    only: { type: 'string', default: '' },
  },
});
const rounds = Number(values.rounds);
const forMs = Number(values.seconds) * 1000;
const CREATES_PER_CONNECTION = 4000;
const RESULTS = path.join(import.meta.dirname, 'results.json');

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
process.stdout.write(
  `${machine}\n${versions}\n${CONNECTIONS} connections, values of 100 bytes, fsync on, ${rounds} rounds\n\n`,
);

interface Workload {
  readonly name: string;
  readonly unit: string;
  readonly goal: Row['goal'];
  measure(server: Running): Promise<number>;
}

const onRunning: readonly Workload[] = [
  rate('getData, 16 in flight', 3, (server) =>
    throughput(server, 'getData', { inFlight: 16, forMs }),
  ),
  rate('setData, 16 in flight', 2, (server) =>
    throughput(server, 'setData', { inFlight: 16, forMs }),
  ),
  rate('create, 16 in flight', 2, (server) => creates(server, CREATES_PER_CONNECTION)),
  rate('getData, 1 in flight', 1, (server) =>
    throughput(server, 'getData', { inFlight: 1, forMs }),
  ),
  rate('setData, 1 in flight', 1, (server) =>
    throughput(server, 'setData', { inFlight: 1, forMs }),
  ),
  { name: 'setData, one connection', unit: 'ms', goal: { atMost: 1 }, measure: writeLatency },
];

const rows: Row[] = [];
await measureRunning();
await measureStarts();
await measureLargeTree();
process.stdout.write(`\n${table(rows)}\n`);
keep();
if (!rows.every(isMet)) process.exitCode = 1;

function rate(
  name: string,
  atLeast: number,
  measure: (server: Running) => Promise<number>,
): Workload {
  return { name, unit: '/s', goal: { atLeast }, measure };
}

async function measureRunning(): Promise<void> {
  const wanted = onRunning.filter(isWanted);
  if (wanted.length === 0) return;
  const folders = [OURS, JAVA].map(() => fs.mkdtempSync(path.join(os.tmpdir(), 'zabring-bench-')));
  const ours = await OURS.start(folders[0]!);
  const theirs = await JAVA.start(folders[1]!);
  try {
    for (const server of [ours, theirs]) await prepare(server, forMs);
    for (const workload of wanted) {
      const row = {
        name: workload.name,
        unit: workload.unit,
        goal: workload.goal,
        ours: [] as number[],
        theirs: [] as number[],
      };
      for (let round = 0; round < rounds; round++) {
        row.ours.push(await workload.measure(ours));
        row.theirs.push(await workload.measure(theirs));
        progress(row);
      }
      add(row);
    }
  } finally {
    await Promise.all([ours.stop(), theirs.stop()]);
    for (const folder of folders) fs.rmSync(folder, { recursive: true, force: true });
  }
}

async function measureStarts(): Promise<void> {
  const row = {
    name: 'start to first request',
    unit: 'ms',
    goal: { atMost: 0.4 },
    ours: [] as number[],
    theirs: [] as number[],
  };
  if (!isWanted(row)) return;
  for (let round = 0; round < rounds; round++) {
    row.ours.push(await startTime(OURS));
    row.theirs.push(await startTime(JAVA));
    progress(row);
  }
  add(row);
}

async function measureLargeTree(): Promise<void> {
  const memory = {
    name: 'memory, 1,000,000 nodes',
    unit: 'MB',
    goal: { atMost: 0.6 },
    ours: [] as number[],
    theirs: [] as number[],
  };
  const recovery = {
    name: 'recovery, 1,000,000 nodes',
    unit: 'ms',
    goal: { atMost: 1 },
    ours: [] as number[],
    theirs: [] as number[],
  };
  if (!isWanted(memory) && !isWanted(recovery)) return;
  const measure = async (contestant: Contestant): Promise<void> => {
    const side = contestant === OURS ? 'ours' : 'theirs';
    const { residentBytes, recoveryMs } = await largeTree(contestant, rounds);
    memory[side].push(residentBytes / 1e6);
    recovery[side].push(...recoveryMs);
  };
  await measure(OURS);
  await measure(JAVA);
  add(memory);
  add(recovery);
}

function isWanted({ name }: { readonly name: string }): boolean {
  return name.includes(values.only);
}

function progress(row: Row): void {
  process.stdout.write(`\r${row.name.padEnd(28)} round ${row.ours.length} of ${rounds}`);
}

function add(row: Row): void {
  rows.push(row);
  process.stdout.write(`\r${row.name.padEnd(28)} ${ratio(row).toFixed(2)}×              \n`);
}

/** The newest figures of each row beside this file, with the machine they were made on. */
function keep(): void {
  const known = fs.existsSync(RESULTS)
    ? (JSON.parse(fs.readFileSync(RESULTS, 'utf8')) as { rows: Record<string, unknown> })
    : { rows: {} };
  for (const row of rows) {
    known.rows[row.name] = {
      unit: row.unit,
      goal: row.goal,
      ratio: Number(ratio(row).toFixed(3)),
      ours: row.ours.map((value) => Number(value.toFixed(3))),
      theirs: row.theirs.map((value) => Number(value.toFixed(3))),
      machine,
      versions,
      at: new Date().toISOString().slice(0, 10),
    };
  }
  fs.writeFileSync(RESULTS, `${JSON.stringify(known, null, 2)}\n`);
}

function javaVersion(): string {
  const output = execFileSync('/usr/bin/java', ['--version'], { encoding: 'utf8' });
  return output.split('\n')[0] ?? 'Java';
}
