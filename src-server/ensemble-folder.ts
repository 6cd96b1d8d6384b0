/**
 * The ensemble of this machine as its data folder has it: who belongs to it, who comes, who goes.
 *
 *   <data>/members/1/zoo.cfg  myid  version-2/      a folder each; ports chosen once stand in the files
 *                    zoo.cfg.dynamic.<version>      what a reconfiguration made of the list of members
 *   <data>/removed/4 2026-11-22 10.15.00/           members that left
 *
 * Who belongs stands in the newest configuration of all the folders: whoever was not running while it changed has an older
 * one. A member that is not in it is never started, whatever its own files say.
 */
import fs from 'node:fs';
import path from 'node:path';

import { sid } from './base/ids.ts';
import { err, ok, type Result } from './base/result.ts';
import {
  type EnsembleConfig,
  ensembleFileText,
  type HostPort,
  hostPortText,
  type Role,
  serverOf,
} from './config/ensemble-config.ts';
import { EnsembleFiles } from './config/ensemble-files.ts';
import { type MemberConfig, readMemberConfig } from './config/member-config.ts';
import { localSettings, type Settings } from './config/settings.ts';
import { freePorts, LOCAL_HOST } from './local-ports.ts';
import { memberFileText, movedFileText } from './member-files.ts';
import { type Disk, DiskError, readWhole, writeWhole } from './platform/disk.ts';

/** A member that is to run. */
export interface FoundMember {
  readonly id: number;
  readonly role: Role;
  /** Its zoo.cfg. */
  readonly file: string;
  readonly settings: Settings;
  readonly warnings: readonly string[];
}

/** A folder of a member that is not in the configuration: it left while nobody here saw it, or never came in. */
export interface LeftOut {
  readonly member: number;
  readonly folder: string;
}

export interface FoundEnsemble {
  readonly config: EnsembleConfig;
  /** By id. */
  readonly members: readonly FoundMember[];
  readonly leftOut: readonly LeftOut[];
}

/** A member that is about to join, and the line that lets it in. */
export interface NewMember {
  readonly id: number;
  readonly file: string;
  readonly settings: Settings;
  readonly line: string;
}

/** The highest a member's folder is called; ids are a byte of every session's. */
const ID_MAX = 30;

export class EnsembleFolder {
  readonly #dataDir: string;
  readonly #disk: Disk;

  constructor(parts: { readonly dataDir: string; readonly disk: Disk }) {
    this.#dataDir = parts.dataDir;
    this.#disk = parts.disk;
  }

  /** @returns null where there is no ensemble in this folder, or what keeps it from being started */
  read(): Result<FoundEnsemble | null, string> {
    const configs = new Map<number, MemberConfig & { readonly ensemble: EnsembleConfig }>();
    const unreadable = new Map<number, string>();
    const ids = this.#ids();
    for (const id of ids) {
      const read = this.#readMember(id);
      if (read.ok) configs.set(id, read.value);
      else unreadable.set(id, read.error);
    }
    const newest = [...configs.values()]
      .map(({ ensemble }) => ensemble)
      .reduce<EnsembleConfig | null>((a, b) => (a === null || b.version > a.version ? b : a), null);
    if (newest === null)
      return unreadable.size === 0 ? ok(null) : err([...unreadable.values()][0]!);
    const members: FoundMember[] = [];
    const leftOut: LeftOut[] = [];
    for (const id of ids) {
      const server = serverOf(newest, sid(id));
      if (server === null) {
        leftOut.push({ member: id, folder: this.#folderOf(id) });
        continue;
      }
      const config = this.#inStep(id, newest, configs);
      if (config === null) return err(unreadable.get(id) ?? `${this.#fileOf(id)} cannot be read`);
      const { settings, warnings } = config;
      members.push({
        id,
        role: server.role,
        file: this.#fileOf(id),
        settings,
        warnings: warnings.map((warning) => `${this.#fileOf(id)}: ${warning}`),
      });
    }
    return ok({ config: newest, members, leftOut });
  }

  /** Begins an ensemble. */
  async make(options: {
    readonly participants: number;
    readonly observers: number;
    readonly clientPorts: readonly number[];
  }): Promise<void> {
    const count = options.participants + options.observers;
    const ports = await freePorts(count * 2);
    const ids = Array.from({ length: count }, (_, i) => i + 1);
    const servers = ids.map((id, i) => {
      const role: Role = id <= options.participants ? 'participant' : 'observer';
      return `server.${id}=${LOCAL_HOST}:${ports[2 * i]!}:${ports[2 * i + 1]!}:${role}`;
    });
    for (const [i, id] of ids.entries())
      this.#write(
        id,
        [`clientPort=${options.clientPorts[i]!}`, `clientPortAddress=${LOCAL_HOST}`, ...servers],
        null,
      );
  }

  /**
   * Makes the folder of one more. Its list of members is the present one and itself, so that it finds the leader, who tells
   * it what counts; it votes only when the ensemble has let it in.
   */
  async makeMember(options: {
    readonly role: Role;
    /** Where its clients connect. */
    readonly client: HostPort;
  }): Promise<Result<NewMember, string>> {
    const found = this.read();
    if (!found.ok) return found;
    if (found.value === null) return err('there is no ensemble in this folder that could grow');
    const { config } = found.value;
    const id = this.#nextId(config);
    if (id > ID_MAX) return err(`an ensemble of this machine has no member above ${ID_MAX}`);
    const [quorum, election] = await freePorts(2);
    const address = `${LOCAL_HOST}:${quorum!}:${election!}:${options.role}`;
    const line = `server.${id}=${address};${hostPortText(options.client)}`;
    const present = ensembleFileText(config, false).split('\n');
    const [first] = found.value.members;
    const example = first === undefined ? null : fs.readFileSync(first.file, 'utf8');
    this.#write(id, [...present, line], example);
    const made = this.#readMember(id);
    if (!made.ok) return made;
    return ok({ id, file: this.#fileOf(id), settings: made.value.settings, line });
  }

  /** Moves a member's folder to where nothing is started from. @returns where its data is now */
  putAside(id: number): string {
    const aside = path.join(this.#dataDir, 'removed');
    fs.mkdirSync(aside, { recursive: true });
    // Colons are not for file names everywhere.
    const when = new Date().toISOString().slice(0, 19).replace('T', ' ').replaceAll(':', '.');
    const folder = path.join(aside, `${id} ${when}`);
    fs.renameSync(this.#folderOf(id), folder);
    return folder;
  }

  delete(id: number): void {
    fs.rmSync(this.#folderOf(id), { recursive: true, force: true });
  }

  /** What it starts from; brought up to date where it was let in and did not hear of it. */
  #inStep(
    id: number,
    newest: EnsembleConfig,
    configs: ReadonlyMap<number, MemberConfig & { readonly ensemble: EnsembleConfig }>,
  ): MemberConfig | null {
    const config = configs.get(id);
    if (config === undefined || serverOf(config.ensemble, sid(id)) !== null) return config ?? null;
    const files = new EnsembleFiles({ disk: this.#disk, file: this.#fileOf(id) });
    files.activate(newest, { hasClientAddress: serverOf(newest, sid(id))?.client !== null });
    const again = this.#readMember(id);
    return again.ok ? again.value : null;
  }

  #readMember(id: number): Result<MemberConfig & { readonly ensemble: EnsembleConfig }, string> {
    const file = this.#fileOf(id);
    const base = { ...localSettings(this.#folderOf(id)), reconfigEnabled: true };
    try {
      this.#followMove(id);
      const read = readMemberConfig({ disk: this.#disk, file, base });
      if (!read.ok) return read;
      const { ensemble, settings } = read.value;
      if (ensemble === null) return err(`${file} describes a server on its own, and no member`);
      if (settings.serverId !== id)
        return err(`${file}: its myid says ${settings.serverId}, and its folder is that of ${id}`);
      return ok({ ...read.value, ensemble });
    } catch (error) {
      if (error instanceof DiskError) return err(error.message);
      throw error;
    }
  }

  /** Of members that have a folder here, by size. */
  #ids(): number[] {
    const folder = path.join(this.#dataDir, 'members');
    if (!fs.existsSync(folder)) return [];
    return fs
      .readdirSync(folder)
      .filter((name) => /^[1-9][0-9]{0,2}$/.test(name) && fs.existsSync(this.#fileOf(Number(name))))
      .map(Number)
      .sort((a, b) => a - b);
  }

  #nextId(config: EnsembleConfig): number {
    const taken = new Set<number>([...this.#ids(), ...config.servers.map(({ id }) => id)]);
    let id = 1;
    while (taken.has(id)) id++;
    return id;
  }

  #write(id: number, lines: readonly string[], example: string | null): void {
    const folder = this.#folderOf(id);
    fs.mkdirSync(folder, { recursive: true });
    fs.writeFileSync(path.join(folder, 'myid'), `${id}\n`);
    fs.writeFileSync(this.#fileOf(id), memberFileText({ folder, example, lines }));
  }

  #followMove(id: number): void {
    const text = readWhole(this.#disk, this.#fileOf(id))?.toString('utf8') ?? '';
    const moved = movedFileText(text, this.#folderOf(id));
    if (moved !== null) writeWhole(this.#disk, this.#folderOf(id), 'zoo.cfg', Buffer.from(moved));
  }

  #folderOf(id: number): string {
    return path.join(this.#dataDir, 'members', String(id));
  }

  #fileOf(id: number): string {
    return path.join(this.#folderOf(id), 'zoo.cfg');
  }
}
