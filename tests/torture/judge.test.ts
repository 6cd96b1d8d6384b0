/** What the judge must find, on stories that we tell it: a true one first, then the same with one lie in it. */
import { describe, expect, test } from 'vitest';

import { Code } from '../../src-server/coordination/model/codes.ts';
import { OpCode } from '../../src-server/coordination/model/ops.ts';
import { Failure } from '../sim/failure.ts';
import type { Change, Order } from '../sim/history.ts';
import type { Entry } from '../sim/ledger.ts';
import { type Expected, Model, type NodeState } from '../sim/model.ts';
import { judgeHistory } from './judge.ts';
import { Recorded, type SaidAnswer, type SaidStat } from './record.ts';

const FIRST_ZXID = 0x1_0000_0001;
const NOTHING: SaidAnswer = {
  code: 0,
  path: null,
  stat: null,
  data: null,
  names: null,
  parts: null,
};

interface Asked {
  readonly session: bigint;
  readonly number: number;
  readonly wish: Order;
}

/** A member on paper: what is asked, decided and told, each when the story says so. */
class Story {
  readonly recorded = new Recorded();
  readonly #ledger = new Map<number, Entry>();
  readonly #model = new Model();
  #at = 0;
  #zxid = FIRST_ZXID;
  #numbers = 0;
  #sessions = 0n;

  client(): bigint {
    const session = ++this.#sessions;
    this.recorded.take({ event: 'audit', at: ++this.#at, session: `${session}` });
    this.#decide({ session, number: 0, type: OpCode.CREATE_SESSION });
    const at = ++this.#at;
    const writer = `writer-${session}`;
    this.recorded.take({ event: 'connected', at, writer, session: `${session}`, timeoutMs: 1000 });
    return session;
  }

  ask(session: bigint, wish: Order): Asked {
    const number = ++this.#numbers;
    this.recorded.take({
      event: 'ask',
      at: ++this.#at,
      writer: `writer-${session}`,
      order: number,
      session: `${session}`,
      xid: number,
      wish,
    });
    return { session, number, wish };
  }

  /** @returns what its client should be told */
  decide({ session, number, wish }: Asked): SaidAnswer {
    const type = wish.kind === 'create' ? OpCode.CREATE : OpCode.SET_DATA;
    const { code, path, state } = this.#decide({ session, number, type });
    return { ...NOTHING, code, path, stat: state === null ? null : statOf(state) };
  }

  #decide(what: { session: bigint; number: number; type: OpCode }): Expected {
    const zxid = this.#zxid++;
    const call = this.recorded.history.visitors
      .find(({ sessionId }) => sessionId === what.session)
      ?.calls.find(({ xid }) => xid === what.number);
    const entry: Entry = {
      zxid,
      sessionId: what.session,
      cxid: what.number,
      timeMs: 1000,
      type: what.type,
      path: '',
      error: Code.OK,
      timeoutMs: 1000,
      parts: [],
      paths: [],
      text: `transaction ${zxid}`,
    };
    const expected = this.#model.apply(entry, call ?? null);
    const isRefused = expected.code !== Code.OK;
    this.#ledger.set(
      zxid,
      isRefused ? { ...entry, type: OpCode.ERROR, error: expected.code } : entry,
    );
    return expected;
  }

  tell({ session, number }: Asked, answer: SaidAnswer): void {
    const zxid = this.#zxid - 1;
    const writer = `writer-${session}`;
    this.recorded.take({ event: 'told', at: ++this.#at, writer, order: number, zxid, answer });
  }

  /** As it should be: asked, decided, told. */
  write(session: bigint, wish: Change): SaidAnswer {
    const asked = this.ask(session, wish);
    const answer = this.decide(asked);
    this.tell(asked, answer);
    return answer;
  }

  /** What a read shows at this moment. */
  shown(path: string): SaidAnswer {
    const state = this.#model.get(path)!;
    return { ...NOTHING, data: state.data, stat: statOf(state) };
  }

  read(session: bigint, path: string, answer = this.shown(path)): void {
    this.tell(this.ask(session, { kind: 'get', path, watch: null }), answer);
  }

  sync(session: bigint): void {
    this.tell(this.ask(session, { kind: 'sync', path: '/' }), NOTHING);
  }

  peace(): void {
    this.recorded.take({ event: 'peace', at: ++this.#at });
  }

  /** What kind of failure the judge finds, or null. */
  judged(): string | null {
    try {
      judgeHistory(this.recorded, this.#ledger);
      return null;
    } catch (error) {
      if (error instanceof Failure) return error.kind;
      throw error;
    }
  }
}

function statOf(state: NodeState): SaidStat {
  const { czxid, mzxid, pzxid, ctime, mtime, version, creates, owner, data, children } = state;
  return {
    ctime,
    mtime,
    version,
    aversion: 0,
    cversion: 2 * creates - children.length,
    dataLength: data.length,
    numChildren: children.length,
    ephemeralOwner: `${owner}`,
    ...({ czxid, mzxid, pzxid } as Pick<SaidStat, 'czxid' | 'mzxid' | 'pzxid'>),
  };
}

function create(path: string, data = ''): Change {
  return { kind: 'create', path, data, mode: 'persistent', ttlMs: 0 };
}

function set(path: string, data: string, version = -1): Change {
  return { kind: 'set', path, data, version };
}

/** Two clients and a register. */
function begin(): { story: Story; a: bigint; b: bigint } {
  const story = new Story();
  const [a, b] = [story.client(), story.client()];
  story.write(a, create('/r', 'one'));
  return { story, a, b };
}

describe('what is as it has to be', () => {
  test('writes, refusals and reads of two clients', () => {
    const { story, a, b } = begin();
    story.write(b, set('/r', 'two', 0));
    expect(story.write(a, set('/r', 'late', 0)).code).toBe(Code.BAD_VERSION);
    expect(story.write(a, create('/r')).code).toBe(Code.NODE_EXISTS);
    story.peace();
    story.sync(a);
    story.read(a, '/r');
    expect(story.judged()).toBeNull();
  });

  test('what nobody knows the end of happened once, or never', () => {
    const { story, a } = begin();
    story.decide(story.ask(a, set('/r', 'perhaps')));
    story.ask(a, set('/r', 'perhaps not'));
    story.read(a, '/r');
    expect(story.judged()).toBeNull();
  });

  test('who did not ask to be brought up to date may see what was', () => {
    const { story, a, b } = begin();
    const before = story.shown('/r');
    story.write(a, set('/r', 'two'));
    story.peace();
    story.read(b, '/r', before);
    expect(story.judged()).toBeNull();
  });
});

describe('one lie', () => {
  test('an acknowledged write that was never decided', () => {
    const { story, a } = begin();
    story.tell(story.ask(a, create('/x')), { ...NOTHING, path: '/x' });
    expect(story.judged()).toBe('durability');
  });

  test('a write that was decided twice, acknowledged or not', () => {
    for (const isTold of [true, false]) {
      const { story, a } = begin();
      const asked = story.ask(a, set('/r', 'two'));
      const answer = story.decide(asked);
      story.decide(asked);
      if (isTold) story.tell(asked, answer);
      expect(story.judged()).toBe('durability');
    }
  });

  test('a write that nobody asked for', () => {
    const { story, a } = begin();
    story.decide({ session: a, number: 77, wish: set('/r', 'whose?') });
    expect(story.judged()).toBe('durability');
  });

  test('a client’s writes in another order than it asked them', () => {
    const { story, a } = begin();
    const [first, second] = [story.ask(a, set('/r', 'two')), story.ask(a, set('/r', 'three'))];
    const answer = story.decide(second);
    story.tell(first, story.decide(first));
    story.tell(second, answer);
    expect(story.judged()).toBe('order');
  });

  test('a write before one that was acknowledged before it was asked', () => {
    const { story, a, b } = begin();
    const first = story.ask(a, set('/r', 'two'));
    story.tell(first, { ...story.shown('/r'), data: null });
    const second = story.ask(b, set('/r', 'three'));
    story.tell(second, story.decide(second));
    story.decide(first);
    expect(story.judged()).toBe('order');
  });

  test('a read after a sync that shows what was before', () => {
    const { story, a, b } = begin();
    const before = story.shown('/r');
    story.peace();
    story.write(a, set('/r', 'two'));
    story.sync(b);
    story.read(b, '/r', before);
    expect(story.judged()).toBe('reads');
  });

  test('a read that goes back behind what its client saw', () => {
    const { story, a, b } = begin();
    const before = story.shown('/r');
    story.write(a, set('/r', 'two'));
    story.read(b, '/r');
    story.read(b, '/r', before);
    expect(story.judged()).toBe('reads');
  });

  test('a read of what never was', () => {
    const { story, b } = begin();
    story.read(b, '/r', { ...story.shown('/r'), data: 'eno' });
    expect(story.judged()).toBe('reads');
  });

  test('an answer with another version than the write led to', () => {
    const { story, a } = begin();
    const asked = story.ask(a, set('/r', 'two'));
    const answer = story.decide(asked);
    story.tell(asked, { ...answer, stat: { ...answer.stat!, version: 7 } });
    expect(story.judged()).toBe('results');
  });

  test('a compare-and-set that both who tried it won', () => {
    const { story, a, b } = begin();
    const won = story.write(a, set('/r', 'two', 0));
    const asked = story.ask(b, set('/r', 'three', 0));
    story.decide(asked);
    story.tell(asked, won);
    expect(story.judged()).toBe('results');
  });
});
