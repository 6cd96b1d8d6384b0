/**
 * The desktop app: what starts when, and what ends when.
 *
 *   flags ─▶ one app per data folder ─▶ threads start ─▶ ready ─▶ window      quit ─▶ windows close ─▶ threads stop ─▶ end
 */
import fs from 'node:fs';

import { app, dialog, ipcMain, Menu, protocol, session, shell } from 'electron';

import { Announcer } from '../src-server/announcer.ts';
import { HELP, type ServeOptions } from '../src-server/command-line.ts';
import { LineLogger } from '../src-server/platform/node/logger.ts';
import { dataFolderOf, startOfApp } from '../src-server/start-members.ts';
import { VERSION } from '../src-server/version.ts';
import { readDesktopFlags } from './desktop-flags.ts';
import { introduceWindows } from './ipc/broker.ts';
import { offerNativeCalls } from './ipc/native.ts';
import { Senders } from './ipc/senders.ts';
import { LogFile } from './logs.ts';
import { appMenu } from './menus/app-menu.ts';
import { menuWords } from './menus/words.ts';
import { builtParts, placesIn } from './paths.ts';
import { guardContents, refusePermissions, registerScheme, servePages } from './security.ts';
import { Supervisor } from './server/supervisor.ts';
import { SettingsFile } from './settings.ts';
import { aboutPanel } from './windows/about.ts';
import { MainWindow } from './windows/main-window.ts';

const EXIT_FAILED = 1;
const EXIT_USAGE = 2;
const LOG_BYTES_MAX = 5_000_000;
const LOG_FILES_MAX = 5;

// Unpackaged, Electron's own name and the app's folder come first.
const command = readDesktopFlags(process.argv.slice(app.isPackaged ? 1 : 2));
// A terminal that was closed is no reason to end.
for (const stream of [process.stdout, process.stderr]) stream.on('error', () => undefined);
if (!command.ok) {
  refuse(`${command.error}\nzabring --help tells more.`);
} else if (command.value.kind === 'help') {
  process.stdout.write(HELP);
  app.exit(0);
} else if (command.value.kind === 'version') {
  process.stdout.write(`${VERSION}\n`);
  app.exit(0);
} else if (command.value.kind === 'app') {
  await start(command.value);
}

function refuse(why: string): void {
  process.stderr.write(`zabring: ${why}\n`);
  // Started from a desktop there is no terminal to read that in.
  if (app.isPackaged) dialog.showErrorBox('Zabring', why);
  app.exit(EXIT_USAGE);
}

async function start(options: ServeOptions): Promise<void> {
  const folder = dataFolderOf(options);
  if (!folder.ok) {
    refuse(folder.error);
    return;
  }
  const dataDir = folder.value;
  const places = placesIn(dataDir);
  const parts = builtParts(import.meta.dirname);
  try {
    fs.mkdirSync(places.profile, { recursive: true });
  } catch (error) {
    refuse(`${dataDir} cannot be used: ${String(error)}`);
    return;
  }
  app.setPath('userData', places.profile);
  if (!app.requestSingleInstanceLock()) {
    process.stdout.write(
      'Zabring is open already with this data; its window comes to the front.\n',
    );
    app.exit(0);
    return;
  }
  registerScheme(protocol);
  // Only now: whoever has the folder open has its ports as well, and they are not to be taken for somebody else's.
  const started = await startOfApp(options);
  if (!started.ok) {
    refuse(started.error);
    return;
  }
  const { warnings } = started.value;

  const logFile = new LogFile({
    folder: places.logs,
    bytesMax: LOG_BYTES_MAX,
    filesMax: LOG_FILES_MAX,
  });
  const writeLog = (line: string): void => {
    logFile.write(line);
    process.stderr.write(line);
  };
  const log = new LineLogger({ level: options.logLevel, write: writeLog });
  process.on('uncaughtExceptionMonitor', (error) => {
    log.error('something unforeseen', { error: error.stack ?? error.message });
  });
  for (const warning of warnings) log.warn(warning);

  const announcer = new Announcer((line) => process.stdout.write(line));
  announcer.say('zabring', VERSION);
  announcer.say('data', dataDir);
  announcer.onStart(started.value);
  const supervisor = new Supervisor({
    threadUrl: parts.thread,
    start: started.value,
    compat: options.compat,
    logLevel: options.logLevel,
    log,
    writeLog,
    announcer,
  });
  supervisor.start();

  let isStopping = false;
  const openExternal = (url: string): void => void shell.openExternal(url);
  app.on('web-contents-created', (_event, contents) => {
    guardContents(contents, { openExternal, log });
  });
  void app.whenReady().then(() => {
    const words = menuWords(app.getLocale());
    const showDataFolder = (): void => void shell.openPath(dataDir);
    const showLogs = (): void => void shell.openPath(places.logs);
    const withDeveloperTools = !app.isPackaged;
    refusePermissions(session.defaultSession);
    servePages(protocol, parts.interface);
    const isMac = process.platform === 'darwin';
    const menu = appMenu({ words, isMac, withDeveloperTools, showDataFolder, showLogs });
    Menu.setApplicationMenu(Menu.buildFromTemplate(menu));
    app.setAboutPanelOptions(aboutPanel({ version: VERSION, iconPath: parts.icon }));

    const senders = new Senders(log);
    introduceWindows({ ipc: ipcMain, senders, admit: (port) => supervisor.admit(port) });
    offerNativeCalls({ ipc: ipcMain, senders, showDataFolder });
    const window = new MainWindow({
      preload: parts.preload,
      icon: parts.icon,
      withDeveloperTools,
      words,
      settings: new SettingsFile({ file: places.settingsFile, log }),
      senders,
      log,
      onUnusable: (why) => {
        log.error('the window cannot be shown', { why });
        dialog.showErrorBox('Zabring', why);
        process.exitCode = EXIT_FAILED;
        app.quit();
      },
    });
    // Whoever ends the app while it starts is not shown a window that has nobody behind it.
    const show = (): void => {
      if (!isStopping) window.show();
    };
    app.on('second-instance', show);
    app.on('activate', show);
    show();
  });

  app.on('window-all-closed', () => {
    // On a Mac an app goes on without a window, and so does its ensemble.
    if (process.platform !== 'darwin') app.quit();
  });
  let isStopped = false;
  app.on('will-quit', (event) => {
    if (isStopped) return;
    isStopping = true;
    // Threads that are cut off lose nothing, but their clients would wait for a whole session timeout.
    event.preventDefault();
    announcer.say('stopping', 'waiting for the last writes to be on the disk');
    void supervisor.stop().finally(() => {
      isStopped = true;
      logFile.close();
      app.exit(typeof process.exitCode === 'number' ? process.exitCode : 0);
    });
  });
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => app.quit());
}
