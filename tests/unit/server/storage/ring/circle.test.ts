/** The circle as its users know it: nodes and data ids come and go, and it always knows who holds what, and where. */
import { describe, expect, test } from 'vitest';

import { Prng } from '../../../../../src-server/base/prng.ts';
import { Circle } from '../../../../../src-server/storage/ring/circle.ts';
import { slotOf, SLOTS } from '../../../../../src-server/storage/ring/slots.ts';
import { type NodeId, nodeId } from '../../../../../src-server/storage/ring/topology.ts';
import { utf8 } from '../../../../../src-server/storage/ring/utf8.ts';

const ids = Array.from({ length: 2000 }, (_, i) => `user:${i}`);

function circleOf(nodes: number, strategy: 'balanced' | 'tokens' = 'balanced'): Circle {
  const circle = new Circle({ partitionCount: 256, replicaCount: 3, strategy });
  for (let i = 0; i < nodes; i++) circle.addNode({ id: nodeId(`n${i}`), zone: `z${i % 3}` });
  for (const id of ids) circle.addData(id);
  return circle;
}

const copiesOf = (circle: Circle, nodes: number): Set<string>[] =>
  Array.from({ length: nodes }, (_, i) => new Set(circle.dataOf(nodeId(`n${i}`))));

describe.each(['balanced', 'tokens'] as const)('with %s', (strategy) => {
  test('every id is on three nodes of three zones, its leader first, and the nodes know it', () => {
    const circle = circleOf(6, strategy);
    const copies = copiesOf(circle, 6);
    for (const id of ids) {
      const { slot, holders, leader, position, partition } = circle.locate(id);
      expect(slot).toBe(slotOf(Buffer.from(id)));
      expect(position).toBe(slot / SLOTS);
      expect(partition).toBe(slot >> 6);
      expect(leader).toBe(holders[0]);
      expect(new Set(holders.map((node) => Number(node.slice(1)) % 3)).size).toBe(3);
      copies.forEach((set, i) => {
        expect(set.has(id)).toBe(holders.includes(nodeId(`n${i}`)));
      });
    }
  });

  test('a node that comes takes a part and changes nothing between the others', () => {
    const circle = circleOf(6, strategy);
    const before = copiesOf(circle, 6);
    const change = circle.addNode({ id: nodeId('n6'), zone: 'z0' });
    const after = copiesOf(circle, 7);
    const taken = after.map(
      (set, i) => [...set].filter((id) => before[i]?.has(id) !== true).length,
    );
    expect(change).toEqual({
      isDone: true,
      movedReplicas: expect.any(Number) as number,
      movedData: taken.reduce((sum, count) => sum + count, 0),
    });
    expect(taken[6]).toBe(after[6]!.size);
    expect(taken[6]).toBeGreaterThan(0);
    if (strategy === 'balanced') expect(taken.slice(0, 6)).toEqual([0, 0, 0, 0, 0, 0]);
    expect(after.reduce((sum, set) => sum + set.size, 0)).toBe(3 * ids.length);
  });

  test('a node that goes leaves every id with as many copies', () => {
    const circle = circleOf(7, strategy);
    expect(circle.removeNode(nodeId('n3')).isDone).toBe(true);
    expect(circle.dataOf(nodeId('n3'))).toEqual([]);
    for (const id of ids) expect(circle.locate(id).holders).toHaveLength(3);
  });

  test('nodes lie on the circle where what they lead lies', () => {
    const circle = circleOf(5, strategy);
    const owners = new Map<number, NodeId>();
    for (const { id } of circle.topology.nodes) {
      for (const { first, last } of circle.rangesOf(id).led) {
        for (let slot = first; slot <= last; slot++) owners.set(slot, id);
      }
      expect(circle.tokenPositionsOf(id)).toHaveLength(strategy === 'tokens' ? 64 : 0);
    }
    expect(owners.size).toBe(SLOTS);
    for (const id of ids) {
      const { slot, leader } = circle.locate(id);
      expect(owners.get(slot)).toBe(leader);
    }
  });
});

describe('data ids', () => {
  test('are added and removed once', () => {
    const circle = circleOf(3);
    expect(circle.dataCount).toBe(2000);
    expect(circle.addData('user:7')).toBe(false);
    expect(circle.removeData('user:7')).toBe(true);
    expect(circle.removeData('user:7')).toBe(false);
    expect([circle.hasData('user:7'), circle.hasData('user:8')]).toEqual([false, true]);
    expect(circle.dataCount).toBe(1999);
    expect(circle.dataIn(circle.locate('user:8').partition)).toContain('user:8');
  });

  test('with one tag lie together', () => {
    const circle = circleOf(3);
    expect(circle.locate('{cart:9}:items')).toEqual(circle.locate('{cart:9}:total'));
  });

  test('are hashed by their UTF-8, whatever they are written in', () => {
    const random = new Prng(8);
    for (let i = 0; i < 2000; i++) {
      const length = random.below(8);
      const bound = random.pick([0x80, 0x800, 0x1_0000, 0x11_0000]);
      const codes = Array.from({ length }, () => random.below(bound));
      const text = String.fromCodePoint(...codes);
      expect(Buffer.from(utf8(text))).toEqual(Buffer.from(text, 'utf8'));
    }
    expect(Buffer.from(utf8('a\ud800b\udc00'))).toEqual(Buffer.from('a\ud800b\udc00', 'utf8'));
  });
});

describe('what cannot be', () => {
  test('an empty circle holds nothing', () => {
    const circle = new Circle({ partitionCount: 16 });
    expect(circle.locate('a')).toMatchObject({ leader: null, holders: [] });
  });

  test('a node comes once, and the last one stays', () => {
    const circle = circleOf(1);
    expect(circle.addNode({ id: nodeId('n0') })).toEqual({
      isDone: false,
      fault: { kind: 'duplicateId', id: 'n0' },
    });
    expect(circle.removeNode(nodeId('n0'))).toEqual({
      isDone: false,
      fault: { kind: 'nobodyLeft' },
    });
    expect(circle.removeNode(nodeId('n9'))).toEqual({
      isDone: false,
      fault: { kind: 'noNode', id: 'n9' },
    });
    expect(circle.dataOf(nodeId('n0'))).toHaveLength(2000);
  });
});
