/** Edits and what is wrong with them, in words. */
import type { Edit, EditFault, StagedNode } from '#contract/edit-models.ts';
import type { LayoutSettings, Obstacle } from '#contract/rebalance-models.ts';

import { formatBytes } from '../../../composables/format.ts';
import { formatNumber, t, tn } from '../../../i18n/words.ts';

/** What the ring is before any edit, as far as words tell of it. */
export interface Before {
  readonly nodes: readonly { readonly id: string; readonly before: StagedNode | null }[];
  readonly settings: LayoutSettings;
}

export function editWords(edit: Edit, before: Before | null): string {
  const node = (id: string): StagedNode | null =>
    before?.nodes.find((one) => one.id === id)?.before ?? null;
  switch (edit.kind) {
    case 'addNode':
      return t('editor.edits.addNode', {
        name: edit.node.id,
        zone: edit.node.zone,
        weight: formatNumber(edit.node.weight),
      });
    case 'drainNode':
      return t('editor.edits.drainNode', { name: edit.id });
    case 'removeNode':
      return t('editor.edits.removeNode', { name: edit.id });
    case 'replaceNode':
      return t('editor.edits.replaceNode', { name: edit.id, by: edit.by.id });
    case 'setWeight':
      return t('editor.edits.setWeight', {
        name: edit.id,
        from: weightOf(node(edit.id)),
        to: formatNumber(edit.weight),
      });
    case 'setCap':
      return t('editor.edits.setCap', {
        name: edit.id,
        from: capOf(node(edit.id)),
        to: capWords(edit.capBytes),
      });
    case 'setPlace':
      return t('editor.edits.setPlace', {
        name: edit.id,
        from: placeOf(node(edit.id)),
        to: placeWords(edit),
      });
    case 'setReplicas':
      return t('editor.edits.setReplicas', {
        from: formatNumber(before?.settings.replicaCount ?? 0),
        to: formatNumber(edit.replicaCount),
      });
    case 'setPartitions':
      return t('editor.edits.setPartitions', {
        from: formatNumber(before?.settings.partitionCount ?? 0),
        to: formatNumber(edit.partitionCount),
      });
    case 'setOverload':
      return t('editor.edits.setOverload', { to: overloadWords(edit.overloadPercent) });
    case 'setStrategy':
      return t('editor.edits.setStrategy', { to: t(`editor.strategies.${edit.strategy}`) });
    case 'setTokensPerNode':
      return t('editor.edits.setTokensPerNode', { to: formatNumber(edit.tokensPerNode) });
    case 'setLeaders':
      return t('editor.edits.setLeaders', { to: t(`editor.leaders.${edit.leaders}`) });
    case 'addToken':
      return t('editor.edits.addToken', {
        name: edit.id,
        position: formatNumber(edit.position),
      });
    case 'moveToken':
      return t('editor.edits.moveToken', {
        from: formatNumber(edit.from),
        to: formatNumber(edit.to),
      });
    case 'removeToken':
      return t('editor.edits.removeToken', { position: formatNumber(edit.position) });
  }
}

/** A node of which nothing is known was staged itself, or is looked at without its ring. */
const UNKNOWN = '?';

function weightOf(node: StagedNode | null): string {
  return node === null ? UNKNOWN : formatNumber(node.weight);
}

function capOf(node: StagedNode | null): string {
  return node === null ? UNKNOWN : capWords(node.capBytes);
}

function placeOf(node: StagedNode | null): string {
  return node === null ? UNKNOWN : placeWords(node);
}

export function placeWords({
  region,
  zone,
  host,
}: Pick<StagedNode, 'region' | 'zone' | 'host'>): string {
  return `${region} / ${zone} / ${host}`;
}

export function capWords(capBytes: number | null): string {
  return capBytes === null ? t('editor.noCap') : formatBytes(capBytes);
}

export function overloadWords(percent: number | null): string {
  return percent === null ? t('editor.overload.any') : `${formatNumber(percent)} %`;
}

export function faultWords(fault: EditFault): string {
  switch (fault.kind) {
    case 'noNode':
      return t('editor.faults.noNode', { name: fault.id });
    case 'nobodyLeft':
      return t('editor.faults.nobodyLeft');
    case 'outOfRange':
      return t('editor.faults.outOfRange', {
        least: formatNumber(fault.least),
        most: formatNumber(fault.most),
      });
    case 'notAPowerOfTwo':
      return t('editor.faults.notAPowerOfTwo');
    case 'noTokens':
      return t('editor.faults.noTokens');
    case 'noToken':
      return t('editor.faults.noToken', { position: formatNumber(fault.position) });
    case 'taken':
      return t('editor.faults.taken', { by: fault.by });
    case 'badPosition':
      return t('editor.faults.badPosition');
    case 'tooManyTokens':
      return tn('editor.faults.tooManyTokens', fault.most, { name: fault.node });
    case 'tooManyNodes':
      return tn('editor.faults.tooManyNodes', fault.most);
    case 'badId':
      return t('editor.faults.badId', { name: fault.id });
    case 'duplicateId':
      return t('editor.faults.duplicateId', { name: fault.id });
    case 'badPlace':
      return t('editor.faults.badPlace', { value: fault.value });
    case 'badWeight':
      return t('editor.faults.badWeight');
    case 'badCap':
      return t('editor.faults.badCap');
  }
}

export function obstacleWords({ kind, node }: Obstacle): string {
  return t(`editor.obstacles.${kind}`, { node: node ?? '' });
}
