/**
 * The wires of an ensemble of processes: every member reaches every other one by wires of its own, and clients reach each
 * member by one, so that any of them can be cut, both ways or one way.
 *
 *   member 1 ──▶ wire 1→2 (quorum, election) ──▶ member 2       there: what 1 says     back: what 2 answers
 *   member 2 ──▶ wire 2→1 (quorum, election) ──▶ member 1
 *
 * To cut the way from 1 to 2 is to hold `there` on 1→2 and `back` on 2→1. What is held waits, as what TCP repeats does, and
 * not even the end of a connection comes through; or a link is refused, as by a router that says so.
 *
 * Members therefore know each other by different addresses. Who dials another for elections tells where to dial back, and the
 * wire changes that to the wire of the opposite direction.
 */
import net from 'node:net';

import { sid } from '../../src-server/base/ids.ts';
import { Writer } from '../../src-server/bytes/writer.ts';
import type { HostPort } from '../../src-server/config/ensemble-config.ts';
import { readHello, writeHello } from '../../src-server/coordination/wire/votes.ts';
import type { Seats } from '../peers/apache-ensemble.ts';
import { lastingPort } from '../peers/ports.ts';

const HOST = '127.0.0.1';

export type Way = 'there' | 'back';

/** One way of a wire, for all connections over it. */
class Lane {
  #holds = 0;
  #waiting: (() => void)[] = [];

  get isHeld(): boolean {
    return this.#holds > 0;
  }

  hold(): void {
    this.#holds++;
  }

  release(): void {
    if (--this.#holds > 0) return;
    for (const goOn of this.#waiting.splice(0)) goOn();
  }

  whenOpen(goOn: () => void): void {
    if (this.isHeld) this.#waiting.push(goOn);
    else goOn();
  }
}

/** Changes the first bytes that go there; null while they are not all there. */
type Greeting = (bytes: Buffer) => Buffer | null;

export class Wire {
  readonly lanes: Readonly<Record<Way, Lane>> = { there: new Lane(), back: new Lane() };
  readonly #server: net.Server;
  readonly #target: () => number;
  readonly #greeting: Greeting | null;
  readonly #sockets = new Set<net.Socket>();
  #refusals = 0;

  private constructor(target: () => number, greeting: Greeting | null) {
    this.#target = target;
    this.#greeting = greeting;
    this.#server = net.createServer({ allowHalfOpen: true, pauseOnConnect: true }, (near) =>
      this.#accept(near),
    );
  }

  static async listen(
    port: number,
    target: () => number,
    greeting: Greeting | null = null,
  ): Promise<Wire> {
    const wire = new Wire(target, greeting);
    await new Promise<void>((resolve, reject) => {
      wire.#server.once('error', reject);
      wire.#server.listen(port, HOST, resolve);
    });
    return wire;
  }

  /** Ends every connection there is; new ones are made as before. */
  break(): void {
    for (const socket of this.#sockets) socket.resetAndDestroy();
  }

  refuse(): void {
    this.#refusals++;
    this.break();
  }

  accept(): void {
    this.#refusals--;
  }

  close(): void {
    // A reset waits for what was written and has not left, which may be for ever.
    for (const socket of this.#sockets) socket.destroy();
    this.#server.close();
  }

  #accept(near: net.Socket): void {
    this.#own(near);
    if (this.#refusals > 0) {
      near.resetAndDestroy();
      return;
    }
    const { there, back } = this.lanes;
    there.whenOpen(() => {
      if (near.destroyed) return;
      const far = net.connect({ port: this.#target(), host: HOST, allowHalfOpen: true });
      this.#own(far);
      far.setNoDelay();
      near.setNoDelay();
      far.pause();
      carry({ from: near, to: far, lane: there, greeting: this.#greeting });
      carry({ from: far, to: near, lane: back, greeting: null });
    });
  }

  #own(socket: net.Socket): void {
    this.#sockets.add(socket);
    socket.on('error', () => undefined);
    socket.on('close', () => this.#sockets.delete(socket));
  }
}

function carry(parts: {
  readonly from: net.Socket;
  readonly to: net.Socket;
  readonly lane: Lane;
  readonly greeting: Greeting | null;
}): void {
  const { from, to, lane } = parts;
  let { greeting } = parts;
  let greeted = Buffer.alloc(0);
  const read = (): void => {
    if (!to.writableNeedDrain && !from.destroyed) from.resume();
  };
  const pass = (chunk: Buffer): void => {
    if (!to.writable) return;
    if (!to.write(chunk)) from.pause();
  };
  from.on('data', (chunk: Buffer) => {
    if (greeting === null) {
      pass(chunk);
    } else {
      greeted = Buffer.concat([greeted, chunk]);
      const changed = greeting(greeted);
      if (changed !== null) {
        greeting = null;
        pass(changed);
      }
    }
    if (!lane.isHeld) return;
    from.pause();
    lane.whenOpen(read);
  });
  to.on('drain', () => lane.whenOpen(read));
  from.on('end', () => lane.whenOpen(() => to.end()));
  from.on('close', () => lane.whenOpen(() => to.destroySoon()));
  lane.whenOpen(read);
}

/** Tells the other end to dial back by this wire. */
function tellsToDialBackBy(address: HostPort): Greeting {
  return (bytes) => {
    const hello = readHello(bytes);
    if (hello === 'need-more') return null;
    if (hello === 'bad' || hello.sid === null || hello.addresses.length === 0) return bytes;
    const writer = new Writer();
    writeHello(writer, { sid: sid(hello.sid), addresses: [address], isMultiAddress: false });
    return Buffer.concat([writer.view(), bytes.subarray(hello.bytes)]);
  };
}

interface Link {
  readonly quorum: Wire;
  readonly election: Wire;
  readonly quorumPort: number;
  readonly electionPort: number;
}

export interface Ids {
  readonly from: number;
  readonly to: number;
}

export class Network {
  readonly #seats: Seats;
  readonly #links: ReadonlyMap<string, Link>;
  readonly #clients: ReadonlyMap<number, { readonly wire: Wire; readonly port: number }>;
  /** What heals the faults there are. */
  readonly #heals = new Set<() => void>();

  private constructor(
    seats: Seats,
    links: ReadonlyMap<string, Link>,
    clients: ReadonlyMap<number, { readonly wire: Wire; readonly port: number }>,
  ) {
    this.#seats = seats;
    this.#links = links;
    this.#clients = clients;
  }

  /** @param clientPort where a member listens for clients now, which may be elsewhere after a restart */
  static async between(seats: Seats, clientPort: (id: number) => number): Promise<Network> {
    const ids = [...seats.lines.keys()];
    const ports = new Map<string, { quorumPort: number; electionPort: number }>();
    for (const from of ids)
      for (const to of ids)
        if (from !== to)
          ports.set(`${from}-${to}`, {
            quorumPort: await lastingPort(),
            electionPort: await lastingPort(),
          });
    const links = new Map<string, Link>();
    for (const from of ids)
      for (const to of ids) {
        const own = ports.get(`${from}-${to}`);
        const opposite = ports.get(`${to}-${from}`);
        if (own === undefined || opposite === undefined) continue;
        const { quorum, election } = seats.of(to);
        const greeting = tellsToDialBackBy({ host: HOST, port: opposite.electionPort });
        links.set(`${from}-${to}`, {
          ...own,
          quorum: await Wire.listen(own.quorumPort, () => quorum.port),
          election: await Wire.listen(own.electionPort, () => election.port, greeting),
        });
      }
    const clients = new Map<number, { wire: Wire; port: number }>();
    for (const id of ids) {
      const port = await lastingPort();
      clients.set(id, { port, wire: await Wire.listen(port, () => clientPort(id)) });
    }
    return new Network(seats, links, clients);
  }

  /** The server list as this member has it: its own address, and the wires to the others. */
  linesFor(id: number): ReadonlyMap<number, string> {
    return new Map(
      [...this.#seats.lines].map(([other, line]) => {
        const link = this.#links.get(`${id}-${other}`);
        if (link === undefined) return [other, line];
        const { role } = this.#seats.of(other);
        return [other, `${HOST}:${link.quorumPort}:${link.electionPort}:${role}`];
      }),
    );
  }

  /** Where clients connect, in this order. */
  hosts(ids: readonly number[]): string {
    return ids.map((id) => `${HOST}:${this.#clients.get(id)!.port}`).join(',');
  }

  /** What is on its way from one to the other waits. @returns what heals it */
  hold({ from, to }: Ids): () => void {
    const there = this.#wires({ from, to }).map(({ lanes }) => lanes.there);
    const back = this.#wires({ from: to, to: from }).map(({ lanes }) => lanes.back);
    for (const lane of [...there, ...back]) lane.hold();
    return this.#healing(() => {
      for (const lane of [...there, ...back]) lane.release();
    });
  }

  /** Nothing goes either way, and both are told so. @returns what heals it */
  refuse({ from, to }: Ids): () => void {
    const wires = [...this.#wires({ from, to }), ...this.#wires({ from: to, to: from })];
    for (const wire of wires) wire.refuse();
    return this.#healing(() => {
      for (const wire of wires) wire.accept();
    });
  }

  /** Ends the connections between two, which may make new ones at once. */
  break({ from, to }: Ids): void {
    const wires = [...this.#wires({ from, to }), ...this.#wires({ from: to, to: from })];
    for (const wire of wires) wire.break();
  }

  /** Ends the connections of a member's clients. */
  breakClients(id: number): void {
    this.#clients.get(id)!.wire.break();
  }

  healAll(): void {
    for (const heal of [...this.#heals]) heal();
  }

  close(): void {
    this.healAll();
    for (const { quorum, election } of this.#links.values()) {
      quorum.close();
      election.close();
    }
    for (const { wire } of this.#clients.values()) wire.close();
  }

  #wires({ from, to }: Ids): readonly Wire[] {
    const { quorum, election } = this.#links.get(`${from}-${to}`)!;
    return [quorum, election];
  }

  /** Heals once, however often it is told. */
  #healing(heal: () => void): () => void {
    const once = (): void => {
      if (this.#heals.delete(once)) heal();
    };
    this.#heals.add(once);
    return once;
  }
}
