/** Carries out what the schedule says, and makes peace in the end. */
import { Prng } from '../../src-server/base/prng.ts';
import { until } from '../peers/wait.ts';
import type { Member } from './members.ts';
import type { Network } from './network.ts';
import type { PlannedFault } from './schedule.ts';
import type { Writer } from './writers.ts';

export interface NemesisParts {
  readonly members: readonly Member[];
  readonly network: Network;
  /** Those that run now. */
  readonly writers: () => readonly Writer[];
  /** The process was killed; another takes its place. */
  readonly replaceWriter: (writer: Writer) => Promise<void>;
  readonly note: (what: string) => void;
}

export class Nemesis {
  readonly #parts: NemesisParts;
  readonly #counts = new Map<string, number>();
  /** What ends the faults that last. */
  readonly #heals = new Map<NodeJS.Timeout, () => void | Promise<void>>();
  #underWay: Promise<void> = Promise.resolve();

  constructor(parts: NemesisParts) {
    this.#parts = parts;
  }

  get counts(): ReadonlyMap<string, number> {
    return this.#counts;
  }

  /** One after the other, until told that it is enough. */
  async rage(schedule: Iterable<PlannedFault>, isEnough: () => boolean): Promise<void> {
    for (const planned of schedule) {
      await new Promise((resolve) => setTimeout(resolve, planned.afterMs));
      if (isEnough()) return;
      this.#counts.set(planned.fault, (this.#counts.get(planned.fault) ?? 0) + 1);
      await this.#carryOut(planned);
    }
  }

  /** Whatever went wrong is mended, at once. */
  async makePeace(): Promise<void> {
    for (const [timer, heal] of [...this.#heals]) {
      clearTimeout(timer);
      this.#heals.delete(timer);
      await heal();
    }
    await this.#underWay;
    this.#parts.network.healAll();
  }

  #for(ms: number, heal: () => void | Promise<void>): void {
    const timer = setTimeout(() => {
      this.#heals.delete(timer);
      this.#underWay = this.#underWay.then(heal);
    }, ms);
    this.#heals.set(timer, heal);
  }

  async #carryOut({ fault, forMs, aimsAtLeader, seed }: PlannedFault): Promise<void> {
    const { members, network, note } = this.#parts;
    const random = new Prng(seed);
    const target = await this.#target(random, aimsAtLeader);
    const { id } = target;
    const others = members.filter((member) => member !== target).map((member) => member.id);
    const other = random.pick(others);
    const between = `between ${id} and ${other}`;
    switch (fault) {
      case 'kill':
        note(`kills ${id}, for ${forMs} ms`);
        await target.kill();
        this.#for(forMs, () => target.start());
        return;
      case 'blackout':
        note(`kills everybody, for ${forMs} ms and more`);
        await Promise.all(members.map((member) => member.kill()));
        for (const member of members) this.#for(forMs + random.below(forMs), () => member.start());
        return;
      case 'pause':
        note(`stops ${id}, for ${forMs} ms`);
        target.pause();
        this.#for(forMs, () => target.goOn());
        return;
      case 'isolate':
        note(`cuts ${id} off from all others, for ${forMs} ms`);
        this.#lasting(
          forMs,
          others.flatMap((peer) => [
            network.hold({ from: id, to: peer }),
            network.hold({ from: peer, to: id }),
          ]),
        );
        return;
      case 'cut':
        note(`cuts ${between}, for ${forMs} ms`);
        this.#lasting(forMs, [
          network.hold({ from: id, to: other }),
          network.hold({ from: other, to: id }),
        ]);
        return;
      case 'half-cut': {
        const [from, to] = random.chance(0.5) ? [id, other] : [other, id];
        note(`cuts the way from ${from} to ${to}, for ${forMs} ms`);
        this.#lasting(forMs, [network.hold({ from, to })]);
        return;
      }
      case 'refuse':
        note(`refuses connections ${between}, for ${forMs} ms`);
        this.#lasting(forMs, [network.refuse({ from: id, to: other })]);
        return;
      case 'break':
        note(`breaks the connections ${between}`);
        network.break({ from: id, to: other });
        return;
      case 'break-clients':
        note(`breaks the connections of the clients of ${id}`);
        network.breakClients(id);
        return;
      case 'kill-writer': {
        const writer = random.pick(this.#parts.writers());
        note(`kills ${writer.name}`);
        await this.#parts.replaceWriter(writer);
        return;
      }
      case 'pause-writer': {
        const writer = random.pick(this.#parts.writers());
        note(`stops ${writer.name}, for ${2 * forMs} ms`);
        writer.pause();
        this.#for(2 * forMs, () => writer.goOn());
      }
    }
  }

  #lasting(forMs: number, heals: readonly (() => void)[]): void {
    this.#for(forMs, () => {
      for (const heal of heals) heal();
    });
  }

  /** A member that is up, as soon as there is one: the leader, if it is looked for and there is one. */
  async #target(random: Prng, aimsAtLeader: boolean): Promise<Member> {
    const up = await until('a member is up', () => {
      const found = this.#parts.members.filter(({ isRunning, isPaused }) => isRunning && !isPaused);
      return found.length > 0 && found;
    });
    const drawn = random.pick(up);
    if (!aimsAtLeader) return drawn;
    const modes = await Promise.all(up.map((member) => member.mode()));
    return up.find((_, i) => modes[i] === 'leader') ?? drawn;
  }
}
