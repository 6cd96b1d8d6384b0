/** A state machine with its journal on a simulated disk: what a member is without clients, for crashes by the thousand. */
import { type Zxid } from '../../src-server/base/zxid.ts';
import {
  Journal,
  type JournalOptions,
  type Recovered,
} from '../../src-server/coordination/journal/journal.ts';
import type { Request } from '../../src-server/coordination/model/request.ts';
import type { Txn } from '../../src-server/coordination/model/txn.ts';
import type { Machine } from '../../src-server/coordination/state/machine.ts';
import type { Clock } from '../../src-server/platform/clock.ts';
import type { Disk, DiskError } from '../../src-server/platform/disk.ts';
import type { Logger } from '../../src-server/platform/logger.ts';
import { Metrics } from '../../src-server/platform/metrics.ts';
import { newMachine, Pipeline } from './changes.ts';
import { SimClock } from './clock.ts';
import { SimDisk } from './disk.ts';

export const DATA_DIR = '/data';
export const VERSION_DIR = '/data/version-2';

export type JournalKnobs = Partial<Omit<JournalOptions, 'disk' | 'clock' | 'logger' | 'metrics'>>;

/** A journal with small files. Its warnings and errors are put into `log`. */
export function openJournal(
  disk: Disk & { readonly clock: Clock },
  knobs: JournalKnobs = {},
  log: string[] = [],
): Journal {
  return new Journal({
    disk,
    clock: disk.clock,
    logger: noting(log),
    metrics: new Metrics(),
    dataDir: DATA_DIR,
    dataLogDir: DATA_DIR,
    preallocateBytes: 0x1_0000,
    forceSync: true,
    fsyncWarningMs: 1000,
    recordBytesMax: 0x1_0000,
    snapshotRetainCount: 3,
    reserveBytes: 0,
    withDigest: true,
    withLastZxid: true,
    ...knobs,
  });
}

/** What recovery finds, without a state to put it into: cheap enough to be done at every byte of a file. */
export interface Found extends Recovered {
  readonly zxids: readonly Zxid[];
}

export function recoverZxids(disk: SimDisk, knobs: JournalKnobs = {}): Found {
  const zxids: Zxid[] = [];
  const recovered = openJournal(disk, knobs).recover(
    {
      begin: () => ({
        addSession: () => undefined,
        addAcl: () => undefined,
        addNode: () => null,
      }),
      loaded: () => undefined,
      replay: ({ zxid }) => zxids.push(zxid),
    },
    () => undefined,
  );
  return { ...recovered, zxids };
}

export class SimMember {
  readonly clock: SimClock;
  readonly disk: SimDisk;
  readonly journal: Journal;
  readonly pipeline: Pipeline;
  readonly recovered: Recovered;
  /** Sentences of warnings and errors. */
  readonly log: string[];
  /** Reported durable, in that order. */
  readonly durable: Zxid[] = [];
  readonly failures: DiskError[] = [];

  /** @throws JournalError */
  constructor(disk: SimDisk, knobs: JournalKnobs = {}) {
    if (!(disk.clock instanceof SimClock))
      throw new Error('a simulated member lives in virtual time');
    this.clock = disk.clock;
    this.disk = disk;
    this.log = [];
    this.journal = openJournal(disk, knobs, this.log);
    let machine = newMachine();
    this.recovered = this.journal.recover(
      {
        begin: () => {
          machine = newMachine();
          return machine.loader();
        },
        loaded: (zxid, stated) => machine.finishLoading(zxid, stated),
        replay: (txn) => machine.apply(txn),
      },
      () => undefined,
    );
    const isNew = this.recovered.snapshotZxid === null;
    if (isNew) machine.createSystemNodes();
    machine.removeOrphans();
    const sessions = [...machine.sessions].map(({ id }) => id);
    const lastSession = sessions.reduce((a, b) => (a > b ? a : b), 0x0100_0000_0000_0000n);
    this.pipeline = new Pipeline(machine, lastSession + BigInt(machine.lastZxid));
    this.pipeline.settle = () => {
      this.appendProposed();
      this.clock.settle();
    };
    this.journal.onDurable({
      durable: (txns) => {
        for (const txn of txns) {
          this.durable.push(txn.zxid);
          this.machine.apply(txn);
        }
      },
      fatal: (error) => this.failures.push(error),
    });
    if (isNew) this.snapshot();
  }

  static start(knobs: JournalKnobs = {}): SimMember {
    const member = new SimMember(new SimDisk({ clock: new SimClock() }), knobs);
    member.clock.settle();
    return member;
  }

  get machine(): Machine {
    return this.pipeline.machine;
  }

  /** Proposes and appends; durable, and then applied, when the disk says so. */
  propose(request: Request, sessionId: bigint): Txn {
    const txn = this.pipeline.propose(request, sessionId);
    this.appendProposed();
    return txn;
  }

  /** Appends what was proposed to the pipeline directly. */
  appendProposed(): void {
    for (const txn of this.pipeline.waiting.splice(0)) this.journal.append(txn);
  }

  newSession(): bigint {
    const session = this.pipeline.newSession();
    this.pipeline.settle();
    return session;
  }

  snapshot(done: (error: DiskError | null) => void = () => undefined): void {
    this.journal.snapshot({
      zxid: this.machine.lastZxid,
      source: this.machine.walkImage(),
      digest: () => this.machine.digestNow,
      done,
    });
  }

  /** The names of all files, without those of the epochs. */
  files(): string[] {
    return this.disk.list(VERSION_DIR).map(({ name }) => name);
  }
}

function noting(log: string[]): Logger {
  const note = (sentence: string, fields: object = {}): void => {
    log.push([sentence, ...Object.values(fields).map(String)].join(' · '));
  };
  return {
    debug: () => undefined,
    info: () => undefined,
    warn: note,
    error: note,
    with: () => noting(log),
  };
}
