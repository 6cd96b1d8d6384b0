/** Apache's own tools read what we write: every transaction of the logs, every node of the snapshot, and complain of nothing. */
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';

import { expect, test } from 'vitest';

import { Writer } from '../../../src-server/bytes/writer.ts';
import type { Acl } from '../../../src-server/coordination/model/acl.ts';
import { OpCode } from '../../../src-server/coordination/model/ops.ts';
import type { Stat } from '../../../src-server/coordination/model/stat.ts';
import type { Txn } from '../../../src-server/coordination/model/txn.ts';
import { writeTxn } from '../../../src-server/coordination/wire/txns.ts';
import { APACHE_CLASSPATH } from '../../peers/apache.ts';
import { temporaryFolder } from '../../peers/folders.ts';
import { APACHE, describeWith } from '../../peers/peers.ts';
import { until } from '../../peers/wait.ts';
import { startZabring } from '../../peers/zabring.ts';
import { readLogRecords } from './log-records.ts';
import { playRichHistory } from './rich-history.ts';
import type { WireSession } from './wire-session.ts';

const LOG_TOOL = 'org.apache.zookeeper.server.persistence.TxnLogToolkit';
const SNAPSHOT_TOOL = 'org.apache.zookeeper.server.SnapshotFormatter';

function java(main: string, ...args: string[]): string {
  const options = ['-Dfile.encoding=UTF-8', '-Duser.timezone=UTC', '-cp', APACHE_CLASSPATH];
  return execFileSync('/usr/bin/java', [...options, main, ...args], {
    encoding: 'utf8',
    maxBuffer: 0x400_0000,
    stdio: ['ignore', 'pipe', 'ignore'],
  });
}

// --- logs ---

const NAMES = new Map<number, string>([
  [OpCode.CREATE_SESSION, 'createSession'],
  [OpCode.CLOSE_SESSION, 'closeSession'],
  [OpCode.CREATE, 'create'],
  [OpCode.CREATE2, 'create2'],
  [OpCode.CREATE_CONTAINER, 'createContainer'],
  [OpCode.CREATE_TTL, 'createTtl'],
  [OpCode.DELETE, 'delete'],
  [OpCode.SET_DATA, 'setData'],
  [OpCode.SET_ACL, 'setACL'],
  [OpCode.CHECK, 'check'],
  [OpCode.MULTI, 'multi'],
  [OpCode.ERROR, 'error'],
]);

/** What the tool prints for a transaction, without the date. */
function printed(txn: Txn): string {
  const head = [
    `session 0x${BigInt.asUintN(64, txn.sessionId).toString(16)}`,
    `cxid 0x${txn.cxid.toString(16)}`,
    `zxid 0x${txn.zxid.toString(16)}`,
    NAMES.get(txn.type),
  ];
  return `${head.join(' ')} ${printedBody(txn)}`;
}

function printedBody(txn: Txn): string {
  const data = txn.data === null ? '' : Buffer.from(txn.data).toString('utf8');
  switch (txn.type) {
    case OpCode.CREATE:
    case OpCode.CREATE2:
      return `${txn.path},${data},${printedAcl(txn.acl)},${txn.ephemeral},${txn.parentCversion}`;
    case OpCode.CREATE_CONTAINER:
      return `${txn.path},${data},${printedAcl(txn.acl)},${txn.parentCversion}`;
    case OpCode.CREATE_TTL:
      return `${txn.path},${data},${printedAcl(txn.acl)},${txn.parentCversion},${txn.ttlMs}`;
    case OpCode.SET_DATA:
      return `${txn.path},${data},${txn.version}`;
    case OpCode.SET_ACL: {
      const entries = txn.acl.map(
        ({ permissions, scheme, id }) => `s{${permissions},s{'${scheme},'${id}}}`,
      );
      return `'${txn.path},v{${entries.join(',')}},${txn.version}`;
    }
    case OpCode.CREATE_SESSION:
      return String(txn.timeoutMs);
    case OpCode.CLOSE_SESSION:
      return `v{${(txn.paths ?? []).map((each) => `'${each}`).join(',')}}`;
    case OpCode.ERROR:
      return String(txn.error);
    case OpCode.MULTI:
      return (txn.ops ?? []).map((op) => `${NAMES.get(op.type)}:${bodyBytes(op)}`).join(';');
    default:
      return `'${txn.path}`;
  }
}

/** The tool prints the parts of a group as the bytes they are. */
function bodyBytes(txn: Txn): string {
  const HEADER_BYTES = 32;
  const writer = new Writer();
  writeTxn(writer, txn);
  return writer.view(HEADER_BYTES).toString('utf8');
}

function printedAcl(acl: Acl): string {
  const entries = acl.map(({ permissions, scheme, id }) => `${permissions},s{'${scheme},'${id}}\n`);
  return `[${entries.join(', ')}]`;
}

// --- snapshots ---

interface StoredNode {
  readonly cZxid: bigint;
  readonly mZxid: bigint;
  readonly pZxid: bigint;
  /** Whole seconds: the tool prints no more. */
  readonly ctime: number;
  readonly mtime: number;
  readonly cversion: number;
  readonly dataVersion: number;
  readonly aclVersion: number;
  readonly ephemeralOwner: bigint;
  readonly data: string;
}

function parseNodes(dump: string): Map<string, StoredNode> {
  const nodes = new Map<string, StoredNode>();
  const details = dump.slice(0, dump.indexOf('Session Details'));
  for (const block of details.split('----\n').slice(1)) {
    const [nodePath, ...lines] = block.split('\n');
    // The last line of dashes has nothing behind it.
    if (nodePath === '') continue;
    const field = (name: string): string => {
      const line = lines.find((each) => each.startsWith(`  ${name} = `));
      if (line === undefined) throw new Error(`${nodePath}: no ${name}`);
      return line.slice(name.length + 5);
    };
    nodes.set(nodePath!, {
      cZxid: BigInt(field('cZxid')),
      mZxid: BigInt(field('mZxid')),
      pZxid: BigInt(field('pZxid')),
      ctime: Date.parse(field('ctime')) / 1000,
      mtime: Date.parse(field('mtime')) / 1000,
      cversion: Number(field('cversion')),
      dataVersion: Number(field('dataVersion')),
      aclVersion: Number(field('aclVersion')),
      ephemeralOwner: BigInt(field('ephemeralOwner')),
      data: field('data'),
    });
  }
  return nodes;
}

/** What a client is told of a node, as the tool would print it; owners are the marks of kinds a client cannot see. */
async function nodesOf(session: WireSession): Promise<Map<string, StoredNode>> {
  const nodes = new Map<string, StoredNode>();
  const visit = async (nodePath: string): Promise<void> => {
    const { body } = await session.ask(OpCode.GET_DATA, { path: nodePath });
    const stat: Stat = body!.stat!;
    nodes.set(nodePath, {
      cZxid: BigInt(stat.czxid),
      mZxid: BigInt(stat.mzxid),
      pZxid: BigInt(stat.pzxid),
      ctime: Math.floor(stat.ctime / 1000),
      mtime: Math.floor(stat.mtime / 1000),
      cversion: (stat.cversion + stat.numChildren) / 2,
      dataVersion: stat.version,
      aclVersion: stat.aversion,
      ephemeralOwner: OWNERS.get(path.basename(nodePath)) ?? stat.ephemeralOwner,
      data: body!.data?.toString('base64') ?? '',
    });
    const children = await session.ask(OpCode.GET_CHILDREN, { path: nodePath });
    for (const name of children.body!.names!) await visit(path.posix.join(nodePath, name));
  };
  await visit('/');
  return nodes;
}

const OWNERS = new Map<string, bigint>([
  ['box', 0x8000_0000_0000_0000n],
  ['used', 0x8000_0000_0000_0000n],
  ['aged', 0xff00_0000_0036_ee80n],
  ['aged-0000000017', 0xff00_00ff_ffff_ffffn],
]);

describeWith([APACHE], 'Apache’s tools', () => {
  test('print every transaction we logged, and every node and session of our snapshot', async () => {
    using folder = temporaryFolder();
    const directory = path.join(folder.path, 'version-2');
    const snapshots = (): string[] =>
      fs.readdirSync(directory).filter((name) => /^snapshot\.[0-9a-f]+$/.test(name));

    // Two lives, so that there are two logs, and a snapshot of what the first one left.
    const first = await startZabring(folder.path);
    const { ann, bob } = await playRichHistory(first.port, '/rich');
    await ann.drop();
    await bob.drop();
    await first.stop();
    const second = await startZabring(folder.path);
    await until('the snapshot is written', () => snapshots().length === 2);
    const again = await playRichHistory(second.port, '/second');
    const expectedNodes = await nodesOf(again.ann);
    await again.ann.drop();
    await again.bob.drop();
    await second.stop();

    const records = readLogRecords(folder.path);
    const files = [...new Set(records.map(({ file }) => file))];
    expect(files).toEqual(['log.1', 'log.37']);
    for (const file of files) {
      const mine = records.filter((record) => record.file === file);
      const lines = java(LOG_TOOL, '-d', path.join(directory, file));
      const expected = [
        'ZooKeeper Transactional Log File with dbid 0 txnlog format version 2',
        ...mine.map(({ txn }) => printed(txn)),
        `EOF reached after ${mine.length} txns.`,
      ].join('\n');
      // The date in front is in the machine's words; everything behind it has to be there.
      expect(lines.replace(/^.* (?=session 0x)/gm, '').trimEnd()).toBe(expected);
      expect(lines).not.toContain('CRC');
    }

    // Another life for a snapshot of everything.
    const third = await startZabring(folder.path);
    await until('the snapshot is written', () => snapshots().length === 3);
    await third.stop();
    const newest = snapshots()
      .sort((a, b) => zxidIn(a) - zxidIn(b))
      .at(-1)!;
    const dump = java(SNAPSHOT_TOOL, '-d', path.join(directory, newest));
    const found = parseNodes(dump);
    expect([...found.keys()].sort()).toEqual([...expectedNodes.keys()].sort());
    for (const [nodePath, node] of expectedNodes)
      expect(found.get(nodePath), nodePath).toEqual(node);
    const sessions = dump.slice(dump.indexOf('Session Details')).split('\n').slice(1);
    for (const [session, timeout, count] of [
      [ann.id, 20_000, 2],
      [bob.id, 40_000, 1],
      [again.ann.id, 20_000, 2],
      [again.bob.id, 40_000, 1],
    ] as const)
      expect(sessions).toContain(
        `0x${session.toString(16).padStart(14, '0')}, ${timeout}, ${count}`,
      );
    expect(dump).toMatch(/Last zxid: 0x[0-9a-f]+/);
  });
});

function zxidIn(name: string): number {
  return Number.parseInt(name.slice('snapshot.'.length), 16);
}
