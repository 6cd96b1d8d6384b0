import { expect, test } from 'vitest';

import { sid } from '../../../../../src-server/base/ids.ts';
import { readView, viewText } from '../../../../../src-server/coordination/wire/views.ts';

test.each([
  [
    'names, roles and clients',
    'server.1=a:1:2:participant;0.0.0.0:2181\nserver.2=b:3:4:observer\nversion=10',
  ],
  ['several addresses', 'server.1=b:3:4|[fe80:0:0:0:0:0:0:1]:1:2:participant\nversion=0'],
  [
    'secure clients',
    'server.1=a:1:2:participant;;0.0.0.0:3\nserver.2=b:1:2:participant;b:9;b:8\nversion=0',
  ],
  [
    'groups and weights',
    'server.1=a:1:2:participant\nserver.2=b:1:2:participant\ngroup.1=1\ngroup.4=2\nweight.1=1\nweight.2=0\nversion=1',
  ],
])('%s survive being a view', (_, text) => {
  expect(viewText(readView(text)!)).toBe(text);
});

test('a view says where servers are in one piece, and the text where nothing is said of weights', () => {
  const view = readView('server.1=b:1:2|a:3:4;5\ngroup.1=1')!;
  expect(view.servers).toEqual([
    {
      sid: sid(1),
      role: 'participant',
      quorumAddress: 'a:3|b:1',
      electionAddress: 'a:4|b:2',
      clientAddress: '0.0.0.0:5',
    },
  ]);
  expect(viewText({ ...view, weights: new Map() })).toContain('weight.1=1\n');
  expect(readView('server.1=nowhere')).toBeNull();
});
