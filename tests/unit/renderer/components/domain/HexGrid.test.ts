/** The grid of bytes under the keys: where they lead, what they change, and that nothing else changes. */
import { beforeEach, describe, expect, test, vi } from 'vitest';

import HexGrid from '../../../../../src-renderer/components/domain/HexGrid.vue';
import { setLanguage } from '../../../../../src-renderer/i18n/words.ts';
import { alignBytes } from '../../../../../src-renderer/model/byte-diff.ts';
import { allOf, type Mounted, mountIt, theOnly } from '../../mounting.ts';

/** What the browser would measure: thirty lines in sight. */
beforeEach(() => {
  setLanguage('en');
  vi.stubGlobal(
    'ResizeObserver',
    class {
      #tell: (entries: unknown[]) => void;
      constructor(tell: (entries: unknown[]) => void) {
        this.#tell = tell;
      }
      observe(): void {
        this.#tell([{ contentRect: { height: 600 } }]);
      }
      disconnect(): void {
        this.#tell = () => undefined;
      }
    },
  );
});

interface Grid extends Mounted {
  bytes(): number[];
  press(...keys: (string | KeyboardEventInit)[]): Promise<void>;
  /** The byte the cursor is on. */
  at(): number;
}

async function open(
  start: readonly number[],
  props: Readonly<Record<string, unknown>> = {},
): Promise<Grid> {
  const mounted = await mountIt(HexGrid, {
    bytes: Uint8Array.from(start),
    label: 'Value',
    ...props,
  });
  const grid = theOnly('[role="textbox"]', HTMLElement);
  grid.focus();
  const bytes = (): number[] => {
    const given = mounted.it.emitted('bytes')?.at(-1)?.[0] as Uint8Array | undefined;
    return [...(given ?? start)];
  };
  return {
    ...mounted,
    bytes,
    press: async (...keys) => {
      for (const key of keys) {
        const event = new KeyboardEvent('keydown', {
          bubbles: true,
          cancelable: true,
          ...(typeof key === 'string' ? { key } : key),
        });
        grid.dispatchEvent(event);
        // What the page above does with the bytes it is given.
        await mounted.setProps({ bytes: Uint8Array.from(bytes()) });
      }
    },
    at: () => {
      const cursor = theOnly('.hex .cursor', HTMLElement);
      const [ch] = /\d+/.exec(cursor.style.left) ?? ['0'];
      const column = Math.floor((Number(ch) - (Number(ch) >= 25 ? 1 : 0)) / 3);
      const row =
        Number(
          /translateY\((\d+)px\)/.exec(cursor.closest<HTMLElement>('.row')!.style.transform)![1],
        ) / 20;
      return row * 16 + column;
    },
  };
}

const HUNDRED = Array.from({ length: 100 }, (_, i) => i);
const shift = (key: string): KeyboardEventInit => ({ key, shiftKey: true });
const ctrl = (key: string): KeyboardEventInit => ({ key, ctrlKey: true });

describe('lines', () => {
  test('show offset, digits and characters, and one byte more than there are', async () => {
    await open([...HUNDRED.slice(0x41, 0x51), 0xff, 0x0a]);
    const lines = allOf('.row').map((row) =>
      ['.offset', '.hex .text', '.ascii .text'].map((part) => row.querySelector(part)!.textContent),
    );
    expect(lines).toEqual([
      ['00000000', '41 42 43 44 45 46 47 48  49 4a 4b 4c 4d 4e 4f 50 ', 'ABCDEFGHIJKLMNOP'],
      ['00000010', expect.stringMatching(/^ff 0a {3}/), expect.stringMatching(/^·· +$/)],
    ]);
  });

  test('are drawn only as far as they are seen, however many there are', async () => {
    await open(Array.from({ length: 1_000_000 }, () => 0));
    expect(allOf('.row').length).toBeLessThan(60);
    expect(theOnly('.content', HTMLElement).style.height).toBe(`${(1_000_000 / 16 + 1) * 20}px`);
  });

  test('full to the brim leave a line to write on', async () => {
    await open(HUNDRED.slice(0, 16));
    expect(allOf('.row')).toHaveLength(2);
  });
});

describe('moving', () => {
  test.each([
    ['ArrowRight', 20, 21],
    ['ArrowLeft', 20, 19],
    ['ArrowDown', 20, 36],
    ['ArrowUp', 20, 4],
    ['Home', 20, 16],
    ['End', 20, 31],
    ['PageDown', 0, 100],
    ['ArrowLeft', 0, 0],
    ['ArrowUp', 5, 5],
    ['PageUp', 37, 5],
    ['ArrowRight', 100, 100],
    ['ArrowDown', 97, 100],
    ['End', 98, 100],
  ])('%s leads from %i to %i', async (key, from, to) => {
    const { press, at } = await open(HUNDRED);
    for (let i = 0; i < from; i++) await press('ArrowRight');
    expect(at()).toBe(from);
    await press(key);
    expect(at()).toBe(to);
  });

  test('with Ctrl to the beginning and the end', async () => {
    const { press, at } = await open(HUNDRED);
    await press(ctrl('End'));
    expect(at()).toBe(100);
    await press(ctrl('Home'));
    expect(at()).toBe(0);
  });

  test('in two values side by side passes over gaps', async () => {
    const cells = alignBytes(Uint8Array.of(1, 2, 5), Uint8Array.of(1, 2, 3, 4, 5)).left;
    const { press, at } = await open([1, 2, 5], { cells });
    await press('ArrowRight', 'ArrowRight');
    expect(at()).toBe(4);
    await press('ArrowLeft');
    expect(at()).toBe(1);
    expect(theOnly('.hex .mark.changed', HTMLElement).style.width).toBe('5ch');
  });

  test('keys that mean nothing here are left to the page', async () => {
    const { it } = await open([1]);
    for (const key of ['Tab', 'Escape', 'F2', 'g']) {
      const event = new KeyboardEvent('keydown', { key, bubbles: true, cancelable: true });
      it.find('[role="textbox"]').element.dispatchEvent(event);
      expect([key, event.defaultPrevented]).toEqual([key, false]);
    }
  });
});

describe('writing', () => {
  test('digits make bytes, one after the other', async () => {
    const { press, bytes } = await open([0, 0, 0]);
    await press('a', 'B', '4');
    expect(bytes()).toEqual([0xab, 0x40, 0]);
  });

  test('characters make the bytes of UTF-8', async () => {
    const { press, bytes } = await open([1, 2, 3, 4]);
    await press('F6', 'g', 'é');
    expect(bytes()).toEqual([0x67, 0xc3, 0xa9, 4]);
  });

  test('Insert makes room instead of overwriting', async () => {
    const { press, bytes } = await open([1, 2]);
    await press('Insert', 'f', 'f');
    expect(bytes()).toEqual([0xff, 1, 2]);
    await press('Insert', '0', '0');
    expect(bytes()).toEqual([0xff, 0, 2]);
  });

  test('behind the end bytes are added', async () => {
    const { press, bytes } = await open([1]);
    await press(ctrl('End'), '2', '3');
    expect(bytes()).toEqual([1, 0x23]);
  });

  test('Delete and Backspace take a byte or what is selected', async () => {
    const { press, bytes } = await open([1, 2, 3, 4, 5]);
    await press('Delete', 'ArrowRight', 'Backspace');
    expect(bytes()).toEqual([3, 4, 5]);
    await press(shift('ArrowRight'), 'Delete');
    expect(bytes()).toEqual([5]);
    await press(ctrl('a'), 'Backspace');
    expect(bytes()).toEqual([]);
  });

  test('steps are taken back and forward', async () => {
    const { press, bytes } = await open([1, 2]);
    await press('a', 'b', 'Delete');
    await press(ctrl('z'));
    expect(bytes()).toEqual([0xab, 2]);
    await press({ key: 'z', metaKey: true });
    expect(bytes()).toEqual([1, 2]);
    await press(ctrl('y'), { key: 'Z', ctrlKey: true, shiftKey: true });
    expect(bytes()).toEqual([0xab]);
  });

  test('what may only be read is not written, whatever is pressed', async () => {
    const { press, it } = await open([1, 2], { isReadOnly: true });
    await press('a', 'Delete', 'Backspace', ctrl('z'), 'F6', 'x');
    paste('ff');
    expect(it.emitted('bytes')).toBeUndefined();
    expect(theOnly('[role="textbox"]', HTMLElement).getAttribute('aria-readonly')).toBe('true');
  });

  test('another value from outside keeps the cursor where it can stay', async () => {
    const { press, at, setProps } = await open(HUNDRED);
    await press('ArrowDown', 'ArrowRight');
    await setProps({ bytes: Uint8Array.from(HUNDRED).fill(7) });
    expect(at()).toBe(17);
    await setProps({ bytes: Uint8Array.of(1) });
    expect(at()).toBe(1);
  });
});

function paste(text: string): void {
  clipboard('paste', { getData: () => text });
}

function clipboard(type: string, data: object): void {
  const event = new Event(type, { bubbles: true, cancelable: true });
  Object.defineProperty(event, 'clipboardData', { value: data });
  theOnly('[role="textbox"]', HTMLElement).dispatchEvent(event);
}

describe('the clipboard', () => {
  test('gets digits from the digits and characters from the characters', async () => {
    const { press } = await open([0x61, 0x62, 0x63]);
    const setData = vi.fn();
    await press(shift('ArrowRight'));
    clipboard('copy', { setData });
    await press('F6');
    clipboard('copy', { setData });
    expect(setData.mock.calls).toEqual([
      ['text/plain', '61 62'],
      ['text/plain', 'ab'],
    ]);
  });

  test('gets nothing where nothing is selected', async () => {
    await open([1]);
    const setData = vi.fn();
    clipboard('copy', { setData });
    expect(setData).not.toHaveBeenCalled();
  });

  test('cut takes what is selected along', async () => {
    const { press, bytes } = await open([0x61, 0x62, 0x63]);
    const setData = vi.fn();
    await press(shift('ArrowRight'));
    clipboard('cut', { setData });
    expect([setData.mock.calls, bytes()]).toEqual([[['text/plain', '61 62']], [0x63]]);
  });

  test('paste reads digits among the digits, and refuses what is none', async () => {
    const { bytes, press } = await open([1, 2, 3]);
    paste('ff 0xfe');
    expect(bytes()).toEqual([0xff, 0xfe, 3]);
    paste('not digits');
    expect(bytes()).toEqual([0xff, 0xfe, 3]);
    await press('F6');
    paste('A');
    expect(bytes()).toEqual([0xff, 0xfe, 0x41]);
  });
});
