/**
 * A ring table as bytes, and as text for a znode.
 *
 *    format 1 │ log2 Q │ RF │ cell width │ nodes u16 │ (length, id)… │ cells… │ FNV-1a u32
 *
 * A cell is one byte up to 254 nodes and two beyond, all ones for nobody: 16,384 partitions with 3 replicas are 48 KiB.
 */
import { err, ok, type Result } from '../../base/result.ts';
import { fromBase64, toBase64 } from './base64.ts';
import { NOBODY, type RingTable, tableFaultOf } from './table.ts';
import { isNodeId, type NodeId } from './topology.ts';

const FORMAT = 1;
const HEADER_BYTES = 6;
const CHECKSUM_BYTES = 4;
const NARROW_NOBODY = 0xff;

export function encodeTable(table: RingTable): Uint8Array {
  const { nodeIds, cells } = table;
  const width = nodeIds.length < NARROW_NOBODY ? 1 : 2;
  const idBytes = nodeIds.reduce((sum, id) => sum + 1 + id.length, 0);
  const bytes = new Uint8Array(HEADER_BYTES + idBytes + cells.length * width + CHECKSUM_BYTES);
  const view = new DataView(bytes.buffer);
  view.setUint8(0, FORMAT);
  view.setUint8(1, 31 - Math.clz32(table.partitionCount));
  view.setUint8(2, table.replicaCount);
  view.setUint8(3, width);
  view.setUint16(4, nodeIds.length);
  let at = HEADER_BYTES;
  for (const id of nodeIds) {
    bytes[at++] = id.length;
    for (let i = 0; i < id.length; i++) bytes[at++] = id.charCodeAt(i);
  }
  for (const cell of cells) {
    // Nobody's two bytes cut to one are nobody's one byte.
    if (width === 1) bytes[at] = cell & 0xff;
    else view.setUint16(at, cell);
    at += width;
  }
  view.setUint32(at, fnv1a(bytes, at));
  return bytes;
}

export function decodeTable(bytes: Uint8Array): Result<RingTable, string> {
  if (bytes.length < HEADER_BYTES + CHECKSUM_BYTES) return err('a ring table is cut short');
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  if (view.getUint8(0) !== FORMAT) return err(`a ring table of unknown format ${view.getUint8(0)}`);
  const end = bytes.length - CHECKSUM_BYTES;
  if (view.getUint32(end) !== fnv1a(bytes, end)) return err('a ring table is damaged');

  const partitionCount = 2 ** view.getUint8(1);
  const replicaCount = view.getUint8(2);
  const width = view.getUint8(3);
  let at = HEADER_BYTES;
  const nodeIds: NodeId[] = [];
  for (let left = view.getUint16(4); left > 0; left--) {
    const length = at < end ? bytes[at]! : 0;
    const id = String.fromCharCode(...bytes.subarray(at + 1, Math.min(at + 1 + length, end)));
    if (!isNodeId(id) || id.length !== length) return err('a ring table with a bad node id');
    nodeIds.push(id);
    at += 1 + length;
  }
  const count = partitionCount * replicaCount;
  if ((width !== 1 && width !== 2) || end - at !== count * width) {
    return err('a ring table with too few or too many cells');
  }
  const cells = new Uint16Array(count);
  for (let i = 0; i < count; i++, at += width) {
    const cell = width === 1 ? bytes[at]! : view.getUint16(at);
    cells[i] = width === 1 && cell === NARROW_NOBODY ? NOBODY : cell;
  }
  const table = { partitionCount, replicaCount, nodeIds, cells };
  const fault = tableFaultOf(table);
  return fault === null ? ok(table) : err(`a ring table that cannot be: ${fault}`);
}

export function tableText(table: RingTable): string {
  return toBase64(encodeTable(table));
}

export function tableOfText(text: string): Result<RingTable, string> {
  const bytes = fromBase64(text);
  return bytes === null ? err('a ring table that is not base64') : decodeTable(bytes);
}

function fnv1a(bytes: Uint8Array, end: number): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < end; i++) hash = Math.imul(hash ^ bytes[i]!, 0x01000193);
  return hash >>> 0;
}
