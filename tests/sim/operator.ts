/**
 * Whoever looks after the ensemble: takes new machines in, lets others go, changes roles and addresses, as superuser through the
 * door that clients use. Never asks first whether this is a good moment.
 *
 *   new machine: installed, started ─▶ ordered in        ordered out ─▶ ended, or left running as a stranger
 */
import type { Prng } from '../../src-server/base/prng.ts';
import {
  type EnsembleConfig,
  type EnsembleServer,
  participantsOf,
  type Role,
} from '../../src-server/config/ensemble-config.ts';
import { Code, codeName } from '../../src-server/coordination/model/codes.ts';
import { type Cluster, movesOf, type Place, serverLine, SUPER } from './cluster.ts';
import type { Order } from './history.ts';
import type { Machine } from './machine.ts';
import type { Probes } from './probes.ts';
import type { Trace } from './trace.ts';
import type { Visitor } from './visitor.ts';
import type { World } from './world.ts';

const DEEDS = ['add', 'add', 'remove', 'remove', 'role', 'move', 'replace'] as const;
/** How often, and how many times, the operator looks whether everybody found the others. */
const PATIENCE_MS = 10_000;
const LOOKS = 5;

type Deed = (typeof DEEDS)[number];
type Reconfig = Omit<Order & { kind: 'reconfig' }, 'kind' | 'fromVersion'>;

const NOTHING: Reconfig = { joining: null, leaving: null, members: null };

export class Operator {
  readonly #world: World;
  readonly #cluster: Cluster;
  readonly #trace: Trace;
  readonly #probes: Probes;
  readonly #random: Prng;
  /** Taken in by orders of which nobody may know what became. */
  readonly #taken = new Map<Machine, Place>();
  #visitor: Visitor | null = null;
  #isOver = false;

  constructor(parts: {
    readonly world: World;
    readonly cluster: Cluster;
    readonly trace: Trace;
    readonly probes: Probes;
  }) {
    this.#world = parts.world;
    this.#cluster = parts.cluster;
    this.#trace = parts.trace;
    this.#probes = parts.probes;
    this.#random = parts.world.stream();
  }

  /** Changes the configuration in one way or another. */
  act(): void {
    const { config } = this.#cluster;
    if (config === null) return;
    this.#act(config).catch((error: unknown) => this.#world.fail(error));
  }

  async #act(config: EnsembleConfig): Promise<void> {
    const random = this.#random;
    switch (random.pick(DEEDS)) {
      case 'add':
        return this.#add(config);
      case 'remove':
        return this.#remove(config);
      case 'role': {
        const server = this.#pick(config);
        const role = otherRole(server.role);
        if (role === 'participant' || !isLastVoter(config, server))
          await this.#order('role', config, { ...NOTHING, joining: lineOf(server, { role }) });
        return;
      }
      case 'move':
        return this.#move(config);
      case 'replace':
        return this.#replace(config);
    }
  }

  async #add(config: EnsembleConfig): Promise<void> {
    const machine = this.#newcomer(config);
    if (machine === null) return;
    const place = await this.#takeIn(machine, config);
    await this.#order('add', config, { ...NOTHING, joining: serverLine(place) });
  }

  async #remove(config: EnsembleConfig): Promise<void> {
    const server = this.#pick(config);
    if (isLastVoter(config, server)) return;
    if (await this.#order('remove', config, { ...NOTHING, leaving: String(server.id) }))
      this.#letGo(this.#machineOf(server));
  }

  async #move(config: EnsembleConfig): Promise<void> {
    const server = this.#pick(config);
    const moves = movesOf(server) + 1;
    await this.#order('move', config, { ...NOTHING, joining: lineOf(server, { moves }) });
    await this.#pause(3000);
    // Unknown or refused, it may have been decided.
    if (!this.#isOver) this.#restart(this.#machineOf(server));
  }

  /** A whole new list: one goes, one comes, one gets another role, or some of that. */
  async #replace(config: EnsembleConfig): Promise<void> {
    const random = this.#random;
    let servers = [...config.servers];
    const gone = random.chance(0.5) ? this.#pick(config) : null;
    if (gone !== null) servers = servers.filter(({ id }) => id !== gone.id);
    const turned = random.chance(0.3) ? this.#pick(config).id : null;
    const lines = servers.map((server) =>
      lineOf(server, server.id === turned ? { role: otherRole(server.role) } : {}),
    );
    const machine = random.chance(0.5) ? this.#newcomer(config) : null;
    if (machine !== null) lines.push(serverLine(await this.#takeIn(machine, config)));
    if (!lines.some((line) => line.includes('participant'))) return;
    const isDone = await this.#order('replace', config, { ...NOTHING, members: lines.join(',') });
    if (isDone && gone !== null) this.#letGo(this.#machineOf(gone));
  }

  /** @returns whether it is known to be done */
  async #order(deed: Deed, config: EnsembleConfig, what: Reconfig): Promise<boolean> {
    if (this.#isOver) return false;
    const random = this.#random;
    if (this.#visitor === null || this.#visitor.isOver) {
      this.#visitor = this.#cluster.visit();
      this.#visitor.client.addAuth('digest', Buffer.from(SUPER));
    }
    const fromVersion = random.chance(0.5) ? -1 : config.version;
    const answer = await this.#visitor.ask({ kind: 'reconfig', ...what, fromVersion });
    const said = answer === null ? 'unknown' : codeName(answer.code);
    this.#probes.hit(`reconfig: ${said}`);
    const isDone = answer?.code === Code.OK;
    if (isDone) this.#probes.hit(`reconfig: ${deed} done`);
    return isDone;
  }

  // --- machines ---

  /** One that does not belong to the ensemble. */
  #newcomer(config: EnsembleConfig): Machine | null {
    const free = this.#cluster.pool.filter(
      ({ number }) => !config.servers.some(({ id }) => id === number),
    );
    return free.length === 0 ? null : this.#random.pick(free);
  }

  async #takeIn(machine: Machine, config: EnsembleConfig): Promise<Place> {
    const random = this.#random;
    const role: Role = random.chance(0.7) ? 'participant' : 'observer';
    const place: Place = { number: machine.number, role, moves: random.below(3) };
    this.#taken.set(machine, place);
    this.#trace.line('operator', 'installs', serverLine(place));
    machine.kill();
    if (machine.starts > 0 && random.chance(0.5)) this.#cluster.wipe(machine);
    this.#install(machine, config, place);
    machine.start();
    await this.#pause(6000);
    return place;
  }

  #letGo(machine: Machine): void {
    if (this.#random.chance(0.4)) return;
    void this.#pause(10_000).then(() => {
      if (this.#isOver || this.#cluster.isMember(machine)) return;
      this.#trace.line('operator', 'ends', machine.host);
      machine.retire();
    });
  }

  #restart(machine: Machine): void {
    this.#trace.line('operator', 'restarts', machine.host);
    machine.kill();
    machine.start();
  }

  // --- peace ---

  makePeace(): void {
    this.#isOver = true;
    for (let i = 1; i <= LOOKS; i++) this.#world.after(i * PATIENCE_MS, () => this.#help());
  }

  /**
   * What no member can help itself with: that it was told to listen elsewhere, which takes a start; that all the voters it knows
   * of are gone or have moved, while those who are there wait for it to come; or that it is off. Without a leader the order that
   * took somebody in may be what is being decided, and need a vote of whoever was taken in.
   */
  #help(): void {
    const { members, config } = this.#cluster;
    if (config === null) return;
    for (const machine of members) {
      if (!machine.isInstalled) {
        // Ended when it was let go, and taken in again by an order that was given earlier.
        machine.install(config.servers.map((server) => lineOf(server)).join('\n'));
        machine.start();
      } else if (!machine.isServing && !knowsAVoter(machine, config)) {
        this.#probes.hit('a member was told where the others are');
        machine.kill();
        machine.install(config.servers.map((server) => lineOf(server)).join('\n'));
        machine.start();
      } else if (placeIn(config, machine) !== placeIn(machine.startedWith, machine)) {
        this.#restart(machine);
      }
    }
    if (this.#cluster.leader !== null) return;
    for (const [machine, place] of this.#taken) {
      if (machine.isInstalled) continue;
      this.#probes.hit('a member of an undecided order was started');
      this.#install(machine, config, place);
      machine.start();
    }
  }

  /** It begins with the list that holds and its own line. */
  #install(machine: Machine, config: EnsembleConfig, place: Place): void {
    machine.install(
      [...config.servers.map((server) => lineOf(server)), serverLine(place)].join('\n'),
    );
  }

  // --- draws ---

  #pick(config: EnsembleConfig): EnsembleServer {
    const leader = this.#cluster.leader?.number;
    const leading = config.servers.find(({ id }) => id === leader);
    return leading !== undefined && this.#random.chance(0.3)
      ? leading
      : this.#random.pick(config.servers);
  }

  #machineOf({ id }: EnsembleServer): Machine {
    return this.#cluster.pool.find(({ number }) => number === id)!;
  }

  #pause(maxMs: number): Promise<void> {
    return new Promise((resolve) => {
      this.#world.after(this.#random.below(maxMs), () => resolve());
    });
  }
}

function otherRole(role: Role): Role {
  return role === 'participant' ? 'observer' : 'participant';
}

function lineOf(server: EnsembleServer, changed: Partial<Place> = {}): string {
  return serverLine({ number: server.id, role: server.role, moves: movesOf(server), ...changed });
}

function placeIn(config: EnsembleConfig | null, { number }: Machine): number | null {
  const server = config?.servers.find(({ id }) => id === number);
  return server === undefined ? null : movesOf(server);
}

/** Whether it knows that somebody else votes, and where to find them, if there is one: nobody else is asked. */
function knowsAVoter(machine: Machine, config: EnsembleConfig): boolean {
  const ensemble = machine.ensemble?.config ?? null;
  const known = ensemble === null ? [] : participantsOf(ensemble);
  const others = participantsOf(config).filter(({ id }) => id !== machine.number);
  return (
    others.length === 0 ||
    others.some((voter) =>
      known.some((server) => server.id === voter.id && movesOf(server) === movesOf(voter)),
    )
  );
}

function isLastVoter(config: EnsembleConfig, { role }: EnsembleServer): boolean {
  return role === 'participant' && participantsOf(config).length === 1;
}
