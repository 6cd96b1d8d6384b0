/** The whole tree as a client sees it, in lines that can be compared. */
import { OpCode } from '../../../src-server/coordination/model/ops.ts';
import type { WireSession } from './wire-session.ts';

/** One line a node: path, data, every field of its Stat, its list of access. Order is that of the paths. */
export async function treeOf(session: WireSession): Promise<string[]> {
  const lines: string[] = [];
  const visit = async (path: string): Promise<void> => {
    const [read, children, acl] = await Promise.all([
      session.ask(OpCode.GET_DATA, { path }),
      session.ask(OpCode.GET_CHILDREN2, { path }),
      session.ask(OpCode.GET_ACL, { path }),
    ]);
    const stat = Object.entries(read.body?.stat ?? children.body?.stat ?? {})
      .map(([name, value]) => `${name}=${String(value)}`)
      .join(' ');
    const data = read.code === 0 ? (read.body?.data?.toString('base64') ?? 'null') : read.code;
    lines.push([path, data, stat, JSON.stringify(acl.body?.acl ?? acl.code)].join(' '));
    const names = [...(children.body?.names ?? [])].sort();
    await Promise.all(names.map((name) => visit(path === '/' ? `/${name}` : `${path}/${name}`)));
  };
  await visit('/');
  return lines.sort();
}
