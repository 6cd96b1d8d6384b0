import { expect, test } from 'vitest';

import { Prng } from '../../../../../../src-server/base/prng.ts';
import { Writer } from '../../../../../../src-server/bytes/writer.ts';
import type { MeshMessage } from '../../../../../../src-server/storage/replication/mesh/mesh-messages.ts';
import {
  MessageReader,
  writeMessage,
} from '../../../../../../src-server/storage/replication/mesh/wire.ts';
import type {
  Copying,
  EpochStart,
  LogFacts,
} from '../../../../../../src-server/storage/replication/messages.ts';
import { nodeId } from '../../../../../../src-server/storage/ring/topology.ts';

const HEADER_BYTES = 4;

/** Any message, of any kind, with numbers of any size. */
class Chance {
  readonly #prng: Prng;

  constructor(seed: number) {
    this.#prng = new Prng(seed);
  }

  below(bound: number): number {
    return this.#prng.below(bound);
  }

  message(): MeshMessage {
    const place = { partition: this.#int(), epoch: this.#number() };
    const all: MeshMessage[] = [
      {
        kind: 'hello',
        ringId: this.#flag() ? null : 'ring 环',
        from: nodeId('a-1'),
        incarnation: this.#number(),
        to: nodeId('Z'.repeat(32)),
        dial: this.#number(),
      },
      { kind: 'lead', ...place, attempt: this.#number() },
      { kind: 'follow', ...place, keepSeq: this.#number() },
      { kind: 'replace', ...place, isContinued: this.#flag() },
      { kind: 'entries', ...place, committedSeq: this.#number(), entries: this.#entries() },
      { kind: 'commit', ...place, seq: this.#number() },
      { kind: 'vouch', ...place, isOn: this.#flag() },
      { kind: 'knock', ...place },
      {
        kind: 'promise',
        ...place,
        attempt: this.#number(),
        version: this.#version(),
        log: this.#log(),
      },
      { kind: 'aware', ...place, version: this.#version() },
      { kind: 'ack', ...place, seq: this.#number() },
      { kind: 'fenced', ...place },
      { kind: 'beat', number: this.#number(), heard: this.#number() },
      { kind: 'question', number: this.#number() },
      { kind: 'answer', number: this.#number() },
      {
        kind: 'copyChunk',
        ...place,
        copy: this.#number(),
        number: this.#int(),
        copying: this.#copying(),
        nextCursor: this.#number(),
        crc: this.#prng.next(),
        bytes: this.#bytes(),
      },
      { kind: 'copyTaken', partition: place.partition, copy: this.#number(), number: this.#int() },
      { kind: 'copyRefused', partition: place.partition, copy: this.#number() },
      { kind: 'askDigest', ...place, seq: this.#number() },
      {
        kind: 'digest',
        ...place,
        seq: this.#number(),
        digest: this.#bytes(),
        copiedBytes: this.#number(),
      },
      { kind: 'distrust', ...place },
      { kind: 'compare', ...place, requestId: this.#number() },
      {
        kind: 'compared',
        ...place,
        requestId: this.#number(),
        verdict: this.#prng.pick(['equal', 'different', 'unknown']),
        words: 'copies differ',
        copies: [
          { node: nodeId('a'), copiedBytes: this.#number() },
          { node: nodeId('b'), copiedBytes: 0 },
        ].slice(this.#prng.below(3)),
      },
      { kind: 'forward', requestId: this.#number(), errand: this.#bytes() },
      { kind: 'forwarded', requestId: this.#number(), reply: this.#bytes() },
    ];
    return this.#prng.pick(all);
  }

  #flag(): boolean {
    return this.#prng.chance(0.5);
  }

  #int(): number {
    return this.#prng.below(2 ** 31);
  }

  #number(): number {
    return this.#prng.pick([0, 1, this.#int(), Number.MAX_SAFE_INTEGER]);
  }

  #version(): number {
    return this.#flag() ? -1 : this.#int();
  }

  #bytes(): Buffer {
    const bytes = Buffer.alloc(this.#prng.below(50));
    for (let i = 0; i < bytes.length; i++) bytes[i] = this.#prng.below(256);
    return bytes;
  }

  #entries(): { epoch: number; seq: number; body: Buffer }[] {
    const first = 1 + this.#int();
    const count = 1 + this.#prng.below(4);
    return Array.from({ length: count }, (_, i) => {
      return { epoch: this.#number(), seq: first + i, body: this.#bytes() };
    });
  }

  #epochs(): EpochStart[] {
    const count = this.#prng.below(4);
    return Array.from({ length: count }, () => ({
      epoch: this.#number(),
      startSeq: this.#number(),
    }));
  }

  #copying(): Copying {
    const base = { baseSeq: this.#number(), baseEpoch: this.#number() };
    return { ...base, epochs: this.#epochs(), cursor: this.#number() };
  }

  #log(): LogFacts {
    const epochs = this.#epochs();
    return {
      lastSeq: this.#number(),
      lastEpoch: epochs.at(-1)?.epoch ?? 0,
      committedSeq: this.#number(),
      epochs,
      isWhole: this.#flag(),
      copying: this.#flag() ? null : this.#copying(),
    };
  }
}

function bytesOf(message: MeshMessage): Buffer {
  const out = new Writer();
  writeMessage(out, message);
  expect(out.view().readInt32BE(0)).toBe(out.length - HEADER_BYTES);
  return out.copy(HEADER_BYTES);
}

test('a message is read as it was written', () => {
  const chance = new Chance(1);
  const reader = new MessageReader();
  const kinds = new Set<string>();
  for (let i = 0; i < 20_000; i++) {
    const message = chance.message();
    kinds.add(message.kind);
    const bytes = bytesOf(message);
    // Somewhere in a larger chunk, as frames lie.
    const chunk = Buffer.concat([Buffer.alloc(i % 7), bytes, Buffer.alloc(3)]);
    expect(reader.read(chunk, i % 7, (i % 7) + bytes.length)).toEqual(message);
  }
  expect(kinds.size).toBe(25);
});

test('a message that is cut short, or longer than it says, is none', () => {
  const chance = new Chance(2);
  const reader = new MessageReader();
  for (let i = 0; i < 500; i++) {
    const bytes = bytesOf(chance.message());
    for (let end = 0; end < bytes.length; end++) expect(reader.read(bytes, 0, end)).toBeNull();
    const longer = Buffer.concat([bytes, Buffer.from([0])]);
    expect(reader.read(longer, 0, longer.length)).toBeNull();
  }
});

test('garbage is read as a message or as none, and takes no memory', () => {
  const chance = new Chance(3);
  const reader = new MessageReader();
  for (let i = 0; i < 50_000; i++) {
    const bytes = bytesOf(chance.message());
    const flips = 1 + chance.below(4);
    for (let flip = 0; flip < flips; flip++) bytes[chance.below(bytes.length)] = chance.below(256);
    const message = reader.read(bytes, 0, bytes.length);
    if (message?.kind === 'entries') expect(message.entries.length).toBeLessThan(bytes.length);
  }
});
