/** What a value probably is, for a label and for the view it opens in. A guess, never a reason to change a byte. */
import { formatJson } from './json-text.ts';
import { decodeUtf8 } from './value-codec.ts';

export type ContentKind =
  'null' | 'empty' | 'json' | 'xml' | 'text' | 'gzip' | 'zstd' | 'java' | 'png' | 'binary';

export type ValueView = 'text' | 'json' | 'hex';

const MAGIC: readonly (readonly [ContentKind, readonly number[]])[] = [
  ['gzip', [0x1f, 0x8b]],
  ['zstd', [0x28, 0xb5, 0x2f, 0xfd]],
  ['java', [0xac, 0xed, 0x00, 0x05]],
  ['png', [0x89, 0x50, 0x4e, 0x47]],
];

export function contentKindOf(data: Uint8Array | null): ContentKind {
  if (data === null) return 'null';
  if (data.length === 0) return 'empty';
  for (const [kind, magic] of MAGIC) {
    if (magic.every((byte, i) => data[i] === byte)) return kind;
  }
  const decoded = decodeUtf8(data);
  if (!decoded.ok || hasControls(data)) return 'binary';
  // The whole text and not a trimmed one: what is called JSON here is what the JSON view can lay out.
  if (/^[ \t\n\r]*[{[]/.test(decoded.text) && formatJson(decoded.text).ok) return 'json';
  const text = decoded.text.trimStart();
  if (/^<(\?xml|!--|[A-Za-z][\w:.-]*[\s>/])/.test(text) && text.trimEnd().endsWith('>'))
    return 'xml';
  return 'text';
}

/** The view that shows most of it. */
export function bestViewOf(kind: ContentKind): ValueView {
  switch (kind) {
    case 'json':
      return 'json';
    case 'null':
    case 'empty':
    case 'text':
    case 'xml':
      return 'text';
    case 'gzip':
    case 'zstd':
    case 'java':
    case 'png':
    case 'binary':
      return 'hex';
  }
}

/** Control characters that no text file has. */
function hasControls(data: Uint8Array): boolean {
  return data.some(
    (byte) => byte < 0x20 && byte !== 0x09 && byte !== 0x0a && byte !== 0x0c && byte !== 0x0d,
  );
}
