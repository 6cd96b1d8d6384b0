/** A scripted leader of our links, whom a member in Java elects and follows. */
import { afterEach, expect, test } from 'vitest';

import { sessionId, sid } from '../../../src-server/base/ids.ts';
import { makeZxid, type Zxid } from '../../../src-server/base/zxid.ts';
import { Writer } from '../../../src-server/bytes/writer.ts';
import { ElectionLinks } from '../../../src-server/coordination/ensemble/election-links.ts';
import type { Link } from '../../../src-server/coordination/ensemble/link.ts';
import { OPEN_ACL } from '../../../src-server/coordination/model/acl.ts';
import { OpCode } from '../../../src-server/coordination/model/ops.ts';
import { Txn } from '../../../src-server/coordination/model/txn.ts';
import { writeTxn } from '../../../src-server/coordination/wire/txns.ts';
import { readView } from '../../../src-server/coordination/wire/views.ts';
import type { PeerState } from '../../../src-server/coordination/zab/messages.ts';
import { SILENT } from '../../../src-server/platform/logger.ts';
import { NodeClock } from '../../../src-server/platform/node/clock.ts';
import { NodeNet } from '../../../src-server/platform/node/net.ts';
import { WireSession } from '../../integration/journal/wire-session.ts';
import { startApacheMember } from '../../peers/apache.ts';
import { type Seats, takeSeats } from '../../peers/apache-ensemble.ts';
import { temporaryFolder } from '../../peers/folders.ts';
import { APACHE, describeWith } from '../../peers/peers.ts';
import { until } from '../../peers/wait.ts';
import { askWord } from '../../peers/words.ts';
import { ImageWriting } from './image.ts';
import { QuorumScript } from './quorum-script.ts';

const owned: { close(): unknown }[] = [];

afterEach(async () => {
  for (const thing of owned.splice(0).reverse()) await thing.close();
});

const LEADER = 2;
const FOLLOWER = 1;

/** Says to everybody who asks that server 2 is to lead, or leads. */
async function candidate(seats: Seats, zxid: Zxid): Promise<{ state: PeerState }> {
  const said: { state: PeerState } = { state: 'looking' };
  const links = new ElectionLinks({
    self: sid(LEADER),
    net: new NodeNet(),
    clock: new NodeClock(),
    logger: SILENT,
    addresses: [seats.of(LEADER).election],
    onEveryInterface: false,
    isMultiAddress: false,
    bindTriesMax: 1,
    connectTimeoutMs: 5000,
    helloTimeoutMs: 5000,
    addressesOf: (peer) => [seats.of(peer).election],
    faults: null,
    onUnreachable: () => undefined,
    onArrival: () => {
      for (let next = links.take(); next !== undefined; next = links.take()) {
        const { from, notification } = next;
        if (notification.state !== 'looking') continue;
        const vote = { leader: sid(LEADER), zxid, round: notification.vote.round, peerEpoch: 0 };
        const view = readView(seats.text(0));
        links.send(from, { state: said.state, vote, version: 2, view });
      }
    },
  });
  owned.push(links);
  await links.open();
  return said;
}

function payload(zxid: Zxid, change: (txn: Txn) => void, op: OpCode): Buffer {
  const txn = new Txn(op);
  txn.zxid = zxid;
  txn.timeMs = 1_700_000_000_000;
  change(txn);
  const writer = new Writer();
  writeTxn(writer, txn);
  return writer.copy();
}

describeWith([APACHE], 'a member of Apache that follows us', () => {
  test('takes an image, then proposals and commits, and serves what it was told', async () => {
    const seats = await takeSeats('participant', 'participant');
    const said = await candidate(seats, makeZxid(0, 9));
    const script = new QuorumScript();
    owned.push(script.links);
    await script.links.openPort({
      addresses: [seats.of(LEADER).quorum],
      onEveryInterface: false,
    });
    const folder = temporaryFolder();
    owned.push({ close: () => folder[Symbol.dispose]() });
    const java = await startApacheMember({
      folder: folder.path,
      id: FOLLOWER,
      servers: seats.lines,
    });
    owned.push({ close: () => java.kill() });

    // Discovery.
    const link: Link = await until('it follows us', () => script.accepted[0]);
    said.state = 'leading';
    link.name(sid(FOLLOWER));
    const info = await script.hears('learnerInfo');
    expect(info).toEqual({
      kind: 'learnerInfo',
      role: 'follower',
      acceptedEpoch: 0,
      sid: FOLLOWER,
      protocolVersion: 0x1_0000,
      configVersion: 0,
    });
    link.send({ kind: 'leaderInfo', epoch: 1 });
    expect(await script.hears('ackEpoch')).toMatchObject({ lastZxid: 0, currentEpoch: 0 });

    // Synchronisation, with an image.
    const image = new ImageWriting(['/from-us'], 'as it was');
    link.send({ kind: 'snap', zxid: makeZxid(0, 9) });
    link.sendImage(image, () => undefined);
    link.send({ kind: 'newLeader', epoch: 1, view: readView(seats.text(0)) });
    expect(await script.hears('ack')).toEqual({ kind: 'ack', zxid: makeZxid(1, 0) });
    expect(image.isClosed).toBe(true);
    link.send({ kind: 'upToDate' });
    expect(await script.hears('ack')).toEqual({ kind: 'ack', zxid: makeZxid(1, 0) });

    // Broadcast: a session of its client, a node of ours.
    const opening = WireSession.open(java.port);
    const request = await script.hears('request', ({ op }) => op === OpCode.CREATE_SESSION);
    expect(request).toMatchObject({ cxid: 0, identities: [] });
    expect(request.body).toHaveLength(4);
    const decide = async (zxid: Zxid, bytes: Buffer): Promise<void> => {
      link.send({ kind: 'proposal', zxid, payload: bytes, view: null });
      expect(await script.hears('ack')).toEqual({ kind: 'ack', zxid });
      link.send({ kind: 'commit', zxid });
    };
    const first = makeZxid(1, 1);
    const open = (txn: Txn): void => {
      txn.sessionId = request.sessionId;
      txn.timeoutMs = 30_000;
    };
    await decide(first, payload(first, open, OpCode.CREATE_SESSION));
    const client = await opening;
    expect(client.key.id).toBe(BigInt.asIntN(64, request.sessionId));

    const second = makeZxid(1, 2);
    const create = (txn: Txn): void => {
      txn.sessionId = sessionId(0x0200_0000_0000_0001n);
      txn.path = '/decided';
      txn.data = Buffer.from('by us');
      txn.acl = OPEN_ACL;
      txn.parentCversion = 1;
    };
    await decide(second, payload(second, create, OpCode.CREATE));
    const read = await until('it is applied', async () => {
      const reply = await client.ask(OpCode.GET_DATA, { path: '/decided' });
      return reply.code === 0 ? reply : null;
    });
    expect(read.zxid).toBe(second);
    expect((await client.ask(OpCode.GET_DATA, { path: '/from-us' })).code).toBe(0);
    expect(await askWord(java.port, 'srvr')).toContain('Mode: follower');

    // Signs of life, and what its clients want.
    link.send({ kind: 'ping', zxid: second });
    const pong = await script.hears('pong');
    expect(pong.touches).toContainEqual({ sessionId: client.key.id, timeoutMs: 30_000 });
    void client.set('/decided', 'theirs').catch(() => undefined);
    const wanted = await script.hears('request');
    expect(wanted).toMatchObject({ sessionId: client.key.id, op: OpCode.SET_DATA });
    expect(wanted.identities).toEqual([{ scheme: 'ip', id: '127.0.0.1' }]);
    expect([script.others, script.downs]).toEqual([[], []]);
  });
});
