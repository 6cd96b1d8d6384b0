/** Requests between two leaders: in order, a bounded number, for a bounded time. */
import { expect, test } from 'vitest';

import { Parking } from '../../../../src-server/storage/parking.ts';
import type { Work } from '../../../../src-server/storage/resp/ports.ts';
import { KeptWork } from './works.ts';

class Lot {
  isOpen = false;
  readonly ran: Work[] = [];
  readonly refused: [Work, string][] = [];
  readonly parking = new Parking({
    parkMs: 100,
    max: 3,
    retry: (_, work) => {
      if (this.isOpen) this.ran.push(work);
      return this.isOpen;
    },
    refuse: (_, work, why) => this.refused.push([work, why]),
  });
}

test('they go on in their order, and nobody overtakes', () => {
  const lot = new Lot();
  const works = [new KeptWork(), new KeptWork(), new KeptWork()];
  for (const work of works) lot.parking.park(7, work, 0);
  lot.parking.release(7);
  expect(lot.ran).toEqual([]);
  expect(lot.parking.isBusy(7)).toBe(true);
  expect(lot.parking.isBusy(8)).toBe(false);
  lot.isOpen = true;
  lot.parking.release(7);
  expect(lot.ran).toEqual(works);
  expect(lot.parking.isBusy(7)).toBe(false);
  expect(lot.parking.count).toBe(0);
});

test('one too many is refused, and places are free again when others have gone on', () => {
  const lot = new Lot();
  for (let i = 0; i < 3; i++) lot.parking.park(i, new KeptWork(), 0);
  const late = new KeptWork();
  lot.parking.park(4, late, 0);
  expect(lot.refused).toEqual([[late, 'full']]);
  lot.isOpen = true;
  lot.parking.releaseAll();
  lot.isOpen = false;
  lot.parking.park(4, new KeptWork(), 0);
  expect(lot.refused).toHaveLength(1);
});

test('whoever has waited long enough is refused, each at its time', () => {
  const lot = new Lot();
  const [first, second] = [new KeptWork(), new KeptWork()];
  lot.parking.park(1, first, 0);
  lot.parking.park(1, second, 50);
  lot.parking.expire(99);
  expect(lot.refused).toEqual([]);
  lot.parking.expire(100);
  expect(lot.refused).toEqual([[first, 'late']]);
  lot.parking.expire(150);
  expect(lot.refused).toEqual([
    [first, 'late'],
    [second, 'late'],
  ]);
  expect(lot.parking.count).toBe(0);
});

test('whoever ran before and was taken back goes before all others', () => {
  const lot = new Lot();
  const [first, second, fresh] = [new KeptWork(), new KeptWork(), new KeptWork()];
  lot.parking.park(7, fresh, 0);
  lot.parking.parkAgain(7, [first], 0);
  lot.parking.parkAgain(7, [second], 0);
  expect(lot.parking.count).toBe(3);
  lot.isOpen = true;
  lot.parking.release(7);
  expect(lot.ran).toEqual([first, second, fresh]);
  expect(lot.parking.isBusy(7)).toBe(false);
});
