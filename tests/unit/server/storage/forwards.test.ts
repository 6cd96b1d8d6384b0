/** Errands between two nodes: there and back whole, and whoever asked always hears one of three things. */
import { beforeEach, describe, expect, test } from 'vitest';

import type { Clock } from '../../../../src-server/platform/clock.ts';
import { Forwards } from '../../../../src-server/storage/forwards.ts';
import {
  type Errand,
  type ErrandOutcome,
  LEASE,
  type NodeFacts,
} from '../../../../src-server/storage/resp/ports.ts';
import { nodeId } from '../../../../src-server/storage/ring/topology.ts';

const TO: NodeFacts = {
  id: 'b',
  clusterId: 'b'.repeat(40),
  host: 'h',
  clusterPort: 1,
  proxyPort: 2,
  peerPort: 3,
  zone: 'z',
  isAlive: true,
};
const GET: Errand = {
  command: Buffer.from('*2\r\n$3\r\nGET\r\n$1\r\na\r\n'),
  protocol: 3,
  consistency: { kind: 'stale', withinMs: 250 },
  isWrite: false,
};

/** Time that stands until it is told to go on. */
class HandClock implements Clock {
  #nowMs = 0;
  #tasks: { atMs: number; task: () => void }[] = [];

  nowMs(): number {
    return this.#nowMs;
  }

  wallMs(): number {
    return this.#nowMs;
  }

  after(delayMs: number, task: () => void): { cancel(): void } {
    const one = { atMs: this.#nowMs + delayMs, task };
    this.#tasks.push(one);
    return { cancel: () => void (this.#tasks = this.#tasks.filter((other) => other !== one)) };
  }

  defer(task: () => void): void {
    this.after(0, task);
  }

  pass(ms: number): void {
    this.#nowMs += ms;
    const due = this.#tasks.filter(({ atMs }) => atMs <= this.#nowMs);
    this.#tasks = this.#tasks.filter(({ atMs }) => atMs > this.#nowMs);
    for (const { task } of due) task();
  }
}

let clock: HandClock;
let isLinked: boolean;
let ran: Errand[];
let answers: ((reply: Uint8Array) => void)[];
let here: Forwards;
let there: Forwards;
let outcomes: ErrandOutcome[];
let end: (self: string, other: () => Forwards, incarnation?: number) => Forwards;

beforeEach(() => {
  clock = new HandClock();
  isLinked = true;
  ran = [];
  answers = [];
  outcomes = [];
  end = (self, other, incarnation = 1) =>
    new Forwards({
      incarnation: () => incarnation,
      clock,
      timeoutMs: 1000,
      beginTurn: () => undefined,
      carrier: {
        sendForward: (_, requestId, errand) => {
          if (isLinked) other().onForward(nodeId(self), requestId, Buffer.from(errand));
          return isLinked;
        },
        sendAnswer: (_, requestId, reply) => {
          if (isLinked) other().onAnswer(requestId, reply);
          return isLinked;
        },
      },
      run: (errand, answer) => {
        ran.push(errand);
        answers.push(answer);
      },
    });
  here = end('a', () => there);
  there = end('b', () => here);
});

function send(errand = GET): void {
  here.send(TO, errand, (outcome) => outcomes.push(outcome));
}

describe('an errand', () => {
  test('of a former start is answered to nobody, whatever has been asked since', () => {
    send();
    here = end('a', () => there, 2);
    send();
    answers[0]!(Buffer.from('the answer to the former start'));
    expect(outcomes).toEqual([]);
    answers[1]!(Buffer.from('its own'));
    expect(outcomes.map((outcome) => outcome.kind)).toEqual(['answered']);
  });

  test('arrives as it was, and its answer comes back once', () => {
    send();
    send({ ...GET, consistency: LEASE, protocol: 2, isWrite: true });
    expect(ran.map(({ command, ...rest }) => ({ command: String(command), ...rest }))).toEqual([
      { ...GET, command: String(GET.command) },
      { command: String(GET.command), consistency: LEASE, protocol: 2, isWrite: true },
    ]);
    answers[1]!(Buffer.from('+OK\r\n'));
    answers[1]!(Buffer.from('+OK\r\n'));
    expect(outcomes).toEqual([{ kind: 'answered', reply: Buffer.from('+OK\r\n') }]);
    expect(here.count).toBe(1);
  });

  test('without a link has not left, and that is told later', () => {
    isLinked = false;
    send();
    expect(outcomes).toEqual([]);
    clock.pass(0);
    expect(outcomes).toEqual([{ kind: 'unsent', why: 'there is no link to b' }]);
    expect(ran).toEqual([]);
  });

  test('whose link breaks may have been done or not', () => {
    send();
    here.onLinkDown(nodeId('c'), 'x');
    expect(outcomes).toEqual([]);
    here.onLinkDown(nodeId('b'), 'it ended');
    expect(outcomes).toEqual([{ kind: 'lost', why: 'the link to b broke: it ended' }]);
    answers[0]!(Buffer.from('+OK\r\n'));
    expect(outcomes).toHaveLength(1);
  });

  test('that nobody answers is lost in time, each at its own', () => {
    send();
    clock.pass(600);
    send();
    clock.pass(400);
    expect(outcomes).toEqual([{ kind: 'lost', why: 'no answer in time' }]);
    clock.pass(600);
    expect(outcomes).toHaveLength(2);
  });

  test('on its way when the node ends is lost', () => {
    send();
    here.close();
    expect(outcomes).toEqual([{ kind: 'lost', why: 'this node ends' }]);
  });
});
