/** Commands and code for the usual clients. */
import { expect, test } from 'vitest';

import { clientSnippets } from '../../../../src-renderer/model/client-snippets.ts';

const CONNECT = 'zk1:2181,zk2:2182/app';

test.each(clientSnippets(CONNECT).map((snippet) => [snippet.title, snippet] as const))(
  '%s is told the connect string, once and whole',
  (_, { code, title }) => {
    expect(code.split(CONNECT)).toHaveLength(2);
    expect(code).not.toContain('undefined');
    expect(title).not.toBe('');
  },
);

test('each client is there once', () => {
  const ids = clientSnippets(CONNECT).map(({ id }) => id);
  expect(ids).toEqual(['zkcli', 'kazoo', 'java', 'node']);
});
