/** A node about to be created: what is filled in, what is wrong with it, what its parent says, and creating it. */
import { computed, type ComputedRef, reactive, type Ref, ref, watch } from 'vue';

import type { AclEntry, CreateMode, Znode } from '#contract/models.ts';

import { codeOf } from '../api/errors.ts';
import { t } from '../i18n/words.ts';
import { type AclPreset, presetAcl } from '../model/acl.ts';
import { parseHex, toHex } from '../model/hex-text.ts';
import {
  hasTtl,
  isFlawless,
  isSequential,
  type NewNodeProblems,
  newNodeProblems,
  nextSequence,
  TTL_UNITS,
  type TtlUnit,
} from '../model/new-node.ts';
import { nameOf, parentOf, pathProblem, ROOT } from '../model/paths.ts';
import { decodeUtf8, encodeUtf8 } from '../model/value-codec.ts';
import { useClusters } from '../stores/clusters.ts';
import { useZnode } from '../stores/znode.ts';

export type DataSource = 'none' | 'text' | 'hex' | 'file';

export interface NewNodeForm {
  path: string;
  mode: CreateMode;
  ttl: string;
  ttlUnit: TtlUnit;
  source: DataSource;
  text: string;
  hex: string;
  file: { readonly name: string; readonly bytes: Uint8Array } | null;
  preset: AclPreset;
  acl: readonly AclEntry[];
  withParents: boolean;
}

/** What is known of the parent: a node, nothing, or nothing yet. */
export type ParentState = Znode | 'missing' | 'unknown';

export interface NewNodeEntry {
  readonly form: NewNodeForm;
  readonly problems: ComputedRef<NewNodeProblems>;
  /** In words, or null; also what only the parent tells. */
  readonly pathWords: ComputedRef<string | null>;
  readonly dataWords: ComputedRef<string | null>;
  readonly sequence: ComputedRef<string | null>;
  readonly isParentMissing: ComputedRef<boolean>;
  readonly canCreate: ComputedRef<boolean>;
  readonly isBusy: Ref<boolean>;
  setSource(source: DataSource): void;
  /** The path that was made. @throws ApiError */
  create(): Promise<string>;
}

export function useNewNode(parent: string): NewNodeEntry {
  const clusters = useClusters();
  const znode = useZnode();
  const form = reactive<NewNodeForm>({
    path: parent === ROOT ? ROOT : `${parent}/`,
    mode: 'persistent',
    ttl: '60',
    ttlUnit: 'min',
    source: 'text',
    text: '',
    hex: '',
    file: null,
    preset: 'open',
    acl: presetAcl('open'),
    withParents: false,
  });
  const isBusy = ref(false);
  const parentState = ref<ParentState>('unknown');

  const parentPath = computed(() => parentOf(form.path));
  const data = computed<Uint8Array | null | 'wrong'>(() => {
    switch (form.source) {
      case 'none':
        return null;
      case 'text':
        return encodeUtf8(form.text) ?? 'wrong';
      case 'hex':
        return parseHex(form.hex) ?? 'wrong';
      case 'file':
        return form.file?.bytes ?? 'wrong';
    }
  });
  const ttlMs = computed(() => Math.round(Number(form.ttl || 'x') * TTL_UNITS[form.ttlUnit]));
  const problems = computed(() => {
    const { path, mode, acl } = form;
    const dataLength = data.value === 'wrong' ? 0 : (data.value?.length ?? 0);
    const node = { path, mode, acl, dataLength, ttlMs: hasTtl(mode) ? ttlMs.value : null };
    return newNodeProblems(node, clusters.hasIdentity);
  });

  watch(
    () => form.preset,
    (preset) => {
      if (preset !== 'custom') form.acl = presetAcl(preset);
    },
  );
  watch(
    parentPath,
    async (path) => {
      parentState.value = 'unknown';
      if (pathProblem(path) !== null) return;
      const found = await znode
        .get({ cluster: clusters.currentId, path })
        .catch((error: unknown) => (codeOf(error) === 'no-node' ? 'missing' : 'unknown'));
      if (parentPath.value === path) parentState.value = found;
    },
    { immediate: true },
  );

  const isParentMissing = computed(() => parentState.value === 'missing');
  const pathWords = computed(() => {
    const { path } = problems.value;
    if (path !== null) return t(`path.${path}`);
    if (isParentMissing.value && !form.withParents) {
      return t('create.noParent', { parent: parentPath.value });
    }
    if (typeof parentState.value === 'object' && parentState.value.kind === 'ephemeral') {
      return t('create.ephemeralParent', { parent: parentPath.value });
    }
    return null;
  });
  const dataWords = computed(() => {
    if (problems.value.data !== null) return t('create.tooLarge');
    if (data.value !== 'wrong') return null;
    if (form.source === 'file') return t('create.noFile');
    return t(form.source === 'hex' ? 'create.badHex' : 'create.badText');
  });

  return {
    form,
    problems,
    pathWords,
    dataWords,
    isParentMissing,
    isBusy,
    sequence: computed(() => {
      if (!isSequential(form.mode) || typeof parentState.value !== 'object') return null;
      const name = form.path.endsWith('/') ? '' : nameOf(form.path);
      return `${name}${nextSequence(parentState.value.stat)}`;
    }),
    canCreate: computed(
      () => isFlawless(problems.value) && pathWords.value === null && dataWords.value === null,
    ),
    setSource: (source) => {
      // What was written stays, where the other side can hold it.
      const bytes = data.value;
      if (source === 'hex' && bytes instanceof Uint8Array) form.hex = toHex(bytes, ' ');
      if (source === 'text' && bytes instanceof Uint8Array) {
        const decoded = decodeUtf8(bytes);
        if (decoded.ok) form.text = decoded.text;
      }
      form.source = source;
    },
    create: async () => {
      isBusy.value = true;
      try {
        const { path } = await znode.create({
          cluster: clusters.currentId,
          path: form.path,
          mode: form.mode,
          data: data.value === 'wrong' ? null : data.value,
          acl: form.acl.map(({ scheme, id, permissions }) => ({ scheme, id, permissions })),
          ttlMs: hasTtl(form.mode) ? ttlMs.value : null,
          withParents: form.withParents && isParentMissing.value,
        });
        return path;
      } finally {
        isBusy.value = false;
      }
    },
  };
}
