/** What every Clock promises. */
import { describe, expect, test } from 'vitest';

import type { Clock } from '../../src-server/platform/clock.ts';

export interface ClockUnderTest {
  readonly clock: Clock;
  /** Lets what is deferred and due happen, until the fact is there. */
  until(fact: () => boolean): Promise<void>;
}

export function clockSuite(name: string, make: () => ClockUnderTest): void {
  describe(`clock contract: ${name}`, () => {
    test('monotonic time goes on, wall time is this era', async () => {
      const { clock, until } = make();
      const started = clock.nowMs();
      let isDue = false;
      clock.after(5, () => (isDue = true));
      await until(() => isDue);
      expect(clock.nowMs() - started).toBeGreaterThanOrEqual(4);
      expect(clock.wallMs()).toBeGreaterThan(Date.UTC(2020, 0));
      expect(Number.isInteger(clock.wallMs())).toBe(true);
    });

    test('timers ring in the order they fall due', async () => {
      const { clock, until } = make();
      const order: string[] = [];
      clock.after(30, () => order.push('third'));
      clock.after(1, () => order.push('first'));
      clock.after(15, () => order.push('second'));
      await until(() => order.length === 3);
      expect(order).toEqual(['first', 'second', 'third']);
    });

    test('timers of the same moment ring in the order they were set', async () => {
      const { clock, until } = make();
      const order: number[] = [];
      for (let i = 0; i < 5; i++) clock.after(10, () => order.push(i));
      await until(() => order.length === 5);
      expect(order).toEqual([0, 1, 2, 3, 4]);
    });

    test('a timer never rings at once, nor before its time', async () => {
      const { clock, until } = make();
      const started = clock.nowMs();
      let rangAt: number | null = null;
      clock.after(0, () => undefined);
      clock.after(10, () => (rangAt = clock.nowMs()));
      expect(rangAt).toBeNull();
      await until(() => rangAt !== null);
      // The machine rounds to whole milliseconds.
      expect(rangAt! - started).toBeGreaterThanOrEqual(9);
    });

    test('a cancelled timer does not ring, whenever it is cancelled', async () => {
      const { clock, until } = make();
      const rang: string[] = [];
      const before = clock.after(5, () => rang.push('cancelled'));
      before.cancel();
      before.cancel();
      const victim = clock.after(10, () => rang.push('victim'));
      clock.after(2, () => victim.cancel());
      const after = clock.after(12, () => rang.push('last'));
      await until(() => rang.includes('last'));
      after.cancel();
      expect(rang).toEqual(['last']);
    });

    test('deferred tasks run after this turn, in order, each only once', async () => {
      const { clock, until } = make();
      const order: string[] = [];
      clock.defer(() => {
        order.push('a');
        clock.defer(() => order.push('c'));
        order.push('still a');
      });
      clock.defer(() => order.push('b'));
      order.push('now');
      await until(() => order.includes('c'));
      expect(order).toEqual(['now', 'a', 'still a', 'b', 'c']);
    });

    test('a timer may set another one', async () => {
      const { clock, until } = make();
      let rounds = 0;
      const again = (): void => {
        if (++rounds < 3) clock.after(1, again);
      };
      clock.after(1, again);
      await until(() => rounds === 3);
      expect(rounds).toBe(3);
    });
  });
}
