/**
 * The open node's value while it is looked at and edited: the bytes it was opened with, the bytes as they are now, and what
 * became of the node meanwhile.
 *
 *   opened ── edits ──▶ draft ── save (version and creation of opened) ──▶ saved | conflict | gone
 *                         ▲
 *   server's newer value ─┴─ taken over while nothing was edited, else told of
 */
import { defineStore } from 'pinia';
import { computed, ref, shallowRef, watch } from 'vue';

import type { CreateMode, Stat, Znode } from '#contract/models.ts';

import { presetAcl } from '../model/acl.ts';
import { areEqual } from '../model/value-codec.ts';
import { valueState } from './value-view.ts';
import { type NodeId, useZnode } from './znode.ts';

export type SaveOutcome = 'saved' | 'conflict' | 'gone' | 'refused';

export const useDraft = defineStore('draft', () => {
  const znode = useZnode();

  const node = shallowRef<NodeId | null>(null);
  /** What was opened, and what a save is checked against. */
  const opened = shallowRef<Znode | null>(null);
  const value = valueState(() => opened.value?.data === null);
  const { bytes, json } = value;
  /** What the server has by now, where it is something else and edits are in the way. */
  const theirs = shallowRef<Znode | null>(null);
  const isGone = ref(false);
  const isComparing = ref(false);
  const isSaving = ref(false);
  /** Moves when the value changed on the server and was taken over. */
  const flash = ref(0);
  const isDirty = computed(
    () => opened.value !== null && !areEqual(bytes.value, opened.value.data),
  );
  const mayWrite = computed(() => opened.value !== null && !opened.value.dataRefused);
  const canSave = computed(
    () => isDirty.value && !isSaving.value && !isGone.value && json.value?.ok !== false,
  );

  watch(() => znode.opened, begin, { immediate: true });
  watch(() => znode.event, take);

  function begin(next: NodeId | null): void {
    node.value = next;
    opened.value = null;
    value.reset();
    theirs.value = null;
    isGone.value = false;
    isComparing.value = false;
    // An event that is already there belongs to the node that is open.
    take(znode.event);
  }

  function take(event: typeof znode.event): void {
    if (event?.kind === 'gone') {
      isGone.value = true;
      theirs.value = null;
    }
    if (event?.kind !== 'present') return;
    const now = event.znode;
    if (opened.value === null) {
      isGone.value = false;
      adopt(now, true);
      return;
    }
    const isSame = isSameValue(now, opened.value);
    if (isSame) {
      // Children, lists and marks change without the value.
      opened.value = now;
      isGone.value = false;
      theirs.value = null;
    } else if (!isDirty.value || areEqual(now.data, bytes.value)) {
      const looksOther = !areEqual(now.data, bytes.value);
      isGone.value = false;
      adopt(now, false);
      if (looksOther) flash.value++;
    } else {
      isGone.value = false;
      theirs.value = now;
    }
  }

  /** From now on this is what was opened. */
  function adopt(now: Znode, isFresh: boolean): void {
    const isOther = !areEqual(now.data, bytes.value);
    opened.value = now;
    theirs.value = null;
    isComparing.value = false;
    // The same bytes stay as they are laid out, and so does the cursor in them.
    if (isFresh || isOther) value.adopt(now.data, { isFresh });
    else bytes.value = now.data;
  }

  function discard(): void {
    const latest = theirs.value ?? opened.value;
    if (latest === null) return;
    if (isGone.value) bytes.value = latest.data;
    adopt(latest, false);
    value.show(false);
  }

  async function save(): Promise<SaveOutcome> {
    const [at, base, data] = [node.value, opened.value, bytes.value];
    if (at === null || base === null) return 'refused';
    isSaving.value = true;
    try {
      const { version, czxid } = base.stat;
      const result = await znode.save({ ...at, data, version, czxid });
      if (node.value !== at) return result.kind;
      switch (result.kind) {
        case 'saved':
          land(data, result.stat);
          return 'saved';
        case 'conflict':
          if (!isOlder(result.theirs.stat)) take({ kind: 'present', znode: result.theirs });
          isComparing.value = theirs.value !== null;
          // Somebody else wrote the very same: what was to be saved is there.
          return isComparing.value ? 'conflict' : 'saved';
        case 'gone':
          isGone.value = true;
          return 'gone';
      }
    } finally {
      isSaving.value = false;
    }
  }

  /** What was saved is what is opened now, unless the node is known to have gone on since. */
  function land(data: Uint8Array | null, stat: Stat): void {
    const [latest, newer] = [opened.value, theirs.value];
    if (latest === null || latest.stat.mzxid > stat.mzxid) return;
    opened.value = { ...latest, data, stat };
    theirs.value = null;
    isComparing.value = false;
    value.layOutAgain();
    if (newer !== null && newer.stat.mzxid > stat.mzxid) take({ kind: 'present', znode: newer });
  }

  /** Older than what is known of the node already: news may overtake an answer. */
  function isOlder(stat: Stat): boolean {
    const known = theirs.value ?? opened.value;
    return known !== null && stat.mzxid < known.stat.mzxid;
  }

  /** Saves over what the server has by now, and only over that. */
  async function saveOver(): Promise<SaveOutcome> {
    if (theirs.value !== null) opened.value = theirs.value;
    return save();
  }

  /** The node is gone: makes it again, as it was, with the value as it is here. */
  async function createAgain(): Promise<void> {
    const [at, base, data] = [node.value, opened.value, bytes.value];
    if (at === null || base === null) return;
    const mode = modeOf(base);
    await znode.create({
      ...at,
      mode,
      data,
      acl: base.acl === null || base.acl.length === 0 ? presetAcl('open') : base.acl,
      ttlMs: mode === 'persistent-ttl' ? base.ttlMs : null,
      withParents: true,
    });
    // Until the new node is told of, what is here counts as what it holds.
    if (opened.value === base) opened.value = { ...base, data };
  }

  return {
    opened,
    bytes,
    theirs,
    isGone,
    isComparing,
    isSaving,
    isDirty,
    view: value.view,
    shown: value.shown,
    kind: value.kind,
    decoded: value.decoded,
    json,
    mayWrite,
    canSave,
    flash,
    setView: value.setView,
    writeText: value.writeText,
    writeBytes: value.writeBytes,
    replace: value.replace,
    discard,
    save,
    saveOver,
    createAgain,
  };
});

function isSameValue(a: Znode, b: Znode): boolean {
  return (
    a.stat.version === b.stat.version &&
    a.stat.czxid === b.stat.czxid &&
    a.dataRefused === b.dataRefused
  );
}

function modeOf({ kind, ttlMs }: Znode): CreateMode {
  switch (kind) {
    case 'ephemeral':
    case 'container':
      return kind;
    case 'ttl':
      return ttlMs === null ? 'persistent' : 'persistent-ttl';
    case 'persistent':
    case 'unknown':
      return 'persistent';
  }
}
