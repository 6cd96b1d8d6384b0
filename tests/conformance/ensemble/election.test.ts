/** The election mesh and its messages beside a member in Java. */
import { afterEach, expect, test } from 'vitest';

import { sid } from '../../../src-server/base/ids.ts';
import { makeZxid, type Zxid } from '../../../src-server/base/zxid.ts';
import { ElectionLinks } from '../../../src-server/coordination/ensemble/election-links.ts';
import { readView, viewText } from '../../../src-server/coordination/wire/views.ts';
import {
  NO_VOTE,
  type Notification,
  type Vote,
} from '../../../src-server/coordination/zab/messages.ts';
import { SILENT } from '../../../src-server/platform/logger.ts';
import { NodeClock } from '../../../src-server/platform/node/clock.ts';
import { NodeNet } from '../../../src-server/platform/node/net.ts';
import { type ApacheMember, startApacheMember } from '../../peers/apache.ts';
import { type Seats, takeSeats } from '../../peers/apache-ensemble.ts';
import { type Folder, temporaryFolder } from '../../peers/folders.ts';
import { APACHE, describeWith } from '../../peers/peers.ts';
import { until } from '../../peers/wait.ts';

/** So many that Java and two of us are no quorum as long as one of us differs. */
const FIVE = new Array<'participant'>(5).fill('participant');

/** One of our members: what Java said to it, newest last. */
class Voter {
  readonly id: number;
  readonly heard: Notification[] = [];
  readonly links: ElectionLinks;
  readonly #seats: Seats;

  constructor(id: number, seats: Seats, isMultiAddress = false) {
    this.id = id;
    this.#seats = seats;
    this.links = new ElectionLinks({
      self: sid(id),
      net: new NodeNet(),
      clock: new NodeClock(),
      logger: SILENT,
      addresses: [seats.of(id).election],
      onEveryInterface: false,
      isMultiAddress,
      bindTriesMax: 1,
      connectTimeoutMs: 5000,
      helloTimeoutMs: 5000,
      addressesOf: (peer) => [seats.of(peer).election],
      faults: null,
      onUnreachable: () => undefined,
      onArrival: () => {
        for (let next = this.links.take(); next !== undefined; next = this.links.take())
          this.heard.push(next.notification);
      },
    });
  }

  say(to: number, vote: Vote, state: Notification['state'] = 'looking'): void {
    const view = readView(this.#seats.text(0));
    this.links.send(sid(to), { state, vote, version: 2, view });
  }

  /** What Java says, once it says it. */
  hears(what: string, fits: (notification: Notification) => boolean): Promise<Notification> {
    return until(`server ${this.id} hears ${what}`, () => this.heard.findLast(fits));
  }
}

describeWith([APACHE], 'elections beside Apache', () => {
  let folder: Folder;
  let java: ApacheMember | null = null;
  const voters: Voter[] = [];

  afterEach(async () => {
    for (const voter of voters.splice(0)) await voter.links.close();
    await java?.kill();
    java = null;
    folder[Symbol.dispose]();
  });

  async function voter(id: number, seats: Seats, isMultiAddress = false): Promise<Voter> {
    const made = new Voter(id, seats, isMultiAddress);
    voters.push(made);
    await made.links.open();
    return made;
  }

  async function startJava(seats: Seats): Promise<ApacheMember> {
    folder = temporaryFolder();
    java = await startApacheMember({ folder: folder.path, id: 2, servers: seats.lines });
    return java;
  }

  const better: Vote = { leader: sid(3), zxid: makeZxid(4, 7), round: 1, peerEpoch: 4 };

  test('Java dials: the smaller keeps its connection, the larger dials back; votes go both ways', async () => {
    const seats = await takeSeats(...FIVE);
    const smaller = await voter(1, seats);
    const larger = await voter(3, seats);
    await startJava(seats);
    for (const one of [smaller, larger]) {
      const first = await one.hears('a vote', () => true);
      expect(first).toMatchObject({
        state: 'looking',
        vote: { leader: 2, zxid: 0, round: 1, peerEpoch: 0 },
        version: 2,
      });
      expect(viewText(first.view!)).toBe(seats.text(0));
    }
    // A better vote from the smaller is adopted, and told to the larger.
    smaller.say(2, better);
    await larger.hears('the better vote', ({ vote }) => vote.leader === 3 && vote.round === 1);
    // One better still from the larger is told to the smaller.
    larger.say(2, { ...better, round: 2, zxid: makeZxid(4, 8) });
    const told = await smaller.hears('a later round', ({ vote }) => vote.round === 2);
    expect(told.vote).toEqual({ ...better, round: 2, zxid: makeZxid(4, 8) });
    for (const one of [smaller, larger])
      expect(one.links.status).toMatchObject([{ peer: 2, state: 'connected' }]);
  });

  test('we dial: Java keeps the connection of the larger and dials the smaller back', async () => {
    const seats = await takeSeats(...FIVE);
    await startJava(seats);
    // Opened only now, so that what Java dialled at its start was refused.
    const larger = await voter(3, seats, true);
    await until('Java answers the larger', () => {
      if (larger.links.status[0]?.state !== 'connected') larger.say(2, better);
      return larger.heard.length > 0;
    });
    const smaller = await voter(1, seats);
    smaller.say(2, { ...better, zxid: makeZxid(4, 6) });
    const answer = await smaller.hears('the vote of all', ({ vote }) => vote.leader === 3);
    expect(answer.vote).toEqual(better);
  });

  test('who may not vote is answered; the last message is said again after a restart', async () => {
    const seats = await takeSeats('participant', 'participant', 'observer');
    const observer = await voter(3, seats);
    const running = await startJava(seats);
    const smaller = await voter(1, seats);
    await smaller.hears('a vote', () => true);
    const none: Vote = {
      leader: sid(NO_VOTE),
      zxid: NO_VOTE as Zxid,
      round: 1,
      peerEpoch: NO_VOTE,
    };
    observer.say(2, none);
    const answer = await observer.hears('an answer', () => true);
    expect(answer).toMatchObject({ state: 'looking', vote: { leader: 2 } });

    await running.kill();
    await until('its end is noticed', () => observer.links.status[0]?.state === 'down');
    observer.heard.length = 0;
    java = await startApacheMember({ folder: folder.path, id: 2, servers: seats.lines });
    await until('it is there again', () => {
      observer.links.connect(sid(2));
      return observer.heard.length > 0;
    });
  });
});
