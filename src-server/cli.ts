/** `zabring`: the headless product. */
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { pathToFileURL } from 'node:url';

import type { MemberState } from '#contract/models.ts';

import { Announcer } from './announcer.ts';
import type { Result } from './base/result.ts';
import {
  type Command,
  HELP,
  type PrintOptions,
  readCommandLine,
  type ServeOptions,
  type StorageOptions,
} from './command-line.ts';
import { Host } from './host.ts';
import { NodeDisk } from './platform/node/disk.ts';
import { nodePlatform } from './platform/node/platform.ts';
import type { Printer } from './printout.ts';
import { RING_HELP, type RingOptions } from './ring-command/line.ts';
import { type Start, startOfApp, startOfMember, startOfServe } from './start-members.ts';
import { startStorageFile } from './start-storage.ts';
import { serverVersion, VERSION } from './version.ts';

const EXIT_FAILED = 1;
const EXIT_USAGE = 2;

/** This file is run as it is, or from the bundle that was made of it. */
const IS_BUNDLE = !import.meta.filename.endsWith('.ts');
const THREAD = IS_BUNDLE ? 'thread.js' : 'thread.ts';
const THREAD_URL = pathToFileURL(path.join(import.meta.dirname, THREAD));
const RENDERER = path.join(import.meta.dirname, IS_BUNDLE ? '../renderer' : '../out/renderer');

type RunCommand = Extract<Command, { kind: 'serve' | 'app' | 'member' }>;

const command = readCommandLine(process.argv.slice(2));
if (!command.ok) {
  process.stderr.write(`zabring: ${command.error}\nzabring --help tells more.\n`);
  process.exitCode = EXIT_USAGE;
} else if (command.value.kind === 'help') {
  process.stdout.write(HELP);
} else if (command.value.kind === 'version') {
  process.stdout.write(`${VERSION}\n`);
} else if (command.value.kind === 'log' || command.value.kind === 'snapshot') {
  await printFile(command.value.kind, command.value);
} else if (command.value.kind === 'storage') {
  runNode(command.value);
} else if (command.value.kind === 'ring-help') {
  process.stdout.write(RING_HELP);
} else if (command.value.kind === 'ring') {
  await ring(command.value);
} else {
  const options = command.value;
  const started = await startOf(options);
  if (started.ok) {
    run(options, started.value);
  } else {
    process.stderr.write(`zabring: ${started.error}\n`);
    process.exitCode = EXIT_USAGE;
  }
}

function startOf(options: RunCommand): Result<Start, string> | Promise<Result<Start, string>> {
  if (options.kind === 'member') return startOfMember(options);
  return options.kind === 'app' ? startOfApp(options) : startOfServe(options);
}

async function printFile(kind: 'log' | 'snapshot', options: PrintOptions): Promise<void> {
  // Most starts print no file, and a member should not wait for what does.
  const { print } = await import('./printout.ts');
  const { stdout, stderr } = process;
  let isRead = true;
  // Whoever looks at the first lines only closes the pipe.
  stdout.on('error', () => (isRead = false));
  let goOn: () => void = () => undefined;
  stdout.on('drain', () => goOn());
  stdout.on('close', () => goOn());
  const to: Printer = {
    line: async (text) => {
      if (isRead && !stdout.write(`${text}\n`))
        await new Promise<void>((resolve) => (goOn = resolve));
      return isRead;
    },
    problem: (text) => stderr.write(`zabring: ${text}\n`),
  };
  process.exitCode = await print(kind, options, { disk: new NodeDisk(), to });
}

async function ring(options: RingOptions): Promise<void> {
  const [{ runRing }, { ProcessTerminal }] = await Promise.all([
    import('./ring-command/command.ts'),
    import('./ring-command/process-terminal.ts'),
  ]);
  const terminal = new ProcessTerminal(process);
  const platform = nodePlatform({
    version: VERSION,
    logLevel: 'error',
    writeLog: () => undefined,
  });
  const who = `${os.userInfo().username}@${os.hostname()}`;
  process.exitCode = await runRing(options, { platform, terminal, who });
  terminal.close();
}

function run(options: ServeOptions, start: Start): void {
  const { dataDir, members, warnings, local, growth, storage } = start;
  for (const warning of warnings) process.stderr.write(`zabring: ${warning}\n`);
  const hasRenderer = fs.existsSync(path.join(RENDERER, 'index.html'));
  if (options.withConsole && !hasRenderer) {
    process.stderr.write('zabring: the console is not built (npm run build), so there is none\n');
  }

  let hasServed = false;
  const announcer = new Announcer((line) => process.stdout.write(line));
  const host = new Host({
    threadUrl: THREAD_URL,
    dataDir,
    members,
    storage,
    local,
    growth,
    version: serverVersion(options.compat),
    logLevel: options.logLevel,
    writeLog: (line) => process.stderr.write(line),
    console: !options.withConsole
      ? null
      : {
          directory: path.join(dataDir, 'console'),
          web: hasRenderer
            ? { host: '127.0.0.1', port: options.consolePort, folder: RENDERER }
            : null,
        },
    onMember: (state) => {
      announcer.onMember(state, host.connectString);
      if (state.kind === 'serving') hasServed = true;
      if (state.kind === 'failed') onFailed(state);
    },
    onStanding: (standing) => announcer.onStanding(standing),
    onNode: (id, state) => announcer.onNode(id, state),
    onUrl: (url) => announcer.say('console', url),
  });

  const onFailed = (state: Extract<MemberState, { kind: 'failed' }>): void => {
    process.stderr.write(`zabring: ${state.why}\n`);
    // What never served is a mistake in how it was started; what did is worth another try.
    if (hasServed && state.retryAtMs !== null) return;
    process.exitCode = EXIT_FAILED;
    void host.stop();
  };

  stopOnSignal(host, announcer);
  announcer.say('zabring', VERSION);
  announcer.say('data', dataDir);
  announcer.onStart(start);
  host.start();
}

/** One storage node, for which everything else runs elsewhere. */
function runNode(options: StorageOptions): void {
  const start = startStorageFile(options.configFile);
  if (!start.ok) {
    process.stderr.write(`zabring: ${start.error}\n`);
    process.exitCode = EXIT_USAGE;
    return;
  }
  const { nodes } = start.value;
  const announcer = new Announcer((line) => process.stdout.write(line));
  const host = new Host({
    threadUrl: THREAD_URL,
    dataDir: nodes[0]!.settings.dataDir,
    members: [],
    storage: nodes,
    version: serverVersion('3.9'),
    logLevel: options.logLevel,
    writeLog: (line) => process.stderr.write(line),
    console: null,
    onMember: () => undefined,
    onNode: (id, state) => {
      announcer.onNode(id, state);
      if (state.kind !== 'failed' || state.retryAtMs !== null) return;
      process.exitCode = EXIT_FAILED;
      void host.stop();
    },
    onUrl: () => undefined,
  });
  stopOnSignal(host, announcer);
  announcer.say('zabring', VERSION);
  announcer.say('data', nodes[0]!.settings.dataDir);
  host.start();
}

function stopOnSignal(host: Host, announcer: Announcer): void {
  let isStopping = false;
  const stop = (): void => {
    if (isStopping) return;
    isStopping = true;
    announcer.say('stopping', 'waiting for the last writes to be on the disk');
    void host.stop();
  };
  process.on('SIGINT', stop);
  process.on('SIGTERM', stop);
}
