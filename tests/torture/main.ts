/**
 * `npm run torture`: rounds of faults on an ensemble of real processes, for as long as asked.
 *
 *   npm run torture -- [--minutes 10] [--seed 1] [--members 3] [--peers zabring|apache|mixed] [--round 90] [--folder F]
 *   npm run torture -- --judge F             judges again what a round left behind
 *
 * Each round has the seed after the last one's. The first that fails ends the run and leaves its folder; the exit code tells
 * what class of failure it was (tests/sim/failure.ts).
 */
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';

import { FAILURE_CODES, failureOf } from '../sim/failure.ts';
import { judge } from './judge.ts';
import type { MemberKind } from './members.ts';
import { Recorded, type RecordLine } from './record.ts';
import { playRound, RECORD_FILE, remainsIn, type RoundReport } from './round.ts';

const MINUTE_MS = 60_000;
const PACE = { everyMs: 2000, forMaxMs: 6000 };

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '10' },
    seed: { type: 'string', default: '1' },
    members: { type: 'string', default: '3' },
    peers: { type: 'string', default: 'zabring' },
    round: { type: 'string', default: '90' },
    folder: { type: 'string' },
    judge: { type: 'string' },
  },
});

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}

function kindsOf(peers: string, members: number): MemberKind[] {
  return Array.from({ length: members }, (_, i) =>
    peers === 'apache' || (peers === 'mixed' && i === 0) ? 'apache' : 'zabring',
  );
}

function textOf(report: RoundReport): string {
  const { faults, requests, acknowledged, unknown, sessions, verdict } = report;
  const decided =
    verdict === null
      ? ''
      : `, ${verdict.transactions} transactions in ${verdict.epochs} epochs, all as they have to be`;
  return (
    `${faults} faults, ${requests} requests, ${acknowledged} acknowledged, ${unknown} unknown, ` +
    `${sessions} sessions${decided}`
  );
}

async function torture(): Promise<void> {
  const givingUp = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => givingUp.abort());
  const base = values.folder ?? fs.mkdtempSync(path.join(os.tmpdir(), 'zabring-torture-'));
  const endMs = performance.now() + Number(values.minutes) * MINUTE_MS;
  let rounds = 0;
  let acknowledged = 0;
  let faults = 0;
  for (let seed = Number(values.seed); performance.now() < endMs; seed++) {
    const folder = path.join(base, `seed-${seed}`);
    const report = await playRound({
      seed,
      folder,
      kinds: kindsOf(values.peers, Number(values.members)),
      stormMs: Number(values.round) * 1000,
      pace: PACE,
      say,
      signal: givingUp.signal,
    });
    say(`seed ${seed}: ${textOf(report)}`);
    rounds++;
    acknowledged += report.acknowledged;
    faults += report.faults;
    if (report.failure !== null) {
      const { kind, message } = report.failure;
      say(`FAILED ${kind}: ${message}`);
      say(
        `what there was is in ${folder}: the record, and each member's configuration, data and log`,
      );
      say(`  npm run torture -- --judge ${folder}`);
      say(`  npx zabring log ${path.join(folder, 'member-1', 'data', 'version-2')}/log.<zxid>`);
      process.exitCode = FAILURE_CODES[kind];
      return;
    }
    fs.rmSync(folder, { recursive: true, force: true });
  }
  say(`${rounds} rounds, ${faults} faults, ${acknowledged} acknowledged requests, nothing lost`);
  if (values.folder === undefined) fs.rmSync(base, { recursive: true, force: true });
}

function judgeAgain(folder: string): void {
  const recorded = new Recorded();
  const lines = fs.readFileSync(path.join(folder, RECORD_FILE), 'utf8').trimEnd().split('\n');
  for (const line of lines) recorded.take(JSON.parse(line) as RecordLine);
  const members = fs.readdirSync(folder).filter((name) => name.startsWith('member-'));
  const remains = members.map((name) => remainsIn(path.join(folder, name), name));
  try {
    const { transactions, epochs, reached } = judge(recorded, remains);
    for (const [what, times] of reached) say(`${String(times).padStart(8)}  ${what}`);
    say(`${transactions} transactions in ${epochs} epochs, all as they have to be`);
  } catch (error) {
    const { kind, message } = failureOf(error);
    say(`${kind}: ${message}`);
    process.exitCode = FAILURE_CODES[kind];
  }
}

if (values.judge === undefined) await torture();
else judgeAgain(values.judge);
