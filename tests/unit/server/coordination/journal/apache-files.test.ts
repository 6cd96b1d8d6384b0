/** Files that Debian's Apache ZooKeeper 3.8.0 wrote, and what its clients saw in them (tests/fixtures/record-apache.ts). */
import fs from 'node:fs';
import path from 'node:path';

import { describe, expect, test } from 'vitest';

import { type Machine, NO_ROW } from '../../../../../src-server/coordination/state/machine.ts';
import { firstDifference } from '../../../../sim/changes.ts';
import { SimClock } from '../../../../sim/clock.ts';
import { SimDisk } from '../../../../sim/disk.ts';
import { SimMember, VERSION_DIR } from '../../../../sim/member.ts';

const FOLDER = path.join(import.meta.dirname, '../../../../fixtures/apache-3.8.0');

const seen = JSON.parse(fs.readFileSync(path.join(FOLDER, 'seen.json'), 'utf8')) as {
  readonly sessions: readonly { readonly id: string; readonly timeoutMs: number }[];
  readonly tree: readonly string[];
};

function diskWith(...names: string[]): SimDisk {
  const disk = new SimDisk({ clock: new SimClock() });
  for (const name of names)
    disk.put(`${VERSION_DIR}/${name}`, fs.readFileSync(path.join(FOLDER, name)));
  return disk;
}

/** As the client's view was written down. */
function treeOf(machine: Machine): string[] {
  const { nodes } = machine;
  const lines: string[] = [];
  const visit = (nodePath: string): void => {
    const row = machine.find(nodePath);
    const bytes = nodes.copyData(row);
    const data = bytes === null ? 'null' : Buffer.from(bytes).toString('base64');
    const stat = Object.entries(nodes.stat(row)).map(([name, value]) => `${name}=${String(value)}`);
    lines.push([nodePath, data, stat.join(' '), JSON.stringify(machine.aclOf(row))].join(' '));
    for (let child = nodes.firstChild(row); child !== NO_ROW; child = nodes.nextSibling(child))
      visit(machine.pathOf(child));
  };
  visit('/');
  return lines.sort();
}

describe('a data directory of Apache’s', () => {
  test.each([
    ['the newest snapshot and the log after it', ['snapshot.36', 'log.37'], 2],
    ['the first snapshot and every log', ['snapshot.0', 'log.1', 'log.37'], 56],
    ['everything there is', ['snapshot.0', 'snapshot.36', 'log.1', 'log.37'], 2],
  ])('%s: the same tree, sessions and digests', (_, names, txnsReplayed) => {
    const { machine, recovered, log } = new SimMember(diskWith(...names));
    expect(recovered).toMatchObject({ lastZxid: 56, txnsReplayed });
    expect(firstDifference(treeOf(machine), seen.tree)).toBeNull();
    const sessions = [...machine.sessions].map(({ id, timeoutMs }) => ({
      id: id.toString(),
      timeoutMs,
    }));
    expect(sessions.sort((a, b) => (a.id < b.id ? -1 : 1))).toEqual(seen.sessions);
    expect([machine.digestMismatches, machine.removeOrphans(), log]).toEqual([0, [], []]);
  });

  test('goes on in ours', () => {
    const member = new SimMember(diskWith('snapshot.36', 'log.37'));
    const session = member.newSession();
    const again = new SimMember(member.disk.copy());
    expect(again.recovered.lastZxid).toBe(57);
    expect(again.machine.session(session)).toBeDefined();
    expect(again.machine.digestMismatches).toBe(0);
    expect(again.files()).toEqual(['log.37', 'log.39', 'snapshot.36']);
  });

  test('begins with the same snapshot as ours, byte for byte', () => {
    const ours = SimMember.start({ withLastZxid: false });
    const name = 'snapshot.0';
    expect(ours.disk.contents(`${VERSION_DIR}/${name}`).toString('hex')).toBe(
      diskWith(name).contents(`${VERSION_DIR}/${name}`).toString('hex'),
    );
  });
});
