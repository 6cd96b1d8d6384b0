/** Copies that are spoilt on purpose while their node is down: a byte that flips, and a value that is sound but not the others'. */
import fs from 'node:fs';
import path from 'node:path';

import { BodyWriter, readBody } from '../../../src-server/storage/engine/body.ts';
import { Engine } from '../../../src-server/storage/engine/engine.ts';
import type { StorageNodeProcess } from '../../peers/storage-ring.ts';
import { PLATFORM } from './control-stage.ts';

function logOf(node: StorageNodeProcess): string {
  return path.join(node.folder, 'data', 'log');
}

/** Turns one bit within the first value that holds these bytes. */
export function flipBit(node: StorageNodeProcess, value: string): void {
  for (const name of fs.readdirSync(logOf(node)).filter((one) => one.startsWith('log-'))) {
    const file = path.join(logOf(node), name);
    const bytes = fs.readFileSync(file);
    const at = bytes.indexOf(value);
    if (at < 0) continue;
    bytes[at]! ^= 1;
    const fd = fs.openSync(file, 'r+');
    fs.writeSync(fd, bytes, at, 1, at);
    fs.closeSync(fd);
    return;
  }
  throw new Error(`${value} is not on the disk of ${node.id}`);
}

/** Gives every key of the partition another value, of which all checksums are right. */
export async function rewriteValues(node: StorageNodeProcess, partition: number): Promise<number> {
  const engine = await Engine.open({ platform: PLATFORM, directory: logOf(node) });
  const store = engine.partition(partition)!;
  const { lastSeq: baseSeq, lastEpoch: baseEpoch } = store;
  const epochs = [...store.epochs];
  store.commit(baseSeq);
  const body = new BodyWriter();
  let count = 0;
  readBody(store.copy(0, Number.MAX_SAFE_INTEGER)!.bytes, {
    put: (key, _value, expiresAtMs) => {
      body.put(key, Buffer.from('nobody wrote this'), expiresAtMs);
      count++;
    },
    delete: () => undefined,
  });
  store.beginInstall({ baseSeq, baseEpoch, epochs });
  store.installChunk({ cursor: 0, bytes: body.view() });
  store.endInstall();
  await new Promise<void>((resolve, reject) => {
    engine.flush((error) => (error === null ? resolve() : reject(error)));
  });
  await engine.close();
  return count;
}
