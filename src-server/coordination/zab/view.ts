/**
 * Membership of the ensemble at one version: who there is, who votes and with what weight.
 *
 * A view is data. Its text form is read and written elsewhere; addresses are opaque here and only ever compared.
 */
import type { Sid } from '../../base/ids.ts';

export interface Server {
  readonly sid: Sid;
  /** An observer learns everything and decides nothing. */
  readonly role: 'participant' | 'observer';
  /** Where learners connect to this server when it leads. */
  readonly quorumAddress: string;
  readonly electionAddress: string;
  /** Empty when the configuration does not say. */
  readonly clientAddress: string;
}

/** Servers that decide together first: a quorum needs more than half of the groups, each by more than half of its weight. */
export interface Group {
  readonly id: number;
  readonly sids: readonly Sid[];
}

export interface View {
  /** The zxid of the reconfiguration that made it; 0 for one that was only ever written by hand. */
  readonly version: number;
  /** In ascending order of sid, each sid once. */
  readonly servers: readonly Server[];
  /** Null: a plain majority of the participants. */
  readonly groups: readonly Group[] | null;
  /** Weights other than 1. They count only where there are groups. */
  readonly weights: ReadonlyMap<Sid, number>;
}

export function serverOf(view: View, sid: Sid): Server | null {
  return view.servers.find((server) => server.sid === sid) ?? null;
}

export function isVoter(view: View, sid: Sid): boolean {
  return serverOf(view, sid)?.role === 'participant';
}

export function isObserver(view: View, sid: Sid): boolean {
  return serverOf(view, sid)?.role === 'observer';
}

export function votersOf(view: View): Sid[] {
  return view.servers.filter(({ role }) => role === 'participant').map(({ sid }) => sid);
}

/** A server without weight votes but is never elected and never missed. Without groups everybody weighs one. */
export function weightOf(view: View, sid: Sid): number {
  return view.groups === null ? 1 : (view.weights.get(sid) ?? 1);
}

/** Whether two views say the same of everybody, whatever their versions. */
export function isSameMembership(a: View, b: View): boolean {
  return (
    a.servers.length === b.servers.length &&
    a.servers.every((server, i) => isSameServer(server, b.servers[i]!)) &&
    isSameGrouping(a, b)
  );
}

function isSameServer(a: Server, b: Server): boolean {
  return (
    a.sid === b.sid &&
    a.role === b.role &&
    a.quorumAddress === b.quorumAddress &&
    a.electionAddress === b.electionAddress &&
    a.clientAddress === b.clientAddress
  );
}

function isSameGrouping(a: View, b: View): boolean {
  if (a.groups === null || b.groups === null) return a.groups === b.groups;
  return a.servers.every(
    ({ sid }) => weightOf(a, sid) === weightOf(b, sid) && groupOf(a, sid) === groupOf(b, sid),
  );
}

function groupOf(view: View, sid: Sid): number | null {
  return view.groups?.find(({ sids }) => sids.includes(sid))?.id ?? null;
}
