/** A configuration that changes: what Apache says of it, what it writes, and what it reads of ours. */
import fs from 'node:fs';
import path from 'node:path';

import { afterEach, expect, test } from 'vitest';

import { Writer } from '../../../src-server/bytes/writer.ts';
import {
  ensembleConfigText,
  ensembleFileText,
  parseEnsembleConfig,
} from '../../../src-server/config/ensemble-config.ts';
import { EnsembleFiles } from '../../../src-server/config/ensemble-files.ts';
import { type MemberConfig, readMemberConfig } from '../../../src-server/config/member-config.ts';
import { defaultSettings } from '../../../src-server/config/settings.ts';
import { OpCode } from '../../../src-server/coordination/model/ops.ts';
import { configOf, viewText } from '../../../src-server/coordination/wire/views.ts';
import { NodeDisk } from '../../../src-server/platform/node/disk.ts';
import { WireSession } from '../../integration/journal/wire-session.ts';
import { type ApacheMember, startApacheMember } from '../../peers/apache.ts';
import { type Seats, takeSeats } from '../../peers/apache-ensemble.ts';
import { temporaryFolder } from '../../peers/folders.ts';
import { APACHE, describeWith } from '../../peers/peers.ts';
import { freePort } from '../../peers/ports.ts';
import { until } from '../../peers/wait.ts';
import { askWord } from '../../peers/words.ts';
import { ImageReading } from './image.ts';
import { QuorumScript } from './quorum-script.ts';

const owned: { close(): unknown }[] = [];

afterEach(async () => {
  for (const thing of owned.splice(0).reverse()) await thing.close();
});

interface Running {
  readonly folder: string;
  readonly member: ApacheMember;
}

/** Two members that let anybody reconfigure them. */
async function startTwo(seats: Seats, prepare?: (file: string) => void): Promise<Running[]> {
  const running: Running[] = [];
  for (const id of [1, 2]) {
    const folder = temporaryFolder();
    owned.push({ close: () => folder[Symbol.dispose]() });
    const member = await startApacheMember({
      folder: folder.path,
      id,
      servers: seats.lines,
      settings: { reconfigEnabled: true, skipACL: 'yes' },
      ...(prepare === undefined ? {} : { prepare }),
    });
    owned.push({ close: () => member.kill() });
    running.push({ folder: folder.path, member });
  }
  for (const { member } of running) await member.isServing();
  return running;
}

function read(folder: string): MemberConfig {
  const result = readMemberConfig({
    disk: new NodeDisk(),
    file: path.join(folder, 'zoo.cfg'),
    base: defaultSettings('/unused'),
  });
  if (!result.ok) throw new Error(result.error);
  return result.value;
}

/** The whole frame of a change that takes one more server in. */
function joining(xid: number, server: string): Buffer {
  const writer = new Writer();
  const gap = writer.gap(4);
  writer.int32(xid);
  writer.int32(OpCode.RECONFIG);
  writer.string(server);
  writer.string(null);
  writer.string(null);
  writer.long(-1);
  writer.patchInt32(gap, writer.length - 4);
  return writer.copy();
}

describeWith([APACHE], 'a configuration changes beside Apache', () => {
  test('we hear of it as Apache tells it, and read and write the files it writes', async () => {
    const seats = await takeSeats('participant', 'participant');
    const running = await startTwo(seats);
    const modes = await Promise.all(running.map(({ member }) => askWord(member.port, 'srvr')));
    const leader = modes.findIndex((mode) => mode.includes('Mode: leader')) + 1;

    // Its first configuration of a version, which no reconfiguration made.
    for (const { folder } of running) {
      const file = path.join(folder, 'zoo.cfg.dynamic.100000000');
      await until('the configuration is kept', () => fs.existsSync(file));
      const { ensemble, next } = read(folder);
      expect(ensembleConfigText(ensemble!)).toBe(seats.text(0x1_0000_0000));
      expect(fs.readFileSync(file, 'utf8')).toBe(ensembleFileText(ensemble!, false));
      expect(next).toBeNull();
    }

    const script = new QuorumScript();
    owned.push(script.links);
    script.onMessage = (link, { kind }) => {
      if (kind === 'snap') link.receiveImage(new ImageReading(), () => undefined);
    };
    const self = { id: 3, lastZxid: 0, acceptedEpoch: 0 };
    const { link, epoch } = await script.greet(seats.of(leader), self);
    const { view } = await script.join(link, epoch);
    expect(viewText(view!)).toBe(seats.text(0x1_0000_0000));

    const client = await WireSession.open(running[0]!.member.port);
    const [quorum, election, port] = [await freePort(), await freePort(), await freePort()];
    const added = `server.3=127.0.0.1:${quorum}:${election}:observer;127.0.0.1:${port}`;
    const reply = await client.askRaw(OpCode.RECONFIG, joining(1, added));
    expect(reply.code).toBe(0);
    const activated = await script.hears('informAndActivate');
    expect(activated).toMatchObject({ leader, zxid: reply.zxid, view: { version: reply.zxid } });
    const text = viewText(activated.view);
    expect(text).toBe(
      seats.text(0).replace('version=0', `${added}\nversion=${reply.zxid.toString(16)}`),
    );
    expect(activated.payload.toString()).toContain(text);

    for (const { folder } of running) {
      const name = `zoo.cfg.dynamic.${reply.zxid.toString(16)}`;
      await until('the new configuration is kept and pointed to', () =>
        fs.readFileSync(path.join(folder, 'zoo.cfg'), 'utf8').includes(name),
      );
      expect(configOf(activated.view)).toEqual(read(folder).ensemble);
      const kept = fs.readFileSync(path.join(folder, name), 'utf8');
      expect(kept).toBe(ensembleFileText(configOf(activated.view), false));
    }
    expect(script.downs).toEqual([]);
  });

  test('it starts from the files that we wrote, proposed ones too', async () => {
    const seats = await takeSeats('participant', 'participant');
    const config = parseEnsembleConfig(seats.text(0x1_0000_0007));
    if (!config.ok) throw new Error(config.error);
    const running = await startTwo(seats, (file) => {
      const files = new EnsembleFiles({ disk: new NodeDisk(), file });
      files.backUp();
      files.activate(config.value, { hasClientAddress: false });
      files.propose({ ...config.value, version: 0x1_0000_0009 });
    });
    expect(fs.existsSync(path.join(running[0]!.folder, 'zoo.cfg.bak'))).toBe(true);
    const log = fs.readFileSync(path.join(running[0]!.folder, 'apache.log'), 'utf8');
    expect(log).not.toContain('NextQuorumVerifier is initiated to null');
    // What was last heard of is what the members agree on.
    for (const { folder } of running) {
      await until('it is agreed on', () => read(folder).ensemble?.version === 0x1_0000_0009);
      expect(ensembleConfigText(read(folder).ensemble!)).toBe(seats.text(0x1_0000_0009));
    }
  });
});
