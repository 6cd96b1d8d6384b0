/**
 * The members a program starts, from what was asked for: a server on its own, the member that a zoo.cfg describes, or an
 * ensemble on this machine.
 *
 *   <data>/members/1/zoo.cfg  myid  version-2/       a folder each; the ports chosen once stand in the files
 */
import { randomInt } from 'node:crypto';
import fs from 'node:fs';
import net from 'node:net';
import path from 'node:path';

import { err, ok, type Result } from './base/result.ts';
import type { ServeOptions } from './command-line.ts';
import type { Role } from './config/ensemble-config.ts';
import { type MemberConfig, readMemberConfig } from './config/member-config.ts';
import { defaultSettings, localSettings, type Settings } from './config/settings.ts';
import { DiskError } from './platform/disk.ts';
import { defaultDataFolder } from './platform/node/data-folder.ts';
import { NodeDisk } from './platform/node/disk.ts';
import { startSettings } from './start-settings.ts';
import type { MemberStart } from './thread-messages.ts';

export interface Start {
  /** Of the whole, the console's things included. */
  readonly dataDir: string;
  readonly members: readonly MemberStart[];
  readonly warnings: readonly string[];
}

const HOST = '127.0.0.1';
const CLIENT_PORT = 2181;

/** `zabring serve` */
export async function startOfServe(options: ServeOptions): Promise<Result<Start, string>> {
  if (options.members > 1) return startEnsemble(options);
  const started = startSettings(options);
  if (!started.ok) return started;
  const { settings, warnings } = started.value;
  return ok({ dataDir: settings.dataDir, members: [{ settings, configFile: null }], warnings });
}

/** `zabring member` */
export function startOfMember(options: ServeOptions): Result<Start, string> {
  const file = path.resolve(options.configFile ?? '');
  const read = readFiles(file, defaultSettings(defaultDataFolder()));
  if (!read.ok) return read;
  const { settings, ensemble, warnings } = read.value;
  if (ensemble === null)
    return err(`${file} describes a server on its own, which zabring serve --config would run`);
  return ok({
    dataDir: settings.dataDir,
    members: [{ settings: { ...settings, ...asked(options) }, configFile: file }],
    warnings,
  });
}

function asked({ compat, clientPort, clientAddress }: ServeOptions): Partial<Settings> {
  return {
    compat,
    ...(clientPort === null ? {} : { clientPort }),
    ...(clientAddress === null ? {} : { clientPortAddress: clientAddress }),
  };
}

function readFiles(file: string, base: Settings): Result<MemberConfig, string> {
  try {
    return readMemberConfig({ disk: new NodeDisk(), file, base });
  } catch (error) {
    if (error instanceof DiskError) return err(error.message);
    throw error;
  }
}

// --- an ensemble on this machine ---

interface Place {
  readonly id: number;
  readonly role: Role;
  readonly folder: string;
  readonly file: string;
}

async function startEnsemble(options: ServeOptions): Promise<Result<Start, string>> {
  const dataDir = options.dataDir ?? defaultDataFolder();
  const places = placesIn(path.join(dataDir, 'members'), options);
  const known = places.filter(({ file }) => fs.existsSync(file));
  const strangers = strangersIn(path.join(dataDir, 'members'), places);
  if (strangers > 0 || (known.length > 0 && known.length < places.length)) {
    return err(
      `the ensemble in ${dataDir} has ${known.length + strangers} members, not ${places.length}; ` +
        'choose another folder with --data, or start it with as many as it has',
    );
  }
  if (known.length === 0) await writeFiles(places);
  const members: MemberStart[] = [];
  const warnings: string[] = [];
  for (const { id, file, folder } of places) {
    const read = readFiles(file, { ...localSettings(folder), reconfigEnabled: true });
    if (!read.ok) return read;
    const clientPort = clientPortOf(options.clientPort, id);
    const settings = { ...read.value.settings, ...asked({ ...options, clientPort }) };
    members.push({ settings, configFile: file });
    warnings.push(...read.value.warnings);
  }
  return ok({ dataDir, members, warnings });
}

/** They follow each other; 0 has the system choose each. */
function clientPortOf(first: number | null, id: number): number {
  return first === 0 ? 0 : (first ?? CLIENT_PORT) + id - 1;
}

function placesIn(folder: string, { members, observers }: ServeOptions): Place[] {
  return Array.from({ length: members + observers }, (_, i) => {
    const id = i + 1;
    const own = path.join(folder, String(id));
    const role = id <= members ? 'participant' : 'observer';
    return { id, role, folder: own, file: path.join(own, 'zoo.cfg') };
  });
}

/** Members that were there before and were not asked for. */
function strangersIn(folder: string, places: readonly Place[]): number {
  if (!fs.existsSync(folder)) return 0;
  const wanted = new Set(places.map(({ id }) => String(id)));
  return fs
    .readdirSync(folder)
    .filter((name) => !wanted.has(name) && fs.existsSync(path.join(folder, name, 'zoo.cfg')))
    .length;
}

async function writeFiles(places: readonly Place[]): Promise<void> {
  const ports = await freePorts(places.length * 2);
  const lines = places.map(
    ({ id, role }, i) => `server.${id}=${HOST}:${ports[2 * i]!}:${ports[2 * i + 1]!}:${role}`,
  );
  for (const { id, folder, file } of places) {
    fs.mkdirSync(folder, { recursive: true });
    fs.writeFileSync(path.join(folder, 'myid'), `${id}\n`);
    const text = [
      'tickTime=2000',
      'initLimit=10',
      'syncLimit=5',
      // A backslash would be an escape.
      `dataDir=${folder.replaceAll('\\', '/')}`,
      `clientPort=${CLIENT_PORT + id - 1}`,
      `clientPortAddress=${HOST}`,
      ...lines,
    ];
    fs.writeFileSync(file, `${text.join('\n')}\n`);
  }
}

/** Below those that systems give to connections that go out, which might have them when a member comes back. */
const PORT_MIN = 20_000;
const PORT_MAX = 32_000;

async function freePorts(count: number): Promise<number[]> {
  const ports = new Set<number>();
  while (ports.size < count) {
    const port = randomInt(PORT_MIN, PORT_MAX);
    if (!ports.has(port) && (await isFree(port))) ports.add(port);
  }
  return [...ports];
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = net.createServer();
    server.once('error', () => resolve(false));
    server.listen(port, HOST, () => server.close(() => resolve(true)));
  });
}
