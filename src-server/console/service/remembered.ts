/** Remote clusters as they are remembered between starts: a small JSON file with nothing secret in it. */
import { list, object, type TypeOf } from '#contract/checks.ts';
import { clusterId, clusterSettings } from '#contract/models.ts';

import { type Disk, readWhole, writeWhole } from '../../platform/disk.ts';
import type { Logger } from '../../platform/logger.ts';

const remembered = object({ clusters: list(object({ id: clusterId, settings: clusterSettings })) });

export type RememberedCluster = TypeOf<typeof remembered>['clusters'][number];

const FILE = 'clusters.json';

export class RememberedClusters {
  readonly #disk: Disk;
  readonly #directory: string;
  readonly #logger: Logger;

  constructor(parts: { readonly disk: Disk; readonly directory: string; readonly logger: Logger }) {
    this.#disk = parts.disk;
    this.#directory = parts.directory;
    this.#logger = parts.logger;
  }

  /** A file that cannot be understood is set aside, not overwritten. */
  load(): readonly RememberedCluster[] {
    const path = this.#disk.join(this.#directory, FILE);
    const text = readWhole(this.#disk, path)?.toString('utf8');
    if (text === undefined) return [];
    const value = parse(text);
    const problem = remembered.problem(value, FILE);
    if (problem === null) return (value as TypeOf<typeof remembered>).clusters;
    const aside = `${path}.unreadable`;
    this.#disk.rename(path, aside);
    this.#logger.warn('the remembered clusters cannot be read and are set aside', {
      problem,
      file: aside,
    });
    return [];
  }

  save(clusters: readonly RememberedCluster[]): void {
    this.#disk.makeDirectory(this.#directory);
    const text = `${JSON.stringify({ clusters }, null, 2)}\n`;
    writeWhole(this.#disk, this.#directory, FILE, Buffer.from(text, 'utf8'));
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
