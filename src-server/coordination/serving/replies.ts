/** Answers as bytes: what a write came to, and nodes straight from the tree's columns into the connection's output. */
import { copyBytes } from '../../base/arena.ts';
import type { Writer } from '../../bytes/writer.ts';
import { Code } from '../model/codes.ts';
import { OpCode } from '../model/ops.ts';
import type { Outcome } from '../model/outcome.ts';
import type { Request } from '../model/request.ts';
import type { Machine, NameView, Nodes, Row } from '../state/machine.ts';
import { NO_ROW } from '../state/machine.ts';
import { writeStat } from '../wire/jute.ts';
import { beginReply, endReply, writeBareReply } from '../wire/replies.ts';
import { writeMultiHeader } from '../wire/requests.ts';

/** The whole reply to a write, from the state it led to. */
export function writeOutcome(
  writer: Writer,
  { op, xid }: Request,
  outcome: Outcome,
  machine: Machine,
): void {
  const zxid = machine.lastZxid;
  if (outcome.code !== Code.OK && op !== OpCode.MULTI) {
    writeBareReply(writer, xid, zxid, outcome.code);
    return;
  }
  // A request that could not be decoded has an error transaction even where it was a multi.
  if (op === OpCode.MULTI && outcome.parts === null) {
    writeBareReply(writer, xid, zxid, outcome.code);
    return;
  }
  const frame = beginReply(writer, xid, zxid, Code.OK);
  switch (op) {
    case OpCode.CREATE:
      writer.string(outcome.path);
      break;
    case OpCode.CREATE2:
    case OpCode.CREATE_CONTAINER:
    case OpCode.CREATE_TTL:
      writer.string(outcome.path);
      if (outcome.stat !== null) writeStat(writer, outcome.stat);
      break;
    case OpCode.SET_DATA:
    case OpCode.SET_ACL:
      if (outcome.stat !== null) writeStat(writer, outcome.stat);
      break;
    case OpCode.RECONFIG:
      // As a getData of the new configuration would be answered.
      writeNodeData(writer, machine.nodes, machine.find(outcome.path));
      if (outcome.stat !== null) writeStat(writer, outcome.stat);
      break;
    case OpCode.MULTI:
      for (const part of outcome.parts ?? []) writePart(writer, part);
      writeMultiHeader(writer, -1, true, -1);
      break;
    default:
      break;
  }
  endReply(writer, frame);
}

function writePart(writer: Writer, part: Outcome): void {
  switch (part.type) {
    case OpCode.ERROR:
      writePartError(writer, part.code);
      return;
    case OpCode.CREATE:
      writeMultiHeader(writer, OpCode.CREATE, false, 0);
      writer.string(part.path);
      return;
    case OpCode.CREATE2:
    case OpCode.CREATE_CONTAINER:
    case OpCode.CREATE_TTL:
      writeMultiHeader(writer, OpCode.CREATE2, false, 0);
      writer.string(part.path);
      if (part.stat !== null) writeStat(writer, part.stat);
      return;
    default:
      writeMultiHeader(writer, part.type, false, 0);
      if (part.type === OpCode.SET_DATA && part.stat !== null) writeStat(writer, part.stat);
  }
}

export function writePartError(writer: Writer, code: number): void {
  writeMultiHeader(writer, OpCode.ERROR, false, code);
  writer.int32(code);
}

/** A node's Stat from its columns: no object in between. */
export function writeNodeStat(writer: Writer, nodes: Nodes, row: Row): void {
  const numChildren = nodes.childCount(row);
  writer.long(nodes.czxid(row));
  writer.long(nodes.mzxid(row));
  writer.long(nodes.ctime(row));
  writer.long(nodes.mtime(row));
  writer.int32(nodes.version(row));
  writer.int32((nodes.cversion(row) * 2 - numChildren) | 0);
  writer.int32(nodes.aversion(row));
  if (nodes.kind(row) === 'ephemeral') writer.halves(nodes.ownerHigh(row), nodes.ownerLow(row));
  else writer.halves(0, 0);
  writer.int32(Math.max(0, nodes.dataLength(row)));
  writer.int32(numChildren);
  writer.long(nodes.pzxid(row));
}

export function writeNodeData(writer: Writer, nodes: Nodes, row: Row): void {
  const length = nodes.dataLength(row);
  writer.int32(length);
  if (length > 0) writer.raw(nodes.dataBytes(row), nodes.dataOffset(row), length);
}

export function writeChildNames(writer: Writer, nodes: Nodes, row: Row): void {
  writer.int32(nodes.childCount(row));
  for (let child = nodes.firstChild(row); child !== NO_ROW; child = nodes.nextSibling(child)) {
    nodes.viewName(child, name);
    if (name.form !== 'ascii') {
      writer.string(nodes.name(child));
      continue;
    }
    writer.int32(name.length);
    writer.reserve(name.length);
    copyBytes(name.bytes, name.offset, writer.bytes, writer.length, name.length);
    writer.length += name.length;
  }
}

const name: NameView = { bytes: new Uint8Array(), offset: 0, length: 0, form: 'ascii' };
