/** What a member reads back from its disk is what the log says it had to be, node by node, and the digests say the same. */
import type { Machine } from '../../../src-server/coordination/state/machine.ts';
import { NO_ROW } from '../../../src-server/coordination/state/machine.ts';
import type { Clock } from '../../../src-server/platform/clock.ts';
import type { Disk } from '../../../src-server/platform/disk.ts';
import { newMachine } from '../changes.ts';
import { openJournal } from '../member.ts';
import type { NodeState } from '../model.ts';
import { type Evidence, fail } from './evidence.ts';

/** A disk, in its time, and where on it a member keeps its data. */
export interface MemberDisk {
  readonly disk: Disk & { readonly clock: Clock };
  readonly dataDir: string;
}

/**
 * @param settledZxid what everybody had when the end came. It may come while a leader takes something up by itself, the
 *   removal of a node whose time is over; who has not heard of that has everything before it.
 */
export function checkDisk(
  { model, isAlone, initialCounter }: Evidence,
  where: MemberDisk,
  name: string,
  settledZxid: number = model.lastZxid,
): void {
  const machine = recover(where, { isAlone, initialCounter });
  const { lastZxid, digestMismatches } = machine;
  if (digestMismatches > 0)
    fail('digest', `${name}: ${digestMismatches} transactions do not lead to their digest`);
  if (lastZxid < settledZxid) fail('digest', `${name} ends at ${lastZxid}, before ${settledZxid}`);
  for (const path of new Set([...model.pathsEver, ...pathsOf(machine)])) {
    if (path === '/') continue;
    const wanted = textOf(model.at(path, lastZxid));
    const found = textOf(stateOf(machine, path));
    if (wanted !== found) fail('digest', `${name}: ${path} is ${found} and not ${wanted}`);
  }
}

/**
 * As the member itself would at its next start. In an ensemble that takes a log that ends in a later epoch than the current
 * one: the end may come between the two steps of Z6.
 */
function recover(
  { disk, dataDir }: MemberDisk,
  { isAlone, initialCounter }: Pick<Evidence, 'isAlone' | 'initialCounter'>,
): Machine {
  let machine = newMachine();
  const journal = openJournal(disk, { dataDir, dataLogDir: dataDir, initialCounter });
  const { lastZxid } = journal.recover(
    {
      begin: () => {
        machine = newMachine();
        return machine.loader();
      },
      loaded: (zxid, stated) => machine.finishLoading(zxid, stated),
      replay: (txn) => machine.apply(txn),
    },
    () => undefined,
    { upTo: null, isMember: !isAlone },
  );
  if (!isAlone) journal.takeUpEpochs(lastZxid);
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
