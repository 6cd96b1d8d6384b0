/** `zabring ring …`: what was typed, checked. Nothing that is secret is typed: it stands in files. */
import path from 'node:path';
import { parseArgs } from 'node:util';

import { byteCount } from '../base/byte-count.ts';
import { err, ok, type Result } from '../base/result.ts';
import { DEFAULT_ROOT } from '../storage/control/paths.ts';

const VERBS = {
  plan: 'file',
  apply: 'file',
  status: 'none',
  pause: 'none',
  resume: 'none',
  cancel: 'none',
  undo: 'none',
  pace: 'none',
  history: 'none',
  export: 'none',
} as const;
export type RingVerb = keyof typeof VERBS;

export interface RingPace {
  /** Undefined where nobody said; null for no limit. */
  readonly bytesPerSecond?: number | null;
  readonly transfersPerNode?: number;
  readonly isAdaptive?: boolean;
}

export interface RingOptions {
  readonly verb: RingVerb;
  /** The layout file; null where none belongs to it. */
  readonly file: string | null;
  /** Null where nobody said: as the storage.conf has it, or a server on this machine. */
  readonly connect: string | null;
  readonly root: string | null;
  /** A node's storage.conf, which says where the ensemble and the ring are, and how to come in. */
  readonly configFile: string | null;
  /** Lines of scheme:secret, for the ensemble. */
  readonly authFile: string | null;
  /** Of the storage nodes. */
  readonly user: string | null;
  readonly passwordFile: string | null;
  readonly caFile: string | null;
  readonly usesTls: boolean;
  readonly asJson: boolean;
  /** Not asked any more. */
  readonly isSure: boolean;
  readonly waits: boolean;
  readonly atVersion: number | null;
  readonly why: string;
  readonly pace: RingPace;
}

export const DEFAULT_CONNECT = '127.0.0.1:2181';
export { DEFAULT_ROOT };

export const RING_HELP = `zabring ring: see what would move in a ring of storage nodes, move it, and undo it

Usage:
  zabring ring export [options] > layout.json   the ring's layout as a file: nodes, zones, weights, caps, copies
  zabring ring plan <layout.json> [options]     what would move if the ring were as the file says; touches nothing
  zabring ring apply <layout.json> [options]    shows the plan, asks, and starts it
  zabring ring status [options]                 the ring, and the rebalance that runs
  zabring ring pause | resume | cancel | undo [options]
                                                cancel leaves what has moved where it is; undo brings all of it back
  zabring ring pace --rate <bytes> | --transfers <n> | --adaptive <yes|no> [options]
                                                how fast copies are made, of the rebalance that runs or of the ring
  zabring ring history [options]                the rebalances there were

Which ring:
  --connect <host:port,…/path>   the ensemble's servers (${DEFAULT_CONNECT})
  --ring <path>                  where the ring is in its tree (${DEFAULT_ROOT})
  --config <storage.conf>        take both from a storage node's file, and how to come in as well
  --auth-file <file>             who one is for the ensemble: scheme:secret in each line, such as digest:ann:secret
  --user <name>, --password-file <file>
                                 who one is for the storage nodes, where they want to know
  --tls, --ca <file>             speak TLS with storage nodes, and whose certificates are believed

Options:
  --json                         of plan, status and history: as JSON
  --at-version <n>               of apply: only if the ring is still the one that was planned for
  --yes                          of apply: do not ask
  --wait                         of apply, resume, undo and status: stay until it has ended, and say how far it is
  --why <words>                  remembered in the ring's history
  --rate <bytes|none>            of apply and pace: what a node gives or takes in a second, such as 64MiB
  --transfers <n>                of apply and pace: how many copies a node gives or takes at a time
  --adaptive <yes|no>            of apply and pace: slower while clients wait longer than usual

It ends with 0 where all went well, 1 where the ring cannot be reached or nobody knows what came of it, 2 where the
line or the file is wrong, 3 where the ring has moved on, something is in the way, or the answer was no (nothing was
changed), and 4 where a rebalance that was waited for ended otherwise than done.
`;

const OPTIONS = {
  help: { type: 'boolean', short: 'h' },
  connect: { type: 'string' },
  ring: { type: 'string' },
  config: { type: 'string' },
  'auth-file': { type: 'string' },
  user: { type: 'string' },
  'password-file': { type: 'string' },
  tls: { type: 'boolean' },
  ca: { type: 'string' },
  json: { type: 'boolean' },
  yes: { type: 'boolean' },
  wait: { type: 'boolean' },
  'at-version': { type: 'string' },
  why: { type: 'string' },
  rate: { type: 'string' },
  transfers: { type: 'string' },
  adaptive: { type: 'string' },
} as const;

type OptionName = keyof typeof OPTIONS;

/** Options that mean something only to some of them. */
const ONLY: Partial<Record<OptionName, readonly RingVerb[]>> = {
  json: ['plan', 'status', 'history'],
  yes: ['apply'],
  wait: ['apply', 'resume', 'undo', 'status'],
  'at-version': ['apply'],
  why: ['apply', 'pause', 'resume', 'cancel', 'undo'],
  rate: ['plan', 'apply', 'pace'],
  transfers: ['plan', 'apply', 'pace'],
  adaptive: ['apply', 'pace'],
};

const WHY_MAX = 500;
const TRANSFERS_MAX = 100;

export function readRingLine(args: readonly string[]): Result<RingOptions | 'help', string> {
  let parsed;
  try {
    parsed = parseArgs({ args: [...args], options: OPTIONS, allowPositionals: true });
  } catch (error) {
    return err(error instanceof Error ? error.message : String(error));
  }
  const { values, positionals } = parsed;
  if (values.help === true) return ok('help');
  const [verb, file, ...more] = positionals;
  const verbs = Object.keys(VERBS).join(', ');
  if (verb === undefined) return err(`what shall be done with the ring? ${verbs}`);
  if (!isVerb(verb)) return err(`ring knows no ${verb}: ${verbs}`);
  if (VERBS[verb] === 'file' && file === undefined) return err(`ring ${verb} needs a layout file`);
  const extra = VERBS[verb] === 'file' ? more[0] : file;
  if (extra !== undefined) return err(`ring ${verb} takes no ${extra}`);
  for (const name of Object.keys(values) as OptionName[])
    if (ONLY[name]?.includes(verb) === false) return err(`ring ${verb} takes no --${name}`);

  const pace = readPace(values);
  if (!pace.ok) return pace;
  if (verb === 'pace' && Object.keys(pace.value).length === 0)
    return err('ring pace needs --rate, --transfers or --adaptive');
  const atVersion = readWhole(values['at-version'], { min: 1, max: Number.MAX_SAFE_INTEGER });
  if (atVersion === 'wrong')
    return err(`--at-version ${values['at-version']}: not a version of a ring`);
  if (values['password-file'] !== undefined && values.user === undefined)
    return err('--password-file needs --user: whose password it is');
  if (values.user !== undefined && values['password-file'] === undefined)
    return err('--user needs --password-file: a password is not typed where others can see it');
  if ((values.why ?? '').length > WHY_MAX) return err(`--why has more than ${WHY_MAX} characters`);
  const root = values.ring ?? null;
  if (root !== null && !/^(\/[^/]+)+$/.test(root))
    return err(`--ring ${root}: not a path such as ${DEFAULT_ROOT}`);
  return ok({
    verb,
    file: file === undefined ? null : path.resolve(file),
    connect: values.connect ?? null,
    root,
    configFile: resolved(values.config),
    authFile: resolved(values['auth-file']),
    user: values.user ?? null,
    passwordFile: resolved(values['password-file']),
    caFile: resolved(values.ca),
    usesTls: values.tls === true || values.ca !== undefined,
    asJson: values.json === true,
    isSure: values.yes === true,
    waits: values.wait === true,
    atVersion,
    why: values.why ?? '',
    pace: pace.value,
  });
}

function isVerb(text: string): text is RingVerb {
  return Object.hasOwn(VERBS, text);
}

function resolved(file: string | undefined): string | null {
  return file === undefined ? null : path.resolve(file);
}

function readPace(values: {
  readonly rate?: string | undefined;
  readonly transfers?: string | undefined;
  readonly adaptive?: string | undefined;
}): Result<RingPace, string> {
  const { rate, transfers, adaptive } = values;
  const bytesPerSecond = readRate(rate);
  if (bytesPerSecond === 'wrong')
    return err(`--rate ${rate}: not a number of bytes, such as 64MiB`);
  const transfersPerNode = readWhole(transfers, { min: 1, max: TRANSFERS_MAX });
  if (transfersPerNode === 'wrong')
    return err(`--transfers ${transfers}: not a number from 1 to ${TRANSFERS_MAX}`);
  if (adaptive !== undefined && adaptive !== 'yes' && adaptive !== 'no')
    return err(`--adaptive ${adaptive}: neither yes nor no`);
  return ok({
    ...(bytesPerSecond === undefined ? {} : { bytesPerSecond }),
    ...(transfersPerNode === null ? {} : { transfersPerNode }),
    ...(adaptive === undefined ? {} : { isAdaptive: adaptive === 'yes' }),
  });
}

function readRate(text: string | undefined): number | null | undefined | 'wrong' {
  if (text === undefined) return undefined;
  if (text === 'none') return null;
  const bytes = byteCount(text);
  return Number.isSafeInteger(bytes) && bytes > 0 ? bytes : 'wrong';
}

function readWhole(
  text: string | undefined,
  { min, max }: { readonly min: number; readonly max: number },
): number | null | 'wrong' {
  if (text === undefined) return null;
  const value = /^[0-9]{1,16}$/.test(text) ? Number(text) : NaN;
  return Number.isSafeInteger(value) && value >= min && value <= max ? value : 'wrong';
}
