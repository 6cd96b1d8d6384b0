/**
 * A run of the pure core from one seed: peers, a bad network, crashes, then peace, in which the ensemble must come together.
 */
import { assert } from '../../../src-server/base/assert.ts';
import { type Sid, sid as sidOf } from '../../../src-server/base/ids.ts';
import { Prng } from '../../../src-server/base/prng.ts';
import type { Zxid } from '../../../src-server/base/zxid.ts';
import type { PeerSettings } from '../../../src-server/coordination/zab/peer.ts';
import { type Server, type View, weightOf } from '../../../src-server/coordination/zab/view.ts';
import { Agenda } from './agenda.ts';
import { Judge } from './judge.ts';
import { Member } from './member.ts';
import { Network } from './network.ts';

export const SETTINGS: PeerSettings = {
  tickMs: 400,
  initLimitTicks: 10,
  syncLimitTicks: 5,
  connectLimitTicks: null,
  connectRetryMs: 100,
  notifyMinMs: 200,
  notifyMaxMs: 60_000,
  finalizeMs: 200,
  epochWaitMaxMs: -1,
  observerElectionDelayMs: 200,
  observerReconnectDelayMs: 0,
  committedKept: 500,
  proposalsMax: 1000,
  isSnapshotForced: false,
  isLogSyncEnabled: true,
  snapshotSyncsMax: 10,
  diffSyncsMax: 100,
  isReconfigEnabled: false,
  initialCounter: 0,
};

export interface Outcome {
  readonly epochs: number;
  readonly decided: number;
}

export function serverAt(sid: number, role: Server['role'], address = `h${sid}`): Server {
  return {
    sid: sidOf(sid),
    role,
    quorumAddress: `${address}:2888`,
    electionAddress: `${address}:3888`,
    clientAddress: '',
  };
}

/** How a swarm decides: by plain majorities, or by groups with weights, of which some have none. */
export type SwarmQuorums = 'majority' | 'groups';

type Grouping = Pick<View, 'groups' | 'weights'>;

const UNGROUPED: Grouping = { groups: null, weights: new Map() };

/** Three groups of two or three, every server in one. Some weigh nothing, and perhaps a whole group; the first never. */
function groupingOf(voters: number, prng: Prng): Grouping {
  const groups = [1, 2, 3].map((id) => ({
    id,
    sids: Array.from({ length: voters }, (_, i) => i + 1)
      .filter((sid) => sid % 3 === id - 1)
      .map(sidOf),
  }));
  const weights = new Map<Sid, number>();
  for (let sid = 2; sid <= voters; sid++) weights.set(sidOf(sid), prng.pick([0, 1, 1, 2, 3]));
  return { groups, weights };
}

export class Swarm {
  readonly agenda = new Agenda();
  readonly judge = new Judge();
  readonly network: Network;
  readonly members: Member[];
  readonly #prng: Prng;
  readonly #isReconfigEnabled: boolean;
  readonly #grouping: Grouping;
  #value = 0;

  constructor(seed: number, quorums: SwarmQuorums = 'majority') {
    this.#prng = new Prng(seed);
    const prng = this.#prng;
    this.network = new Network(this.agenda, prng);
    this.network.loss = prng.pick([0, 0.05, 0.2]);
    this.network.duplication = prng.pick([0, 0.1]);
    this.network.delayMaxMs = prng.pick([5, 40, 300]);
    this.#isReconfigEnabled = prng.chance(0.3);
    const voters = quorums === 'groups' ? prng.pick([6, 7, 9]) : prng.pick([1, 3, 3, 3, 5, 5, 4]);
    const observers = prng.pick([0, 0, 1, 2]);
    const servers = Array.from({ length: voters + observers }, (_, i) =>
      serverAt(i + 1, i < voters ? 'participant' : 'observer'),
    );
    this.#grouping = quorums === 'groups' ? groupingOf(voters + observers, prng) : UNGROUPED;
    const view: View = { version: 0, servers, ...this.#grouping };
    const settings: PeerSettings = {
      ...SETTINGS,
      committedKept: prng.pick([2, 5, 500]),
      isSnapshotForced: prng.chance(0.05),
      isLogSyncEnabled: prng.chance(0.8),
      epochWaitMaxMs: prng.pick([-1, 1000]),
      proposalsMax: prng.pick([3, 1000]),
      isReconfigEnabled: this.#isReconfigEnabled,
    };
    const { agenda, network, judge } = this;
    this.members = servers.map(
      ({ sid }) => new Member({ sid, agenda, network, prng, judge, settings, view }),
    );
  }

  run(): Outcome {
    for (const member of this.members)
      this.agenda.after(this.#prng.below(500), () => member.start());
    this.#work();
    this.#harm();
    this.agenda.run(60_000);
    this.#makePeace();
    const isTogether = this.agenda.run(this.agenda.nowMs + 300_000, () => this.#isTogether());
    assert(isTogether, 'a healed ensemble comes together');
    this.#writeMore();
    return { epochs: this.judge.epochs, decided: this.judge.decided.length };
  }

  // --- load ---

  #isOver = false;

  #work(): void {
    if (this.#isOver) return;
    const prng = this.#prng;
    const member = prng.pick(this.members);
    for (let i = prng.below(4); i > 0; i--) this.#write(member);
    this.agenda.after(prng.between(1, 200), () => this.#work());
  }

  #write(member: Member): boolean {
    const value = Uint8Array.of(this.#value & 255, this.#value >> 8);
    const isViewChange = this.#isReconfigEnabled && this.#prng.chance(0.02);
    const isFree = member.peer.nextView.version === member.peer.view.version;
    const viewOf =
      isViewChange && isFree ? (zxid: Zxid): View => this.#otherView(member, zxid) : null;
    if (!member.propose(value, viewOf)) return false;
    this.#value++;
    return true;
  }

  #otherView(member: Member, version: Zxid): View {
    const prng = this.#prng;
    const roles = this.members.map(() =>
      prng.pick(['participant', 'participant', 'observer'] as const),
    );
    // Who may lead already is likely to go on.
    if (prng.chance(0.5)) roles[member.sid - 1] = 'participant';
    const servers = this.members.map(({ sid }, i) => serverAt(sid, roles[i]!));
    if (roles.every((role) => role === 'observer')) servers[0] = serverAt(1, 'participant');
    const view: View = { version, servers, ...this.#grouping };
    if (!servers.some(({ sid, role }) => role === 'participant' && weightOf(view, sid) > 0))
      return { ...member.peer.view, version };
    return member.peer.isSynchronised(view) ? view : { ...member.peer.view, version };
  }

  // --- harm ---

  #harm(): void {
    if (this.#isOver) return;
    const prng = this.#prng;
    const member = prng.pick(this.members);
    switch (prng.below(6)) {
      case 0:
      case 1:
        if (member.isUp) {
          member.crash();
          this.agenda.after(prng.between(10, 8000), () => {
            if (!member.isUp) member.start();
          });
        }
        break;
      case 2:
        this.network.cut(this.#split());
        this.agenda.after(prng.between(100, 15_000), () => this.network.heal());
        break;
      case 3:
        member.compact();
        break;
      default:
    }
    this.agenda.after(prng.between(100, 4000), () => this.#harm());
  }

  #split(): Sid[][] {
    const groups: Sid[][] = [[], []];
    for (const { sid } of this.members) groups[this.#prng.below(2)]!.push(sid);
    return groups;
  }

  // --- peace ---

  #makePeace(): void {
    this.#isOver = true;
    this.network.heal();
    this.network.loss = 0;
    for (const member of this.members) if (!member.isUp) member.start();
  }

  #isTogether(): boolean {
    return this.members.every(({ phase, isUp }) => isUp && phase === 'broadcast');
  }

  #writeMore(): void {
    const before = this.judge.decided.length;
    const leader = (): Member | undefined =>
      this.members.find(({ peer, phase }) => phase === 'broadcast' && peer.state === 'leading');
    const wanted = before + 3;
    const write = (): void => {
      const leading = leader();
      if (leading !== undefined && this.judge.decided.length < wanted) this.#write(leading);
      if (this.judge.decided.length < wanted) this.agenda.after(100, write);
    };
    write();
    const isDone = (): boolean =>
      this.judge.decided.length >= wanted &&
      this.members.every(({ applied }) => applied.length === this.judge.decided.length);
    assert(
      this.agenda.run(this.agenda.nowMs + 300_000, isDone),
      'a healed ensemble decides, and everybody learns it',
    );
  }
}
