/** Whoever makes things go wrong in a ring, as far as this seed lets it. */
import type { Prng } from '../../../src-server/base/prng.ts';
import type { Crash } from '../disk.ts';
import type { Trace } from '../trace.ts';
import type { World } from '../world.ts';
import type { StorageProbes } from './probes.ts';
import { DATA_DIR, type Ring } from './ring.ts';
import type { StorageMachine } from './storage-machine.ts';
import type { Fault, StorageSwarm } from './swarm.ts';

const SLOW_SYNC_MS = 600;
const SLOW_LINK_MS = 500;
const HOUR_MS = 3_600_000;

export interface NemesisParts {
  readonly world: World;
  readonly ring: Ring;
  readonly swarm: StorageSwarm;
  readonly trace: Trace;
  readonly probes: StorageProbes;
}

export class Nemesis {
  readonly #parts: NemesisParts;
  readonly #random: Prng;
  readonly #faults: readonly Fault[];
  #isOver = false;
  #hasWiped = false;

  constructor(parts: NemesisParts) {
    this.#parts = parts;
    this.#random = parts.world.stream();
    this.#faults = [...parts.swarm.faults];
  }

  start(): void {
    if (this.#faults.length === 0) return;
    const { swarm, world, probes, ring } = this.#parts;
    world.after(this.#random.between(1, 2 * swarm.faultEveryMs), () => {
      if (this.#isOver) return;
      const fault = this.#random.pick(this.#faults);
      probes.hit(`fault: ${fault}`);
      this.#make(fault, this.#random.pick(ring.machines));
      this.start();
    });
  }

  #make(fault: Fault, machine: StorageMachine): void {
    const random = this.#random;
    const { world, ring, swarm, trace } = this.#parts;
    const { network, ensemble } = ring;
    const { host } = machine;
    const forMs = random.between(10, random.pick([200, 2000, 8000]));
    const say = (what: string, of: string = machine.id): void =>
      trace.line('nemesis', what, of, `${forMs} ms`);
    const later = (undo: () => void): void => {
      world.after(forMs, undo);
    };
    const members = ensemble.machines.map((member) => member.host);
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
        for (const each of ring.machines) each.losePower(crashOf(random));
        for (const each of ring.machines) world.after(random.between(10, 3000), () => each.start());
        return;
      case 'long-absence': {
        const awayMs = swarm.sessionTimeoutMs + swarm.downOutMs + random.between(1000, 6000);
        trace.line('nemesis', 'takes away for long', machine.id, `${awayMs} ms`);
        machine.losePower(crashOf(random));
        world.after(awayMs, () => machine.start());
        return;
      }
      case 'pause':
        this.#pause(machine, forMs);
        return;
      case 'zombie':
        this.#pause(this.#someLeader() ?? machine, swarm.sessionTimeoutMs + swarm.leaseMs + forMs);
        return;
      case 'isolation': {
        // Clients reach it all the same, and it learns of nothing.
        const one = this.#someLeader() ?? machine;
        const others = ring.machines.filter((each) => each !== one).map((each) => each.host);
        const awayMs = swarm.sessionTimeoutMs + swarm.leaseMs + forMs;
        trace.line('nemesis', 'cuts off from nodes and ensemble', one.id, `${awayMs} ms`);
        this.#cut([one.host], [...others, ...members], false, awayMs);
        return;
      }
      case 'cut-nodes':
      case 'half-cut-nodes': {
        const other = random.pick(ring.machines.filter((each) => each !== machine));
        say(`${fault} between ${other.id} and`);
        this.#cut([host], [other.host], fault === 'half-cut-nodes', forMs);
        return;
      }
      case 'cut-ensemble':
      case 'half-cut-ensemble':
        say(`${fault}, of`);
        this.#cut([host], members, fault === 'half-cut-ensemble', forMs);
        return;
      case 'cut-client': {
        const client = `10.1.0.${random.between(1, swarm.clientHosts)}`;
        say(`cuts between ${client} and`);
        this.#cut([host], [client], random.chance(0.5), forMs);
        return;
      }
      case 'break':
        say('breaks connections of');
        network.breakConnections(host, random.pick([0.3, 1]));
        return;
      case 'slow-link': {
        const other = random.pick(ring.machines.filter((each) => each !== machine));
        say(`slows the way between ${other.id} and`);
        network.slow(host, other.host, SLOW_LINK_MS);
        later(() => network.slow(host, other.host, 0));
        return;
      }
      case 'slow-disk':
        say('slows the disk of');
        machine.diskFaults.syncMaxMs = SLOW_SYNC_MS;
        later(() => (machine.diskFaults.syncMaxMs = 2));
        return;
      case 'full-disk': {
        const room = random.below(0x1_0000);
        say(`leaves ${room} bytes on the disk of`);
        machine.capacityBytes = machine.disk.usedBytes + room;
        later(() => (machine.capacityBytes = Number.MAX_SAFE_INTEGER));
        return;
      }
      case 'bit-flip':
        this.#flip();
        return;
      case 'wipe':
        this.#wipe(machine);
        return;
      case 'clock-set': {
        const byMs = random.between(-HOUR_MS, HOUR_MS);
        say(`sets the wall clock by ${byMs} ms on`);
        machine.clock.wallAheadMs += byMs;
        return;
      }
      case 'member-power': {
        const member = random.pick(ensemble.machines);
        say('takes the power from', member.host);
        member.losePower(crashOf(random));
        later(() => member.start());
        return;
      }
      case 'step-down':
        say('asks the leader of the ensemble to step down', '');
        ensemble.leader?.ensemble?.stepDown('the nemesis asked');
        return;
      case 'ensemble-away':
        say('takes away', 'the ensemble');
        for (const member of ensemble.machines) member.losePower(crashOf(random));
        later(() => {
          for (const member of ensemble.machines) member.start();
        });
        return;
      case 'controller-cut': {
        const controller = ring.controller ?? machine;
        say('cuts from the ensemble', controller.id);
        this.#cut([controller.host], members, random.chance(0.5), forMs);
        return;
      }
      case 'controller-kill': {
        const controller = ring.controller ?? machine;
        say('kills the controller', controller.id);
        controller.kill();
        later(() => controller.start());
      }
    }
  }

  /** On the first node only, and while all others have everything. */
  #flip(): void {
    const { ring, trace } = this.#parts;
    const random = this.#random;
    const machine = ring.machines[0]!;
    const states = [...ring.view.partitions.values()].map(({ value }) => value);
    if (!ring.view.isConnected || states.some(({ inSync }) => inSync.length < 3)) return;
    const folder = `${DATA_DIR}/log`;
    const files = machine.disk.list(folder).filter(({ bytes }) => bytes > 0);
    if (files.length === 0) return;
    const { name, bytes } = random.pick(files);
    const at = random.below(bytes);
    machine.hasFlips = true;
    machine.disk.flip(`${folder}/${name}`, at, 1 << random.below(8));
    trace.line('nemesis', `turns a bit at ${at} of ${name}, of`, machine.id);
  }

  /** Once in a run, and only what others hold as well: two lost disks may be all copies there were. */
  #wipe(machine: StorageMachine): void {
    const { ring, trace, world } = this.#parts;
    const states = [...ring.view.partitions.values()].map(({ value }) => value);
    const isLast = states.some(({ inSync }) => inSync.length < 2);
    if (this.#hasWiped || !ring.view.isConnected || states.length === 0 || isLast) return;
    this.#hasWiped = true;
    const forMs = this.#random.between(10, 5000);
    trace.line('nemesis', 'takes the disk of', machine.id, `${forMs} ms`);
    machine.losePower(crashOf(this.#random));
    machine.wipe();
    world.after(forMs, () => machine.start());
  }

  #pause(machine: StorageMachine, forMs: number): void {
    const { world, trace } = this.#parts;
    const { life } = machine;
    if (life === null) return;
    trace.line('nemesis', 'stops', machine.id, `${forMs} ms`);
    world.stop(life);
    world.after(forMs, () => world.goOn(life));
  }

  #someLeader(): StorageMachine | null {
    const { ring } = this.#parts;
    const states = [...ring.view.partitions.values()].map(({ value }) => value.leader);
    return states.length === 0 ? null : ring.machineOf(this.#random.pick(states));
  }

  #cut(ones: readonly string[], others: readonly string[], isHalf: boolean, forMs: number): void {
    const { ring, world } = this.#parts;
    const { network } = ring;
    const isOut = this.#random.chance(0.5);
    const ways: (readonly [string, string])[] = [];
    for (const one of ones)
      for (const other of others) {
        if (!isHalf || isOut) ways.push([one, other]);
        if (!isHalf || !isOut) ways.push([other, one]);
      }
    for (const [from, to] of ways) network.cut(from, to);
    world.after(forMs, () => {
      for (const [from, to] of ways) network.heal(from, to);
    });
  }

  /** From now on nothing goes wrong any more, and what went wrong is mended. */
  makePeace(): void {
    this.#isOver = true;
    const { world, ring, trace } = this.#parts;
    trace.line('nemesis', 'makes peace');
    ring.network.healAll();
    for (const member of ring.ensemble.machines) member.start();
    for (const machine of ring.machines) {
      machine.diskFaults.syncMaxMs = 2;
      machine.capacityBytes = Number.MAX_SAFE_INTEGER;
      if (machine.life !== null) world.goOn(machine.life);
      machine.start();
    }
  }
}

/** What was not synced survives or not, sector by sector. */
function crashOf(random: Prng): Crash {
  const keeping = random.pick([0, 0.5, 1]);
  return {
    keepsSector: () => random.chance(keeping),
    size: (_path, low, high) => random.between(low, high),
    changesKept: (_directory, changes) => random.between(0, changes),
  };
}
