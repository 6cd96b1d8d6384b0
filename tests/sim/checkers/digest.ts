/** What a member reads back from its disk is what the log says it had to be, node by node, and the digests say the same. */
import type { Machine } from '../../../src-server/coordination/state/machine.ts';
import { NO_ROW } from '../../../src-server/coordination/state/machine.ts';
import { newMachine } from '../changes.ts';
import type { SimDisk } from '../disk.ts';
import { openJournal } from '../member.ts';
import type { NodeState } from '../model.ts';
import { type Evidence, fail } from './evidence.ts';

export function checkDisk(evidence: Evidence, disk: SimDisk, name: string): void {
  const machine = recover(disk);
  if (machine.digestMismatches > 0)
    fail('digest', `${name}: ${machine.digestMismatches} transactions do not lead to their digest`);
  if (machine.lastZxid !== evidence.model.lastZxid)
    fail('digest', `${name} ends at ${machine.lastZxid} and not at ${evidence.model.lastZxid}`);
  const paths = new Set([...evidence.model.paths, ...pathsOf(machine)]);
  for (const path of paths) {
    if (path === '/') continue;
    const wanted = textOf(evidence.model.get(path));
    const found = textOf(stateOf(machine, path));
    if (wanted !== found) fail('digest', `${name}: ${path} is ${found} and not ${wanted}`);
  }
}

function recover(disk: SimDisk): Machine {
  let machine = newMachine();
  openJournal(disk).recover(
    {
      begin: () => {
        machine = newMachine();
        return machine.loader();
      },
      loaded: (zxid, stated) => machine.finishLoading(zxid, stated),
      replay: (txn) => machine.apply(txn),
    },
    () => undefined,
  );
  return machine;
}

function pathsOf(machine: Machine): string[] {
  const paths: string[] = [];
  const visit = (path: string): void => {
    if (path.startsWith('/zookeeper')) return;
    paths.push(path);
    const row = machine.find(path);
    for (
      let child = machine.nodes.firstChild(row);
      child !== NO_ROW;
      child = machine.nodes.nextSibling(child)
    )
      visit(machine.pathOf(child));
  };
  visit('/');
  return paths;
}

function stateOf(machine: Machine, path: string): NodeState | null {
  const row = machine.find(path);
  if (row === NO_ROW) return null;
  const { nodes } = machine;
  const stat = nodes.stat(row);
  const children: string[] = [];
  for (let child = nodes.firstChild(row); child !== NO_ROW; child = nodes.nextSibling(child))
    children.push(nodes.name(child));
  return {
    data: Buffer.from(nodes.copyData(row) ?? []).toString('latin1'),
    czxid: stat.czxid,
    mzxid: stat.mzxid,
    pzxid: stat.pzxid,
    ctime: stat.ctime,
    mtime: stat.mtime,
    version: stat.version,
    creates: nodes.cversion(row),
    owner: stat.ephemeralOwner,
    kind: nodes.kind(row),
    children: children.sort(),
  };
}

function textOf(state: NodeState | null): string {
  if (state === null) return 'not there';
  return Object.entries(state)
    .map(([name, value]) => `${name}=${String(value).slice(0, 40)}`)
    .join(' ');
}
