/**
 * The open node's value while it is looked at and edited: the bytes it was opened with, the bytes as they are now, and what
 * became of the node meanwhile.
 *
 *   opened ── edits ──▶ draft ── save (version and creation of opened) ──▶ saved | conflict | gone
 *                         ▲
 *   server's newer value ─┴─ taken over while nothing was edited, else told of
 *
 * Bytes are the truth: a view that shows text gives bytes back, and a view that could not do so exactly is not offered.
 */
import { defineStore } from 'pinia';
import { computed, ref, shallowRef, watch } from 'vue';

import type { CreateMode, Stat, Znode } from '#contract/models.ts';

import { presetAcl } from '../model/acl.ts';
import { bestViewOf, contentKindOf, type ValueView } from '../model/content-kind.ts';
import { formatJson, type JsonOutcome } from '../model/json-text.ts';
import { areEqual, decodeUtf8, encodeUtf8 } from '../model/value-codec.ts';
import { type NodeId, useZnode } from './znode.ts';

/** A text for the editor to show; a new number means that it came from outside. */
export interface Shown {
  readonly number: number;
  readonly text: string;
  /** Another node's or another view's text, with no history of edits. */
  readonly isFresh: boolean;
}

export type SaveOutcome = 'saved' | 'conflict' | 'gone' | 'refused';

const EMPTY = new Uint8Array(0);

export const useDraft = defineStore('draft', () => {
  const znode = useZnode();

  const node = shallowRef<NodeId | null>(null);
  /** What was opened, and what a save is checked against. */
  const opened = shallowRef<Znode | null>(null);
  const bytes = shallowRef<Uint8Array | null>(null);
  /** What the server has by now, where it is something else and edits are in the way. */
  const theirs = shallowRef<Znode | null>(null);
  const isGone = ref(false);
  const isComparing = ref(false);
  const isSaving = ref(false);
  const view = ref<ValueView>('text');
  const shown = shallowRef<Shown>({ number: 0, text: '', isFresh: true });
  /** Moves when the value changed on the server and was taken over. */
  const flash = ref(0);
  let isViewChosen = false;
  /** What the laid-out text of the JSON view stands for, so that looking alone changes nothing. */
  let laidOut: { readonly text: string; readonly bytes: Uint8Array } | null = null;

  const isDirty = computed(
    () => opened.value !== null && !areEqual(bytes.value, opened.value.data),
  );
  const kind = computed(() => contentKindOf(bytes.value));
  const decoded = computed(() => decodeUtf8(bytes.value ?? EMPTY));
  const json = computed<JsonOutcome | null>(() =>
    view.value === 'json' && decoded.value.ok && decoded.value.text.trim() !== ''
      ? formatJson(decoded.value.text)
      : null,
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
    bytes.value = null;
    theirs.value = null;
    isGone.value = false;
    isComparing.value = false;
    isViewChosen = false;
    laidOut = null;
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
    bytes.value = now.data;
    theirs.value = null;
    isComparing.value = false;
    if (!isFresh && !isOther) return;
    if (!isViewChosen || !isOffered(view.value)) view.value = bestViewOf(kind.value);
    show(isFresh);
  }

  function isOffered(wanted: ValueView): boolean {
    return wanted === 'hex' || decoded.value.ok;
  }

  /** Lays the bytes out for the view that is on. */
  function show(isFresh: boolean): void {
    laidOut = null;
    let text = decoded.value.ok ? decoded.value.text : '';
    if (view.value === 'json') {
      const outcome = formatJson(text);
      if (outcome.ok) {
        laidOut = { text: outcome.formatted, bytes: bytes.value ?? EMPTY };
        text = outcome.formatted;
      }
    }
    shown.value = { number: shown.value.number + 1, text, isFresh };
  }

  function setView(next: ValueView): void {
    if (!isOffered(next)) return;
    isViewChosen = true;
    view.value = next;
    show(true);
  }

  /** What the text editor holds now. */
  function writeText(text: string): void {
    // An editor that is put up again begins with what was written, not with what was opened.
    shown.value = { ...shown.value, text };
    if (laidOut !== null && text === laidOut.text) {
      bytes.value = laidOut.bytes;
      return;
    }
    const encoded = encodeUtf8(text);
    if (encoded === null) return;
    bytes.value = encoded.length === 0 && opened.value?.data === null ? null : encoded;
  }

  function writeBytes(next: Uint8Array): void {
    bytes.value = next.length === 0 && opened.value?.data === null ? null : next;
    if (view.value === 'hex') return;
    if (!isOffered(view.value)) view.value = 'hex';
    show(false);
  }

  /** A whole other value: from a file, from a merge, or none at all. */
  function replace(next: Uint8Array | null): void {
    bytes.value = next;
    if (!isOffered(view.value)) view.value = bestViewOf(kind.value);
    show(false);
  }

  function discard(): void {
    const latest = theirs.value ?? opened.value;
    if (latest === null) return;
    if (isGone.value) bytes.value = latest.data;
    adopt(latest, false);
    show(false);
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
    if (laidOut !== null) show(false);
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
    view,
    shown,
    kind,
    decoded,
    json,
    mayWrite,
    canSave,
    flash,
    setView,
    writeText,
    writeBytes,
    replace,
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
