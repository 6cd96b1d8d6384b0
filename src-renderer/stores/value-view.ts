/**
 * A value as it is looked at and written: its bytes, and the text that stands for them in the view that is on.
 *
 * Bytes are the truth: a view that shows text gives bytes back, and a view that could not do so exactly is not offered.
 */
import { computed, type ComputedRef, type Ref, ref, shallowRef } from 'vue';

import {
  bestViewOf,
  type ContentKind,
  contentKindOf,
  type ValueView,
} from '../model/content-kind.ts';
import { formatJson, type JsonOutcome } from '../model/json-text.ts';
import { type Decoded, decodeUtf8, encodeUtf8 } from '../model/value-codec.ts';

/** A text for the editor to show; a new number means that it came from outside. */
export interface Shown {
  readonly number: number;
  readonly text: string;
  /** Another value's or another view's text, with no history of edits. */
  readonly isFresh: boolean;
}

export interface ValueState {
  readonly bytes: Ref<Uint8Array | null>;
  readonly view: Ref<ValueView>;
  readonly shown: Ref<Shown>;
  readonly kind: ComputedRef<ContentKind>;
  readonly decoded: ComputedRef<Decoded>;
  /** Where the JSON view is on: its text laid out, or what keeps it from that. */
  readonly json: ComputedRef<JsonOutcome | null>;
  /** Another thing is looked at: the view is chosen anew. */
  reset(): void;
  /** These are the bytes now, and the best view for them unless somebody chose one. */
  adopt(bytes: Uint8Array | null, options: { readonly isFresh: boolean }): void;
  /** Lays the bytes out for the view that is on. */
  show(isFresh: boolean): void;
  /** The same where the view stands for other bytes than it shows. */
  layOutAgain(): void;
  setView(next: ValueView): void;
  /** What the text editor holds now. */
  writeText(text: string): void;
  /** What the hex grid holds now. */
  writeBytes(next: Uint8Array): void;
  /** A whole other value: from a file, from a merge, or none at all. */
  replace(next: Uint8Array | null): void;
}

const EMPTY = new Uint8Array(0);

/** @param wasAbsent whether there was no value at all, so that nothing written is no value again and not an empty one */
export function valueState(wasAbsent: () => boolean): ValueState {
  const bytes = shallowRef<Uint8Array | null>(null);
  const view = ref<ValueView>('text');
  const shown = shallowRef<Shown>({ number: 0, text: '', isFresh: true });
  let isViewChosen = false;
  /** What the laid-out text of the JSON view stands for, so that looking alone changes nothing. */
  let laidOut: { readonly text: string; readonly bytes: Uint8Array } | null = null;

  const kind = computed(() => contentKindOf(bytes.value));
  const decoded = computed(() => decodeUtf8(bytes.value ?? EMPTY));
  const json = computed<JsonOutcome | null>(() =>
    view.value === 'json' && decoded.value.ok && decoded.value.text.trim() !== ''
      ? formatJson(decoded.value.text)
      : null,
  );

  function isOffered(wanted: ValueView): boolean {
    return wanted === 'hex' || decoded.value.ok;
  }

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

  function written(next: Uint8Array): Uint8Array | null {
    return next.length === 0 && wasAbsent() ? null : next;
  }

  return {
    bytes,
    view,
    shown,
    kind,
    decoded,
    json,
    show,
    reset: () => {
      bytes.value = null;
      isViewChosen = false;
      laidOut = null;
    },
    adopt: (next, { isFresh }) => {
      bytes.value = next;
      if (!isViewChosen || !isOffered(view.value)) view.value = bestViewOf(kind.value);
      show(isFresh);
    },
    layOutAgain: () => {
      if (laidOut !== null) show(false);
    },
    setView: (next) => {
      if (!isOffered(next)) return;
      isViewChosen = true;
      view.value = next;
      show(true);
    },
    writeText: (text) => {
      // An editor that is put up again begins with what was written, not with what was opened.
      shown.value = { ...shown.value, text };
      if (laidOut !== null && text === laidOut.text) {
        bytes.value = laidOut.bytes;
        return;
      }
      const encoded = encodeUtf8(text);
      if (encoded !== null) bytes.value = written(encoded);
    },
    writeBytes: (next) => {
      bytes.value = written(next);
      if (view.value === 'hex') return;
      if (!isOffered(view.value)) view.value = 'hex';
      show(false);
    },
    replace: (next) => {
      bytes.value = next;
      if (!isOffered(view.value)) view.value = bestViewOf(kind.value);
      show(false);
    },
  };
}
