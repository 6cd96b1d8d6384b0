/** What stands in the zoo.cfg of a member of this machine: of a new one, of one after the others' example, of one that was moved. */
import fs from 'node:fs';
import path from 'node:path';

import { isEnsembleKey } from './config/ensemble-config.ts';
import { parseProperties, withoutProperties } from './config/properties.ts';

const TIMES = ['tickTime=2000', 'initLimit=10', 'syncLimit=5'];

/** What belongs to one member, and is another's at no price. */
const OWN_KEYS: ReadonlySet<string> = new Set([
  'dataDir',
  'dataLogDir',
  'clientPort',
  'clientPortAddress',
  'secureClientPort',
  'secureClientPortAddress',
  'dynamicConfigFile',
  'peerType',
]);

/** @param options example: the zoo.cfg of another member, whose settings hold for this one as well; null for the first */
export function memberFileText(options: {
  readonly folder: string;
  readonly example: string | null;
  /** The list of members, and where clients of this one connect. */
  readonly lines: readonly string[];
}): string {
  const { folder, example, lines } = options;
  const common =
    example === null
      ? TIMES.join('\n')
      : withoutProperties(example, (key) => OWN_KEYS.has(key) || isEnsembleKey(key)).trimEnd();
  return `${[common, `dataDir=${slashed(folder)}`, ...lines].join('\n')}\n`;
}

/**
 * The text for a member whose folder was moved or copied: without it the member would look for its data where that was, or
 * write into the folder it was copied from. Null where it is right as it is, and where its data was put elsewhere on purpose.
 */
export function movedFileText(text: string, folder: string): string | null {
  const properties = parseProperties(text);
  const before = properties.get('dataDir')?.value ?? '';
  const place = `/members/${path.basename(folder)}`;
  if (!before.endsWith(place) || isSameFolder(before, folder)) return null;
  const dynamic = properties.get('dynamicConfigFile')?.value ?? null;
  const kept = withoutProperties(text, (key) => key === 'dataDir' || key === 'dynamicConfigFile');
  const pointer =
    dynamic === null
      ? []
      : [`dynamicConfigFile=${slashed(path.join(folder, path.basename(dynamic)))}`];
  return `${[kept.trimEnd(), `dataDir=${slashed(folder)}`, ...pointer].join('\n')}\n`;
}

function isSameFolder(a: string, b: string): boolean {
  return (
    path.resolve(a) === path.resolve(b) ||
    (fs.existsSync(a) && fs.realpathSync(a) === fs.realpathSync(b))
  );
}

/** A backslash would be an escape. */
function slashed(folder: string): string {
  return folder.replaceAll('\\', '/');
}
