/** What the app was started with: the flags of `zabring app`, among switches that are meant for Chromium. */
import { err, type Result } from '../src-server/base/result.ts';
import { type Command, readCommandLine } from '../src-server/command-line.ts';

/**
 * Switches a package, a desktop or a test driver adds by itself, or a person for the sake of their screen. They are
 * Chromium's to read; any other unknown flag is a mistake, and said to be one.
 */
const CHROMIUM_SWITCHES: ReadonlySet<string> = new Set([
  'allow-file-access-from-files',
  'disable-features',
  'disable-gpu',
  'enable-features',
  'enable-logging',
  'force-device-scale-factor',
  'gtk-version',
  'high-dpi-support',
  'inspect',
  'inspect-brk',
  'lang',
  'no-sandbox',
  'original-process-start-time',
  'ozone-platform',
  'ozone-platform-hint',
  'password-store',
  'remote-debugging-port',
]);

export function readDesktopFlags(args: readonly string[]): Result<Command, string> {
  const flags = args.filter((arg) => !isForChromium(arg));
  const word = flags.find((flag) => !flag.startsWith('-'));
  // The app does one thing; a word in front of it would be another command.
  if (flags[0] !== undefined && flags[0] === word) return err(`the app takes no ${word}`);
  const command = readCommandLine(['app', ...flags]);
  if (!command.ok || command.value.kind !== 'app') return command;
  if (!command.value.withConsole)
    return err('the app is the console; `zabring serve --no-console` runs without one');
  return command;
}

function isForChromium(arg: string): boolean {
  return arg.startsWith('--') && CHROMIUM_SWITCHES.has(arg.slice(2).split('=')[0]!);
}
