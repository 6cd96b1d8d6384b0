/** A scripted observer of our links in an ensemble of Java. */
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';

import { sessionId } from '../../../src-server/base/ids.ts';
import { counterOf, epochOf, makeZxid } from '../../../src-server/base/zxid.ts';
import { Reader } from '../../../src-server/bytes/reader.ts';
import { Writer } from '../../../src-server/bytes/writer.ts';
import type { Link } from '../../../src-server/coordination/ensemble/link.ts';
import { OPEN_ACL } from '../../../src-server/coordination/model/acl.ts';
import { OpCode } from '../../../src-server/coordination/model/ops.ts';
import type { Txn } from '../../../src-server/coordination/model/txn.ts';
import { writeAcl } from '../../../src-server/coordination/wire/jute.ts';
import { readTxn } from '../../../src-server/coordination/wire/txns.ts';
import { viewText } from '../../../src-server/coordination/wire/views.ts';
import { WireSession } from '../../integration/journal/wire-session.ts';
import { type ApacheMember, startApacheMember } from '../../peers/apache.ts';
import { type Seats, takeSeats } from '../../peers/apache-ensemble.ts';
import { type Folder, temporaryFolder } from '../../peers/folders.ts';
import { APACHE, describeWith } from '../../peers/peers.ts';
import { until } from '../../peers/wait.ts';
import { askWord } from '../../peers/words.ts';
import { ImageReading } from './image.ts';
import { QuorumScript } from './quorum-script.ts';

const OBSERVER = 3;

function txnOf(payload: Uint8Array): Txn {
  const bytes = Buffer.from(payload);
  return readTxn(new Reader().reset(bytes, 0, bytes.length))!;
}

/** What follows header and xid in a client's create. */
function createBody(path: string, data: string): Buffer {
  const writer = new Writer();
  writer.string(path);
  writer.buffer(Buffer.from(data));
  writeAcl(writer, OPEN_ACL);
  writer.int32(0);
  return writer.copy();
}

describeWith([APACHE], 'an observer in an ensemble of Apache', () => {
  const folders: Folder[] = [];
  const members: ApacheMember[] = [];
  let seats: Seats;
  let leader = 0;
  let script = new QuorumScript();
  let client: WireSession;

  beforeAll(async () => {
    seats = await takeSeats('participant', 'participant', 'observer');
    for (const id of [1, 2]) {
      const folder = temporaryFolder();
      folders.push(folder);
      members.push(await startApacheMember({ folder: folder.path, id, servers: seats.lines }));
    }
    for (const member of members) await member.isServing();
    const modes = await Promise.all(members.map(({ port }) => askWord(port, 'srvr')));
    leader = modes.findIndex((mode) => mode.includes('Mode: leader')) + 1;
    client = await WireSession.open(members[leader === 1 ? 1 : 0]!.port);
    await client.create('/before', 'here');
  });

  afterEach(async () => {
    await script.links.close();
    script = new QuorumScript();
  });

  afterAll(async () => {
    for (const member of members) await member.kill();
    for (const folder of folders) folder[Symbol.dispose]();
  });

  function greet(lastZxid: number, acceptedEpoch: number): Promise<{ link: Link; epoch: number }> {
    return script.greet(seats.of(leader), { id: OBSERVER, lastZxid, acceptedEpoch });
  }

  async function join(link: Link, epoch: number): Promise<void> {
    const newLeader = await script.join(link, epoch);
    expect(newLeader.epoch).toBe(epoch);
    expect(viewText(newLeader.view!)).toBe(seats.text(newLeader.view!.version));
  }

  test('empty, it gets an image; then live writes, answers to its own, and signs of life', async () => {
    const { link, epoch } = await greet(0, 0);
    expect(epoch).toBe(1);
    const image = new ImageReading();
    let isReceived = false;
    script.onMessage = (_, { kind }) => {
      if (kind === 'snap') link.receiveImage(image, () => (isReceived = true));
    };
    const snap = await script.hears('snap');
    await join(link, epoch);
    expect(isReceived).toBe(true);
    expect(image.nodes.get('/before')).toBe('here');
    expect(image.sessions).toContain(client.key.id);

    // A write of somebody else.
    await client.create('/live', 'now');
    const inform = await script.hears('inform', ({ payload }) => txnOf(payload).path === '/live');
    const txn = txnOf(inform.payload);
    expect(txn).toMatchObject({ type: OpCode.CREATE, zxid: inform.zxid, hasDigest: true });
    expect([epochOf(inform.zxid), inform.zxid > snap.zxid]).toEqual([1, true]);

    // A session and a write of our own client.
    const session = sessionId(0x0300_0000_0000_1234n);
    const timeout = new Writer();
    timeout.int32(20_000);
    const mine = { sessionId: session, identities: [{ scheme: 'ip', id: '127.0.0.1' }] };
    link.send({
      kind: 'request',
      ...mine,
      identities: [],
      cxid: 0,
      op: OpCode.CREATE_SESSION,
      body: timeout.copy(),
    });
    const opened = await script.hears('inform', (m) => txnOf(m.payload).sessionId === session);
    expect(txnOf(opened.payload)).toMatchObject({
      type: OpCode.CREATE_SESSION,
      timeoutMs: 20_000,
    });
    link.send({
      kind: 'request',
      ...mine,
      cxid: 5,
      op: OpCode.CREATE,
      body: createBody('/ours', 'via'),
    });
    const written = await script.hears('inform', (m) => txnOf(m.payload).cxid === 5);
    expect(txnOf(written.payload)).toMatchObject({
      sessionId: session,
      type: OpCode.CREATE,
      path: '/ours',
    });
    expect(counterOf(written.zxid)).toBe(counterOf(opened.zxid) + 1);
    expect((await client.ask(OpCode.GET_DATA, { path: '/ours' })).code).toBe(0);

    // Sync, and whether sessions are alive.
    link.send({ kind: 'request', ...mine, cxid: 6, op: OpCode.SYNC, body: Buffer.alloc(4) });
    await script.hears('sync');
    for (const [id, isValid] of [
      [session, true],
      [sessionId(0x0300_0000_0000_9999n), false],
    ] as const) {
      link.send({ kind: 'revalidate', sessionId: id, timeoutMs: 20_000 });
      expect(await script.hears('revalidated')).toEqual({
        kind: 'revalidated',
        sessionId: id,
        isValid,
      });
    }

    // Pings come every half tick, and a table of touched sessions is understood.
    const ping = await script.hears('ping');
    expect(ping.zxid).toBeGreaterThan(snap.zxid);
    link.send({
      kind: 'pong',
      zxid: ping.zxid,
      touches: [{ sessionId: session, timeoutMs: 20_000 }],
    });
    const later = await script.hears('ping');
    expect(later.zxid).toBe(written.zxid);
    link.send({ kind: 'revalidate', sessionId: session, timeoutMs: 20_000 });
    expect(await script.hears('revalidated')).toMatchObject({ isValid: true });
    expect([script.others.filter((kind) => kind !== 'inform'), script.downs]).toEqual([[], []]);
  });

  test('a little behind, it gets what it lacks, each transaction decided', async () => {
    await client.create('/known', 'k');
    const known = (await client.ask(OpCode.GET_DATA, { path: '/known' })).zxid;
    for (let i = 0; i < 5; i++) await client.create(`/missed-${i}`, 'x'.repeat(i * 1000));
    const { link, epoch } = await greet(known, 1);
    const diff = await script.hears('diff');
    await join(link, epoch);
    const missed: string[] = [];
    for (let i = 0; i < 5; i++) {
      const proposal = await script.hears('proposal');
      const commit = await script.hears('commit');
      expect(commit.zxid).toBe(proposal.zxid);
      expect(proposal.view).toBeNull();
      missed.push(txnOf(proposal.payload).path);
      if (i === 4) expect(diff.zxid).toBe(proposal.zxid);
    }
    expect(missed).toEqual([0, 1, 2, 3, 4].map((i) => `/missed-${i}`));
  });

  test('ahead of everybody, it is told to cut its log', async () => {
    const { link } = await greet(makeZxid(1, 0xffff), 1);
    const trunc = await script.hears('trunc');
    expect(epochOf(trunc.zxid)).toBe(1);
    await script.hears('newLeader');
    expect(link.isOpen).toBe(true);
  });

  test('who sends garbage is closed; the ensemble goes on', async () => {
    const link = await script.connect(seats.of(leader));
    link.sendEncoded(Buffer.from('7fffffff'.repeat(8), 'hex'));
    await until('it is closed', () => script.downs.length === 1);
    await client.create('/after-garbage', '');
    expect((await client.ask(OpCode.GET_DATA, { path: '/after-garbage' })).code).toBe(0);
  });
});
