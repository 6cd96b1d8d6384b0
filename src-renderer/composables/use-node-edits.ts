/** What can be staged about one node, by name: for its menu, its keys and what is dropped on a zone. */
import { CircleMinus, Gauge, HardDrive, Map as MapSign, Replace, Trash2, Undo2 } from '@lucide/vue';

import type { PreviewNode } from '#contract/rebalance-models.ts';

import type { MenuEntry } from '../components/base/menu.ts';
import { t } from '../i18n/words.ts';
import { zoneOf, zoneWords } from '../model/staged-ring.ts';
import { useRingEditor } from '../stores/ring-editor.ts';
import { useDialogs } from './use-dialogs.ts';

export interface NodeEdits {
  entries(node: PreviewNode): MenuEntry[];
  /** Puts it into another zone, on the same host. */
  toZone(node: PreviewNode, zone: string, of?: object): void;
  /** As today: every edit of it goes. */
  restore(node: PreviewNode): void;
}

export function useNodeEdits(): NodeEdits {
  const editor = useRingEditor();
  const dialogs = useDialogs();

  function toZone(node: PreviewNode, key: string, of?: object): void {
    const [region = '', zone = ''] = key.split('/');
    const place = node.after ?? node.before;
    if (place === null || zoneOf(node) === key) return;
    editor.stage({ kind: 'setPlace', id: node.id, region, zone, host: place.host }, of);
  }

  function concerns(id: string): boolean {
    return editor.edits.some((edit) => {
      if ('id' in edit) return edit.id === id;
      return edit.kind === 'addNode' && edit.node.id === id;
    });
  }

  function restore({ id }: PreviewNode): void {
    editor.adopt(
      editor.edits.filter((edit) => {
        if ('id' in edit) return edit.id !== id;
        return edit.kind !== 'addNode' || edit.node.id !== id;
      }),
    );
  }

  function entries(node: PreviewNode): MenuEntry[] {
    const { id, after } = node;
    const back: MenuEntry[] = concerns(id)
      ? [
          {
            kind: 'item',
            label: t('editor.node.restore'),
            icon: Undo2,
            onSelect: () => restore(node),
          },
        ]
      : [];
    if (after === null) return back;
    const zones = [...new Set((editor.preview?.nodes ?? []).map(zoneOf))].filter(Boolean).sort();
    return [
      {
        kind: 'item',
        label: t('editor.node.weight'),
        icon: Gauge,
        onSelect: () => dialogs.open({ kind: 'ring-node', what: 'weight', id }),
      },
      {
        kind: 'item',
        label: t('editor.node.cap'),
        icon: HardDrive,
        onSelect: () => dialogs.open({ kind: 'ring-node', what: 'cap', id }),
      },
      { kind: 'heading', label: t('editor.node.zone') },
      ...zones.map((zone): MenuEntry => ({
        kind: 'choice',
        label: zoneWords(zone, zones),
        isChosen: zoneOf(node) === zone,
        onSelect: () => toZone(node, zone),
      })),
      {
        kind: 'item',
        label: t('editor.node.place'),
        icon: MapSign,
        onSelect: () => dialogs.open({ kind: 'ring-node', what: 'place', id }),
      },
      { kind: 'separator' },
      ...back,
      {
        kind: 'item',
        label: t('editor.node.drain'),
        icon: CircleMinus,
        isDisabled: after.weight === 0,
        onSelect: () => editor.stage({ kind: 'drainNode', id }),
      },
      {
        kind: 'item',
        label: t('editor.node.replace'),
        icon: Replace,
        onSelect: () => dialogs.open({ kind: 'ring-node', what: 'replace', id }),
      },
      {
        kind: 'item',
        label: t('editor.node.remove'),
        icon: Trash2,
        isDanger: true,
        onSelect: () => editor.stage({ kind: 'removeNode', id }),
      },
    ];
  }

  return { entries, toZone, restore };
}
