/** The keys of the log's lines. */
import { useLog } from '../stores/log.ts';
import { focusOn } from './focus-places.ts';
import type { VirtualLog } from './use-virtual-log.ts';

export function useLogKeys(parts: {
  readonly virtual: VirtualLog;
  readonly choose: (index: number) => void;
  /** The line with the keys is another one now. */
  readonly onMove: () => void;
}): (event: KeyboardEvent) => void {
  const log = useLog();
  const { virtual, choose } = parts;
  const { active } = virtual;

  /** While the details are open, they go along. */
  function move(index: number): void {
    virtual.activate(index);
    if (log.chosen !== null) choose(active.value);
    parts.onMove();
  }

  function onPlainKey(key: string): boolean {
    switch (key) {
      case 'ArrowDown':
        move(active.value + 1);
        return true;
      case 'ArrowUp':
        move(active.value - 1);
        return true;
      case 'PageDown':
        move(active.value + virtual.rowsPerPage());
        return true;
      case 'PageUp':
        move(active.value - virtual.rowsPerPage());
        return true;
      case 'Home':
        move(0);
        return true;
      case 'End':
        move(log.rowCount - 1);
        return true;
      case 'Enter':
        choose(active.value);
        return true;
      case 'Escape':
        if (log.chosen === null) return false;
        log.choose(null);
        return true;
      case ' ':
        if (log.pausedAt === null) log.pause();
        else log.resume();
        return true;
      case '/':
        focusOn('filter');
        return true;
      default:
        return false;
    }
  }

  return (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
    if (onPlainKey(event.key)) event.preventDefault();
  };
}
