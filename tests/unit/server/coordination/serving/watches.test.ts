/** Who is told of what: every row of the protocol's table, as 3.8 and as 3.9 keep watches. */
import { beforeEach, describe, expect, test } from 'vitest';

import { Prng } from '../../../../../src-server/base/prng.ts';
import { OPEN_ACL, READ_ACL } from '../../../../../src-server/coordination/model/acl.ts';
import type { Change } from '../../../../../src-server/coordination/model/outcome.ts';
import {
  type Watcher,
  WatcherType,
  Watches,
} from '../../../../../src-server/coordination/serving/watches.ts';
import { EventType } from '../../../../../src-server/coordination/wire/replies.ts';

const NAMES = new Map<number, string>(
  Object.entries(EventType).map(([name, type]) => [type as number, name]),
);

const change = (kind: Change['kind'], path: string): Change => ({
  kind,
  path,
  acl: READ_ACL,
  parentAcl: OPEN_ACL,
});

describe.each([
  ['3.8', true],
  ['3.9', false],
] as const)('watches as in %s', (_, compat38) => {
  let watches: Watches;
  let told: string[];

  const watcher = (name: string): Watcher => ({
    sessionId: BigInt(name.charCodeAt(0)),
    notify: (type, path) => told.push(`${name}: ${NAMES.get(type)} ${path}`),
  });
  const fire = (kind: Change['kind'], path: string): string[] => {
    told = [];
    watches.fire(change(kind, path), 7);
    return told;
  };
  let ann: Watcher;
  let bob: Watcher;

  beforeEach(() => {
    watches = new Watches({ compat38 });
    told = [];
    [ann, bob] = [watcher('ann'), watcher('bob')];
  });

  describe('a one-shot watch', () => {
    test('on data hears of the first change, of creation and of deletion, once', () => {
      for (const [kind, event] of [
        ['created', 'CREATED'],
        ['changed', 'DATA_CHANGED'],
        ['deleted', 'DELETED'],
      ] as const) {
        watches.addData('/a', ann);
        expect(fire(kind, '/a')).toEqual([`ann: ${event} /a`]);
        expect(fire(kind, '/a')).toEqual([]);
      }
      expect(watches.count).toBe(0);
    });

    test('on data does not hear of children', () => {
      watches.addData('/a', ann);
      expect(fire('created', '/a/b')).toEqual([]);
      expect(fire('deleted', '/a/b')).toEqual([]);
    });

    test('on children hears of a child that comes or goes, and of the node that goes', () => {
      for (const kind of ['created', 'deleted'] as const) {
        watches.addChild('/a', ann);
        expect(fire(kind, '/a/b')).toEqual(['ann: CHILDREN_CHANGED /a']);
        expect(fire(kind, '/a/b')).toEqual([]);
      }
      watches.addChild('/a', ann);
      expect(fire('deleted', '/a')).toEqual(['ann: DELETED /a']);
    });

    test('on children does not hear of data', () => {
      watches.addChild('/a', ann);
      expect(fire('changed', '/a')).toEqual([]);
      expect(fire('changed', '/a/b')).toEqual([]);
      expect(fire('created', '/a')).toEqual([]);
    });

    test('set twice tells once', () => {
      watches.addData('/a', ann);
      watches.addData('/a', ann);
      expect(watches.count).toBe(1);
      expect(fire('changed', '/a')).toEqual(['ann: DATA_CHANGED /a']);
    });

    test('on both tables tells of a deletion once, and is used up in both', () => {
      watches.addData('/a', ann);
      watches.addChild('/a', ann);
      expect(fire('deleted', '/a')).toEqual(['ann: DELETED /a']);
      expect(watches.count).toBe(0);
    });
  });

  test('the order is: the node’s data watchers, its child watchers, then its parent’s', () => {
    watches.addChild('/', ann);
    watches.addChild('/a', bob);
    watches.addData('/a', ann);
    expect(fire('deleted', '/a')).toEqual([
      'ann: DELETED /a',
      'bob: DELETED /a',
      'ann: CHILDREN_CHANGED /',
    ]);
  });

  test('several watchers of a path are told in the order they came', () => {
    watches.addData('/a', bob);
    watches.addData('/a', ann);
    const third = watcher('cy');
    watches.addData('/a', third);
    watches.removeAll(ann);
    expect(fire('changed', '/a')).toEqual(['bob: DATA_CHANGED /a', 'cy: DATA_CHANGED /a']);
  });

  test('setACL is no change anybody hears of: it makes none', () => {
    watches.addData('/a', ann);
    expect(told).toEqual([]);
  });

  describe('a persistent watch', () => {
    test('hears of data and children of its node, again and again', () => {
      watches.addPersistent('/a', ann);
      for (let i = 0; i < 2; i++) {
        expect(fire('created', '/a')).toEqual(['ann: CREATED /a']);
        expect(fire('changed', '/a')).toEqual(['ann: DATA_CHANGED /a']);
        expect(fire('created', '/a/b')).toEqual(['ann: CHILDREN_CHANGED /a']);
        expect(fire('changed', '/a/b')).toEqual([]);
        expect(fire('created', '/a/b/c')).toEqual([]);
        expect(fire('deleted', '/a/b')).toEqual(['ann: CHILDREN_CHANGED /a']);
        expect(fire('deleted', '/a')).toEqual(['ann: DELETED /a']);
      }
    });
  });

  describe('a recursive watch', () => {
    test('hears of everything at and below its node, by the name of what changed, and never of children', () => {
      watches.addRecursive('/a', ann);
      for (let i = 0; i < 2; i++) {
        for (const path of ['/a', '/a/b', '/a/b/c/d']) {
          expect(fire('created', path)).toEqual([`ann: CREATED ${path}`]);
          expect(fire('changed', path)).toEqual([`ann: DATA_CHANGED ${path}`]);
          expect(fire('deleted', path)).toEqual([`ann: DELETED ${path}`]);
        }
        expect(fire('created', '/ab')).toEqual([]);
        expect(fire('changed', '/')).toEqual([]);
      }
    });

    test('on the root hears of everything', () => {
      watches.addRecursive('/', ann);
      expect(fire('created', '/x/y')).toEqual(['ann: CREATED /x/y']);
      expect(fire('changed', '/')).toEqual(['ann: DATA_CHANGED /']);
    });

    test('on a node and above it tells once', () => {
      watches.addRecursive('/', ann);
      watches.addRecursive('/a', ann);
      watches.addRecursive('/a/b', bob);
      expect(fire('changed', '/a/b').sort()).toEqual([
        'ann: DATA_CHANGED /a/b',
        'bob: DATA_CHANGED /a/b',
      ]);
    });
  });

  describe('several modes on one path', () => {
    test('one-shot after persistent: 3.8 keeps the later one, 3.9 both', () => {
      watches.addPersistent('/a', ann);
      watches.addData('/a', ann);
      expect(fire('changed', '/a')).toEqual(['ann: DATA_CHANGED /a']);
      expect(fire('changed', '/a')).toEqual(compat38 ? [] : ['ann: DATA_CHANGED /a']);
      expect(fire('created', '/a/b')).toEqual(['ann: CHILDREN_CHANGED /a']);
    });

    test('recursive after persistent: 3.9 tells of children and descendants, 3.8 of descendants only', () => {
      watches.addPersistent('/a', ann);
      watches.addRecursive('/a', ann);
      expect(fire('changed', '/a/b')).toEqual(['ann: DATA_CHANGED /a/b']);
      expect(fire('created', '/a/b')).toEqual(
        compat38 ? ['ann: CREATED /a/b'] : ['ann: CREATED /a/b', 'ann: CHILDREN_CHANGED /a'],
      );
    });
  });

  describe('looking for and taking back', () => {
    const everything = (): void => {
      watches.addPersistent('/p', ann);
      watches.addRecursive('/r', ann);
      watches.addData('/d', ann);
      watches.addChild('/c', ann);
    };
    /** Which of the four paths has a watch of this type. */
    const found = (type: number): string =>
      ['/p', '/r', '/d', '/c'].filter((path) => watches.has(path, ann, type)).join(' ');

    test('by type', () => {
      everything();
      expect(found(WatcherType.ANY)).toBe('/p /r /d /c');
      expect(found(WatcherType.DATA)).toBe(compat38 ? '/p /r /d' : '/d');
      expect(found(WatcherType.CHILDREN)).toBe(compat38 ? '/p /r /c' : '/c');
      if (compat38) return;
      expect(found(WatcherType.PERSISTENT)).toBe('/p');
      expect(found(WatcherType.RECURSIVE)).toBe('/r');
    });

    test('only the watcher’s own are taken back; 3.8 finds anybody’s', () => {
      everything();
      expect(watches.has('/d', bob, WatcherType.ANY)).toBe(compat38);
      expect(watches.remove('/d', bob, WatcherType.ANY)).toBe(false);
      expect(fire('changed', '/d')).toEqual(['ann: DATA_CHANGED /d']);
    });

    test.each(['/p', '/r', '/d', '/c'])('any of %s', (path) => {
      everything();
      expect(watches.remove(path, ann, WatcherType.ANY)).toBe(true);
      expect(watches.remove(path, ann, WatcherType.ANY)).toBe(false);
      for (const kind of ['created', 'changed', 'deleted'] as const) {
        expect(fire(kind, path)).toEqual([]);
        expect(fire(kind, `${path}/x`)).toEqual([]);
      }
    });

    test('the data table of a persistent watch: all of it in 3.8, nothing in 3.9', () => {
      watches.addPersistent('/p', ann);
      expect(watches.remove('/p', ann, WatcherType.DATA)).toBe(compat38);
      expect(fire('changed', '/p')).toEqual(compat38 ? [] : ['ann: DATA_CHANGED /p']);
      expect(fire('created', '/p/x')).toEqual(['ann: CHILDREN_CHANGED /p']);
    });

    test('the persistent one beside a one-shot', () => {
      if (compat38) return;
      watches.addPersistent('/p', ann);
      watches.addData('/p', ann);
      expect(watches.remove('/p', ann, WatcherType.PERSISTENT)).toBe(true);
      expect(fire('created', '/p/x')).toEqual([]);
      expect(fire('changed', '/p')).toEqual(['ann: DATA_CHANGED /p']);
      expect(watches.count).toBe(0);
    });

    test('the one-shot beside a persistent one', () => {
      if (compat38) return;
      watches.addPersistent('/p', ann);
      watches.addData('/p', ann);
      expect(watches.remove('/p', ann, WatcherType.DATA)).toBe(true);
      expect(fire('changed', '/p')).toEqual(['ann: DATA_CHANGED /p']);
      expect(fire('changed', '/p')).toEqual(['ann: DATA_CHANGED /p']);
    });

    test('everything of a connection that is gone, and nothing else', () => {
      everything();
      watches.addData('/d', bob);
      watches.removeAll(ann);
      expect(watches.count).toBe(1);
      expect(fire('changed', '/d')).toEqual(['bob: DATA_CHANGED /d']);
      expect(fire('changed', '/r/x')).toEqual([]);
      expect([watches.count, watches.data.pathCount, watches.data.watcherCount]).toEqual([0, 0, 0]);
    });
  });

  test('a change carries the lists that decide who may hear of it, and its zxid', () => {
    const seen: unknown[] = [];
    const auditor: Watcher = {
      sessionId: 1n,
      notify: (type, path, zxid, acl) => seen.push([type, path, zxid, acl]),
    };
    watches.addData('/a/b', auditor);
    watches.addChild('/a', auditor);
    watches.fire(change('deleted', '/a/b'), 99);
    expect(seen).toEqual([
      [EventType.DELETED, '/a/b', 99, READ_ACL],
      [EventType.CHILDREN_CHANGED, '/a', 99, OPEN_ACL],
    ]);
  });

  test('reports show the data table from both sides', () => {
    watches.addData('/a', ann);
    watches.addData('/a', bob);
    watches.addData('/b', bob);
    watches.addChild('/c', bob);
    const { data } = watches;
    expect([data.watcherCount, data.pathCount, data.count]).toEqual([2, 2, 3]);
    expect([...data.byPath()]).toEqual([
      ['/a', [ann, bob]],
      ['/b', [bob]],
    ]);
    expect([...data.byWatcher()].map(([who, paths]) => [who, [...paths]])).toEqual([
      [ann, ['/a']],
      [bob, ['/a', '/b']],
    ]);
  });

  test('after any number of changes, nothing is left of watchers that are gone', () => {
    const random = new Prng(13);
    const watchers = Array.from({ length: 8 }, (_, i) => watcher(String(i)));
    const path = (): string =>
      `/${Array.from({ length: random.between(1, 3) }, () => random.pick(['a', 'b', 'c'])).join('/')}`;
    for (let step = 0; step < 5000; step++) {
      const who = random.pick(watchers);
      const where = path();
      switch (random.below(8)) {
        case 0:
          watches.addData(where, who);
          break;
        case 1:
          watches.addChild(where, who);
          break;
        case 2:
          watches.addPersistent(where, who);
          break;
        case 3:
          watches.addRecursive(where, who);
          break;
        case 4:
          watches.remove(where, who, random.between(1, compat38 ? 3 : 5));
          break;
        case 5:
          if (random.chance(0.1)) watches.removeAll(who);
          break;
        default:
          fire(random.pick(['created', 'changed', 'deleted'] as const), where);
          expect(new Set(told).size).toBe(told.length);
      }
    }
    for (const who of watchers) watches.removeAll(who);
    expect([watches.count, watches.data.count, watches.data.pathCount]).toEqual([0, 0, 0]);
    expect(fire('changed', '/a/b/c')).toEqual([]);
  });
});
