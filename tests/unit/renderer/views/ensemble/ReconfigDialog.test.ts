/** The dialog that changes a membership: what it asks the service, what it lets one order, and what it says when that fails. */
import { afterEach, beforeEach, expect, test, vi } from 'vitest';

import { ApiError, type ErrorCode } from '#contract/errors.ts';
import type { ConfiguredMember, Membership, MembershipOrder } from '#contract/membership-models.ts';
import type { PlannedQuorum, ReconfigPlan } from '#contract/reconfig-plan-models.ts';

import { useDialogs } from '../../../../../src-renderer/composables/use-dialogs.ts';
import { en } from '../../../../../src-renderer/i18n/en.ts';
import { setLanguage } from '../../../../../src-renderer/i18n/words.ts';
import ReconfigDialog from '../../../../../src-renderer/views/ensemble/ReconfigDialog.vue';
import { settled, useFakeConsole } from '../../fake-console.ts';
import { allOf, buttonNamed, mountIt } from '../../mounting.ts';

vi.mock('../../../../../src-renderer/api/console.ts', async () => {
  const { consoleModule } = await import('../../fake-console.ts');
  return consoleModule;
});

const fake = useFakeConsole();
const words = en.reconfig;
const VERSION = 0x1_0000_0007;

function member(id: number): ConfiguredMember {
  return {
    id,
    role: 'participant',
    addresses: [{ host: `h${id}`, quorumPort: 2888, electionPort: 3888 }],
    client: { host: `h${id}`, port: 2181 },
    secureClient: null,
    group: null,
    weight: 1,
  };
}

const MEMBERSHIP: Membership = {
  version: VERSION,
  isGrouped: false,
  members: [member(1), member(2), member(3)],
  standings: [
    { id: 1, kind: 'leads', lag: 0 },
    { id: 2, kind: 'follows', lag: 0 },
    { id: 3, kind: 'follows', lag: 12 },
  ],
  clients: [],
  mayWrite: true,
};

function quorumOf(ids: readonly number[], mayFail: number): PlannedQuorum {
  return {
    voters: ids.map((id) => ({
      id,
      group: null,
      weight: 1,
      standing: { id, kind: 'follows', lag: 0 },
      isAlive: true,
    })),
    observers: [],
    needed: Math.floor(ids.length / 2) + 1,
    alive: ids.length,
    isMet: true,
    mayFail,
  };
}

/** As the service would plan what is removed. */
function planOf({ fromVersion, change }: MembershipOrder): ReconfigPlan {
  const leaving = change.kind === 'step' ? change.leaving : [];
  const left = [1, 2, 3].filter((id) => !leaving.includes(id));
  return {
    fromVersion,
    before: quorumOf([1, 2, 3], 1),
    after: quorumOf(left, 0),
    changes: leaving.map((id) => ({ id, what: 'leaves' })),
    refusals: leaving.length === 0 ? [{ kind: 'nothing-changes', ids: [] }] : [],
    warnings: leaving.length === 0 ? [] : [{ kind: 'leavers-run-on', ids: [...leaving] }],
    command: leaving.length === 0 ? null : `reconfig -remove ${leaving.join(',')}`,
  };
}

beforeEach(async () => {
  setLanguage('en');
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  fake().answer('ensemble.config', () => MEMBERSHIP);
  fake().answer('ensemble.planReconfig', ({ order }) => planOf(order));
  await fake().connect();
});

afterEach(() => {
  useDialogs().close();
  vi.useRealTimers();
});

async function show(wish: object | null, cluster = 'theirs'): Promise<void> {
  await mountIt(ReconfigDialog, { cluster, wish });
  await pass(0);
}

async function pass(ms: number): Promise<void> {
  await settled();
  await vi.advanceTimersByTimeAsync(ms);
  await settled();
}

const text = (selector: string): string =>
  allOf(selector)
    .map(({ textContent }) => textContent.replace(/\s+/g, ' ').trim())
    .join(' | ');
const confirm = (): HTMLButtonElement => allOf<HTMLButtonElement>('.foot .primary')[0]!;

test('begins with how things are, and asks again while one looks', async () => {
  await show(null);
  expect(text('.address')).toBe('h1:2888:3888 | h2:2888:3888 | h3:2888:3888');
  expect(text('.about .standing')).toBe('leads | follows | follows, 12 behind');
  expect(text('.preview')).toContain(words.preview.same);
  expect(confirm().disabled).toBe(true);
  const asked = fake().paramsOf('ensemble.planReconfig').length;
  await pass(2000);
  expect(fake().paramsOf('ensemble.planReconfig')).toHaveLength(asked + 1);
});

test('what was wished is written already; it is ordered as it was planned, and told when it is in force', async () => {
  await show({ kind: 'remove', id: 3 });
  await pass(200);
  expect(text('.notes')).toContain('Runs on without a vote: 3.');
  expect(text('.command code')).toBe('reconfig -remove 3');
  expect(confirm().textContent.trim()).toBe('Remove member 3');
  expect(confirm().disabled).toBe(false);

  const answers = fake().hold('ensemble.reconfigure');
  confirm().click();
  await pass(0);
  expect(fake().paramsOf('ensemble.reconfigure')).toEqual([
    {
      cluster: 'theirs',
      order: { fromVersion: VERSION, change: { kind: 'step', joining: [], leaving: [3] } },
    },
  ]);
  expect(text('.running')).toContain(words.running.title);
  const version = VERSION + 1;
  const members = [member(1), member(2)];
  fake().answer('ensemble.config', () => ({ ...MEMBERSHIP, version, members }));
  answers[0]!({ version });
  await pass(0);
  expect(text('.done')).toContain('Version 0x100000008 is in force.');
  expect(text('.done')).toContain(words.done.settled);
});

test('a plan that came for something else is not ordered', async () => {
  await show({ kind: 'remove', id: 3 });
  await pass(200);
  const answers = fake().hold('ensemble.planReconfig');
  buttonNamed('Remove member 2').click();
  await pass(200);
  expect(confirm().disabled).toBe(true);
  answers[0]!({
    ...planOf({ fromVersion: VERSION, change: { kind: 'step', joining: [], leaving: [2, 3] } }),
    refusals: [{ kind: 'new-quorum-absent', ids: [2, 3] }],
  });
  await pass(0);
  expect(text('.notes')).toContain(words.refusals['new-quorum-absent'].title);
  expect(text('.notes')).toContain('not with it: 2, 3.');
  expect(confirm().disabled).toBe(true);
});

test.each<[ErrorCode, string, string | null]>([
  ['no-auth', words.failed.noAuth.title, words.connect],
  ['bad-version', words.failed.outdated.title, words.reload],
  ['reconfig-disabled', en.errors['reconfig-disabled'].title, null],
  ['reconfig-no-quorum', en.errors['reconfig-no-quorum'].title, null],
])('%s is said in words, with what helps', async (code, title, help) => {
  await show({ kind: 'remove', id: 3 });
  await pass(200);
  fake().refuse('ensemble.reconfigure', new ApiError(code, 'as the servers say'));
  confirm().click();
  await pass(0);
  expect(text('.failure')).toContain(title);
  expect(allOf('.foot button').map(({ textContent }) => textContent.trim())).toEqual([
    ...(help === null ? [] : [help]),
    en.common.cancel,
    'Remove member 3',
  ]);
});

test('who connects as somebody else finds what was written again', async () => {
  fake().answer('ensemble.config', () => ({ ...MEMBERSHIP, mayWrite: false }));
  await show({ kind: 'remove', id: 3 });
  await pass(200);
  buttonNamed(words.connect).click();
  const opened = useDialogs().dialog.value;
  if (opened?.kind !== 'connect' || opened.next?.kind !== 'reconfig') throw new Error('not asked');
  expect(opened.id).toBe('theirs');
  await show(opened.next.wish);
  await pass(200);
  expect(fake().paramsOf('ensemble.planReconfig').at(-1)?.order.change).toEqual({
    kind: 'step',
    joining: [],
    leaving: [3],
  });
});

test('a server on its own says so, and can be asked again', async () => {
  fake().refuse('ensemble.config', new ApiError('not-an-ensemble', 'alone'));
  await show(null);
  expect(text('.still')).toContain(en.errors['not-an-ensemble'].title);
  fake().answer('ensemble.config', () => MEMBERSHIP);
  buttonNamed(words.again).click();
  await pass(0);
  expect(text('.id')).toBe('1 | 2 | 3');
});

test('a field that is wrong is named when it was left, and orders nothing', async () => {
  await show({ kind: 'add' });
  await pass(200);
  expect(text('.fields .problem')).toBe('');
  buttonNamed('Close the fields of member 4').click();
  await pass(0);
  buttonNamed('Edit member 4').click();
  await pass(200);
  expect(text('.fields .problem')).toBe('Missing');
  expect(text('.preview')).toContain(words.preview.fields);
  expect(confirm().disabled).toBe(true);
  buttonNamed('Discard member 4').click();
  await pass(200);
  expect(text('.address')).toBe('h1:2888:3888 | h2:2888:3888 | h3:2888:3888');
});
