/** The owner of an ensemble on this machine: known to its members, told to nobody, and never in place of somebody else. */
import { expect, test } from 'vitest';

import { defaultSettings } from '../../../src-server/config/settings.ts';
import { authenticate } from '../../../src-server/coordination/serving/auth.ts';
import { operatorOf, withOperator } from '../../../src-server/operator.ts';
import type { MemberStart } from '../../../src-server/thread-messages.ts';

function startOf(id: number, superDigest: string | null = null): MemberStart {
  const settings = { ...defaultSettings(`/data/${id}`), serverId: id, superDigest };
  return { settings, configFile: `/data/${id}/zoo.cfg` };
}

test('is a superuser to its members, and only with its password', () => {
  const operator = operatorOf([startOf(1), startOf(2)])!;
  const { settings } = withOperator(startOf(1), operator);
  const proof = (auth: string): string[] =>
    authenticate('digest', Buffer.from(auth), '127.0.0.1', settings)!.map(({ scheme }) => scheme);
  expect(operator.credential.scheme).toBe('digest');
  expect(proof(operator.credential.auth)).toEqual(['super', 'digest']);
  expect(proof('operator:')).toEqual(['digest']);
  expect(proof(operator.superDigest)).toEqual(['digest']);
  expect(operatorOf([startOf(1), startOf(2)])!.credential).not.toEqual(operator.credential);
});

test('is nobody where the ensemble is not this program’s alone, or has a superuser of its own', () => {
  expect(operatorOf([startOf(1)])).toBeNull();
  expect(operatorOf([startOf(1), startOf(2, 'super:hash')])).toBeNull();
  expect(withOperator(startOf(1), null)).toEqual(startOf(1));
});
