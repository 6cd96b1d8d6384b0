/** Tree and path index against a plain map of paths. */
import { describe, expect, test } from 'vitest';

import { Arena } from '../../../../../src-server/base/arena.ts';
import { Prng } from '../../../../../src-server/base/prng.ts';
import type { Zxid } from '../../../../../src-server/base/zxid.ts';
import {
  NO_ROW,
  Nodes,
  ROOT_ROW,
  type Row,
} from '../../../../../src-server/coordination/state/node.ts';
import { PathIndex } from '../../../../../src-server/coordination/state/path-index.ts';
import { Tree } from '../../../../../src-server/coordination/state/tree.ts';

const STAT = {
  czxid: 1,
  mzxid: 2,
  pzxid: 3,
  ctime: 4,
  mtime: 5,
  version: 6,
  cversion: 0,
  aversion: 0,
  ownerHigh: 0,
  ownerLow: 0,
};

const newTree = (): Tree => new Tree({ extendedTypes: true, hashSeed: 1 });

function create(tree: Tree, path: string, data: Uint8Array | null = null): Row {
  const parent = tree.find(path.slice(0, path.lastIndexOf('/')));
  return tree.create(parent, path, data, -1, STAT);
}

function childrenOf(tree: Tree, path: string): string[] {
  const names: string[] = [];
  const { nodes } = tree;
  for (let row = nodes.firstChild(tree.find(path)); row !== NO_ROW; row = nodes.nextSibling(row))
    names.push(nodes.name(row));
  return names;
}

describe('tree', () => {
  test('the root has two names', () => {
    const tree = newTree();
    expect([tree.find('/'), tree.find(''), tree.find('x'), tree.find('//')]).toEqual([
      ROOT_ROW,
      ROOT_ROW,
      NO_ROW,
      NO_ROW,
    ]);
    expect(tree.pathOf(ROOT_ROW)).toBe('/');
    expect(tree.nodeCount).toBe(2);
  });

  test('children are listed in the order they came, and the gap of one that goes closes', () => {
    const tree = newTree();
    create(tree, '/d');
    for (const name of ['b', 'a', 'c', 'd']) create(tree, `/d/${name}`);
    expect(childrenOf(tree, '/d')).toEqual(['b', 'a', 'c', 'd']);
    tree.remove(tree.find('/d/a'));
    tree.remove(tree.find('/d/d'));
    tree.remove(tree.find('/d/b'));
    expect(childrenOf(tree, '/d')).toEqual(['c']);
    create(tree, '/d/e');
    expect(childrenOf(tree, '/d')).toEqual(['c', 'e']);
    expect(tree.nodes.childCount(tree.find('/d'))).toBe(2);
  });

  test('names of every width are kept and told apart', () => {
    const tree = newTree();
    const names = [
      'a',
      'ä',
      'ÿ',
      'Ā',
      '路',
      'a路',
      '\u{d7ff}',
      'ÿa',
      'a'.repeat(300),
      '径'.repeat(300),
    ];
    for (const name of names) create(tree, `/${name}`);
    for (const name of names) {
      const row = tree.find(`/${name}`);
      expect(tree.nodes.name(row)).toBe(name);
      expect(tree.pathOf(row)).toBe(`/${name}`);
      expect(tree.nodes.nameUnits(row)).toBe(name.length);
    }
    expect(childrenOf(tree, '/')).toEqual(names);
    const view = { bytes: new Uint8Array(), offset: 0, length: 0, form: 'ascii' as const };
    const forms = names.map((name) => {
      const shown: { form: 'ascii' | 'latin1' | 'wide'; length: number } = view;
      tree.nodes.viewName(tree.find(`/${name}`), view);
      expect(shown.length).toBe(name.length);
      return shown.form;
    });
    expect(forms.slice(0, 5)).toEqual(['ascii', 'latin1', 'latin1', 'wide', 'wide']);
  });

  test('a name may be as long as a request', () => {
    const tree = newTree();
    for (const letter of ['n', 'ñ', '名']) {
      const path = `/${letter.repeat(1_000_000)}`;
      const row = create(tree, path);
      expect(tree.pathOf(row) === path).toBe(true);
      expect(tree.find(path)).toBe(row);
    }
  });

  test('data: null is not empty, and both are kept apart', () => {
    const tree = newTree();
    const none = create(tree, '/none', null);
    const empty = create(tree, '/empty', new Uint8Array());
    const some = create(tree, '/some', Buffer.from('some'));
    expect(tree.nodes.copyData(none)).toBeNull();
    expect(tree.nodes.copyData(empty)).toEqual(new Uint8Array());
    expect(Buffer.from(tree.nodes.copyData(some)!).toString()).toBe('some');
    tree.setData(some, '/some', null, 1, 9 as Zxid, 9);
    expect(tree.nodes.copyData(some)).toBeNull();
    expect([none, empty, some].map((row) => tree.nodes.stat(row).dataLength)).toEqual([0, 0, 0]);
  });

  test('a stat shows the fields in place, and twice the creates less the children', () => {
    const tree = newTree();
    const row = tree.create(ROOT_ROW, '/a', null, -1, { ...STAT, cversion: 5, ownerLow: 77 });
    create(tree, '/a/b');
    create(tree, '/a/c');
    expect(tree.nodes.stat(row)).toEqual({
      czxid: 1,
      mzxid: 2,
      pzxid: 3,
      ctime: 4,
      mtime: 5,
      version: 6,
      cversion: 8,
      aversion: 0,
      ephemeralOwner: 77n,
      dataLength: 0,
      numChildren: 2,
    });
  });

  test('only leaves are removed', () => {
    const tree = newTree();
    create(tree, '/a');
    create(tree, '/a/b');
    expect(() => tree.remove(tree.find('/a'))).toThrow('leaves');
    expect(() => tree.remove(ROOT_ROW)).toThrow('leaves');
  });

  test.each([1, 2, 3, 4])('is what a map of paths is, after random changes (seed %i)', (seed) => {
    const random = new Prng(seed);
    const tree = newTree();
    const model = new Map<string, string | null>([['/', null]]);
    const paths = ['/'];
    const names = ['a', 'b', 'größe', '路', 'long-name-that-is-unlike-others', 'z'];
    for (let step = 0; step < 15_000; step++) {
      // Grows for a while, then shrinks, so that the index splits buckets under load and rows are used again.
      const growing = Math.floor(step / 3000) % 2 === 0;
      if (random.chance(growing ? 0.7 : 0.3)) {
        const parent = random.pick(paths);
        const name = `${random.pick(names)}${random.below(400)}`;
        const path = `${parent === '/' ? '' : parent}/${name}`;
        if (model.has(path) || path.split('/').length > 8) continue;
        const data = random.chance(0.1) ? null : 'd'.repeat(random.below(40));
        create(tree, path, data === null ? null : Buffer.from(data));
        model.set(path, data);
        paths.push(path);
      } else {
        const at = random.below(paths.length);
        const path = paths[at]!;
        const row = tree.find(path);
        if (path === '/' || tree.nodes.childCount(row) > 0) continue;
        tree.remove(row);
        model.delete(path);
        paths[at] = paths.at(-1)!;
        paths.pop();
        if (tree.find(path) !== NO_ROW) expect.fail(`${path} is found after its removal`);
      }
    }
    expect(tree.nodes.count).toBe(model.size);
    let bytes = 0;
    for (const [path, data] of model) {
      const row = tree.find(path);
      const kept = tree.nodes.copyData(row);
      expect(tree.pathOf(row)).toBe(path);
      expect(kept === null ? null : Buffer.from(kept).toString()).toBe(path === '/' ? null : data);
      bytes += (path === '/' ? 0 : path.length) + (data?.length ?? 0);
    }
    expect(tree.approximateBytes).toBe(bytes + 1);
    const visited: string[] = [];
    for (let row: Row = ROOT_ROW; row !== NO_ROW; row = tree.after(row, ROOT_ROW))
      visited.push(tree.pathOf(row));
    expect(visited.sort()).toEqual([...model.keys()].sort());
    expect(tree.countBelow(ROOT_ROW)).toBe(model.size - 1);
  });
});

describe('path index', () => {
  test('tells paths apart whose hashes are the same, and finds each through growth', () => {
    const nodes = new Nodes(new Arena(), true);
    const index = new PathIndex(nodes, 5);
    nodes.add();
    const rows = Array.from({ length: 3000 }, (_, i) => {
      const row = nodes.add();
      nodes.setName(row, `/n${i}`, 1);
      nodes.attach(row, ROOT_ROW);
      index.insert(row, i % 7);
      return row;
    });
    const found = (i: number): Row => index.find(`/n${i}`, i % 7);
    rows.forEach((row, i) => expect(found(i)).toBe(row));
    for (let i = 0; i < rows.length; i += 2) index.remove(rows[i]!);
    rows.forEach((row, i) => expect(found(i)).toBe(i % 2 === 0 ? NO_ROW : row));
  });

  test('a path is not found by its end alone', () => {
    const tree = newTree();
    create(tree, '/a');
    create(tree, '/a/b');
    for (const path of ['/b', 'a/b', '/x/a/b', '/a/b/', '/ab', '/a//b', 'b', '/a/b/c'])
      expect(tree.find(path), path).toBe(NO_ROW);
  });

  test('a hundred thousand entries spread: another seed, other chains, the same answers', () => {
    for (const hashSeed of [0, -1, 0x1234_5678]) {
      const tree = new Tree({ extendedTypes: false, hashSeed });
      for (let i = 0; i < 30_000; i++) create(tree, `/node-${i}`);
      for (let i = 0; i < 30_000; i += 7)
        expect(tree.nodes.name(tree.find(`/node-${i}`))).toBe(`node-${i}`);
      expect(tree.find('/node-30000')).toBe(NO_ROW);
    }
  });
});
