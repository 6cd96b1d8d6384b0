/** The words of a scenario: zxids, views, messages and votes as text, and back. */
import { type Sid, sid } from '../../src-server/base/ids.ts';
import { counterOf, epochOf, makeZxid, type Zxid, zxidOf } from '../../src-server/base/zxid.ts';
import {
  type Message,
  NO_VOTE,
  type Notification,
  type PeerState,
  type Proposal,
} from '../../src-server/coordination/zab/messages.ts';
import type { Group, View } from '../../src-server/coordination/zab/view.ts';
import { serverAt } from '../sim/zab/swarm.ts';

/** What a script says is not understood. */
export class ScriptError extends Error {
  override readonly name = 'ScriptError';
}

// --- zxids and payloads ---

/** `2:5` is counter 5 of epoch 2. */
export function readZxid(text: string): Zxid {
  const match = /^(\d+):(\d+)$/.exec(text);
  if (match === null) throw new ScriptError(`${text} is no zxid`);
  return makeZxid(Number(match[1]), Number(match[2]));
}

export function showZxid(zxid: number): string {
  return zxid < 0 ? 'nothing' : `${epochOf(zxidOf(zxid))}:${counterOf(zxidOf(zxid))}`;
}

export function readPayload(text: string): Uint8Array {
  return Buffer.from(text);
}

export function showPayload(payload: Uint8Array): string {
  return Buffer.from(payload).toString();
}

/** `1:1=a 1:2=b` */
export function readEntries(text: string): Proposal[] {
  return wordsOf(text).map((word) => {
    const [zxid = '', payload = ''] = word.split('=');
    return { kind: 'proposal', zxid: readZxid(zxid), payload: readPayload(payload), view: null };
  });
}

export function showEntry({ zxid, payload }: Proposal): string {
  return `${showZxid(zxid)}=${showPayload(payload)}`;
}

export function wordsOf(text: string): string[] {
  return text.split(/\s+/).filter((word) => word !== '');
}

export function readSid(text: string | undefined): Sid {
  const number = Number(text);
  if (!Number.isInteger(number)) throw new ScriptError(`${text ?? 'nothing'} is no server`);
  return sid(number);
}

// --- views ---

/** `1 2 3*0 4o`: 3 weighs nothing, 4 observes; `(1 2 3) (4 5 6)` are groups. */
export function readView(text: string, version: number): View {
  const weights = new Map<Sid, number>();
  const servers: View['servers'][number][] = [];
  const groups: Group[] = [];
  for (const [, group, single] of text.matchAll(/\(([^)]*)\)|([^\s()]+)/g)) {
    const sids: Sid[] = [];
    for (const word of wordsOf(group ?? single ?? '')) {
      const match = /^(\d+)(o?)(?:\*(\d+))?$/.exec(word);
      if (match === null) throw new ScriptError(`${word} is no server of a view`);
      const id = readSid(match[1]);
      servers.push(serverAt(id, match[2] === 'o' ? 'observer' : 'participant'));
      if (match[3] !== undefined) weights.set(id, Number(match[3]));
      sids.push(id);
    }
    if (group !== undefined) groups.push({ id: groups.length + 1, sids });
  }
  servers.sort((a, b) => a.sid - b.sid);
  return { version, servers, groups: groups.length === 0 ? null : groups, weights };
}

export function showView({ servers, groups, weights }: View): string {
  const name = ({ sid: id, role }: View['servers'][number]): string =>
    `${id}${role === 'observer' ? 'o' : ''}${weights.has(id) ? `*${weights.get(id) ?? 1}` : ''}`;
  if (groups === null) return servers.map(name).join(' ');
  return groups
    .map(
      ({ sids }) =>
        `(${servers
          .filter((server) => sids.includes(server.sid))
          .map(name)
          .join(' ')})`,
    )
    .join(' ');
}

// --- votes ---

/** `looking, 3 at 1:2, round 1, epoch 1`, and after that perhaps `, view 1 2 3 of 1:5` */
export function readNotification(text: string): Notification {
  const match =
    /^(\w+), (\d+|nobody) at (\S+), round (\d+), epoch (\d+)(?:, view (.*) of (\S+))?$/.exec(text);
  if (match === null) throw new ScriptError(`${text} is no vote`);
  const [, state, leader, zxid = '', round, epoch, view, version = ''] = match;
  return {
    state: state as PeerState,
    vote: {
      leader: leader === 'nobody' ? sid(NO_VOTE) : readSid(leader),
      zxid: leader === 'nobody' ? (NO_VOTE as Zxid) : readZxid(zxid),
      round: Number(round),
      peerEpoch: Number(epoch),
    },
    version: 2,
    view: view === undefined ? null : readView(view, readZxid(version)),
  };
}

export function showNotification({ state, vote }: Notification): string {
  const isNone = (vote.leader as number) === NO_VOTE;
  const leader = isNone ? 'nobody' : String(vote.leader);
  const epoch = isNone ? 0 : vote.peerEpoch;
  return `${state}, ${leader} at ${isNone ? '0:0' : showZxid(vote.zxid)}, round ${vote.round}, epoch ${epoch}`;
}

// --- messages ---

export function showMessage(message: Message): string {
  switch (message.kind) {
    case 'learnerInfo': {
      const config = message.configVersion > 0 ? ` view ${showZxid(message.configVersion)}` : '';
      return `${message.role.toUpperCase()}INFO accepted ${message.acceptedEpoch}${config}`;
    }
    case 'leaderInfo':
      return `LEADERINFO ${message.epoch}`;
    case 'ackEpoch':
      return `ACKEPOCH ${message.currentEpoch < 0 ? 'again' : message.currentEpoch} at ${showZxid(message.lastZxid)}`;
    case 'newLeader':
      return `NEWLEADER ${message.epoch}`;
    case 'upToDate':
      return 'UPTODATE';
    case 'proposal':
    case 'inform': {
      const view = message.kind === 'proposal' && message.view !== null ? message.view : null;
      const what = view === null ? showPayload(message.payload) : `view ${showView(view)}`;
      return `${message.kind.toUpperCase()} ${showZxid(message.zxid)} ${what}`;
    }
    case 'commitAndActivate':
      return `COMMITANDACTIVATE ${showZxid(message.zxid)} led by ${message.leader}`;
    case 'informAndActivate':
      return `INFORMANDACTIVATE ${showZxid(message.zxid)} led by ${message.leader} view ${showView(message.view)}`;
    case 'diff':
    case 'trunc':
    case 'snap':
    case 'commit':
    case 'ack':
    case 'ping':
    case 'pong':
      return `${message.kind.toUpperCase()} ${showZxid(message.zxid)}`;
    case 'request':
    case 'revalidate':
    case 'revalidated':
    case 'sync':
      return message.kind.toUpperCase();
  }
}

/** What `from` says; the counterpart of `showMessage`. */
export function readMessage(text: string, from: Sid): Message {
  const [name = '', first = '', ...rest] = wordsOf(text);
  const zxid = (): Zxid => readZxid(first);
  switch (name) {
    case 'FOLLOWERINFO':
    case 'OBSERVERINFO':
      return {
        kind: 'learnerInfo',
        role: name === 'FOLLOWERINFO' ? 'follower' : 'observer',
        acceptedEpoch: Number(rest[0]),
        sid: from,
        protocolVersion: 0x10000,
        configVersion: rest[2] === undefined ? 0 : readZxid(rest[2]),
      };
    case 'LEADERINFO':
      return { kind: 'leaderInfo', epoch: Number(first) };
    case 'ACKEPOCH': {
      const currentEpoch = first === 'again' ? -1 : Number(first);
      return { kind: 'ackEpoch', currentEpoch, lastZxid: readZxid(rest[1] ?? '') };
    }
    case 'NEWLEADER':
      return { kind: 'newLeader', epoch: Number(first), view: null };
    case 'UPTODATE':
      return { kind: 'upToDate' };
    case 'PROPOSAL': {
      const view = rest[0] === 'view' ? readView(rest.slice(1).join(' '), zxid()) : null;
      const payload = readPayload(view === null ? (rest[0] ?? '') : 'view');
      return { kind: 'proposal', zxid: zxid(), payload, view };
    }
    case 'INFORM':
      return { kind: 'inform', zxid: zxid(), payload: readPayload(rest[0] ?? '') };
    case 'COMMITANDACTIVATE':
      return { kind: 'commitAndActivate', zxid: zxid(), leader: readSid(rest[2]) };
    case 'DIFF':
    case 'TRUNC':
    case 'SNAP':
    case 'COMMIT':
    case 'ACK':
    case 'PING': {
      const kind = name.toLowerCase() as 'diff' | 'trunc' | 'snap' | 'commit' | 'ack' | 'ping';
      return { kind, zxid: zxid() };
    }
    case 'PONG':
      return { kind: 'pong', zxid: zxid(), touches: [] };
    default:
      throw new ScriptError(`nobody says ${text}`);
  }
}
