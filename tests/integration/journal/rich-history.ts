/**
 * A history with something of everything that leaves a trace on the disk: all kinds of nodes, lists of access, groups that
 * succeed and fail, refusals, sessions that end and sessions that stay. Played the same way on any server, it is the same.
 */
import { type Acl, OPEN_ACL } from '../../../src-server/coordination/model/acl.ts';
import { OpCode } from '../../../src-server/coordination/model/ops.ts';
import { CreateFlag } from '../../../src-server/coordination/model/request.ts';
import { part, type Reply, WireSession } from './wire-session.ts';

const READ_ONLY: Acl = [{ permissions: 1, scheme: 'world', id: 'anyone' }];
const CREATOR_ALL: Acl = [{ permissions: 31, scheme: 'auth', id: '' }];
const LOCAL: Acl = [
  { permissions: 31, scheme: 'ip', id: '127.0.0.1' },
  { permissions: 5, scheme: 'world', id: 'anyone' },
];

export interface RichHistory {
  /** Sessions that are still open, with ephemeral nodes: ann's with proof of who she is. */
  readonly ann: WireSession;
  readonly bob: WireSession;
  /** The result code of every request, in order. */
  readonly codes: readonly number[];
}

/** @param prefix a top node for everything, so that it can be played again later */
export async function playRichHistory(port: number, prefix: string): Promise<RichHistory> {
  const codes: number[] = [];
  const note = async (reply: Promise<Reply>): Promise<Reply> => {
    const settled = await reply;
    codes.push(settled.code);
    for (const result of settled.body?.parts ?? []) codes.push(result.code);
    return settled;
  };
  const at = (path: string): string => `${prefix}${path}`;

  const ann = await WireSession.open(port, { timeoutMs: 20_000 });
  const bob = await WireSession.open(port, { timeoutMs: 40_000 });
  const guest = await WireSession.open(port, { timeoutMs: 10_000 });
  await note(ann.auth('ann', 'secret'));

  // Every kind of node, with data of every kind.
  await note(ann.create(prefix, 'top'));
  await note(ann.create(at('/plain'), 'data'));
  await note(ann.create(at('/null'), null));
  await note(ann.create(at('/empty'), ''));
  await note(ann.create(at('/größe'), 'Größe'));
  await note(ann.create(at('/路径'), '数据'));
  await note(ann.create(at('/zeros'), Buffer.alloc(3000)));
  await note(ann.create(at('/large'), Buffer.alloc(50_000, 'large')));
  await note(ann.create(at('/eph'), 'e', { flags: CreateFlag.EPHEMERAL }));
  await note(bob.create(at('/bobs'), 'b', { flags: CreateFlag.EPHEMERAL }));
  await note(guest.create(at('/guests'), 'g', { flags: CreateFlag.EPHEMERAL }));
  await note(guest.create(at('/guests-'), 'g', { flags: CreateFlag.EPHEMERAL_SEQUENTIAL }));
  for (let i = 0; i < 3; i++)
    await note(ann.create(at('/seq-'), `${i}`, { flags: CreateFlag.PERSISTENT_SEQUENTIAL }));
  const two = { path: at('/two'), data: Buffer.from('2') };
  await note(ann.ask(OpCode.CREATE2, { ...two, flags: CreateFlag.PERSISTENT }));
  const box = { path: at('/box'), data: Buffer.from('c'), flags: CreateFlag.CONTAINER };
  await note(ann.ask(OpCode.CREATE_CONTAINER, box));
  const boxed = { path: at('/box/used'), data: Buffer.from('u'), flags: CreateFlag.CONTAINER };
  await note(ann.ask(OpCode.CREATE_CONTAINER, boxed));
  const aged = { path: at('/aged'), data: Buffer.from('t'), ttlMs: 3_600_000 };
  await note(ann.ask(OpCode.CREATE_TTL, { ...aged, flags: CreateFlag.PERSISTENT_WITH_TTL }));
  const agedSequence = { ...aged, path: at('/aged-'), ttlMs: 0xff_ffff_ffff };
  await note(
    ann.ask(OpCode.CREATE_TTL, {
      ...agedSequence,
      flags: CreateFlag.PERSISTENT_SEQUENTIAL_WITH_TTL,
    }),
  );

  // Changes, and changes refused.
  for (let i = 0; i < 5; i++) await note(ann.set(at('/plain'), `data ${i}`, i));
  await note(ann.set(at('/plain'), 'never', 3));
  await note(ann.set(at('/plain'), null));
  await note(ann.set(at('/missing'), 'never'));
  await note(ann.create(at('/plain'), 'again'));
  await note(ann.create(at('/eph/child'), 'never'));
  await note(ann.create(at('/no/parent'), 'never'));
  await note(ann.delete(at('/box')));
  await note(ann.delete(at('/seq-0000000011')));
  await note(ann.delete(at('/empty'), 0));
  await note(ann.ask(OpCode.CREATE, { path: at('/bad-flags'), data: null, flags: 9 }));

  // Lists of access.
  await note(ann.create(at('/hers'), 'private', { acl: CREATOR_ALL }));
  await note(bob.set(at('/hers'), 'stolen'));
  await note(bob.create(at('/hers/his'), 'stolen'));
  await note(ann.create(at('/hers/own'), 'inside', { acl: CREATOR_ALL }));
  await note(ann.create(at('/local'), 'here', { acl: LOCAL }));
  await note(ann.setAcl(at('/null'), READ_ONLY, 0));
  await note(ann.setAcl(at('/null'), CREATOR_ALL, 0));
  await note(ann.setAcl(at('/two'), LOCAL));
  await note(ann.setAcl(at('/two'), OPEN_ACL, 1));
  await note(bob.create(at('/x'), '', { acl: [] }));

  // Groups.
  await note(
    ann.multi(
      part(OpCode.CREATE, at('/group')),
      part(OpCode.CREATE, at('/group/a')),
      part(OpCode.SET_DATA, at('/group/a'), { version: 0 }),
      part(OpCode.CHECK, at('/group/a'), { version: 1 }),
      part(OpCode.CREATE, at('/group/s-'), { flags: CreateFlag.PERSISTENT_SEQUENTIAL }),
      part(OpCode.CREATE, at('/group/e'), { flags: CreateFlag.EPHEMERAL }),
      part(OpCode.DELETE, at('/group/a')),
    ),
  );
  await note(
    ann.multi(
      part(OpCode.CREATE, at('/group/never')),
      part(OpCode.SET_DATA, at('/group')),
      part(OpCode.CHECK, at('/group'), { version: 7 }),
      part(OpCode.DELETE, at('/plain')),
    ),
  );
  await note(ann.multi(part(OpCode.DELETE, at('/nowhere/x'))));
  await note(ann.multi());

  // A session that says goodbye, with what it owned.
  await guest.close();
  await note(ann.create(at('/last'), 'one'));
  return { ann, bob, codes };
}
