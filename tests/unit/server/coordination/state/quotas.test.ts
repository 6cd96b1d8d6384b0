/** Quotas: figures that follow the tree, and limits that hold. */
import { beforeEach, describe, expect, test } from 'vitest';

import { OPEN_ACL } from '../../../../../src-server/coordination/model/acl.ts';
import { codeName } from '../../../../../src-server/coordination/model/codes.ts';
import { OpCode } from '../../../../../src-server/coordination/model/ops.ts';
import { Request } from '../../../../../src-server/coordination/model/request.ts';
import { newMachine, Pipeline } from '../../../../sim/changes.ts';

let pipeline: Pipeline;
let session: bigint;

beforeEach(() => {
  const machine = newMachine({ enforceQuota: true });
  machine.createSystemNodes();
  pipeline = new Pipeline(machine);
  session = pipeline.newSession();
  pipeline.applyAll();
});

function ask(op: OpCode, path: string, text = ''): string {
  const request = Object.assign(new Request(op), {
    path,
    data: Buffer.from(text),
    acl: OPEN_ACL,
    version: -1,
  });
  const outcome = pipeline.do(request, session);
  return codeName(outcome.code);
}

const create = (path: string, text = ''): string => ask(OpCode.CREATE, path, text);
const set = (path: string, text: string): string => ask(OpCode.SET_DATA, path, text);
const remove = (path: string): string => ask(OpCode.DELETE, path);

function limit(path: string, limits: string): void {
  let at = '/zookeeper/quota';
  for (const name of path.split('/').slice(1)) create((at += `/${name}`));
  expect(create(`${at}/zookeeper_limits`, limits)).toBe('OK');
  expect(create(`${at}/zookeeper_stats`, 'count=0,bytes=0')).toBe('OK');
}

function figures(path: string): string {
  const { machine } = pipeline;
  const row = machine.find(`/zookeeper/quota${path}/zookeeper_stats`);
  return Buffer.from(machine.nodes.copyData(row)!).toString();
}

describe('figures', () => {
  test('count the node itself and everything below it, from the moment there is a quota', () => {
    create('/q', 'four');
    create('/q/a', '12');
    limit('/q', 'count=-1,bytes=-1');
    expect(figures('/q')).toBe('count=2,bytes=6');
    create('/q/a/b', '123');
    create('/other', 'not counted');
    set('/q/a', '');
    expect(figures('/q')).toBe('count=3,bytes=7');
    remove('/q/a/b');
    expect(figures('/q')).toBe('count=2,bytes=4');
  });

  test('the deepest quota above a path counts, and a name that merely begins alike does not', () => {
    create('/q');
    create('/q/deep');
    limit('/q', 'count=-1,bytes=-1');
    limit('/q/deep', 'count=-1,bytes=-1');
    create('/q/deep/x', 'xx');
    create('/q/deeper', 'yyy');
    create('/qq', 'zzzz');
    expect(figures('/q/deep')).toBe('count=2,bytes=2');
    expect(figures('/q')).toBe('count=3,bytes=3');
  });

  test('do not touch the digest, whoever counts', () => {
    create('/q');
    limit('/q', 'count=-1,bytes=-1');
    for (let i = 0; i < 20; i++) create(`/q/${i}`, 'data');
    expect(pipeline.machine.digestMismatches).toBe(0);
  });

  test('stop when the limits are gone', () => {
    create('/q');
    limit('/q', 'count=-1,bytes=-1');
    remove('/zookeeper/quota/q/zookeeper_limits');
    create('/q/a');
    expect(figures('/q')).toBe('count=1,bytes=0');
  });
});

describe('limits', () => {
  test('a soft one refuses nothing', () => {
    create('/q');
    limit('/q', 'count=1,bytes=1');
    expect(create('/q/a', 'more than that')).toBe('OK');
  });

  test('a hard one refuses what would pass it, and nothing else', () => {
    create('/q', '12345');
    limit('/q', 'count=-1,bytes=-1=;byteHardLimit=8;countHardLimit=3');
    expect(create('/q/a', '123')).toBe('OK');
    expect(create('/q/b', 'x')).toBe('QUOTA_EXCEEDED');
    expect(create('/q/b')).toBe('OK');
    expect(create('/q/c')).toBe('QUOTA_EXCEEDED');
    expect(set('/q/a', '1234')).toBe('QUOTA_EXCEEDED');
    expect(set('/q/a', '321')).toBe('OK');
    expect(set('/q/a', '')).toBe('OK');
    expect(remove('/q/b')).toBe('OK');
    expect(create('/q/c', '123')).toBe('OK');
    expect(figures('/q')).toBe('count=3,bytes=8');
  });

  test('text that is no figures limits nothing, however long it is', () => {
    create('/q');
    limit('/q', 'x'.repeat(500_000));
    expect(create('/q/a', 'data')).toBe('OK');
    expect(figures('/q')).toBe('count=2,bytes=4');
  });
});

test('figures survive a reload: they are counted afresh', () => {
  create('/q', 'four');
  limit('/q', 'count=-1,bytes=-1=;byteHardLimit=8;countHardLimit=2');
  create('/q/a');
  const walk = pipeline.machine.walkImage();
  const machine = newMachine({ enforceQuota: true });
  const loader = machine.loader();
  for (const { id, timeoutMs } of walk.sessions) loader.addSession(id, timeoutMs);
  while (walk.next()) {
    const data = walk.dataLength < 0 ? null : walk.dataBytes;
    const stored =
      walk.path.endsWith('zookeeper_stats') || data === null || walk.dataLength === 0
        ? new Uint8Array()
        : data.slice(walk.dataOffset, walk.dataOffset + walk.dataLength);
    loader.addNode(walk.path, stored, walk.acl, walk.stat);
  }
  machine.finishLoading(pipeline.machine.lastZxid, null);
  pipeline = new Pipeline(machine);
  expect(figures('/q')).toBe('count=2,bytes=4');
  expect(create('/q/b')).toBe('QUOTA_EXCEEDED');
});
