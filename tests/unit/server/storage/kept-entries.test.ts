import { expect, test } from 'vitest';

import type { Store } from '../../../../src-server/storage/engine/engine.ts';
import { KeptEntries } from '../../../../src-server/storage/kept-entries.ts';
import { nodeId } from '../../../../src-server/storage/ring/topology.ts';
import { config, state, view } from './control/situations.ts';

const CONFIG = config('a b c', ['a b', 'b c']);

/** What partition 0 keeps at node a, as its record changes. */
class Stage {
  kept: number | null = null;
  committedSeq = 10;
  readonly view = view({ config: CONFIG, states: [state('a* b'), state('b* c')], there: 'a b c' });
  readonly entries = new KeptEntries({
    self: nodeId('a'),
    view: this.view,
    store: () =>
      ({
        committedSeq: this.committedSeq,
        keepFrom: (seq: number | null) => (this.kept = seq),
      }) as unknown as Store,
    nowMs: () => 0,
  });

  becomes(text: string): number | null {
    const known = { value: state(text), version: 1, changedAtMs: 0 };
    (this.view.partitions as Map<number, typeof known>).set(0, known);
    this.entries.onView([0]);
    return this.kept;
  }
}

test('entries since a copy began are kept at every replica, until it is in sync', () => {
  const stage = new Stage();
  expect(stage.becomes('a* b')).toBeNull();
  expect(stage.becomes('a* b : c')).toBe(10);
  stage.committedSeq = 50;
  expect(stage.becomes('a* b : c')).toBe(10);
  expect(stage.becomes('a* b c')).toBeNull();
});

test('what a copy out of this node goes on from is kept beside that', () => {
  const stage = new Stage();
  stage.becomes('a* b');
  stage.entries.keepForCopies(0, 4);
  expect(stage.kept).toBe(4);
  expect(stage.becomes('a* b : c')).toBe(4);
  stage.entries.keepForCopies(0, null);
  expect(stage.kept).toBe(10);
});

test('after a start as much as there is', () => {
  expect(new Stage().becomes('a* b : c')).toBe(1);
});
