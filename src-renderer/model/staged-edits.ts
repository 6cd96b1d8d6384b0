/**
 * Edits of a ring that are staged: a list with a past and a future, in which an edit of what was edited before takes its place
 * instead of standing beside it. Each step of it can be undone and done again; nothing of the ring is touched.
 */
import type { Edit, StagedNode } from '#contract/edit-models.ts';
import type { LayoutSettings } from '#contract/rebalance-models.ts';

export type Edits = readonly Edit[];

export interface Staging {
  readonly past: readonly Edits[];
  readonly edits: Edits;
  readonly future: readonly Edits[];
}

const PAST_MAX = 200;

export const NOTHING_STAGED: Staging = { past: [], edits: [], future: [] };

/** The list becomes this one; what was undone cannot be done again any more. */
export function changed(staging: Staging, edits: Edits): Staging {
  if (areSame(staging.edits, edits)) return staging;
  return { past: [...staging.past, staging.edits].slice(-PAST_MAX), edits, future: [] };
}

export function undone({ past, edits, future }: Staging): Staging {
  const last = past.at(-1);
  if (last === undefined) return { past, edits, future };
  return { past: past.slice(0, -1), edits: last, future: [edits, ...future] };
}

export function redone({ past, edits, future }: Staging): Staging {
  const [next, ...rest] = future;
  if (next === undefined) return { past, edits, future };
  return { past: [...past, edits], edits: next, future: rest };
}

/** With one more edit, where its forerunner stands if it has one. */
export function withEdit(edits: Edits, edit: Edit): Edits {
  for (let i = edits.length - 1; i >= 0; i--) {
    const merged = mergedOf(edits[i]!, edit);
    if (merged === undefined) continue;
    return merged === null ? without(edits, i) : edits.map((one, at) => (at === i ? merged : one));
  }
  return [...edits, edit];
}

export function without(edits: Edits, place: number): Edits {
  return edits.filter((_, at) => at !== place);
}

export function moved(edits: Edits, from: number, to: number): Edits {
  const edit = edits[from];
  if (edit === undefined || to < 0 || to >= edits.length) return edits;
  const rest = without(edits, from);
  return [...rest.slice(0, to), edit, ...rest.slice(to)];
}

function areSame(a: Edits, b: Edits): boolean {
  return (
    a.length === b.length && a.every((edit, i) => JSON.stringify(edit) === JSON.stringify(b[i]))
  );
}

/** Both as one edit; null where they take each other back, undefined where they have nothing to do with each other. */
function mergedOf(old: Edit, edit: Edit): Edit | null | undefined {
  const added = addedBy(old);
  switch (edit.kind) {
    case 'setWeight':
    case 'drainNode': {
      const weight = edit.kind === 'drainNode' ? 0 : edit.weight;
      if (added?.id === edit.id) return withNode(old, { ...added, weight });
      const isSame = old.kind === 'setWeight' || old.kind === 'drainNode';
      return isSame && old.id === edit.id ? edit : undefined;
    }
    case 'setCap':
      if (added?.id === edit.id) return withNode(old, { ...added, capBytes: edit.capBytes });
      return old.kind === edit.kind && old.id === edit.id ? edit : undefined;
    case 'setPlace': {
      const { region, zone, host } = edit;
      if (added?.id === edit.id) return withNode(old, { ...added, region, zone, host });
      return old.kind === edit.kind && old.id === edit.id ? edit : undefined;
    }
    case 'removeNode':
      return old.kind === 'addNode' && old.node.id === edit.id ? null : undefined;
    case 'setReplicas':
    case 'setPartitions':
    case 'setOverload':
    case 'setStrategy':
    case 'setTokensPerNode':
    case 'setLeaders':
      return old.kind === edit.kind ? edit : undefined;
    case 'moveToken':
      if (old.kind === 'addToken' && old.position === edit.from)
        return { ...old, position: edit.to };
      if (old.kind !== 'moveToken' || old.to !== edit.from) return undefined;
      return old.from === edit.to ? null : { ...old, to: edit.to };
    case 'removeToken':
      if (old.kind === 'addToken' && old.position === edit.position) return null;
      if (old.kind !== 'moveToken' || old.to !== edit.position) return undefined;
      return { kind: 'removeToken', position: old.from };
    case 'addNode':
    case 'replaceNode':
    case 'addToken':
      return undefined;
  }
}

function addedBy(edit: Edit): StagedNode | null {
  if (edit.kind === 'addNode') return edit.node;
  return edit.kind === 'replaceNode' ? edit.by : null;
}

function withNode(edit: Edit, node: StagedNode): Edit {
  if (edit.kind === 'addNode') return { ...edit, node };
  return edit.kind === 'replaceNode' ? { ...edit, by: node } : edit;
}

/** What the ring is today, as far as an edit can be without effect. */
export interface Today {
  readonly nodes: readonly { readonly id: string; readonly before: StagedNode | null }[];
  readonly settings: LayoutSettings;
}

/** Without edits that leave everything as it is: a handle that was pulled and let go where it was is no edit. */
export function withoutVain(edits: Edits, { nodes, settings }: Today): Edits {
  const before = new Map(nodes.map((node) => [node.id, node.before]));
  return edits.filter((edit) => {
    switch (edit.kind) {
      case 'setWeight':
        return before.get(edit.id)?.weight !== edit.weight;
      case 'setCap':
        return before.get(edit.id)?.capBytes !== edit.capBytes;
      case 'setPlace': {
        const { region, zone, host } = before.get(edit.id) ?? {};
        return region !== edit.region || zone !== edit.zone || host !== edit.host;
      }
      case 'setReplicas':
        return settings.replicaCount !== edit.replicaCount;
      case 'setPartitions':
        return settings.partitionCount !== edit.partitionCount;
      case 'setOverload':
        return settings.overloadPercent !== edit.overloadPercent;
      case 'setStrategy':
        return settings.strategy !== edit.strategy;
      case 'setTokensPerNode':
        return settings.tokensPerNode !== edit.tokensPerNode;
      case 'setLeaders':
        return settings.leaders !== edit.leaders;
      default:
        return true;
    }
  });
}

/** A node's weight as it is staged, before anything has come of it; null where it would not belong to the ring. */
export function stagedWeight(edits: Edits, id: string, before: number | null): number | null {
  return edits.reduce((weight: number | null, edit) => {
    const added = addedBy(edit);
    if (added?.id === id) return added.weight;
    if (!('id' in edit) || edit.id !== id || weight === null) return weight;
    if (edit.kind === 'removeNode' || edit.kind === 'replaceNode') return null;
    if (edit.kind === 'drainNode') return 0;
    return edit.kind === 'setWeight' ? edit.weight : weight;
  }, before);
}

/** Settings as they are staged, likewise. */
export function stagedSettings(edits: Edits, before: LayoutSettings): LayoutSettings {
  return edits.reduce((settings, edit) => {
    switch (edit.kind) {
      case 'setReplicas':
        return { ...settings, replicaCount: edit.replicaCount };
      case 'setPartitions':
        return { ...settings, partitionCount: edit.partitionCount };
      case 'setOverload':
        return { ...settings, overloadPercent: edit.overloadPercent };
      case 'setStrategy':
        return { ...settings, strategy: edit.strategy };
      case 'setTokensPerNode':
        return { ...settings, tokensPerNode: edit.tokensPerNode };
      case 'setLeaders':
        return { ...settings, leaders: edit.leaders };
      default:
        return settings;
    }
  }, before);
}
