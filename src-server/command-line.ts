/** What was typed: the options of `zabring serve`, checked. */
import path from 'node:path';
import { parseArgs } from 'node:util';

import { err, ok, type Result } from './base/result.ts';
import type { Compat } from './config/settings.ts';
import type { LogLevel } from './platform/logger.ts';

export type Command =
  | { readonly kind: 'help' }
  | { readonly kind: 'version' }
  | ({ readonly kind: 'serve' } & ServeOptions);

export interface ServeOptions {
  /** Null for the system's usual place. */
  readonly dataDir: string | null;
  readonly clientPort: number | null;
  readonly clientAddress: string | null;
  /** A zoo.cfg to read. */
  readonly configFile: string | null;
  readonly compat: Compat;
  readonly withConsole: boolean;
  readonly consolePort: number;
  readonly logLevel: LogLevel;
}

/** Next to ZooKeeper's own port. */
const CONSOLE_PORT = 2180;

export const HELP = `Zabring: a ZooKeeper-compatible server with a console

Usage:
  zabring serve [options]      run a server, and the console for a browser
  zabring --help | --version

Options of serve:
  --client-port <port>         port for ZooKeeper clients (2181)
  --client-address <address>   address for ZooKeeper clients (127.0.0.1; 0.0.0.0 for all)
  --data <folder>              where data is kept (this user's usual place)
  --config <file>              read a zoo.cfg; options given here win over it
  --compat <3.8|3.9>           whose behaviour to show where releases differ (3.9)
  --no-console                 no console
  --console-port <port>        port of the console (${CONSOLE_PORT}, or a free one)
  --log-level <level>          debug, info, warn or error (info)
`;

const OPTIONS = {
  help: { type: 'boolean', short: 'h' },
  version: { type: 'boolean' },
  'client-port': { type: 'string' },
  'client-address': { type: 'string' },
  data: { type: 'string' },
  config: { type: 'string' },
  compat: { type: 'string' },
  'no-console': { type: 'boolean' },
  'console-port': { type: 'string' },
  'log-level': { type: 'string' },
} as const;

export function readCommandLine(args: readonly string[]): Result<Command, string> {
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
  if (command !== 'serve') return err(`there is no command ${command}`);
  if (more[0] !== undefined) return err(`serve takes no ${more[0]}`);

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
    kind: 'serve',
    dataDir: values.data === undefined ? null : path.resolve(values.data),
    clientPort,
    clientAddress: values['client-address'] ?? null,
    configFile: values.config ?? null,
    compat,
    withConsole: values['no-console'] !== true,
    consolePort: consolePort ?? CONSOLE_PORT,
    logLevel,
  });
}

function readPort(text: string | undefined): number | null | 'wrong' {
  if (text === undefined) return null;
  const port = /^[0-9]{1,5}$/.test(text) ? Number(text) : -1;
  return port >= 0 && port <= 65535 ? port : 'wrong';
}

function isLogLevel(text: string): text is LogLevel {
  return text === 'debug' || text === 'info' || text === 'warn' || text === 'error';
}
