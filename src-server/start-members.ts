/**
 * The members a program starts, from what was asked for and what its data folder holds: a server on its own, the member that
 * a zoo.cfg describes, or an ensemble on this machine; and the storage nodes beside them.
 *
 *   the folder holds      no numbers asked for                     numbers asked for
 *   nothing               serve: a server on its own, app: three   as many, remembered from then on
 *   a server on its own   that server                              1: that server; more: refused
 *   an ensemble           that ensemble                            as many as it has; others: refused
 */
import fs from 'node:fs';
import path from 'node:path';

import type { LocalStart } from '#contract/models.ts';

import { err, ok, type Result } from './base/result.ts';
import type { ServeOptions } from './command-line.ts';
import { type MemberConfig, readMemberConfig } from './config/member-config.ts';
import { defaultSettings, type Settings } from './config/settings.ts';
import { EnsembleFolder, type FoundEnsemble, type FoundMember } from './ensemble-folder.ts';
import { LocalGrowth } from './local-growth.ts';
import { FIRST_CLIENT_PORT, freeClientPorts, LOCAL_HOST } from './local-ports.ts';
import { DiskError } from './platform/disk.ts';
import { defaultDataFolder } from './platform/node/data-folder.ts';
import { NodeDisk } from './platform/node/disk.ts';
import { startSettings } from './start-settings.ts';
import { startLocalStorage } from './start-storage.ts';
import type { MemberStart, NodeStart } from './thread-messages.ts';

export interface Start extends EnsembleStart {
  readonly storage: readonly NodeStart[];
  /** What the person should know of those, in words. */
  readonly notices: readonly string[];
}

interface EnsembleStart {
  /** Of the whole, the console's things included. */
  readonly dataDir: string;
  readonly members: readonly MemberStart[];
  readonly warnings: readonly string[];
  /** What the person should know of it. */
  readonly local: LocalStart;
  /** Null for what is not this program's to grow: a server on its own, a member of somebody's ensemble. */
  readonly growth: LocalGrowth | null;
  /** An ensemble would have been begun, had the folder not held a server on its own. */
  readonly wouldBeEnsemble: boolean;
}

/** Voters of an ensemble that nobody gave a number for: the fewest of which one may fail. */
const PARTICIPANTS = 3;

/** How the desktop app and `zabring serve` differ. */
interface Habits {
  /** What a folder that holds nothing begins with. */
  readonly firstParticipants: number;
  readonly firstNodes: number;
  /** Another program may have the usual ports: the next ones do, as a window tells which. */
  readonly mayMovePorts: boolean;
}

const SERVE: Habits = { firstParticipants: 1, firstNodes: 0, mayMovePorts: false };
const APP: Habits = { firstParticipants: PARTICIPANTS, firstNodes: 3, mayMovePorts: true };

/** Where everything of a start is kept. */
export function dataFolderOf(options: ServeOptions): Result<string, string> {
  if (options.configFile === null) return ok(options.dataDir ?? defaultDataFolder());
  const started = startSettings(options);
  return started.ok ? ok(started.value.settings.dataDir) : started;
}

/** `zabring serve` */
export function startOfServe(options: ServeOptions): Promise<Result<Start, string>> {
  return startLocal(options, SERVE);
}

/** The desktop app, and `zabring app`. */
export function startOfApp(options: ServeOptions): Promise<Result<Start, string>> {
  return startLocal(options, APP);
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
    members: [
      {
        settings: { ...settings, ...asked(options) },
        configFile: file,
        clientPort: options.clientPort,
      },
    ],
    warnings: warnings.map((warning) => `${file}: ${warning}`),
    local: { kind: 'ensemble', movedPorts: [], leftOut: [], isOtherBeside: false },
    growth: null,
    wouldBeEnsemble: false,
    storage: [],
    notices: [],
  });
}

async function startLocal(options: ServeOptions, habits: Habits): Promise<Result<Start, string>> {
  const ensemble = await startEnsemble(options, habits);
  if (!ensemble.ok) return ensemble;
  const storage = await startLocalStorage({
    dataDir: ensemble.value.dataDir,
    asked: options.storage,
    // Whoever brings a zoo.cfg asks for what stands in it.
    usual: options.configFile === null ? habits.firstNodes : 0,
    mayMovePorts: habits.mayMovePorts,
  });
  if (!storage.ok) return storage;
  return ok({
    ...ensemble.value,
    storage: storage.value.nodes,
    notices: storage.value.notices,
  });
}

async function startEnsemble(
  options: ServeOptions,
  habits: Habits,
): Promise<Result<EnsembleStart, string>> {
  if (options.configFile !== null) return startAlone(options, habits);
  const dataDir = options.dataDir ?? defaultDataFolder();
  const folder = folderAt(dataDir);
  const found = folder.read();
  if (!found.ok) return found;
  const isServerThere = holdsServer(dataDir);
  const { members: participants, observers } = options;
  if (found.value === null) {
    const count = participants ?? (isServerThere ? 1 : habits.firstParticipants);
    if (count === 1 && observers === 0) return startAlone(options, habits);
    if (isServerThere) return err(whyNoEnsemble(dataDir));
    return beginEnsemble({ options, habits, dataDir, participants: count });
  }
  if (participants === 1 && isServerThere) return startAlone(options, habits);
  const mismatch = mismatchOf(found.value, options, dataDir);
  if (mismatch !== null) return err(mismatch);
  return startFound({ options, habits, dataDir, found: found.value, isServerThere });
}

function folderAt(dataDir: string): EnsembleFolder {
  return new EnsembleFolder({ dataDir, disk: new NodeDisk() });
}

/** Whether somebody's data lies in the folder itself, as a server on its own keeps it. */
function holdsServer(dataDir: string): boolean {
  const folder = path.join(dataDir, 'version-2');
  return (
    fs.existsSync(folder) &&
    fs.readdirSync(folder).some((name) => name.startsWith('log.') || name.startsWith('snapshot.'))
  );
}

function whyNoEnsemble(dataDir: string): string {
  return (
    `${dataDir} holds the data of a server on its own, which starts without --members; ` +
    'choose another folder for an ensemble with --data'
  );
}

function mismatchOf(
  { members }: FoundEnsemble,
  { members: participants, observers }: ServeOptions,
  dataDir: string,
): string | null {
  const voting = members.filter(({ role }) => role === 'participant').length;
  const isAsked = participants !== null || observers > 0;
  const asks = { participants: participants ?? voting, observers };
  if (!isAsked || (asks.participants === voting && asks.observers === members.length - voting))
    return null;
  return (
    `the ensemble in ${dataDir} has ${sizeText(voting, members.length - voting)}, not ` +
    `${sizeText(asks.participants, asks.observers)}; it starts without --members and --observers as it is, ` +
    'grows and shrinks in the console, and another one needs another folder: --data'
  );
}

function sizeText(participants: number, observers: number): string {
  if (participants === 1 && observers === 0) return 'a server on its own';
  const count = `${participants + observers} members`;
  return observers === 0 ? count : `${count} (${observers} of them only observing)`;
}

// --- a server on its own ---

async function startAlone(
  options: ServeOptions,
  habits: Habits,
): Promise<Result<EnsembleStart, string>> {
  const started = startSettings(options);
  if (!started.ok) return started;
  const { settings, warnings } = started.value;
  const mayMove = habits.mayMovePorts && options.clientPort === null && options.configFile === null;
  const [port] = mayMove ? await freeClientPorts([settings.clientPort]) : [settings.clientPort];
  const isMoved = port !== settings.clientPort;
  return ok({
    dataDir: settings.dataDir,
    members: [{ settings: { ...settings, clientPort: port! }, configFile: null }],
    warnings,
    local: {
      kind: 'standalone',
      movedPorts: isMoved
        ? [{ member: null, from: settings.clientPort, to: port!, isLasting: false }]
        : [],
      leftOut: [],
      isOtherBeside: false,
    },
    growth: null,
    wouldBeEnsemble:
      habits.firstParticipants > 1 && options.members === null && options.configFile === null,
  });
}

// --- an ensemble on this machine ---

async function beginEnsemble(parts: {
  readonly options: ServeOptions;
  readonly habits: Habits;
  readonly dataDir: string;
  readonly participants: number;
}): Promise<Result<EnsembleStart, string>> {
  const { options, habits, dataDir, participants } = parts;
  const { clientPort, observers } = options;
  // 0 has the system choose for this start; what stands in the files needs a number.
  const first = clientPort === null || clientPort === 0 ? FIRST_CLIENT_PORT : clientPort;
  const usual = Array.from({ length: participants + observers }, (_, i) => first + i);
  const isMovable = habits.mayMovePorts && clientPort === null;
  const clientPorts = isMovable ? await freeClientPorts(usual) : usual;
  const folder = folderAt(dataDir);
  try {
    await folder.make({ participants, observers, clientPorts });
  } catch (error) {
    return err(
      `${dataDir} cannot be used: ${error instanceof Error ? error.message : String(error)}`,
    );
  }
  const found = folder.read();
  if (!found.ok) return found;
  const start = await startFound({ ...parts, found: found.value!, isServerThere: false });
  if (!start.ok) return start;
  const movedPorts = usual.flatMap((from, i) =>
    clientPorts[i] === from ? [] : [{ member: i + 1, from, to: clientPorts[i]!, isLasting: true }],
  );
  return ok({ ...start.value, local: { ...start.value.local, movedPorts } });
}

async function startFound(parts: {
  readonly options: ServeOptions;
  readonly habits: Habits;
  readonly dataDir: string;
  readonly found: FoundEnsemble;
  readonly isServerThere: boolean;
}): Promise<Result<EnsembleStart, string>> {
  const { options, habits, dataDir, found, isServerThere } = parts;
  const usual = found.members.map(({ settings }) => settings.clientPort);
  const isMovable = habits.mayMovePorts && options.clientPort === null;
  const ports = isMovable
    ? await freeClientPorts(usual, options.clientAddress ?? LOCAL_HOST)
    : usual;
  const members = found.members.map((member, i): MemberStart => {
    const clientPort = clientPortOf(member, options.clientPort, ports[i]!);
    const { settings, file: configFile } = member;
    const port = clientPort ?? settings.clientPort;
    return {
      settings: { ...settings, ...asked(options), clientPort: port },
      configFile,
      clientPort,
    };
  });
  return ok({
    dataDir,
    members,
    warnings: found.members.flatMap(({ warnings }) => warnings),
    local: {
      kind: 'ensemble',
      movedPorts: found.members.flatMap(({ id }, i) =>
        ports[i] === usual[i]
          ? []
          : [{ member: id, from: usual[i]!, to: ports[i]!, isLasting: false }],
      ),
      leftOut: found.leftOut,
      isOtherBeside: isServerThere,
    },
    growth: new LocalGrowth({
      folder: folderAt(dataDir),
      asked: asked({ ...options, clientPort: null }),
    }),
    wouldBeEnsemble: false,
  });
}

/** Other than its files say; null where they hold. Asked-for ports follow each other, and 0 has the system choose each. */
function clientPortOf(
  { id, settings }: FoundMember,
  first: number | null,
  free: number,
): number | null {
  if (first === null) return free === settings.clientPort ? null : free;
  return first === 0 ? 0 : first + id - 1;
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
