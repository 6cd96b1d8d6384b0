/** Where this user's data lives when nobody says otherwise: the system's own place for it. */
import os from 'node:os';
import path from 'node:path';

export function defaultDataFolder(): string {
  const home = os.homedir();
  switch (process.platform) {
    case 'darwin':
      return path.join(home, 'Library', 'Application Support', 'Zabring');
    case 'win32':
      return path.join(
        process.env['LOCALAPPDATA'] ?? path.join(home, 'AppData', 'Local'),
        'Zabring',
      );
    default:
      return path.join(
        process.env['XDG_DATA_HOME'] ?? path.join(home, '.local', 'share'),
        'zabring',
      );
  }
}
