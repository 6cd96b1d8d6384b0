/** The same history on Apache's server and on ours: what they write into their logs is the same, byte for byte. */
import { expect, test } from 'vitest';

import { Writer } from '../../../src-server/bytes/writer.ts';
import { OpCode, opName } from '../../../src-server/coordination/model/ops.ts';
import type { Txn } from '../../../src-server/coordination/model/txn.ts';
import { writeTxn } from '../../../src-server/coordination/wire/txns.ts';
import { startApache } from '../../peers/apache.ts';
import { temporaryFolder } from '../../peers/folders.ts';
import { APACHE, describeWith } from '../../peers/peers.ts';
import { startZabring } from '../../peers/zabring.ts';
import { type LogRecord, readLogRecords } from './log-records.ts';
import { playRichHistory } from './rich-history.ts';

/**
 * Session, time and digest differ from run to run: sessions become the order in which they appear, times zero, digests whether
 * there is one. The end of a session lists its nodes in whatever order Java's hash set has them. Nothing else is touched.
 */
function normalised(records: readonly LogRecord[]): { what: string; hex: string }[] {
  const sessions = new Map<bigint, bigint>([[0n, 0n]]);
  return records.map(({ bytes, txn }) => {
    const copy = txn.type === OpCode.CLOSE_SESSION ? withSortedPaths(txn) : Buffer.from(bytes);
    const known = sessions.get(txn.sessionId) ?? BigInt(sessions.size);
    sessions.set(txn.sessionId, known);
    copy.writeBigInt64BE(known, 0);
    copy.writeBigInt64BE(0n, 20);
    if (txn.hasDigest) copy.writeBigInt64BE(0n, copy.length - 8);
    const what = `0x${txn.zxid.toString(16)} ${opName(txn.type)} ${txn.path}`;
    return { what, hex: copy.toString('hex') };
  });
}

function withSortedPaths(txn: Txn): Buffer {
  txn.paths = [...(txn.paths ?? [])].sort();
  const writer = new Writer();
  writeTxn(writer, txn);
  return writer.copy();
}

describeWith([APACHE], 'the log of the same history', () => {
  test('has the same records as Apache’s', async () => {
    using javaFolder = temporaryFolder();
    using ourFolder = temporaryFolder();
    const apache = await startApache({ folder: javaFolder.path });
    const own = await startZabring(ourFolder.path, { compat: '3.8' });
    const theirs = await playRichHistory(apache.port, '/rich');
    const ours = await playRichHistory(own.port, '/rich');
    expect(ours.codes).toEqual(theirs.codes);
    for (const { ann, bob } of [theirs, ours]) {
      await ann.drop();
      await bob.close();
    }
    await apache.stop();
    await own.stop();

    const expected = normalised(readLogRecords(apache.dataDir));
    const found = normalised(readLogRecords(ourFolder.path));
    expect(found.map(({ what }) => what)).toEqual(expected.map(({ what }) => what));
    for (const [i, { what, hex }] of found.entries())
      expect(hex, `record ${i}: ${what}`).toBe(expected[i]?.hex);
    expect(found.length).toBeGreaterThan(50);
  });
});
