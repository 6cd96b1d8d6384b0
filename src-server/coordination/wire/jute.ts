/** Records that stand inside others: access control lists, identities, lists of strings, Stat. */
import type { Reader } from '../../bytes/reader.ts';
import type { Writer } from '../../bytes/writer.ts';
import { type Acl, type AclEntry, OPEN_ACL } from '../model/acl.ts';
import type { Stat } from '../model/stat.ts';

/** The least an entry takes: permissions and two empty strings. */
const ACL_ENTRY_BYTES_MIN = 12;
const STRING_BYTES_MIN = 4;

/** vec<ACL>, null for length −1. The open list, by far the commonest, is recognised by its bytes. */
export function readAcl(reader: Reader): Acl | null {
  if (startsWithOpenAcl(reader)) {
    reader.skip(OPEN_ACL_BYTES.length);
    return OPEN_ACL;
  }
  const count = reader.count(ACL_ENTRY_BYTES_MIN);
  if (count < 0) return null;
  const acl: AclEntry[] = [];
  for (let i = 0; i < count && reader.ok; i++) {
    acl.push({ permissions: reader.int32(), scheme: reader.string(), id: reader.string() });
  }
  return acl;
}

export function writeAcl(writer: Writer, acl: Acl): void {
  if (acl === OPEN_ACL) {
    writer.raw(OPEN_ACL_BYTES, 0, OPEN_ACL_BYTES.length);
    return;
  }
  writer.int32(acl.length);
  for (const { permissions, scheme, id } of acl) {
    writer.int32(permissions);
    writer.string(scheme);
    writer.string(id);
  }
}

/** vec<ustring>; a null list reads as null. */
export function readStrings(reader: Reader): (string | null)[] | null {
  const count = reader.count(STRING_BYTES_MIN);
  if (count < 0) return null;
  const strings: (string | null)[] = [];
  for (let i = 0; i < count && reader.ok; i++) strings.push(reader.string());
  return strings;
}

export function writeStrings(writer: Writer, strings: readonly string[]): void {
  writer.int32(strings.length);
  for (const string of strings) writer.string(string);
}

export function writeStat(writer: Writer, stat: Stat): void {
  writer.long(stat.czxid);
  writer.long(stat.mzxid);
  writer.long(stat.ctime);
  writer.long(stat.mtime);
  writer.int32(stat.version);
  writer.int32(stat.cversion);
  writer.int32(stat.aversion);
  writer.bigint(stat.ephemeralOwner);
  writer.int32(stat.dataLength);
  writer.int32(stat.numChildren);
  writer.long(stat.pzxid);
}

export function readStat(reader: Reader): Stat {
  return {
    czxid: reader.long() as Stat['czxid'],
    mzxid: reader.long() as Stat['mzxid'],
    ctime: reader.long(),
    mtime: reader.long(),
    version: reader.int32(),
    cversion: reader.int32(),
    aversion: reader.int32(),
    ephemeralOwner: reader.bigint(),
    dataLength: reader.int32(),
    numChildren: reader.int32(),
    pzxid: reader.long() as Stat['pzxid'],
  };
}

/** count 1, permissions 31, "world", "anyone" */
const OPEN_ACL_BYTES = Buffer.from('000000010000001f00000005776f726c6400000006616e796f6e65', 'hex');

function startsWithOpenAcl(reader: Reader): boolean {
  if (reader.left < OPEN_ACL_BYTES.length) return false;
  const { bytes, at } = reader;
  for (let i = 0; i < OPEN_ACL_BYTES.length; i++)
    if (bytes[at + i] !== OPEN_ACL_BYTES[i]) return false;
  return true;
}
