/** Signing in to storage nodes: what is asked for, what is sent, and what is said where nodes do not let the console in. */
import { beforeEach, expect, test, vi } from 'vitest';

import { useNotices } from '../../../../../src-renderer/stores/notices.ts';
import { useRing } from '../../../../../src-renderer/stores/ring.ts';
import NodeAccessDialog from '../../../../../src-renderer/views/ring/NodeAccessDialog.vue';
import { settled, useFakeConsole } from '../../fake-console.ts';
import { allOf, buttonNamed, fill, type Mounted, mountIt, theOnly } from '../../mounting.ts';
import { ringView, threeNodes, wellPartitions } from '../../ring-examples.ts';

vi.mock(import('../../../../../src-renderer/api/console.ts'), async () => {
  const { consoleModule } = await import('../../fake-console.ts');
  return consoleModule;
});

const console = useFakeConsole();
const said = (): string => theOnly('.failure', HTMLElement).textContent;
const inputs = (): HTMLInputElement[] => allOf<HTMLInputElement>('.form input');

let dialog: Mounted;

beforeEach(async () => {
  console().begin('ring', () => ringView(threeNodes(), wellPartitions(16)));
  console().answer('ring.access', () => ({ user: 'anna', tls: { caFile: '/ca.pem' } }));
  await console().connect();
  useRing().open('local', { isLive: false });
  await settled();
  dialog = await mountIt(NodeAccessDialog);
  await settled();
});

test('shows how nodes are entered at present, without the password', () => {
  const values = inputs().map((input) => (input.type === 'checkbox' ? input.checked : input.value));
  expect(values).toEqual(['anna', '', true, '/ca.pem']);
});

test('what keeps the console out is said, and the dialog stays', async () => {
  console().answer('ring.enter', () => ({ trouble: 'wrong-auth', detail: 'WRONGPASS no' }));
  fill(inputs()[0]!, 'ben');
  fill(inputs()[1]!, 'secret');
  buttonNamed('Sign in').click();
  await settled();
  expect(said()).toContain('It does not know this user with this password.');
  expect(said()).toContain('WRONGPASS no');
  expect(dialog.it.emitted('close')).toBeUndefined();
  expect(console().paramsOf('ring.enter')).toEqual([
    {
      ...{ cluster: 'local', root: '/ring' },
      access: { user: 'ben', password: 'secret', tls: { caFile: '/ca.pem' } },
    },
  ]);
});

test('once they let it in, it is said and the dialog closes', async () => {
  console().answer('ring.enter', () => ({ trouble: null, detail: null }));
  buttonNamed('Sign in').click();
  await settled();
  expect(dialog.it.emitted('close')).toHaveLength(1);
  expect(useNotices().notices.at(-1)?.title).toBe('The storage nodes let the console in');
});
