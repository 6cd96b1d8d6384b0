/** Everything that can be done, by name: for the palette, the keys and the list of keys. */
import type { TreeOrder } from '#contract/models.ts';

import { t, type WordKey } from '../i18n/words.ts';
import type { ValueView } from '../model/content-kind.ts';
import { ROOT } from '../model/paths.ts';
import { nameOf as clusterName, useClusters } from '../stores/clusters.ts';
import { useDraft } from '../stores/draft.ts';
import { useLog } from '../stores/log.ts';
import { type Density, type Theme, usePreferences } from '../stores/preferences.ts';
import { useTree } from '../stores/tree.ts';
import { useZnode } from '../stores/znode.ts';
import { focusOn } from './focus-places.ts';
import { useAddress } from './use-address.ts';
import { useDialogs } from './use-dialogs.ts';
import { useValueActions } from './use-value-actions.ts';

export type CommandGroup = 'go' | 'node' | 'value' | 'tree' | 'log' | 'cluster' | 'look';

export interface Command {
  readonly id: string;
  readonly group: CommandGroup;
  label(): string;
  readonly keys?: string;
  /** Left out where it makes no sense at present. */
  isActive?(): boolean;
  run(): unknown;
}

export function useCommands(): () => readonly Command[] {
  const dialogs = useDialogs();
  const address = useAddress();
  const clusters = useClusters();
  const draft = useDraft();
  const log = useLog();
  const preferences = usePreferences();
  const tree = useTree();
  const znode = useZnode();
  const value = useValueActions();

  const path = (): string => znode.opened?.path ?? ROOT;
  const hasNode = (): boolean => znode.event?.kind === 'present';
  const word = (key: WordKey) => (): string => t(key);

  const fixed: readonly Command[] = [
    {
      id: 'palette',
      group: 'go',
      label: word('commands.palette'),
      keys: 'Mod+K',
      run: () => dialogs.open({ kind: 'palette', text: '' }),
    },
    {
      id: 'address',
      group: 'go',
      label: word('commands.address'),
      keys: 'Mod+L',
      run: () => focusOn('address'),
    },
    {
      id: 'back',
      group: 'go',
      label: word('commands.back'),
      keys: 'Alt+ArrowLeft',
      run: address.back,
    },
    {
      id: 'forward',
      group: 'go',
      label: word('commands.forward'),
      keys: 'Alt+ArrowRight',
      run: address.forward,
    },
    {
      id: 'tree',
      group: 'go',
      label: word('commands.tree'),
      keys: 'Alt+1',
      run: () => focusOn('tree'),
    },
    {
      id: 'editor',
      group: 'go',
      label: word('commands.editor'),
      keys: 'Alt+2',
      run: () => focusOn('value'),
    },
    {
      id: 'log',
      group: 'go',
      label: word('commands.log'),
      keys: 'Alt+L',
      run: address.openLog,
    },
    {
      id: 'log-filter',
      group: 'log',
      label: word('commands.logFilter'),
      keys: 'Mod+F',
      isActive: () => address.isLog.value,
      run: () => focusOn('filter'),
    },
    {
      id: 'log-lines',
      group: 'log',
      label: word('commands.logLines'),
      isActive: () => address.isLog.value,
      run: () => focusOn('log'),
    },
    {
      id: 'log-clear',
      group: 'log',
      label: word('commands.logClear'),
      isActive: () => address.isLog.value,
      run: () => log.clearQuery(),
    },
    { id: 'overview', group: 'go', label: word('commands.overview'), run: address.openOverview },
    {
      id: 'ensemble',
      group: 'go',
      label: word('ensemble.open'),
      keys: 'Alt+M',
      run: address.openEnsemble,
    },
    {
      id: 'ring',
      group: 'go',
      label: word('ring.open'),
      keys: 'Alt+R',
      run: address.openRing,
    },
    {
      id: 'keys',
      group: 'go',
      label: word('keys.open'),
      keys: 'Alt+K',
      run: () => address.openKeys(),
    },
    {
      id: 'create',
      group: 'node',
      label: word('commands.create'),
      keys: 'Alt+N',
      run: () => dialogs.open({ kind: 'create', parent: path() }),
    },
    {
      id: 'delete',
      group: 'node',
      label: word('commands.delete'),
      isActive: () => hasNode() && path() !== ROOT,
      run: () => dialogs.open({ kind: 'delete', path: path() }),
    },
    {
      id: 'copy-path',
      group: 'node',
      label: word('commands.copyPath'),
      keys: 'Alt+C',
      isActive: () => znode.opened !== null,
      run: () => navigator.clipboard.writeText(path()),
    },
    {
      id: 'save',
      group: 'value',
      label: word('commands.save'),
      keys: 'Mod+S',
      run: value.save,
    },
    {
      id: 'discard',
      group: 'value',
      label: word('commands.discard'),
      isActive: () => draft.isDirty,
      run: () => draft.discard(),
    },
    ...(['text', 'json', 'hex'] as const).map((view) => viewCommand(view)),
    {
      id: 'download',
      group: 'value',
      label: word('commands.download'),
      isActive: hasNode,
      run: value.download,
    },
    {
      id: 'upload',
      group: 'value',
      label: word('commands.upload'),
      isActive: hasNode,
      run: value.upload,
    },
    ...(['name', 'name-descending', 'sequence', 'sequence-descending'] as const).map((order) =>
      orderCommand(order),
    ),
    {
      id: 'add-cluster',
      group: 'cluster',
      label: word('commands.addCluster'),
      run: () => dialogs.open({ kind: 'cluster', id: null }),
    },
    {
      id: 'client',
      group: 'cluster',
      label: word('commands.client'),
      run: () => dialogs.open({ kind: 'client' }),
    },
    ...(['system', 'light', 'dark'] as const).map((theme) => themeCommand(theme)),
    {
      id: 'english',
      group: 'look',
      label: () => 'Language: English',
      run: () => (preferences.values.language = 'en'),
    },
    {
      id: 'chinese',
      group: 'look',
      label: () => '语言：简体中文',
      run: () => (preferences.values.language = 'zh-CN'),
    },
    ...(['comfortable', 'compact'] as const).map((density) => densityCommand(density)),
    {
      id: 'sidebar',
      group: 'look',
      label: word('commands.sidebar'),
      keys: 'Mod+B',
      run: () => (preferences.values.isSidebarOpen = !preferences.values.isSidebarOpen),
    },
    {
      id: 'help',
      group: 'look',
      label: word('commands.help'),
      keys: '?',
      run: () => dialogs.open({ kind: 'help' }),
    },
  ];

  function viewCommand(view: ValueView): Command {
    return {
      id: `view-${view}`,
      group: 'value',
      label: word(`commands.view-${view}`),
      isActive: () => draft.opened !== null && (view === 'hex' || draft.decoded.ok),
      run: () => draft.setView(view),
    };
  }

  function orderCommand(order: TreeOrder): Command {
    return {
      id: `order-${order}`,
      group: 'tree',
      label: () => t('commands.order', { order: t(`tree.orders.${order}`) }),
      run: () => tree.setOrder(order),
    };
  }

  function themeCommand(theme: Theme): Command {
    return {
      id: `theme-${theme}`,
      group: 'look',
      label: () => t('commands.theme', { theme: t(`settings.themes.${theme}`) }),
      run: () => (preferences.values.theme = theme),
    };
  }

  function densityCommand(density: Density): Command {
    return {
      id: `density-${density}`,
      group: 'look',
      label: () => t('commands.density', { density: t(`settings.densities.${density}`) }),
      run: () => (preferences.values.density = density),
    };
  }

  /** Going to every cluster but the one that is shown. */
  function clusterCommands(): Command[] {
    return (clusters.list ?? [])
      .filter(({ id }) => id !== clusters.currentId)
      .map(({ id, settings }) => ({
        id: `cluster-${id}`,
        group: 'cluster',
        label: () => t('commands.goToCluster', { name: clusterName(id, settings.name) }),
        run: () => address.openCluster(id),
      }));
  }

  return () => [...fixed, ...clusterCommands()];
}
