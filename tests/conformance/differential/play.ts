/**
 * Plays a script on one server and writes down what every connection was told.
 *
 *   prelude: a fresh node for the play ──▶ steps ──▶ audit of all nodes left ──▶ sessions closed, nodes removed
 *
 * A connection's own answers are awaited step by step. Others need no question in between: their events are queued before
 * the answer to whoever caused them, so they come before anything those connections ask later. Only where a session ends
 * are all of them settled before and after, because then the order of several deletions is chance.
 */
import { OpCode } from '../../../src-server/coordination/model/ops.ts';
import { encodeConnect, encodeMessage, type Place } from './encode.ts';
import { type Arrival, Link, type LinkState } from './link.ts';
import { Sight } from './normalise.ts';
import type { Connect, HangUp, Message, Say, Script, Step, Value } from './script.ts';

/** A server to play on, with a connection of our own that may do everything. */
export interface Stage {
  readonly port: number;
  readonly admin: Link;
}

export interface Lane {
  /** Which client's connection, and which of its connections. */
  readonly name: string;
  readonly state: LinkState;
  readonly arrivals: readonly Sighted[];
}

export interface Sighted extends Arrival {
  /** The frame with everything replaced that may differ. */
  readonly normal: Buffer;
}

export interface Transcript {
  /** The node that `~` stood for. */
  readonly root: string;
  /** The shared nodes before the play: different here, and the servers have drifted apart earlier. */
  readonly prelude: Lane;
  readonly lanes: readonly Lane[];
  /** Every node the play left, as a super user sees it. */
  readonly audit: Lane;
}

/** Below this lie the nodes of all plays. */
const PLAYS = '/plays';
const QUOTA = '/zookeeper/quota';
const OPEN: Value = {
  is: 'acl',
  of: [{ permissions: 31, scheme: 'world', id: 'anyone' }],
};

/** @param options name: of the play's own node, the same on every server */
export async function play(
  stage: Stage,
  script: Script,
  options: { readonly name: string },
): Promise<Transcript> {
  const director = await Director.begin(stage, `${PLAYS}/${options.name}`);
  for (const [index, step] of script.steps.entries()) await director.perform(step, index);
  return director.end();
}

/** A connection that has authenticated as the super user, and the node all plays lie under. */
export async function openStage(port: number, superUser: string): Promise<Stage> {
  const admin = await Link.connect(port);
  const place = { root: PLAYS, baseZxid: 0 };
  const connect: Connect = {
    kind: 'connect',
    client: -1,
    session: null,
    password: 'right',
    timeoutMs: 40_000,
    readOnly: 0,
    lastZxid: null,
    protocolVersion: 0,
    trailing: '',
    behind: [],
  };
  await admin.send(encodeConnect(connect, null, place), { expect: [] });
  await admin.greeted();
  const auth = request(OpCode.AUTH, [
    { is: 'int', of: 0 },
    { is: 'text', of: 'digest' },
    { is: 'data', of: Buffer.from(superUser).toString('hex') },
  ]);
  await ask(admin, [auth, create(PLAYS), create(QUOTA + PLAYS)], place);
  admin.arrivals.length = 0;
  return { port, admin };
}

class Director {
  readonly #stage: Stage;
  readonly #place: Place;
  readonly #prelude: readonly Arrival[];
  readonly #links: { readonly name: string; readonly link: Link }[] = [];
  readonly #current = new Map<number, Link>();
  /** The latest session of each client. */
  readonly #sessionOf = new Map<number, bigint>();
  readonly #sessions: bigint[];

  private constructor(stage: Stage, place: Place, prelude: readonly Arrival[]) {
    this.#stage = stage;
    this.#place = place;
    this.#prelude = prelude;
    this.#sessions = [stage.admin.session];
  }

  static async begin(stage: Stage, root: string): Promise<Director> {
    const { admin } = stage;
    const looks = ['/', '/zookeeper', '/zookeeper/config', QUOTA, PLAYS, QUOTA + PLAYS];
    const place = { root, baseZxid: 0 };
    await ask(
      admin,
      [create(root), ...looks.map((path) => request(OpCode.EXISTS, [text(path), NO_WATCH]))],
      place,
    );
    const prelude = admin.arrivals.splice(0);
    const baseZxid = Number(prelude[0]?.frame.readBigInt64BE(4) ?? 0n);
    return new Director(stage, { root, baseZxid }, prelude);
  }

  async perform(step: Step, index: number): Promise<void> {
    for (const { link } of this.#links) link.step = index;
    switch (step.kind) {
      case 'connect':
        await this.#connect(step);
        return;
      case 'say':
        await this.#say(step);
        return;
      case 'hang-up':
        await this.#hangUp(step);
        return;
    }
  }

  async end(): Promise<Transcript> {
    await this.#settleAll();
    const ends = this.#links.map(({ link }) => ({
      state: link.state,
      arrivals: link.arrivals.slice(),
    }));
    const { paths, arrivals: audit } = await this.#audit();
    await this.#closeSessions();
    for (const { link } of this.#links) link.destroy();
    const removals = paths.reverse().map((path) => request(OpCode.DELETE, [text(path), ANY]));
    await ask(this.#stage.admin, removals, this.#place);
    this.#stage.admin.arrivals.length = 0;

    const sight = new Sight({ baseZxid: this.#place.baseZxid, sessions: this.#sessions });
    const sighted = (arrivals: readonly Arrival[]): Sighted[] =>
      arrivals.map((arrival) => ({
        ...arrival,
        normal: sight.normalise(arrival.frame, arrival.kind, arrival.message?.op ?? 0),
      }));
    return {
      root: this.#place.root,
      prelude: {
        name: 'prelude',
        state: this.#stage.admin.state,
        arrivals: sighted(this.#prelude),
      },
      lanes: this.#links.map(({ name }, i) => ({
        name,
        state: ends[i]!.state,
        arrivals: sighted(ends[i]!.arrivals),
      })),
      audit: { name: 'audit', state: this.#stage.admin.state, arrivals: sighted(audit) },
    };
  }

  async #connect(step: Connect): Promise<void> {
    const old = this.#current.get(step.client);
    if (step.session === null) await old?.hangUp();
    const wanted = typeof step.session === 'object' ? step.session : null;
    const session = wanted === null ? null : (this.#sessionOf.get(wanted.of) ?? null);

    const link = await Link.connect(this.#stage.port);
    const count = this.#links.filter(({ name }) => name.startsWith(`${step.client}.`)).length;
    this.#links.push({ name: `${step.client}.${count + 1}`, link });
    this.#current.set(step.client, link);
    link.step = old?.step ?? this.#links[0]!.link.step;
    await link.send(
      Buffer.concat([
        encodeConnect(step, session, this.#place),
        ...step.behind.map((message) => encodeMessage(message, this.#place)),
      ]),
      { expect: step.behind },
    );
    await link.greeted();
    if (link.session !== 0n) {
      this.#sessionOf.set(step.client, link.session);
      if (!this.#sessions.includes(link.session)) this.#sessions.push(link.session);
    }
    // Whoever had the session before has lost its connection by now.
    await (step.session === null ? link.settle() : this.#settleAll());
  }

  async #say(step: Say): Promise<void> {
    const link = this.#current.get(step.client);
    if (link?.state !== 'open') return;
    const endsSession = step.messages.some(({ op }) => op === OpCode.CLOSE_SESSION);
    if (endsSession) await this.#settleAll();
    const marks = this.#links.map((other) => other.link.arrivals.length);
    await say(link, step.messages, this.#place, step);
    if (!endsSession) return;
    await this.#settleAll();
    for (const [i, other] of this.#links.entries()) other.link.sortEvents(marks[i]!);
  }

  async #hangUp(step: HangUp): Promise<void> {
    const link = this.#current.get(step.client);
    if (link?.state !== 'open') return;
    if (step.unfinished !== '')
      await link.send(Buffer.from(step.unfinished, 'hex'), { expect: [] });
    await link.hangUp();
  }

  async #settleAll(): Promise<void> {
    await Promise.all(this.#links.map(({ link }) => link.settle()));
  }

  /** Walks everything below the play's node, and its place below the quotas, level by level. */
  async #audit(): Promise<{ readonly paths: string[]; readonly arrivals: readonly Arrival[] }> {
    const { admin } = this.#stage;
    const paths: string[] = [];
    let level = [this.#place.root, QUOTA + this.#place.root];
    while (level.length > 0) {
      const from = admin.arrivals.length;
      const looks = level.flatMap((path) => [
        request(OpCode.GET_CHILDREN2, [text(path), NO_WATCH]),
        request(OpCode.GET_DATA, [text(path), NO_WATCH]),
        request(OpCode.GET_ACL, [text(path)]),
      ]);
      await ask(admin, looks, this.#place);
      paths.push(...level);
      level = level.flatMap((path, i) =>
        childrenIn(admin.arrivals[from + i * 3]?.frame).map((name) => `${path}/${name}`),
      );
    }
    return { paths, arrivals: admin.arrivals.splice(0) };
  }

  /** Ends every session that the play began, so that none expires while another play is on. */
  async #closeSessions(): Promise<void> {
    await Promise.all(
      this.#sessions.slice(1).map(async (session) => {
        let link = this.#links.find(
          (own) => own.link.session === session && isOpen(own.link),
        )?.link;
        if (link === undefined) {
          link = await Link.connect(this.#stage.port);
          await link.send(encodeConnect(REATTACH, session, this.#place), { expect: [] });
          await link.greeted();
        }
        if (link.session !== 0n) await ask(link, [request(OpCode.CLOSE_SESSION, [])], this.#place);
        link.destroy();
      }),
    );
  }
}

const REATTACH: Connect = {
  kind: 'connect',
  client: -1,
  session: { of: -1 },
  password: 'right',
  timeoutMs: 40_000,
  readOnly: 0,
  lastZxid: null,
  protocolVersion: 0,
  trailing: '',
  behind: [],
};

function isOpen(link: Link): boolean {
  return link.state === 'open';
}

/** Sends and settles. Patience asks for the end only when every answer is there. */
async function say(
  link: Link,
  messages: readonly Message[],
  place: Place,
  how: { readonly writes: number; readonly patient: boolean } = { writes: 1, patient: false },
): Promise<void> {
  const bytes = Buffer.concat(messages.map((message) => encodeMessage(message, place)));
  const endsHere = messages.some(({ op }) => op === OpCode.CLOSE_SESSION);
  const isPatient = how.patient || endsHere;
  await link.send(bytes, { expect: messages, writes: how.writes, withBarrier: !isPatient });
  if (isPatient) await link.answered();
  await link.settle();
}

function childrenIn(frame: Buffer | undefined): string[] {
  if (frame === undefined || frame.length < 20 || frame.readInt32BE(12) !== 0) return [];
  const names: string[] = [];
  let at = 20;
  for (let left = frame.readInt32BE(16); left > 0; left--) {
    const end = at + 4 + frame.readInt32BE(at);
    names.push(frame.toString('utf8', at + 4, end));
    at = end;
  }
  return names.sort();
}

/** Our own requests, numbered when they are sent. */
function request(op: number, body: readonly Value[]): Omit<Message, 'xid'> {
  return { op, body };
}

async function ask(
  link: Link,
  requests: readonly Omit<Message, 'xid'>[],
  place: Place,
): Promise<void> {
  await say(
    link,
    requests.map((message, i) => ({ ...message, xid: i + 1 })),
    place,
  );
}

function create(path: string): Omit<Message, 'xid'> {
  return request(OpCode.CREATE, [text(path), { is: 'data', of: '' }, OPEN, { is: 'int', of: 0 }]);
}

function text(of: string): Value {
  return { is: 'text', of };
}

const NO_WATCH: Value = { is: 'bool', of: 0 };
const ANY: Value = { is: 'int', of: -1 };
