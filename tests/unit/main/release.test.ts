/** What a release says of itself, in one voice. */
import fs from 'node:fs';
import path from 'node:path';

import { expect, test } from 'vitest';

import { VERSION } from '../../../src-server/version.ts';

test('the program and its package have the same version', () => {
  const file = path.join(import.meta.dirname, '..', '..', '..', 'package.json');
  expect(JSON.parse(fs.readFileSync(file, 'utf8'))).toMatchObject({ version: VERSION });
});
