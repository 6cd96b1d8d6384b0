/** CodeMirror's merge view: theirs at the left, fixed; mine at the right, written in. */
import { defaultKeymap, history, historyKeymap } from '@codemirror/commands';
import { MergeView } from '@codemirror/merge';
import { Annotation, EditorState, type Extension } from '@codemirror/state';
import { drawSelection, EditorView, keymap, lineNumbers } from '@codemirror/view';

import { lineSeparatorOf } from '../../model/value-codec.ts';
import { codeLooks } from './code-theme.ts';

const fromOutside = Annotation.define<boolean>();

const looks = EditorView.theme({
  '&.cm-merge-a .cm-changedLine, .cm-deletedChunk': { backgroundColor: 'var(--diff-removed)' },
  '&.cm-merge-b .cm-changedLine': { backgroundColor: 'var(--diff-added)' },
  '&.cm-merge-a .cm-changedText': { background: 'var(--diff-removed-strong)', borderRadius: '2px' },
  '&.cm-merge-b .cm-changedText': { background: 'var(--diff-added-strong)', borderRadius: '2px' },
  '&.cm-merge-a .cm-changedLineGutter': { background: 'var(--danger-dot)' },
  '&.cm-merge-b .cm-changedLineGutter': { background: 'var(--ok-dot)' },
  '&.cm-merge-b': { borderLeft: 'none' },
});

/** What is around the two editors; adopted by the shadow root beside the editors' own. */
const FRAME = `
  :host { display: flex }
  .cm-mergeView { display: flex; flex: 1; min-width: 0 }
  .cm-mergeViewEditors { flex: 1; min-width: 0 }
  .cm-merge-revert { width: 26px; background: var(--ground); border: 1px solid var(--line); border-width: 0 1px }
  .cm-merge-revert button {
    width: 22px; height: 20px; margin: 0 1px; padding: 0; border: 0; border-radius: 4px;
    color: var(--ink-2); background: none; font: 14px/20px var(--font-ui); cursor: default;
  }
  .cm-merge-revert button:hover { color: var(--ink); background: var(--press) }
  .cm-merge-revert button:focus-visible { outline: 2px solid var(--focus) }
`;

export class MergeText {
  readonly #view: MergeView;
  readonly #separator: '\n' | '\r\n';

  constructor(options: {
    readonly root: ShadowRoot;
    readonly theirs: string;
    readonly mine: string;
    readonly wraps: boolean;
    readonly labels: { readonly theirs: string; readonly mine: string; readonly take: string };
    readonly onText: (text: string) => void;
  }) {
    const { root, theirs, mine, labels } = options;
    this.#separator = lineSeparatorOf(mine);
    const frame = new CSSStyleSheet();
    frame.replaceSync(FRAME);
    root.adoptedStyleSheets = [frame];
    const shared: Extension = [
      lineNumbers(),
      drawSelection(),
      options.wraps ? EditorView.lineWrapping : [],
      codeLooks,
      looks,
    ];
    this.#view = new MergeView({
      root,
      parent: root,
      revertControls: 'a-to-b',
      renderRevertControl: () => {
        const button = document.createElement('button');
        button.type = 'button';
        button.textContent = '→';
        button.ariaLabel = labels.take;
        button.title = labels.take;
        return button;
      },
      a: {
        doc: theirs,
        extensions: [
          shared,
          EditorState.lineSeparator.of(lineSeparatorOf(theirs)),
          EditorState.readOnly.of(true),
          EditorView.contentAttributes.of({ 'aria-label': labels.theirs }),
        ],
      },
      b: {
        doc: mine,
        extensions: [
          shared,
          EditorState.lineSeparator.of(this.#separator),
          EditorView.clipboardInputFilter.of((text) => text.replace(/\r\n?|\n/g, this.#separator)),
          history(),
          keymap.of([...defaultKeymap, ...historyKeymap]),
          EditorView.contentAttributes.of({ 'aria-label': labels.mine }),
          EditorView.updateListener.of((update) => {
            const isOurs = update.transactions.some((one) => one.annotation(fromOutside) === true);
            if (update.docChanged && !isOurs) options.onText(update.state.sliceDoc());
          }),
        ],
      },
    });
  }

  /** The server's value moved on, or ours was merged. */
  show(theirs: string, mine: string): void {
    put(this.#view.a, theirs);
    put(this.#view.b, mine);
  }

  close(): void {
    this.#view.destroy();
  }
}

function put(view: EditorView, text: string): void {
  if (view.state.sliceDoc() === text) return;
  view.dispatch({
    changes: { from: 0, to: view.state.doc.length, insert: view.state.toText(text) },
    annotations: fromOutside.of(true),
  });
}
