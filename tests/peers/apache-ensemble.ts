/** The addresses of an ensemble on loopback, for members in Java and members of a test alike. */
import type { HostPort } from '../../src-server/config/ensemble-config.ts';
import { lastingPort } from './ports.ts';

export interface Seat {
  readonly id: number;
  readonly quorum: HostPort;
  readonly election: HostPort;
  readonly role: 'participant' | 'observer';
}

export interface Seats {
  readonly of: (id: number) => Seat;
  /** What stands behind `server.N=`. */
  readonly lines: ReadonlyMap<number, string>;
  /** The configuration as members write it to each other. */
  text(version: number): string;
}

const HOST = '127.0.0.1';

/** Free ports for servers 1, 2 and so on, one for each role. */
export async function takeSeats(...roles: readonly Seat['role'][]): Promise<Seats> {
  const seats: Seat[] = [];
  for (const role of roles) {
    seats.push({
      id: seats.length + 1,
      quorum: { host: HOST, port: await lastingPort() },
      election: { host: HOST, port: await lastingPort() },
      role,
    });
  }
  const lines = new Map(
    seats.map(({ id, quorum, election, role }) => [
      id,
      `${HOST}:${quorum.port}:${election.port}:${role}`,
    ]),
  );
  return {
    of: (id) => seats[id - 1]!,
    lines,
    text: (version) =>
      [...lines].map(([id, line]) => `server.${id}=${line}\n`).join('') +
      `version=${version.toString(16)}`,
  };
}
