/**
 * The members of an ensemble as somebody rewrites them: every line with its fields as they were typed, and the change that
 * comes of it. What was not touched is not told to the servers.
 */
import type {
  ConfiguredMember,
  Membership,
  MembershipChange,
} from '#contract/membership-models.ts';

export type MemberRole = ConfiguredMember['role'];

export interface DraftMember {
  /** The same as long as it is the same line. */
  readonly key: string;
  /** As it is in the configuration; null for one that is new. */
  readonly origin: ConfiguredMember | null;
  isLeaving: boolean;
  id: string;
  role: MemberRole;
  host: string;
  quorumPort: string;
  electionPort: string;
  clientHost: string;
  clientPort: string;
  group: string;
  weight: string;
}

export type DraftField =
  'id' | 'host' | 'quorumPort' | 'electionPort' | 'clientHost' | 'clientPort' | 'group' | 'weight';

export type FieldProblem =
  'missing' | 'not-a-port' | 'same-ports' | 'not-an-id' | 'id-taken' | 'not-a-number';

export type DraftProblems = Readonly<Partial<Record<DraftField, FieldProblem>>>;

export function draftOf({
  members,
  clients,
}: Pick<Membership, 'members' | 'clients'>): DraftMember[] {
  return members.map((origin) => {
    const { id, role, addresses, group, weight } = origin;
    // Whoever is changed must say where its clients connect; mostly that is known already.
    const client = origin.client ?? clients.find((one) => one.id === id)?.at ?? null;
    const first = addresses[0];
    return {
      key: `member-${id}`,
      origin,
      isLeaving: false,
      id: String(id),
      role,
      host: first?.host ?? '',
      quorumPort: portText(first?.quorumPort),
      electionPort: portText(first?.electionPort),
      clientHost: client?.host ?? '',
      clientPort: portText(client?.port),
      group: group === null ? '' : String(group),
      weight: String(weight),
    };
  });
}

function portText(port: number | undefined): string {
  return port === undefined ? '' : String(port);
}

/** One more, with the next id and the ports that all others have in common. */
export function newMember(drafts: readonly DraftMember[]): DraftMember {
  const ids = drafts.map(({ id }) => Number(id)).filter(Number.isSafeInteger);
  const id = String(Math.max(0, ...ids) + 1);
  const common = (field: 'quorumPort' | 'electionPort' | 'clientPort'): string => {
    const values = new Set(drafts.filter(({ origin }) => origin !== null).map((one) => one[field]));
    return values.size === 1 ? [...values][0]! : '';
  };
  return {
    key: `new-${id}-${drafts.length}`,
    origin: null,
    isLeaving: false,
    id,
    role: 'participant',
    host: '',
    quorumPort: common('quorumPort'),
    electionPort: common('electionPort'),
    clientHost: '',
    clientPort: common('clientPort'),
    group: '',
    weight: '1',
  };
}

/** Whether anything of it is different from the configuration. */
export function isChanged(draft: DraftMember): boolean {
  const { origin } = draft;
  if (origin === null || draft.isLeaving) return true;
  const first = origin.addresses[0];
  const isClientSame =
    origin.client === null ||
    (draft.clientHost.trim() === origin.client.host &&
      draft.clientPort.trim() === String(origin.client.port));
  return !(
    draft.role === origin.role &&
    draft.host.trim() === first?.host &&
    draft.quorumPort.trim() === portText(first.quorumPort) &&
    draft.electionPort.trim() === portText(first.electionPort) &&
    isClientSame &&
    draft.group.trim() === (origin.group === null ? '' : String(origin.group)) &&
    draft.weight.trim() === String(origin.weight)
  );
}

/** What is wrong with the fields of a line that is to be told. */
export function problemsOf(
  draft: DraftMember,
  all: readonly DraftMember[],
  isGrouped: boolean,
): DraftProblems {
  if (draft.isLeaving || !isChanged(draft)) return {};
  const found: Partial<Record<DraftField, FieldProblem>> = {};
  const say = (field: DraftField, problem: FieldProblem | null): void => {
    if (problem !== null) found[field] = problem;
  };
  say('id', idProblem(draft, all));
  say('host', draft.host.trim() === '' ? 'missing' : null);
  say('quorumPort', portProblem(draft.quorumPort));
  say('electionPort', portProblem(draft.electionPort));
  if (found.electionPort === undefined && draft.electionPort.trim() === draft.quorumPort.trim())
    found.electionPort = 'same-ports';
  // Whoever has a port for clients over TLS only needs no other.
  const hasSecure = (draft.origin?.secureClient ?? null) !== null;
  if (!(hasSecure && draft.clientPort.trim() === ''))
    say('clientPort', portProblem(draft.clientPort));
  if (isGrouped && draft.role === 'participant') {
    say('group', draft.group.trim() === '' ? 'missing' : numberProblem(draft.group));
    say('weight', numberProblem(draft.weight));
  }
  return found;
}

function idProblem({ key, id }: DraftMember, all: readonly DraftMember[]): FieldProblem | null {
  if (id.trim() === '') return 'missing';
  if (!/^\d{1,3}$/.test(id.trim()) || Number(id) > 255) return 'not-an-id';
  return all.some((one) => one.key !== key && Number(one.id) === Number(id)) ? 'id-taken' : null;
}

function portProblem(text: string): FieldProblem | null {
  if (text.trim() === '') return 'missing';
  const port = /^\d{1,5}$/.test(text.trim()) ? Number(text) : 0;
  return port >= 1 && port <= 65_535 ? null : 'not-a-port';
}

function numberProblem(text: string): FieldProblem | null {
  return /^\d{1,6}$/.test(text.trim()) ? null : 'not-a-number';
}

/** The change, or null while something is wrong with a field or nothing is different. */
export function changeOf(
  drafts: readonly DraftMember[],
  isGrouped: boolean,
): MembershipChange | null {
  if (!drafts.some(isChanged)) return null;
  if (drafts.some((one) => Object.keys(problemsOf(one, drafts, isGrouped)).length > 0)) return null;
  const staying = drafts.filter(({ isLeaving }) => !isLeaving);
  if (isGrouped) {
    const members = staying.map((one) => (isChanged(one) ? memberOf(one) : one.origin!));
    return { kind: 'whole', members };
  }
  return {
    kind: 'step',
    joining: staying.filter(isChanged).map(memberOf),
    leaving: drafts.flatMap(({ isLeaving, origin }) =>
      isLeaving && origin !== null ? [origin.id] : [],
    ),
  };
}

function memberOf(draft: DraftMember): ConfiguredMember {
  const { origin, role } = draft;
  const host = draft.host.trim();
  const group = draft.group.trim();
  const clientPort = draft.clientPort.trim();
  return {
    id: Number(draft.id),
    role,
    addresses: [
      { host, quorumPort: Number(draft.quorumPort), electionPort: Number(draft.electionPort) },
      // What other networks it has stays as it is.
      ...(origin?.addresses.slice(1) ?? []),
    ],
    client:
      clientPort === ''
        ? null
        : { host: draft.clientHost.trim() || host, port: Number(clientPort) },
    secureClient: origin?.secureClient ?? null,
    group: group === '' ? null : Number(group),
    weight: draft.weight.trim() === '' ? 1 : Number(draft.weight),
  };
}
