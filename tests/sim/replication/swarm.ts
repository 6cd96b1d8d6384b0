/**
 * One run: nodes, clients and faults from a seed. A storm of everything at once, then a calm in which all must become well
 * again, then a while without the ensemble in which nothing may fail.
 */
import { assert } from '../../../src-server/base/assert.ts';
import { Prng } from '../../../src-server/base/prng.ts';
import {
  DEFAULT_REPLICATION_SETTINGS,
  type ReplicationSettings,
} from '../../../src-server/storage/replication/settings.ts';
import { type NodeId, nodeId } from '../../../src-server/storage/ring/topology.ts';
import { Agenda } from '../zab/agenda.ts';
import { SimControl } from './control.ts';
import { SimDisk } from './disk.ts';
import { Judge } from './judge.ts';
import { SimNetwork } from './network.ts';
import { type NetMessage, type Outcome, SimNode, type World } from './node.ts';

export interface Sabotage {
  readonly acknowledgesUnsynced?: boolean;
  /** A message as the network is to carry it, null to lose it. */
  readonly tamper?: (message: NetMessage) => NetMessage | null;
}

export interface SwarmWishes {
  readonly stormMs?: number;
  readonly sabotage?: Sabotage;
}

interface Place {
  readonly id: NodeId;
  readonly disk: SimDisk;
  readonly rate: number;
  incarnation: number;
  node: SimNode | null;
}

const PARTITIONS = 2;
const STORM_MS = 30_000;
const CALM_MS = 25_000;
const ALONE_MS = 15_000;

export class Swarm {
  readonly agenda = new Agenda();
  readonly judge = new Judge();
  readonly #prng: Prng;
  readonly #network: SimNetwork<NetMessage>;
  readonly #control: SimControl;
  readonly #world: World;
  readonly #places: Place[] = [];
  readonly #stormMs: number;
  #isStorm = true;
  #clientsRest = false;
  #mustSucceed = false;
  #writes = 0;
  #faults = 0;
  outcomes: Record<Outcome, number> = { done: 0, refused: 0, uncertain: 0 };

  constructor(seed: number, wishes: SwarmWishes = {}) {
    const prng = (this.#prng = new Prng(seed));
    const { agenda, judge } = this;
    this.#stormMs = wishes.stormMs ?? STORM_MS;
    const network = new SimNetwork<NetMessage>(agenda, new Prng(prng.next()));
    const tamper = wishes.sabotage?.tamper;
    if (tamper !== undefined) network.tamper = tamper;
    this.#network = network;
    this.#control = new SimControl({
      agenda,
      prng: new Prng(prng.next()),
      onChange: (partition, _before, { state, version }) => {
        const { epoch, leader, inSync, replicas, learners } = state;
        const copies = `in sync ${inSync.join(' ')}, replicas ${replicas.join(' ')}`;
        const text = `record of ${partition} v${version}: epoch ${epoch}, ${leader ?? 'nobody'} leads`;
        judge.say(agenda.nowMs, `${text}, ${copies}, learners ${learners.join(' ')}`);
        this.#checkInSync(partition);
      },
    });
    const nodes = prng.between(3, 5);
    const settings: ReplicationSettings = {
      ...DEFAULT_REPLICATION_SETTINGS,
      // Nodes of this simulator are woken by what happens, and for beats.
      attentionMs: DEFAULT_REPLICATION_SETTINGS.beatMs + 10,
      windowEntries: 40,
      flightBytes: 200,
    };
    this.#world = {
      agenda,
      prng: new Prng(prng.next()),
      network,
      control: this.#control,
      judge,
      settings,
      minInSync: prng.between(1, 2),
      isStorm: () => this.#isStorm,
      sabotage: wishes.sabotage ?? {},
      onCommit: (partition) => this.#checkInSync(partition),
    };
    for (let i = 0; i < nodes; i++) {
      const rate = 1 + (prng.below(1001) - 500) / 10_000;
      const id = nodeId(`n${i + 1}`);
      this.#places.push({ id, disk: new SimDisk(), rate, incarnation: 0, node: null });
    }
  }

  run(): void {
    const { agenda } = this;
    for (const place of this.#places) this.#start(place);
    const ids = this.#places.map(({ id }) => id);
    for (let partition = 0; partition < PARTITIONS; partition++) {
      const first = this.#prng.below(ids.length);
      const replicas = [0, 1, 2].map((i) => ids[(first + i) % ids.length]!);
      this.#control.form(partition, replicas);
    }
    this.#control.start();
    this.#client();
    this.#nemesis();
    agenda.run(this.#stormMs);
    this.#calm();
    agenda.run(agenda.nowMs + CALM_MS);
    this.#judgeHealth();
    this.#control.setUp(false);
    this.#mustSucceed = true;
    agenda.run(agenda.nowMs + ALONE_MS);
    this.#mustSucceed = false;
    this.#clientsRest = true;
    agenda.run(agenda.nowMs + 5000);
    this.#judgeEnd();
  }

  // --- nodes ---

  #start(place: Place): void {
    const { id, disk, rate } = place;
    const incarnation = ++place.incarnation;
    place.node = new SimNode({ id, incarnation, disk, rate, world: this.#world });
    this.judge.say(this.agenda.nowMs, `${id} starts for the ${incarnation}. time`);
  }

  #crash(place: Place): void {
    const { node, disk } = place;
    if (node === null) return;
    node.kill();
    place.node = null;
    disk.crash(this.#prng);
    this.judge.say(this.agenda.nowMs, `${place.id} falls`);
    this.agenda.after(this.#prng.between(60, this.#prng.chance(0.3) ? 8000 : 1000), () => {
      if (place.node === null) this.#start(place);
    });
  }

  #checkInSync(partition: number): void {
    const znode = this.#control.partitions.get(partition);
    if (znode === undefined) return;
    const stores = znode.state.inSync.map((id) => {
      return this.#places.find((place) => place.id === id)!.disk.durable.get(partition) ?? null;
    });
    this.judge.checkInSync(partition, stores);
  }

  // --- clients ---

  #client(): void {
    if (this.#clientsRest) return;
    const prng = this.#prng;
    // In the storm there is more to be seen.
    this.agenda.after(prng.between(1, this.#isStorm ? 12 : 50), () => {
      const partition = prng.below(PARTITIONS);
      const place = this.#chooseLeader(partition);
      const leader = place?.node ?? null;
      if (leader !== null) this.#operate(leader, partition);
      const anybody = prng.pick(this.#places).node;
      if (anybody !== null && prng.chance(0.3)) anybody.readStale(partition);
      this.#client();
    });
  }

  /** Anybody who takes itself for the leader, zombies among them. */
  #chooseLeader(partition: number): Place | null {
    const leaders = this.#places.filter(({ node }) => {
      return node?.replicas.get(partition)?.role === 'leader';
    });
    return leaders.length === 0 ? null : this.#prng.pick(leaders);
  }

  #operate(node: SimNode, partition: number): void {
    const mustSucceed = this.#mustSucceed;
    const onEnd = (outcome: Outcome): void => {
      this.outcomes[outcome]++;
      assert(!mustSucceed || outcome === 'done', 'I12: what is healthy needs no ensemble');
    };
    const chance = this.#prng.below(10);
    if (chance < 5) node.write(partition, ++this.#writes, onEnd);
    else node.read(partition, chance < 8 ? 'lease' : 'strict', onEnd);
  }

  // --- faults ---

  #nemesis(): void {
    const prng = this.#prng;
    this.agenda.after(prng.between(20, 1200), () => {
      if (!this.#isStorm) return;
      this.#faults++;
      this.#strike();
      this.#nemesis();
    });
  }

  #strike(): void {
    const prng = this.#prng;
    const { agenda } = this;
    const place = prng.pick(this.#places);
    const other = prng.pick(this.#places.filter(({ id }) => id !== place.id));
    const tell = (what: string): void => this.judge.say(agenda.nowMs, what);
    switch (prng.below(10)) {
      case 0:
        this.#crash(place);
        return;
      case 1: {
        const untilMs = agenda.nowMs + prng.between(100, 7000);
        tell(`${place.id} stops until ${untilMs}`);
        place.node?.pause(untilMs);
        return;
      }
      case 2:
      case 3:
        tell(`cut ${place.id} to ${other.id}`);
        this.#network.cut(place.id, other.id);
        if (prng.chance(0.5)) this.#network.cut(other.id, place.id);
        agenda.after(prng.between(50, 6000), () => {
          this.#network.mend(place.id, other.id);
          this.#network.mend(other.id, place.id);
        });
        return;
      case 4:
        tell(`reset ${place.id} and ${other.id}`);
        this.#network.reset(place.id, other.id);
        return;
      case 5:
        tell(`${place.id} and the ensemble are apart`);
        this.#control.setReachable(place.id, false);
        agenda.after(prng.between(100, 9000), () => this.#control.setReachable(place.id, true));
        return;
      case 6:
        tell('the ensemble is away');
        this.#control.setUp(false);
        agenda.after(prng.between(100, 4000), () => this.#control.setUp(true));
        return;
      case 7:
        if (place.node !== null)
          place.node.syncDelayMs = prng.chance(0.5) ? 1 : prng.between(5, 2000);
        return;
      case 8:
        place.node?.compact();
        return;
      case 9:
        this.#replaceUnheard(prng.below(PARTITIONS));
    }
  }

  /** A leader hears of nobody any more while another one is elected, who may well be able to tell nobody. */
  #replaceUnheard(partition: number): void {
    const place = this.#chooseLeader(partition);
    if (place === null) return;
    this.judge.say(this.agenda.nowMs, `${place.id} hears of nobody`);
    const others = this.#places.filter(({ id }) => id !== place.id);
    this.#control.setReachable(place.id, false);
    for (const { id } of others) this.#network.cut(id, place.id);
    if (this.#prng.chance(0.5)) for (const { id } of others) this.#network.cut(place.id, id);
    this.#control.handOver(partition);
    this.agenda.after(this.#prng.between(500, 6000), () => {
      this.#control.setReachable(place.id, true);
      for (const { id } of others) {
        this.#network.mend(id, place.id);
        this.#network.mend(place.id, id);
      }
    });
  }

  #calm(): void {
    this.#isStorm = false;
    this.judge.say(this.agenda.nowMs, 'calm');
    this.#network.mendAll();
    this.#control.setUp(true);
    this.#control.isCalm = true;
    for (const place of this.#places) {
      this.#control.setReachable(place.id, true);
      if (place.node === null) this.#start(place);
      place.node!.syncDelayMs = 1;
    }
  }

  #judgeHealth(): void {
    for (const [partition, { state }] of this.#control.partitions) {
      const { leader, inSync, replicas } = state;
      assert(leader !== null, 'a partition finds a leader again');
      assert(inSync.length === replicas.length, 'all replicas come into sync again');
      const node = this.#places.find(({ id }) => id === leader)!.node!;
      assert(node.replicas.get(partition)?.acceptsWrites === true, 'writes are taken again');
      assert(node.replicas.get(partition)!.hasLease, 'reads are answered again');
    }
  }

  #judgeEnd(): void {
    for (const [partition, { state }] of this.#control.partitions) {
      for (const id of state.replicas) {
        const { node, disk } = this.#places.find((place) => place.id === id)!;
        const store = disk.get(partition)!;
        assert(
          store.committedSeq === this.judge.committedSeq(partition),
          'I8: all know what is committed',
        );
        node!.check(partition);
      }
    }
  }
}
