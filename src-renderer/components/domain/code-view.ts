/** One CodeMirror view: what it shows from outside, what is typed into it, and how it is set up. */
import { defaultKeymap, history, historyKeymap } from '@codemirror/commands';
import { json } from '@codemirror/lang-json';
import { bracketMatching } from '@codemirror/language';
import { highlightSelectionMatches, search, searchKeymap } from '@codemirror/search';
import {
  Annotation,
  Compartment,
  EditorState,
  type Extension,
  Transaction,
} from '@codemirror/state';
import {
  drawSelection,
  EditorView,
  highlightActiveLine,
  highlightActiveLineGutter,
  highlightSpecialChars,
  keymap,
  lineNumbers,
  placeholder,
} from '@codemirror/view';

import { lineSeparatorOf } from '../../model/value-codec.ts';
import type { Shown } from '../../stores/value-view.ts';
import { codeLooks } from './code-theme.ts';

export type CodeLanguage = 'text' | 'json';

export interface CodeSettings {
  readonly language: CodeLanguage;
  readonly placeholder: string;
  readonly isReadOnly: boolean;
  readonly wraps: boolean;
}

/** Came from outside: nothing to tell, and no step to take back. */
const fromOutside = Annotation.define<boolean>();

export class CodeView {
  readonly #view: EditorView;
  readonly #settings = new Compartment();
  readonly #label: string;
  readonly #onText: (text: string) => void;
  #current: Extension = [];
  #separator: '\n' | '\r\n' = '\n';
  #number = 0;

  constructor(options: {
    readonly root: ShadowRoot;
    readonly label: string;
    readonly onText: (text: string) => void;
  }) {
    this.#label = options.label;
    this.#onText = options.onText;
    this.#view = new EditorView({
      state: this.#stateOf(''),
      root: options.root,
      parent: options.root,
    });
  }

  configure(settings: CodeSettings): void {
    this.#current = [
      settings.language === 'json' ? json() : [],
      placeholder(settings.placeholder),
      EditorState.readOnly.of(settings.isReadOnly),
      settings.wraps ? EditorView.lineWrapping : [],
    ];
    this.#view.dispatch({ effects: this.#settings.reconfigure(this.#current) });
  }

  show({ number, text, isFresh }: Shown): void {
    if (number === this.#number) return;
    this.#number = number;
    const separator = lineSeparatorOf(text);
    if (isFresh || separator !== this.#separator) {
      this.#separator = separator;
      this.#view.setState(this.#stateOf(text));
      return;
    }
    const change = smallestChange(this.#text, text);
    if (change === null) return;
    this.#view.dispatch({
      changes: this.#inDocument(change),
      annotations: [fromOutside.of(true), Transaction.addToHistory.of(false)],
    });
  }

  focus(): void {
    this.#view.focus();
  }

  close(): void {
    this.#view.destroy();
  }

  get #text(): string {
    return this.#view.state.sliceDoc();
  }

  /** A line break counts one in the document, however long it is in the text. */
  #inDocument({ from, to, insert }: Change): Change {
    if (this.#separator === '\n') return { from, to, insert };
    const text = this.#text;
    const offset = (at: number): number => at - (text.slice(0, at).match(/\r\n/g)?.length ?? 0);
    return { from: offset(from), to: offset(to), insert };
  }

  #stateOf(doc: string): EditorState {
    const separator = this.#separator;
    return EditorState.create({
      doc,
      extensions: [
        EditorState.lineSeparator.of(separator),
        // What is pasted gets the line breaks of the value, or would bring in others unseen.
        EditorView.clipboardInputFilter.of((text) => text.replace(/\r\n?|\n/g, separator)),
        lineNumbers(),
        highlightActiveLine(),
        highlightActiveLineGutter(),
        highlightSpecialChars(),
        highlightSelectionMatches(),
        history(),
        drawSelection(),
        bracketMatching(),
        search({ top: true }),
        EditorState.tabSize.of(2),
        EditorView.contentAttributes.of({ 'aria-label': this.#label, spellcheck: 'false' }),
        keymap.of([...defaultKeymap, ...historyKeymap, ...searchKeymap]),
        typesOverSelection,
        codeLooks,
        this.#settings.of(this.#current),
        EditorView.updateListener.of((update) => {
          const isOurs = update.transactions.some((one) => one.annotation(fromOutside) === true);
          if (update.docChanged && !isOurs) this.#onText(this.#text);
        }),
      ],
    });
  }
}

/**
 * What is typed over a selection replaces it in the document. Left to the browser, the new text would get the old one's
 * looks as a style attribute, which the content policy forbids.
 */
const typesOverSelection = EditorView.domEventHandlers({
  beforeinput: (event, view) => {
    const { state } = view;
    const isTyped = event.inputType === 'insertText' && !event.isComposing && event.data !== null;
    if (!isTyped || state.readOnly || state.selection.main.empty) return false;
    event.preventDefault();
    view.dispatch(state.replaceSelection(event.data), {
      userEvent: 'input.type',
      scrollIntoView: true,
    });
    return true;
  },
});

interface Change {
  readonly from: number;
  readonly to: number;
  readonly insert: string;
}

/** What differs between beginning and end, so that cursor and scroll stay where the text does. */
function smallestChange(before: string, after: string): Change | null {
  if (before === after) return null;
  let from = 0;
  while (from < before.length && before[from] === after[from]) from++;
  let to = before.length;
  let end = after.length;
  while (to > from && end > from && before[to - 1] === after[end - 1]) {
    to--;
    end--;
  }
  // A line break of two characters is one thing: it is not cut in half.
  if (before[from - 1] === '\r') from--;
  if (before[to] === '\n' && before[to - 1] === '\r') {
    to++;
    end++;
  }
  return { from, to, insert: after.slice(from, end) };
}
