/** What the desktop app's preload gives the page; a browser has none of it. */
interface ZabringWindow {
  /** Answered by a message event whose data is 'zabring:port' and whose first port leads to the service. */
  requestPort(): void;
  readonly native: {
    readonly platform: 'darwin' | 'win32' | 'linux';
    showDataFolder(): void;
    /** Where a file that was dropped lies; '' for one that is in memory only. */
    pathOf(file: File): string;
  };
}

interface Window {
  readonly zabring?: ZabringWindow;
}
