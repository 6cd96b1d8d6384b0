/** Whoever makes things go wrong, as far as this seed lets it. */
import type { Prng } from '../../src-server/base/prng.ts';
import type { Cluster } from './cluster.ts';
import type { Crash } from './disk.ts';
import type { Machine } from './machine.ts';
import type { Operator } from './operator.ts';
import type { Probes } from './probes.ts';
import { type Fault, slownessAt, type Swarm } from './swarm.ts';
import type { Trace } from './trace.ts';
import type { World } from './world.ts';

const SLOW_SYNC_MS = 400;
const SLOW_LINK_MS = 500;

export class Nemesis {
  readonly #world: World;
  readonly #cluster: Cluster;
  readonly #operator: Operator;
  readonly #swarm: Swarm;
  readonly #trace: Trace;
  readonly #probes: Probes;
  readonly #random: Prng;
  readonly #faults: readonly Fault[];
  #isOver = false;

  constructor(parts: {
    readonly world: World;
    readonly cluster: Cluster;
    readonly operator: Operator;
    readonly swarm: Swarm;
    readonly trace: Trace;
    readonly probes: Probes;
  }) {
    this.#world = parts.world;
    this.#cluster = parts.cluster;
    this.#operator = parts.operator;
    this.#swarm = parts.swarm;
    this.#trace = parts.trace;
    this.#probes = parts.probes;
    this.#random = parts.world.stream();
    this.#faults = [...parts.swarm.faults];
  }

  start(): void {
    if (this.#faults.length === 0) return;
    const { faultEveryMs, weather } = this.#swarm;
    const slowness = slownessAt(weather, this.#world.nowMs);
    this.#world.after(this.#random.between(1, 2 * faultEveryMs) * slowness, () => {
      if (this.#isOver) return;
      const fault = this.#random.pick(this.#faults);
      this.#probes.hit(`fault: ${fault}`);
      this.#make(fault, this.#random.pick(this.#cluster.machines));
      this.start();
    });
  }

  #make(fault: Fault, machine: Machine): void {
    const random = this.#random;
    const { network } = this.#cluster;
    const { host } = machine;
    const forMs = random.between(10, random.pick([200, 2000, 12_000]));
    const say = (what: string): void => this.#trace.line('nemesis', what, host, `${forMs} ms`);
    const later = (undo: () => void): void => {
      this.#world.after(forMs, undo);
    };
    switch (fault) {
      case 'kill':
        say('kills');
        machine.kill();
        later(() => machine.start());
        return;
      case 'power':
        say('takes the power from');
        machine.losePower(crashOf(random));
        later(() => machine.start());
        return;
      case 'blackout':
        say('takes the power from everybody, and');
        for (const each of this.#cluster.machines) each.losePower(crashOf(random));
        for (const each of this.#cluster.machines)
          this.#world.after(random.between(10, 2000), () => each.start());
        return;
      case 'isolation': {
        // Of a leader, half the time: what it proposes then is never decided.
        const leader = this.#cluster.leader;
        if (leader !== null && leader !== machine && random.chance(0.5)) {
          this.#make(fault, leader);
          return;
        }
        const others = this.#cluster.machines.filter((other) => other !== machine);
        say('cuts off from all other members');
        for (const other of others) {
          network.cut(host, other.host);
          network.cut(other.host, host);
        }
        later(() => {
          for (const other of others) {
            network.heal(host, other.host);
            network.heal(other.host, host);
          }
        });
        return;
      }
      case 'step-down':
        if (machine.ensemble === null) return;
        say('asks to step down');
        machine.ensemble.stepDown('the nemesis asked');
        return;
      case 'pause': {
        const { life } = machine;
        if (life === null) return;
        say('stops');
        this.#world.stop(life);
        later(() => this.#world.goOn(life));
        return;
      }
      case 'cut':
      case 'half-cut': {
        const other = this.#other(machine);
        say(`${fault} between ${other} and`);
        const ways = [
          [host, other],
          [other, host],
        ] as const;
        const cut = fault === 'cut' ? ways : [random.pick(ways)];
        for (const [from, to] of cut) network.cut(from, to);
        later(() => {
          for (const [from, to] of cut) network.heal(from, to);
        });
        return;
      }
      case 'break':
        say('breaks connections of');
        network.breakConnections(host, random.pick([0.3, 1]));
        return;
      case 'slow-link': {
        const other = this.#other(machine);
        say(`slows the way between ${other} and`);
        network.slow(host, other, SLOW_LINK_MS);
        later(() => network.slow(host, other, 0));
        return;
      }
      case 'slow-disk':
        say('slows the disk of');
        machine.diskFaults.syncMaxMs = SLOW_SYNC_MS;
        later(() => (machine.diskFaults.syncMaxMs = 2));
        return;
      case 'failing-disk':
        say('makes syncs fail on');
        machine.diskFaults.failing = 0.05;
        later(() => (machine.diskFaults.failing = 0));
        return;
      case 'full-disk': {
        const room = random.below(0x8000);
        say(`leaves ${room} bytes on the disk of`);
        machine.capacityBytes = machine.disk.usedBytes + room;
        later(() => (machine.capacityBytes = Number.MAX_SAFE_INTEGER));
        return;
      }
      case 'clock-set': {
        const byMs = random.between(-20_000, 20_000);
        say(`sets the wall clock by ${byMs} ms on`);
        machine.clock.wallAheadMs += byMs;
        return;
      }
      case 'client-kill': {
        const visitors = this.#cluster.liveVisitors;
        if (visitors.length > 0) this.#cluster.killVisitor(random.pick(visitors));
        return;
      }
      case 'client-pause': {
        const visitors = this.#cluster.liveVisitors;
        if (visitors.length === 0) return;
        const { life } = random.pick(visitors);
        this.#trace.line('nemesis', 'stops', life.name, `${forMs} ms`);
        this.#world.stop(life);
        later(() => this.#world.goOn(life));
        return;
      }
      case 'reconfig':
        this.#operator.act();
    }
  }

  /** A client host or another member. */
  #other(machine: Machine): string {
    const hosts = [
      ...this.#cluster.machines.map(({ host }) => host),
      ...Array.from({ length: this.#swarm.clientHosts }, (_, i) => `10.1.0.${i + 1}`),
    ].filter((host) => host !== machine.host);
    return this.#random.pick(hosts);
  }

  /** From now on nothing goes wrong any more, and what went wrong is mended. */
  makePeace(): void {
    this.#isOver = true;
    this.#trace.line('nemesis', 'makes peace');
    this.#cluster.network.healAll();
    this.#operator.makePeace();
    for (const machine of this.#cluster.machines) {
      machine.diskFaults.syncMaxMs = 2;
      machine.diskFaults.failing = 0;
      machine.capacityBytes = Number.MAX_SAFE_INTEGER;
      if (machine.life !== null) this.#world.goOn(machine.life);
      machine.start();
    }
    for (const { life } of this.#cluster.visitors) this.#world.goOn(life);
  }
}

/**
 * What was not synced survives or not, sector by sector. A loss that shows in a single byte is spared: nobody can tell it from
 * damage, so a member asks its operator before it starts (journal/txnlog-damage.ts).
 */
function crashOf(random: Prng): Crash {
  const keeping = random.pick([0, 0.5, 1]);
  return {
    keepsSector: (_path, _sector, differing) => random.chance(keeping) || differing === 1,
    size: (_path, low, high) => random.between(low, high),
    changesKept: (_directory, changes) => random.between(0, changes),
  };
}
