/**
 * The files in which a member keeps the ensemble's configuration while that changes, as Apache ZooKeeper keeps them.
 *
 *   proposed   zoo.cfg.dynamic.next              servers and version
 *   in force   zoo.cfg.dynamic.<version, hex>    servers; zoo.cfg points to it, what zoo.cfg was first is in zoo.cfg.bak
 *
 * Each file is replaced whole, and zoo.cfg only after what it points to is durable: a crash leaves a member that starts.
 */
import { type Disk, readWhole, writeWhole } from '../platform/disk.ts';
import {
  type EnsembleConfig,
  ensembleFileText,
  isEnsembleKey,
  versionHex,
} from './ensemble-config.ts';
import { parseProperties, withoutProperties } from './properties.ts';

export function nextConfigFile(file: string): string {
  return `${file}.dynamic.next`;
}

export class EnsembleFiles {
  readonly #disk: Disk;
  readonly #file: string;
  readonly #directory: string;
  readonly #name: string;

  /** @param options file: the zoo.cfg, with its whole path */
  constructor(options: { readonly disk: Disk; readonly file: string }) {
    this.#disk = options.disk;
    this.#file = options.file;
    const slash = Math.max(options.file.lastIndexOf('/'), options.file.lastIndexOf('\\'));
    this.#directory = slash < 0 ? '.' : options.file.slice(0, slash) || '/';
    this.#name = options.file.slice(slash + 1);
  }

  /** Keeps a copy of a zoo.cfg that still has the server lines itself, before the first change rewrites it. */
  backUp(): void {
    const bytes = readWhole(this.#disk, this.#file);
    if (bytes === null || parseProperties(bytes.toString('utf8')).has('dynamicConfigFile')) return;
    writeWhole(this.#disk, this.#directory, `${this.#name}.bak`, bytes);
  }

  /** A configuration was proposed. It may already be decided, and must be known after a crash. */
  propose(config: EnsembleConfig): void {
    const text = ensembleFileText(config, true);
    writeWhole(this.#disk, this.#directory, `${this.#name}.dynamic.next`, Buffer.from(text));
  }

  /**
   * A configuration is in force: from now on zoo.cfg points to it.
   * @param options hasClientAddress: the new server list says where this member's clients connect, and zoo.cfg need not
   */
  activate(config: EnsembleConfig, options: { readonly hasClientAddress: boolean }): void {
    const name = `${this.#name}.dynamic.${versionHex(config)}`;
    const text = ensembleFileText(config, false);
    writeWhole(this.#disk, this.#directory, name, Buffer.from(text));
    this.#pointTo(this.#disk.join(this.#directory, name), options.hasClientAddress);
  }

  /** What was proposed is in force, or given up. */
  forgetProposed(): void {
    this.#disk.remove(nextConfigFile(this.#file));
  }

  #pointTo(dynamicFile: string, hasClientAddress: boolean): void {
    const before = readWhole(this.#disk, this.#file)?.toString('utf8') ?? '';
    const kept = withoutProperties(
      before,
      (key) =>
        isEnsembleKey(key) ||
        key === 'dynamicConfigFile' ||
        key === 'peerType' ||
        (hasClientAddress && (key === 'clientPort' || key === 'clientPortAddress')),
    ).replace(/\n*$/, '\n');
    // A backslash would be an escape.
    const pointer = dynamicFile.replaceAll('\\', '/');
    const text = `${kept}dynamicConfigFile=${pointer}\n`;
    writeWhole(this.#disk, this.#directory, this.#name, Buffer.from(text));
  }
}
