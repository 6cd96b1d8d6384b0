/** What a command may change at once. */
import { expect, test } from 'vitest';

import type { Store } from '../../../../src-server/storage/engine/engine.ts';
import { KeyTransaction } from '../../../../src-server/storage/transaction.ts';

const NO_STORE = {} as Store;
const KEY = Buffer.from('key');

test('what is more than an entry of the log holds is told, and leaves nothing behind', () => {
  const transaction = new KeyTransaction(1000);
  transaction.begin(NO_STORE, 1);
  transaction.put(KEY, Buffer.alloc(500), 0);
  expect(transaction.isTooLarge).toBe(false);
  transaction.put(KEY, Buffer.alloc(500), 0);
  expect(transaction.isTooLarge).toBe(true);
  // Half of it would be worse than nothing: what comes behind is not written, either.
  transaction.delete(KEY);
  expect(transaction.body.length).toBeLessThan(600);
  transaction.begin(NO_STORE, 1);
  expect([transaction.isTooLarge, transaction.hasChanges]).toEqual([false, false]);
});
