/**
 * The open key and its value while it is looked at and edited.
 *
 *   opened ── edits ──▶ draft ── save, only onto the value that was opened ──▶ done | conflict | gone
 *
 * Nodes tell nobody of changes, so what somebody else wrote is seen when one looks again, and at the latest by a save: that
 * lands on the very bytes that were opened or not at all.
 */
import { defineStore } from 'pinia';
import { computed, ref, shallowRef } from 'vue';

import type { KeyChange, KeyValue } from '#contract/key-models.ts';

import { consoleLink } from '../api/console.ts';
import { areEqual } from '../model/value-codec.ts';
import { useKeys } from './keys.ts';
import { useRing } from './ring.ts';
import { valueState } from './value-view.ts';

export const useKeyDraft = defineStore('key-draft', () => {
  const ring = useRing();
  const keys = useKeys();
  const key = shallowRef<Uint8Array | null>(null);
  const opened = shallowRef<KeyValue | null>(null);
  /** When `opened` was read: its time to live runs from then. */
  const openedAtMs = ref(0);
  const theirs = shallowRef<KeyValue | null>(null);
  const isGone = ref(false);
  const isLoading = ref(false);
  const isSaving = ref(false);
  const value = valueState(() => false);

  const isWhole = computed(
    () => opened.value === null || opened.value.value.length === opened.value.valueBytes,
  );
  const isDirty = computed(
    () => opened.value !== null && !areEqual(value.bytes.value, opened.value.value),
  );
  const canSave = computed(
    () =>
      isDirty.value &&
      isWhole.value &&
      !isSaving.value &&
      !isGone.value &&
      theirs.value === null &&
      value.json.value?.ok !== false,
  );

  async function open(next: Uint8Array | null): Promise<void> {
    key.value = next;
    opened.value = null;
    theirs.value = null;
    isGone.value = false;
    value.reset();
    if (next !== null) await reload();
  }

  /** As it is now. What was edited and not saved stays, beside what has come. */
  async function reload(): Promise<void> {
    const [at, wanted] = [ring.at, key.value];
    if (at === null || wanted === null) return;
    isLoading.value = true;
    try {
      const found = await consoleLink.call('keys.get', { ...at, key: wanted });
      if (key.value === wanted) take(found);
    } finally {
      if (key.value === wanted) isLoading.value = false;
    }
  }

  function take(found: KeyValue | null): void {
    if (found === null) {
      isGone.value = true;
      theirs.value = null;
      if (key.value !== null) keys.forget(key.value);
      return;
    }
    isGone.value = false;
    const isOther = opened.value !== null && !areEqual(found.value, opened.value.value);
    if (isDirty.value && isOther && !areEqual(found.value, value.bytes.value)) theirs.value = found;
    else adopt(found);
  }

  /** From now on this is what was opened. */
  function adopt(found: KeyValue): void {
    const isFresh = opened.value === null;
    const isOther = !areEqual(found.value, value.bytes.value);
    opened.value = found;
    openedAtMs.value = Date.now();
    theirs.value = null;
    if (isFresh || isOther) value.adopt(found.value, { isFresh });
    const { key: name, slot, partition, ttlMs, valueBytes } = found;
    keys.note({ key: name, slot, partition, ttlMs, bytes: valueBytes });
  }

  /** One change, and what came of it taken in. */
  async function change(make: () => Promise<KeyChange>): Promise<KeyChange['kind']> {
    const wanted = key.value;
    isSaving.value = true;
    try {
      const result = await make();
      if (key.value !== wanted) return result.kind;
      if (result.kind === 'conflict') theirs.value = result.theirs;
      if (result.kind === 'gone') take(null);
      return result.kind;
    } finally {
      isSaving.value = false;
    }
  }

  async function save(): Promise<KeyChange['kind']> {
    const [at, base, bytes] = [ring.at, opened.value, value.bytes.value];
    if (at === null || base === null || bytes === null) return 'gone';
    const { key: name, value: expected } = base;
    const done = await change(() =>
      consoleLink.call('keys.save', { ...at, key: name, value: bytes, expected }),
    );
    if (done === 'done') await landed(bytes);
    return done;
  }

  /** How long it lives from now on, null for good; whatever is being written stays as it is. */
  async function expire(ttlMs: number | null): Promise<KeyChange['kind']> {
    const [at, base] = [ring.at, opened.value];
    if (at === null || base === null) return 'gone';
    const { key: name, value: expected } = base;
    const done = await change(() =>
      consoleLink.call('keys.expire', { ...at, key: name, ttlMs, expected }),
    );
    if (done === 'done') await reload();
    return done;
  }

  /** What was saved is what is opened now; how long it lives is asked for. */
  async function landed(bytes: Uint8Array): Promise<void> {
    if (opened.value === null) return;
    opened.value = { ...opened.value, value: bytes, valueBytes: bytes.length };
    await reload();
  }

  async function remove(): Promise<KeyChange['kind']> {
    const [at, base] = [ring.at, opened.value];
    if (at === null || base === null) return 'gone';
    const { key: name, value: expected } = base;
    const done = await change(() =>
      consoleLink.call('keys.delete', { ...at, key: name, expected }),
    );
    if (done === 'done') {
      keys.forget(name);
      await open(null);
    }
    return done;
  }

  function discard(): void {
    const latest = theirs.value ?? opened.value;
    if (latest === null) return;
    adopt(latest);
    value.show(false);
  }

  /** Saves over what is there by now, and only over that. */
  async function saveOver(): Promise<KeyChange['kind']> {
    if (theirs.value !== null) opened.value = theirs.value;
    theirs.value = null;
    return save();
  }

  /** @returns what is there already, or null where it was made */
  async function create(
    name: Uint8Array,
    bytes: Uint8Array,
    ttlMs: number | null,
  ): Promise<KeyValue | null> {
    const at = ring.at;
    if (at === null) return null;
    const result = await consoleLink.call('keys.create', {
      ...at,
      key: name,
      value: bytes,
      ttlMs,
    });
    return result.kind === 'exists' ? result.theirs : null;
  }

  return {
    key,
    opened,
    openedAtMs,
    theirs,
    isGone,
    isLoading,
    isSaving,
    isWhole,
    isDirty,
    canSave,
    ...value,
    open,
    reload,
    save,
    saveOver,
    expire,
    remove,
    discard,
    create,
  };
});
