/**
 * Two nodes in one process, a wire between them that can be cut, and an ensemble that does not answer: what clients of the leader
 * are told when nobody can know, and what they are told when it is certain that nothing happened.
 */
import { afterEach, beforeEach, expect, test } from 'vitest';

import type { PartitionState } from '../../../src-server/storage/control/membership.ts';
import { Engine } from '../../../src-server/storage/engine/engine.ts';
import { Partitions } from '../../../src-server/storage/partitions.ts';
import type { Message } from '../../../src-server/storage/replication/messages.ts';
import { DEFAULT_REPLICATION_SETTINGS } from '../../../src-server/storage/replication/settings.ts';
import { STRICT, type Work } from '../../../src-server/storage/resp/ports.ts';
import { type NodeId, nodeId } from '../../../src-server/storage/ring/topology.ts';
import { type Folder, temporaryFolder } from '../../peers/folders.ts';
import { until } from '../../peers/wait.ts';
import { KeptWork } from '../../unit/server/storage/works.ts';
import { PLATFORM } from './control-stage.ts';

const [LEADER, FOLLOWER] = [nodeId('a'), nodeId('b')];
const KEY = Buffer.from('key');
const WRITE_TIMEOUT_MS = 300;
const NOTHING = {
  copyTo: () => undefined,
  stopCopyTo: () => undefined,
  expectCopy: () => undefined,
  forgetCopy: () => undefined,
};

class Node {
  readonly partitions: Partitions;
  readonly engine: Engine;
  readonly #out: Message[] = [];
  other: Node | null = null;
  isCut = false;
  /** Works that ran here and came to nothing. */
  readonly takenBack: (Work | null)[] = [];

  constructor(id: NodeId, engine: Engine) {
    this.engine = engine;
    this.partitions = new Partitions({
      self: id,
      incarnation: () => 1,
      isUnbroken: () => true,
      settings: { ...DEFAULT_REPLICATION_SETTINGS, leaseMs: 300, beatMs: 30 },
      writeTimeoutMs: WRITE_TIMEOUT_MS,
      clock: PLATFORM.clock,
      logger: PLATFORM.logger,
      engine,
      wires: {
        send: (_, message) => this.#out.push(structuredClone(message)),
        flush: () => setImmediate(() => this.#deliver(id)),
      },
      copies: NOTHING,
      say: {
        changeInSync: () => Promise.resolve({ kind: 'lost', why: 'the ensemble is away' }),
        withdraw: () => Promise.resolve({ kind: 'lost', why: 'the ensemble is away' }),
      },
      refusal: (partition, code, words) => ({ code, words, partition, epoch: 1, leader: null }),
      again: (_, works) => {
        for (const work of works) this.takenBack.push(work.takeBack() ? work : null);
      },
      onChanged: () => undefined,
      onPulse: () => undefined,
      onFatal: (error) => {
        throw error;
      },
    });
    this.partitions.start();
  }

  #deliver(from: NodeId): void {
    for (const message of this.#out.splice(0))
      if (!this.isCut) this.other!.partitions.onMessage(from, message);
  }

  /** What became of a work, which is taken at once. */
  take(work: KeptWork): KeptWork {
    this.partitions.beginTurn();
    expect(this.partitions.partition(0)!.take(work)).toBe(true);
    return work;
  }
}

let folder: Folder;
let leader: Node;
let follower: Node;

beforeEach(async () => {
  folder = temporaryFolder();
  const open = (id: NodeId): Promise<Engine> =>
    Engine.open({ platform: PLATFORM, directory: `${folder.path}/${id}` });
  leader = new Node(LEADER, await open(LEADER));
  follower = new Node(FOLLOWER, await open(FOLLOWER));
  leader.other = follower;
  follower.other = leader;
  const state = stateOf({ epoch: 1, leader: LEADER });
  for (const { partitions } of [leader, follower]) partitions.assign(0, state, 1, 2);
  leader.partitions.onLinkUp(FOLLOWER);
  follower.partitions.onLinkUp(LEADER);
  await until('it takes writes', () => leader.partitions.partition(0)!.replica.acceptsWrites);
  await until('it has its lease', () => leader.partitions.partition(0)!.replica.hasLease);
});

afterEach(async () => {
  for (const { partitions, engine } of [leader, follower]) {
    partitions.close();
    await engine.close();
  }
  folder[Symbol.dispose]();
});

function stateOf(of: { readonly epoch: number; readonly leader: NodeId }): PartitionState {
  const both = [LEADER, FOLLOWER];
  const rest = { leaderIncarnation: 1, forcedEpoch: 0, learners: [] };
  return { ...of, ...rest, inSync: both, replicas: both };
}

function put(value: string): KeptWork {
  return new KeptWork((transaction) => transaction.put(KEY, Buffer.from(value), 0), {
    isWrite: true,
  });
}

test('a write is done when both have it, and a read sees it', async () => {
  const write = leader.take(put('one'));
  expect(write.outcome).toBe('waits');
  let seen = '';
  // It ran before the write was certain, so it waits for that.
  const read = leader.take(
    new KeptWork((transaction) => (seen = Buffer.from(transaction.get(KEY)!.value).toString())),
  );
  expect([read.outcome, seen]).toEqual(['waits', 'one']);
  await until('both are answered', () => write.outcome === 'done' && read.outcome === 'done');
  expect(follower.engine.partition(0)!.lastSeq).toBe(leader.engine.partition(0)!.lastSeq);
});

test('a write that nobody confirms is uncertain, by its epoch and place; reads are refused for certain', async () => {
  leader.isCut = follower.isCut = true;
  const write = leader.take(put('lost?'));
  const seq = leader.engine.partition(0)!.lastSeq;
  await until('the client is told', () => write.outcome !== 'waits');
  expect([write.outcome, write.doubt]).toMatchObject([
    'uncertain',
    { epoch: 1, seq, partition: 0 },
  ]);
  await until('the lease is over', () => !leader.partitions.partition(0)!.replica.hasLease);
  const reads = [
    leader.take(new KeptWork()),
    leader.take(new KeptWork(() => undefined, { consistency: STRICT })),
  ];
  await until('they are told', () => reads.every(({ outcome }) => outcome !== 'waits'));
  for (const { outcome, refusal } of reads)
    expect([outcome, refusal?.code]).toEqual(['refused', 'MASTERDOWN']);
});

test('whoever waits when another leads is told apart: what was sent is uncertain, what only read is not', async () => {
  leader.isCut = follower.isCut = true;
  const write = leader.take(put('perhaps'));
  const read = leader.take(new KeptWork((transaction) => void transaction.get(KEY)));
  leader.partitions.assign(0, stateOf({ epoch: 2, leader: FOLLOWER }), 2, 2);
  await until('both are told', () => write.outcome !== 'waits' && read.outcome !== 'waits');
  expect(write.outcome).toBe('uncertain');
  expect([read.outcome, read.refusal?.code]).toEqual(['refused', 'MASTERDOWN']);
});

test('what never happened since another leads is taken back, to be done there', async () => {
  // What the leader sends from now on is lost; it hears everything.
  follower.isCut = false;
  leader.isCut = true;
  const write = leader.take(put('never'));
  const read = leader.take(new KeptWork((transaction) => void transaction.get(KEY)));
  const state = stateOf({ epoch: 2, leader: FOLLOWER });
  leader.partitions.assign(0, state, 2, 2);
  follower.partitions.assign(0, state, 2, 2);
  leader.isCut = false;
  for (const [one, other] of [
    [leader, FOLLOWER],
    [follower, LEADER],
  ] as const) {
    one.partitions.onLinkDown(other);
    one.partitions.onLinkUp(other);
  }
  await until('both are taken back', () => leader.takenBack.length === 2);
  expect(leader.takenBack).toEqual([write, read]);
  expect([write.outcome, read.outcome]).toEqual(['waits', 'waits']);
});
