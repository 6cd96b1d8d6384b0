/** What was typed: the commands and their options, checked. */
import path from 'node:path';
import { parseArgs } from 'node:util';

import { err, ok, type Result } from './base/result.ts';
import type { Compat } from './config/settings.ts';
import type { LogLevel } from './platform/logger.ts';
import { readRingLine, type RingOptions } from './ring-command/line.ts';

export type Command =
  | { readonly kind: 'help' }
  | { readonly kind: 'version' }
  | ({ readonly kind: 'serve' } & ServeOptions)
  | ({ readonly kind: 'app' } & ServeOptions)
  | ({ readonly kind: 'member' } & ServeOptions)
  | ({ readonly kind: 'storage' } & StorageOptions)
  | ({ readonly kind: 'ring' } & RingOptions)
  | { readonly kind: 'ring-help' }
  | ({ readonly kind: 'log' } & PrintOptions)
  | ({ readonly kind: 'snapshot' } & PrintOptions);

export interface ServeOptions {
  /** Null for the system's usual place. */
  readonly dataDir: string | null;
  readonly clientPort: number | null;
  readonly clientAddress: string | null;
  /** A zoo.cfg to read. */
  readonly configFile: string | null;
  /** How many servers vote; one alone is a server on its own. Null where nobody said: what the data folder holds. */
  readonly members: number | null;
  /** How many only observe, besides. */
  readonly observers: number;
  /** How many storage nodes. Null where nobody said: what the data folder holds. */
  readonly storage: number | null;
  readonly compat: Compat;
  readonly withConsole: boolean;
  readonly consolePort: number;
  readonly logLevel: LogLevel;
}

/** `zabring storage` */
export interface StorageOptions {
  /** The storage.conf. */
  readonly configFile: string;
  readonly logLevel: LogLevel;
}

/** `zabring log` and `zabring snapshot`. */
export interface PrintOptions {
  readonly file: string;
  readonly asJson: boolean;
  readonly fromZxid: number | null;
  readonly toZxid: number | null;
  /** What paths begin with. */
  readonly path: string | null;
}

/** Next to ZooKeeper's own port. */
const CONSOLE_PORT = 2180;

export const HELP = `Zabring: a ZooKeeper-compatible server with a console

Usage:
  zabring serve [options]      run a server or a whole ensemble, and the console for a browser
  zabring app [options]        the same as the desktop app begins it: an ensemble of three and three storage nodes
                               in a new data folder, and the next free ports where other programs have the usual ones
  zabring member --config <file> [options]
                               run one member of an ensemble that a zoo.cfg describes, without console
  zabring storage --config <file>
                               run one storage node that a storage.conf describes, in a ring that any ensemble
                               coordinates, this server's or Apache's
  zabring ring plan <file> | apply <file> | status | pause | resume | cancel | undo | pace | history | export
                               see what would move in a ring, move it, undo it: zabring ring --help
  zabring log <file> [options]       print the transactions of a log file, of this server or of Apache's
  zabring snapshot <file> [options]  print the nodes of a snapshot file
  zabring --help | --version

What was started in a data folder is started there again: a server on its own, or an ensemble with the members it has
by now, and its storage nodes, on their ports.

Options of serve and app:
  --client-port <port>         port for ZooKeeper clients (2181)
  --client-address <address>   address for ZooKeeper clients (127.0.0.1; 0.0.0.0 for all)
  --members <n>                in a new data folder, begin an ensemble of n voting servers on this machine, whose
                               client ports follow each other from --client-port on (serve: 1, app: 3)
  --observers <n>              and n more that only observe (0)
  --storage <n>                n storage nodes beside them: a ring that keeps keys, for clients of Redis
                               (serve: 0, app: 3; 0 starts none this time)
  --data <folder>              where data is kept (this user's usual place)
  --config <file>              read a zoo.cfg; options given here win over it
  --compat <3.8|3.9>           whose behaviour to show where releases differ (3.9)
  --no-console                 no console
  --console-port <port>        port of the console (${CONSOLE_PORT}, or a free one)
  --log-level <level>          debug, info, warn or error (info)

Options of member: --config, --client-port, --client-address, --compat, --log-level, as above. Who the other
members are stands in the file and the dynamic file it names, and which of them this one is in dataDir/myid.

Options of storage: --config, --log-level.

Options of log and snapshot:
  --json                       one JSON object a line, data as base64
  --path <path>                only where a path begins so
  --from <zxid>, --to <zxid>   of a log: only from and up to these, such as 0x1f
They end with 0 where the file is whole or its last write is torn, as a crash may leave it, with 3 where it is
damaged (which bytes, and what follows behind them, is printed), and with 1 where it cannot be read.
`;

const OPTIONS = {
  help: { type: 'boolean', short: 'h' },
  version: { type: 'boolean' },
  'client-port': { type: 'string' },
  'client-address': { type: 'string' },
  data: { type: 'string' },
  config: { type: 'string' },
  compat: { type: 'string' },
  members: { type: 'string' },
  observers: { type: 'string' },
  storage: { type: 'string' },
  'no-console': { type: 'boolean' },
  'console-port': { type: 'string' },
  'log-level': { type: 'string' },
} as const;

const STORAGE_OPTIONS = {
  help: { type: 'boolean', short: 'h' },
  config: { type: 'string' },
  'log-level': { type: 'string' },
} as const;

const PRINT_OPTIONS = {
  help: { type: 'boolean', short: 'h' },
  json: { type: 'boolean' },
  path: { type: 'string' },
  from: { type: 'string' },
  to: { type: 'string' },
} as const;

/** More would only take each other's processor. */
const MEMBERS_MAX = 15;
const STORAGE_MAX = 99;
const SERVE_ONLY = [
  'members',
  'observers',
  'storage',
  'data',
  'no-console',
  'console-port',
] as const;

export function readCommandLine(args: readonly string[]): Result<Command, string> {
  const [first, ...rest] = args;
  if (first === 'log' || first === 'snapshot') return readPrintLine(first, rest);
  if (first === 'storage') return readStorageLine(rest);
  if (first === 'ring') {
    const line = readRingLine(rest);
    if (!line.ok) return line;
    return ok(line.value === 'help' ? { kind: 'ring-help' } : { kind: 'ring', ...line.value });
  }
  let parsed;
  try {
    parsed = parseArgs({ args: [...args], options: OPTIONS, allowPositionals: true });
  } catch (error) {
    return err(error instanceof Error ? error.message : String(error));
  }
  const { values, positionals } = parsed;
  if (values.help === true) return ok({ kind: 'help' });
  if (values.version === true) return ok({ kind: 'version' });
  const [command, ...more] = positionals;
  if (command === undefined) return err('what shall be done? `zabring serve` runs a server');
  if (command !== 'serve' && command !== 'app' && command !== 'member')
    return err(`there is no command ${command}`);
  if (more[0] !== undefined) return err(`${command} takes no ${more[0]}`);
  if (command === 'member') {
    if (values.config === undefined)
      return err('member needs --config: the zoo.cfg of this member');
    const idle = SERVE_ONLY.find((name) => values[name] !== undefined);
    if (idle !== undefined) return err(`member takes no --${idle}`);
  }
  const members = readCount(values.members);
  const observers = readCount(values.observers) ?? 0;
  if (members === 'wrong' || members === 0 || (members ?? 1) > MEMBERS_MAX)
    return err(`--members ${values.members}: not a number from 1 to ${MEMBERS_MAX}`);
  if (observers === 'wrong' || observers > MEMBERS_MAX)
    return err(`--observers ${values.observers}: not a number from 0 to ${MEMBERS_MAX}`);
  const storage = readCount(values.storage);
  if (storage === 'wrong' || (storage ?? 0) > STORAGE_MAX)
    return err(`--storage ${values.storage}: not a number from 0 to ${STORAGE_MAX}`);
  if (observers > 0 && (members === 1 || (members === null && command === 'serve')))
    return err('--observers needs --members: one server on its own cannot be observed');
  if (values.config !== undefined && ((members ?? 1) > 1 || observers > 0))
    return err('--members makes an ensemble by itself; --config describes another one');

  const clientPort = readPort(values['client-port']);
  const consolePort = readPort(values['console-port']);
  if (clientPort === 'wrong')
    return err(`--client-port ${values['client-port']}: not a port from 0 to 65535`);
  if (consolePort === 'wrong')
    return err(`--console-port ${values['console-port']}: not a port from 0 to 65535`);
  const compat = values.compat ?? '3.9';
  if (compat !== '3.8' && compat !== '3.9') return err(`--compat ${compat}: neither 3.8 nor 3.9`);
  const logLevel = values['log-level'] ?? 'info';
  if (!isLogLevel(logLevel)) return err(`--log-level ${logLevel}: not debug, info, warn or error`);
  return ok({
    kind: command,
    dataDir: values.data === undefined ? null : path.resolve(values.data),
    clientPort,
    clientAddress: values['client-address'] ?? null,
    configFile: values.config ?? null,
    members,
    observers,
    storage,
    compat,
    withConsole: command !== 'member' && values['no-console'] !== true,
    consolePort: consolePort ?? CONSOLE_PORT,
    logLevel,
  });
}

function readStorageLine(args: readonly string[]): Result<Command, string> {
  let parsed;
  try {
    parsed = parseArgs({ args: [...args], options: STORAGE_OPTIONS });
  } catch (error) {
    return err(error instanceof Error ? error.message : String(error));
  }
  const { values } = parsed;
  if (values.help === true) return ok({ kind: 'help' });
  if (values.config === undefined)
    return err('storage needs --config: the storage.conf of this node');
  const logLevel = values['log-level'] ?? 'info';
  if (!isLogLevel(logLevel)) return err(`--log-level ${logLevel}: not debug, info, warn or error`);
  return ok({ kind: 'storage', configFile: path.resolve(values.config), logLevel });
}

function readPrintLine(kind: 'log' | 'snapshot', args: readonly string[]): Result<Command, string> {
  let parsed;
  try {
    parsed = parseArgs({ args: [...args], options: PRINT_OPTIONS, allowPositionals: true });
  } catch (error) {
    return err(error instanceof Error ? error.message : String(error));
  }
  const { values, positionals } = parsed;
  if (values.help === true) return ok({ kind: 'help' });
  const [file, ...more] = positionals;
  if (file === undefined) return err(`which ${kind} file?`);
  if (more[0] !== undefined) return err(`${kind} takes one file: what is ${more[0]}?`);
  const fromZxid = readZxid(values.from);
  const toZxid = readZxid(values.to);
  if (fromZxid === 'wrong') return err(`--from ${values.from}: not a zxid such as 0x1f`);
  if (toZxid === 'wrong') return err(`--to ${values.to}: not a zxid such as 0x1f`);
  if (kind === 'snapshot' && (fromZxid !== null || toZxid !== null))
    return err('snapshot takes no --from and no --to: it holds nodes, not transactions');
  return ok({
    kind,
    file: path.resolve(file),
    asJson: values.json === true,
    fromZxid,
    toZxid,
    path: values.path ?? null,
  });
}

/** As logs and file names show them: hexadecimal, with or without 0x in front. */
function readZxid(text: string | undefined): number | null | 'wrong' {
  if (text === undefined) return null;
  const digits = /^(?:0x)?([0-9a-f]{1,16})$/i.exec(text)?.[1];
  const zxid = digits === undefined ? NaN : Number.parseInt(digits, 16);
  return Number.isSafeInteger(zxid) ? zxid : 'wrong';
}

function readCount(text: string | undefined): number | null | 'wrong' {
  if (text === undefined) return null;
  return /^[0-9]{1,3}$/.test(text) ? Number(text) : 'wrong';
}

function readPort(text: string | undefined): number | null | 'wrong' {
  if (text === undefined) return null;
  const port = /^[0-9]{1,5}$/.test(text) ? Number(text) : -1;
  return port >= 0 && port <= 65535 ? port : 'wrong';
}

function isLogLevel(text: string): text is LogLevel {
  return text === 'debug' || text === 'info' || text === 'warn' || text === 'error';
}
