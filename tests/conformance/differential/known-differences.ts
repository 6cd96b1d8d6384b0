/**
 * What our server does otherwise than Debian's Apache ZooKeeper 3.8.0 because 3.9 does: every row there is, each with the
 * fact behind it. Addresses of IPv6 in lists of access (since 3.9.4) are not here: they change the tree, and scripts for
 * this comparison do without them.
 */
import { Code } from '../../../src-server/coordination/model/codes.ts';
import { OpCode } from '../../../src-server/coordination/model/ops.ts';
import type { Difference, KnownDifference } from './compare.ts';
import { layoutOf } from './layout.ts';
import type { Sighted } from './play.ts';
import type { Message, Part } from './script.ts';
import { codeOf, typeOf, zxidOf } from './story.ts';

export const KNOWN_DIFFERENCES: readonly KnownDifference[] = [
  {
    name: 'events bear their zxid',
    reference: 'Traps 7, events and states: −1 up to 3.8, the zxid of the change since 3.9.',
    explains: ({ theirs, ours }, { lastZxid }) => {
      if (theirs?.kind !== 'event' || ours?.kind !== 'event') return false;
      const zxid = zxidOf(ours);
      return zxidOf(theirs) === null && zxid !== null && zxid > lastZxid;
    },
  },
  {
    name: 'exists needs READ',
    reference: 'ACLs: none up to 3.8.3 and 3.9.1, READ on the node from 3.8.4 and 3.9.2.',
    explains: (difference) =>
      hasCodes(difference, OpCode.EXISTS, { theirs: Code.OK, ours: Code.NO_AUTH }),
  },
  {
    name: 'a watch is looked for among one’s own',
    reference:
      'Watches: checkWatches asks for this connection’s watch of that very mode and path since 3.9, for anybody’s before.',
    explains: (difference) =>
      hasCodes(difference, OpCode.CHECK_WATCHES, { theirs: Code.OK, ours: Code.NO_WATCHER }) ||
      (hasCodes(difference, OpCode.CHECK_WATCHES, { theirs: Code.NO_WATCHER, ours: Code.OK }) &&
        hasPath(difference.ours?.message ?? null, '')),
  },
  {
    name: 'types of watches beyond Any',
    reference: 'Events and states: WatcherType 4 and 5 are since 3.9, and an error before.',
    explains: ({ theirs, ours }) => {
      if (theirs === null || ours === null || !asksForWatch(ours.message)) return false;
      const isNew = typeOf(ours.message) > 3 || hasPath(ours.message, null);
      return isNew && codeOf(theirs) === Code.MARSHALLING_ERROR;
    },
  },
  {
    name: 'modes of watches are independent',
    reference:
      'Watches: 3.8 keeps one mode of a watcher and path, and removes by table whatever the mode; 3.9 keeps and removes each.',
    explains: ({ theirs, ours }, story) => {
      const either = ours ?? theirs;
      if (either === null) return false;
      if (either.kind === 'event') return story.isApart(pathOfEvent(either));
      if (!asksForWatch(either.message)) return false;
      const path = story.pathOf(either.message);
      return story.isApart(path) || story.hasLasting(path);
    },
  },
  {
    name: 'creates in a multi answer by their operation',
    reference:
      'multi: create2 answers with path and Stat from 3.8.2 and 3.9, as a plain create before.',
    explains: ({ theirs, ours }) =>
      theirs !== null &&
      ours?.message?.op === OpCode.MULTI &&
      withoutStats(ours, partsIn(ours.message)).equals(theirs.normal),
  },
  {
    name: 'modes in a multi are looked at first',
    reference:
      'multi: 3.9 decodes the mode of every create, and refuses the whole request for a bad one.',
    explains: ({ theirs, ours }) =>
      theirs !== null &&
      ours?.message?.op === OpCode.MULTI &&
      codeOf(ours) === Code.MARSHALLING_ERROR &&
      partsIn(ours.message).some(hasBadMode),
  },
];

function hasCodes(
  { theirs, ours }: Difference,
  op: number,
  codes: { readonly theirs: number; readonly ours: number },
): boolean {
  if (theirs === null || ours?.message?.op !== op) return false;
  return codeOf(theirs) === codes.theirs && codeOf(ours) === codes.ours;
}

function asksForWatch(message: Message | null): message is Message {
  return message?.op === OpCode.CHECK_WATCHES || message?.op === OpCode.REMOVE_WATCHES;
}

function hasPath(message: Message | null, wanted: string | null): boolean {
  const path = message?.body[0];
  return path?.is === 'text' && path.of === wanted;
}

function pathOfEvent({ frame }: Sighted): string {
  return frame.toString('utf8', PATH_AT);
}

/** Behind the header, type, state and the path's length. */
const PATH_AT = 28;

function partsIn(message: Message): readonly Part[] {
  return message.body.flatMap((value) => (value.is === 'parts' ? value.of : []));
}

function modeOf({ body }: Part): number {
  const mode = body[3];
  return mode?.is === 'int' ? mode.of : 0;
}

function hasBadMode(part: Part): boolean {
  const isCreate =
    part.op === OpCode.CREATE || part.op === OpCode.CREATE2 || part.op === OpCode.CREATE_CONTAINER;
  return isCreate && (modeOf(part) < 0 || modeOf(part) > 4);
}

/** The reply to a multi as 3.8 would give it: the results of these parts as those of a plain create. */
function withoutStats({ frame, normal }: Sighted, parts: readonly Part[]): Buffer {
  const kept: Buffer[] = [];
  let part = -1;
  for (const field of layoutOf(frame, 'reply', OpCode.MULTI).fields) {
    const bytes = Buffer.from(normal.subarray(field.start, field.end));
    if (field.name === 'part') part++;
    const { op, body } = parts[part] ?? NO_PART;
    const isPlain =
      op === OpCode.CREATE2 || (op === OpCode.CREATE_CONTAINER && modeOf({ op, body }) !== 4);
    if (isPlain && STAT_FIELDS.has(field.name)) continue;
    if (isPlain && field.name === 'part' && bytes.readInt32BE() === OpCode.CREATE2)
      bytes.writeInt32BE(OpCode.CREATE);
    kept.push(bytes);
  }
  return Buffer.concat(kept);
}

const NO_PART: Part = { op: 0, body: [] };

const STAT_FIELDS: ReadonlySet<string> = new Set([
  'czxid',
  'mzxid',
  'ctime',
  'mtime',
  'version',
  'cversion',
  'aversion',
  'owner',
  'dataLength',
  'numChildren',
  'pzxid',
]);
