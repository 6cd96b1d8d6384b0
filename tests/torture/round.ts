/**
 * One round: a new ensemble, writers at work, faults from a seed; then peace, in which everything must go on, every member must
 * show the same, and the record must agree with the logs.
 */
import fs from 'node:fs';
import path from 'node:path';

import { Prng } from '../../src-server/base/prng.ts';
import { OpCode } from '../../src-server/coordination/model/ops.ts';
import { treeOf } from '../integration/journal/tree-of.ts';
import { WireSession } from '../integration/journal/wire-session.ts';
import { takeSeats } from '../peers/apache-ensemble.ts';
import { until } from '../peers/wait.ts';
import { askWord } from '../peers/words.ts';
import { Failure, failureOf } from '../sim/failure.ts';
import { LogArchive } from './archive.ts';
import { judge, type Remains, type Verdict } from './judge.ts';
import { APACHE_LOG, type Member, type MemberKind, newMember } from './members.ts';
import { Nemesis } from './nemesis.ts';
import { Network } from './network.ts';
import { Recorded, type RecordLine } from './record.ts';
import { FAULTS, faultsOf, type Pace } from './schedule.ts';
import { Work } from './workload.ts';
import { Writer, type WriterKind } from './writers.ts';

export interface RoundOptions {
  readonly seed: number;
  /** Everything is kept here: configurations, data, what members and writers said, and the record. */
  readonly folder: string;
  readonly kinds: readonly MemberKind[];
  /** How long things go wrong, at the least: each kind of fault happens once however long that takes. */
  readonly stormMs: number;
  readonly pace: Pace;
  readonly say: (line: string) => void;
  /** Whoever gives up waiting: a process that was stopped must not be left behind. */
  readonly signal: AbortSignal;
}

export interface RoundReport {
  readonly failure: Failure | null;
  readonly faults: number;
  readonly requests: number;
  readonly acknowledged: number;
  readonly unknown: number;
  readonly sessions: number;
  readonly verdict: Verdict | null;
}

export const RECORD_FILE = 'record.jsonl';

const WRITERS: readonly WriterKind[] = ['kazoo', 'node', 'kazoo', 'node'];
const TICK_MS = 500;
const SESSION_TIMEOUT_MS = 3000;
const LOAD = { depth: 6, thinkMs: 15 };
/** Every writer gets so many answers in peace, reads after a sync among them. */
const PEACE_ANSWERS = 150;
/** However busy the machine: what has not happened by then does not happen. */
const PEACE_WITHIN_MS = 180_000;
const PROGRESS_EVERY_MS = 10_000;
/** Lines of a member that say that it is wrong, and not that a fault met it. */
const MEMBER_WRONG = /^\S+ ERROR |^zabring: |AssertionError/;

export async function playRound(options: RoundOptions): Promise<RoundReport> {
  const round = new Round(options);
  let failure: Failure | null = null;
  let verdict: Verdict | null = null;
  try {
    verdict = await round.play();
  } catch (error) {
    failure = failureOf(error);
  } finally {
    await round.end();
  }
  return round.report(failure, verdict);
}

class Round {
  readonly #options: RoundOptions;
  readonly #random: Prng;
  readonly #beganNs = process.hrtime.bigint();
  readonly #recorded = new Recorded();
  readonly #recordFile: number;
  readonly #members: Member[] = [];
  readonly #archives: LogArchive[] = [];
  #network: Network | null = null;
  #nemesis: Nemesis | null = null;
  readonly #writers = new Map<Writer, Work>();
  #writersMade = 0;
  #progress: NodeJS.Timeout | null = null;

  constructor(options: RoundOptions) {
    this.#options = options;
    this.#random = new Prng(options.seed);
    fs.mkdirSync(options.folder, { recursive: true });
    this.#recordFile = fs.openSync(path.join(options.folder, RECORD_FILE), 'w');
  }

  async play(): Promise<Verdict> {
    const network = await this.#startMembers();
    for (const kind of WRITERS) this.#startWriter(kind);
    this.#progress = setInterval(() => this.#sayProgress(), PROGRESS_EVERY_MS);
    const nemesis = new Nemesis({
      members: this.#members,
      network,
      writers: () => [...this.#writers.keys()],
      replaceWriter: (writer) => this.#replaceWriter(writer),
      note: (what) => this.#record({ event: 'fault', at: this.#now(), what }),
    });
    this.#nemesis = nemesis;
    const stormEndsMs = performance.now() + this.#options.stormMs;
    await nemesis.rage(
      faultsOf(this.#options.seed, this.#options.pace),
      () =>
        (nemesis.counts.size === FAULTS.length && performance.now() >= stormEndsMs) ||
        this.#findProblem() !== null,
    );
    this.#failOnProblem();
    await nemesis.makePeace();
    await this.#comeToRest();
    await this.#compareMembers();
    await Promise.all(this.#members.map((member) => member.kill()));
    this.#closeArchives();
    const remains = this.#members.map(({ id, folder }) => remainsIn(folder, `member ${id}`));
    return judge(this.#recorded, remains);
  }

  async #startMembers(): Promise<Network> {
    const { kinds, folder } = this.#options;
    const seats = await takeSeats(...kinds.map(() => 'participant' as const));
    const network = await Network.between(seats, (id) => this.#members[id - 1]!.clientPort);
    this.#network = network;
    const hasApache = kinds.includes('apache');
    const settings = {
      tickTime: TICK_MS,
      initLimit: 10,
      syncLimit: 5,
      // Small, so that a round sees many of them.
      snapCount: this.#random.pick([300, 3000]),
      preAllocSize: 64,
    };
    for (const [i, kind] of kinds.entries()) {
      const member = await newMember(kind, {
        id: i + 1,
        folder: path.join(folder, `member-${i + 1}`),
        servers: network.linesFor(i + 1),
        settings,
        compat: hasApache ? '3.8' : '3.9',
      });
      this.#members.push(member);
      this.#archives.push(
        new LogArchive({ dataDir: member.dataDir, folder: archiveIn(member.folder) }),
      );
    }
    await Promise.all(this.#members.map((member) => member.start()));
    await Promise.all(this.#members.map((member) => member.isServing()));
    return network;
  }

  // --- writers ---

  #startWriter(kind: WriterKind): void {
    const random = new Prng(this.#random.next());
    const ids = this.#members.map(({ id }) => id);
    const first = random.below(ids.length);
    const name = `${kind}-${++this.#writersMade}`;
    const writer = new Writer({
      kind,
      name,
      hosts: this.#network!.hosts([...ids.slice(first), ...ids.slice(0, first)]),
      sessionTimeoutMs: SESSION_TIMEOUT_MS,
      beganNs: this.#beganNs,
      logFile: path.join(this.#options.folder, `${name}.log`),
      record: (line) => this.#record(line),
    });
    const work = new Work(writer, random, LOAD);
    this.#writers.set(writer, work);
    work.start();
  }

  async #replaceWriter(writer: Writer): Promise<void> {
    this.#writers.get(writer)!.stop();
    this.#writers.delete(writer);
    await writer.kill();
    this.#record({ event: 'gone', at: this.#now(), writer: writer.name });
    this.#startWriter(writer.kind);
  }

  #now(): number {
    return Number(process.hrtime.bigint() - this.#beganNs);
  }

  #record(line: RecordLine): void {
    fs.writeSync(this.#recordFile, `${JSON.stringify(line)}\n`);
    this.#recorded.take(line);
  }

  // --- peace ---

  /** Everybody serves again, every writer is answered again and then has nothing left to wait for. */
  async #comeToRest(): Promise<void> {
    await this.#within('all members serve', async () => {
      const modes = await Promise.all(this.#members.map((member) => member.mode()));
      return modes.every((mode) => mode !== null);
    });
    this.#record({ event: 'peace', at: this.#now() });
    const before = new Map([...this.#writers].map(([, work]) => [work, work.acknowledged]));
    for (const [writer, work] of this.#writers)
      await this.#within(
        `${writer.name} is answered again`,
        () => work.acknowledged >= before.get(work)! + PEACE_ANSWERS,
      );
    for (const work of this.#writers.values()) work.stop();
    for (const writer of this.#writers.keys()) {
      await this.#within(`${writer.name} has all its answers`, () => writer.outstanding === 0);
      await writer.close();
    }
    this.#failOnProblem();
  }

  async #compareMembers(): Promise<void> {
    const leader = await this.#within('somebody leads', async () => {
      for (const member of this.#members) if ((await member.mode()) === 'leader') return member;
      return null;
    });
    // Those that were killed end when their time is over.
    await this.#within('all sessions are over', async () =>
      /^zk_global_sessions\t0$/m.test(await askWord(leader.clientPort, 'mntr')),
    );
    const auditors: WireSession[] = [];
    for (const { clientPort } of this.#members) {
      const auditor = await WireSession.open(clientPort);
      auditors.push(auditor);
      this.#record({ event: 'audit', at: this.#now(), session: `${auditor.id}` });
    }
    const trees: string[][] = [];
    for (const auditor of auditors) {
      await auditor.ask(OpCode.SYNC, { path: '/' });
      trees.push((await treeOf(auditor)).map(withoutOwnTime));
    }
    for (const [i, tree] of trees.entries())
      for (const [k, line] of tree.entries())
        if (tree.length !== trees[0]!.length || line !== trees[0]![k])
          throw new Failure(
            'agreement',
            `member ${i + 1} shows ${line} where member 1 shows ${trees[0]![k]}`,
          );
    await this.#compareDigests();
    for (const auditor of auditors) await auditor.drop();
  }

  /** Members keep every 128th; of one transaction all that have kept it say the same. */
  async #compareDigests(): Promise<void> {
    const said = new Map<string, { readonly digest: string; readonly id: number }>();
    for (const { clientPort, id } of this.#members) {
      const lines = (await askWord(clientPort, 'hash')).trim().split('\n');
      for (const line of lines) {
        const [zxid = '', digest = ''] = line.split(': ');
        if (zxid === '') continue;
        const known = said.get(zxid);
        if (known !== undefined && known.digest !== digest)
          throw new Failure(
            'digest',
            `at ${zxid} member ${id} has ${digest} and member ${known.id} has ${known.digest}`,
          );
        said.set(zxid, { digest, id });
      }
    }
  }

  async #within<T>(
    what: string,
    fact: () => T | Promise<T>,
  ): Promise<NonNullable<Exclude<T, false>>> {
    try {
      return await until(
        what,
        () => {
          if (this.#findProblem() !== null) throw new Error('given up');
          return fact();
        },
        PEACE_WITHIN_MS,
      );
    } catch (error) {
      this.#failOnProblem();
      throw new Failure('liveness', `in peace: ${(error as Error).message}`);
    }
  }

  // --- what must not happen at any time ---

  #findProblem(): string | null {
    if (this.#options.signal.aborted) return 'it was given up';
    const broken = [...this.#members, ...this.#writers.keys()].find(
      ({ failure }) => failure !== null,
    );
    return broken?.failure ?? null;
  }

  #failOnProblem(): void {
    const problem = this.#findProblem();
    if (problem !== null) throw new Failure('exception', problem);
    for (const { kind, logFile } of this.#members) {
      if (kind !== 'zabring') continue;
      const wrong = fs
        .readFileSync(logFile, 'utf8')
        .split('\n')
        .find((line) => MEMBER_WRONG.test(line));
      if (wrong !== undefined) throw new Failure('log', `${logFile}: ${wrong}`);
    }
  }

  // --- telling ---

  #sayProgress(): void {
    const { say, seed } = this.#options;
    const { acknowledged, faults } = this.#recorded;
    const seconds = this.#now() / 1e9;
    say(
      `seed ${seed}: ${seconds.toFixed(0)} s, ${faults.length} faults, ${acknowledged} acknowledged ` +
        `(${(acknowledged / seconds).toFixed(0)}/s); ${faults.at(-1) ?? 'none yet'}`,
    );
  }

  report(failure: Failure | null, verdict: Verdict | null): RoundReport {
    const { history, acknowledged, unknown, faults } = this.#recorded;
    return {
      failure,
      faults: faults.length,
      requests: history.callCount,
      acknowledged,
      unknown,
      sessions: history.visitors.length,
      verdict,
    };
  }

  async end(): Promise<void> {
    if (this.#progress !== null) clearInterval(this.#progress);
    for (const [writer, work] of this.#writers) {
      work.stop();
      await writer.kill();
    }
    await this.#nemesis?.makePeace();
    await Promise.all(this.#members.map((member) => member.kill()));
    this.#closeArchives();
    this.#network?.close();
    fs.closeSync(this.#recordFile);
  }

  #closeArchives(): void {
    for (const archive of this.#archives.splice(0)) archive.close();
  }
}

/** What a member left in its folder. */
export function remainsIn(folder: string, name: string): Remains {
  return {
    name,
    kind: fs.existsSync(path.join(folder, APACHE_LOG)) ? 'apache' : 'zabring',
    dataDir: path.join(folder, 'data'),
    archive: archiveIn(folder),
  };
}

function archiveIn(folder: string): string {
  return path.join(folder, 'archive');
}

/** Of a configuration that no transaction made, each member says in its own words and time where it knows the others. */
function withoutOwnTime(line: string): string {
  return line.startsWith('/zookeeper/config ') ? '/zookeeper/config' : line;
}
