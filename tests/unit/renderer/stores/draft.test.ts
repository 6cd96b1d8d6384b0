/** The value being edited: bytes never change by being looked at, and no save overwrites what was not seen. */
import { beforeEach, describe, expect, test, vi } from 'vitest';

import { ApiError } from '#contract/errors.ts';
import type { SaveResult, Znode } from '#contract/models.ts';

import { useDraft } from '../../../../src-renderer/stores/draft.ts';
import { useZnode } from '../../../../src-renderer/stores/znode.ts';
import { Prng } from '../../../../src-server/base/prng.ts';
import { clusterOf, statOf, znodeOf } from '../examples.ts';
import { settled, useFakeConsole } from '../fake-console.ts';
import { bytesOf, randomBytes, randomText } from '../model/random.ts';

vi.mock('../../../../src-renderer/api/console.ts', async () => {
  const { consoleModule } = await import('../fake-console.ts');
  return consoleModule;
});

const fake = useFakeConsole();
const A = { cluster: 'local', path: '/a' };

/** Versions of one node as a server counts them. */
function versionOf(
  version: number,
  data: Znode['data'] | string,
  part: Partial<Znode> = {},
): Znode {
  return znodeOf({ ...part, data, stat: { version, mzxid: 10 + version } });
}

let draft: ReturnType<typeof useDraft>;
let znode: ReturnType<typeof useZnode>;

beforeEach(async () => {
  fake().answer('clusters.identities', () => []);
  fake().begin('clusters', () => [clusterOf()]);
  draft = useDraft();
  znode = useZnode();
  await fake().connect();
});

async function open(node: Znode): Promise<void> {
  fake().begin('znode', () => ({ kind: 'present', znode: node }));
  znode.open({ cluster: 'local', path: node.path });
  await settled();
}

async function tell(node: Znode): Promise<void> {
  fake().say('znode', { kind: 'present', znode: node });
  await settled();
}

async function tellGone(): Promise<void> {
  fake().say('znode', { kind: 'gone' });
  await settled();
}

function text(): string | null {
  return draft.bytes === null ? null : new TextDecoder().decode(draft.bytes);
}

/** Saves, and lets the server answer when the test wants. */
async function saving(): Promise<(result: SaveResult) => Promise<string>> {
  const held = fake().hold('znodes.save');
  const outcome = draft.save();
  await settled();
  return async (result) => {
    held[0]!(result);
    return outcome;
  };
}

describe('opening', () => {
  test.each([
    ['{"a":1}', 'json', '{\n  "a": 1\n}'],
    ['plain', 'text', 'plain'],
    ['', 'text', ''],
    [null, 'text', ''],
    [Uint8Array.of(0xff, 0), 'hex', ''],
  ] as const)('%j is shown as %s', async (data, view, shown) => {
    await open(versionOf(0, data));
    expect([draft.view, draft.shown.text, draft.shown.isFresh]).toEqual([view, shown, true]);
    expect([draft.isDirty, draft.canSave, draft.mayWrite]).toEqual([false, false, true]);
  });

  test('a value that may not be read may not be written', async () => {
    await open(versionOf(0, null, { dataRefused: true }));
    expect(draft.mayWrite).toBe(false);
  });

  test('another node begins anew, in the view that suits it', async () => {
    await open(versionOf(0, '{}'));
    draft.setView('hex');
    draft.writeBytes(Uint8Array.of(1));
    await open({ ...versionOf(0, 'other'), path: '/b' });
    expect([draft.view, text(), draft.isDirty]).toEqual(['text', 'other', false]);
  });

  test('nothing is open once the node is closed', async () => {
    await open(versionOf(0, 'a'));
    znode.close();
    await settled();
    expect([draft.opened, draft.bytes, draft.isDirty]).toEqual([null, null, false]);
  });
});

describe('looking', () => {
  test('at any value in any view that is offered, and in others after it, changes nothing', async () => {
    const random = new Prng(1);
    const json = ['{"b": 1.0, "b":2}', ' [1 ,2]\n', '{"a":"\\u00e9"}', '\ufeff{}', '{}\r\n'];
    for (let round = 0; round < 150; round++) {
      const data = random.pick([
        () => null,
        () => new Uint8Array(0),
        () => randomBytes(random, random.below(10)),
        () => bytesOf(randomText(random, random.below(20))),
        () => bytesOf(random.pick(json)),
      ])();
      await open({ ...versionOf(0, data), path: `/n${round}` });
      for (let looks = 0; looks < 4; looks++) {
        draft.setView(random.pick(['text', 'json', 'hex'] as const));
        // What an editor of text or bytes hands back, untouched.
        if (draft.view === 'hex') draft.writeBytes(draft.bytes ?? new Uint8Array(0));
        else draft.writeText(draft.shown.text);
        expect([draft.bytes, draft.isDirty]).toEqual([data, false]);
      }
    }
  });

  test('as text is not offered where text could not give the same bytes', async () => {
    await open(versionOf(0, Uint8Array.of(0x61, 0xff)));
    draft.setView('text');
    expect(draft.view).toBe('hex');
    expect(draft.decoded).toEqual({ ok: false, at: 1 });
  });
});

describe('editing', () => {
  test('of text is its UTF-8, and taking it back is no change', async () => {
    await open(versionOf(0, 'a'));
    draft.writeText('é');
    expect([...draft.bytes!]).toEqual([0xc3, 0xa9]);
    expect([draft.isDirty, draft.canSave]).toEqual([true, true]);
    draft.writeText('a');
    expect([draft.isDirty, draft.canSave]).toEqual([false, false]);
  });

  test('of laid-out JSON is what is seen; taken back, the bytes are as they were written', async () => {
    await open(versionOf(0, '{"a":1}'));
    draft.writeText('{\n  "a": 2\n}');
    expect(text()).toBe('{\n  "a": 2\n}');
    draft.writeText('{\n  "a": 1\n}');
    expect([text(), draft.isDirty]).toEqual(['{"a":1}', false]);
  });

  test('JSON that is none cannot be saved as JSON, but as text', async () => {
    await open(versionOf(0, '{}'));
    draft.writeText('{"a":');
    expect(draft.json).toMatchObject({ ok: false, problem: 'ends-early' });
    expect([draft.isDirty, draft.canSave]).toEqual([true, false]);
    draft.setView('text');
    expect([draft.json, draft.canSave]).toEqual([null, true]);
  });

  test('half a surrogate pair is not taken, since it has no bytes', async () => {
    await open(versionOf(0, 'a'));
    draft.writeText('ab');
    draft.writeText('ab\ud800');
    expect(text()).toBe('ab');
  });

  test('nothing written stays no value, and an empty one stays empty', async () => {
    await open(versionOf(0, null));
    draft.writeText('x');
    draft.writeText('');
    expect([draft.bytes, draft.isDirty]).toEqual([null, false]);
    await open({ ...versionOf(0, ''), path: '/b' });
    draft.writeText('x');
    draft.writeText('');
    expect([draft.bytes, draft.isDirty]).toEqual([new Uint8Array(0), false]);
  });

  test('a whole other value is shown in a view that can show it', async () => {
    await open(versionOf(0, 'a'));
    draft.replace(Uint8Array.of(0xff));
    expect([draft.view, draft.isDirty]).toEqual(['hex', true]);
    draft.replace(null);
    expect(draft.bytes).toBeNull();
    draft.setView('text');
    expect(draft.shown.text).toBe('');
  });

  test('an editor that is put up again begins with what was written', async () => {
    await open(versionOf(0, 'opened'));
    const { number } = draft.shown;
    draft.writeText('written');
    // Same number: the editor that is there keeps its cursor and its steps.
    expect(draft.shown).toMatchObject({ number, text: 'written' });
  });

  test('bytes written beside a text are seen when the text is seen again', async () => {
    await open(versionOf(0, 'ab'));
    draft.writeBytes(bytesOf('abc'));
    expect([draft.view, draft.shown.text]).toEqual(['text', 'abc']);
    draft.writeBytes(Uint8Array.of(0x61, 0xff));
    expect(draft.view).toBe('hex');
  });
});

describe('what changes on the server', () => {
  test('is taken over while nothing was edited, shown, and flashes', async () => {
    await open(versionOf(0, 'a'));
    const { number } = draft.shown;
    await tell(versionOf(1, 'b'));
    expect([text(), draft.opened?.stat.version, draft.isDirty]).toEqual(['b', 1, false]);
    expect(draft.shown).toEqual({ number: number + 1, text: 'b', isFresh: false });
    expect(draft.flash).toBe(1);
  });

  test('does not flash or move the cursor where the value is the same', async () => {
    await open(versionOf(0, 'a'));
    const { number } = draft.shown;
    await tell(versionOf(1, 'a'));
    await tell(znodeOf({ data: 'a', stat: { version: 1, mzxid: 11, numChildren: 7 } }));
    expect([draft.flash, draft.shown.number]).toEqual([0, number]);
    expect(draft.opened?.stat).toMatchObject({ version: 1, numChildren: 7 });
  });

  test('is only told of while something was edited', async () => {
    await open(versionOf(0, 'a'));
    draft.writeText('mine');
    await tell(versionOf(1, 'theirs'));
    expect([text(), draft.opened?.stat.version, draft.flash]).toEqual(['mine', 0, 0]);
    expect(draft.theirs).toEqual(versionOf(1, 'theirs'));
  });

  test('to what was written here is no difference any more', async () => {
    await open(versionOf(0, 'a'));
    draft.writeText('same');
    await tell(versionOf(1, 'same'));
    expect([draft.isDirty, draft.theirs, draft.opened?.stat.version]).toEqual([false, null, 1]);
  });

  test('keeps the view that was chosen, as long as it can show it', async () => {
    await open(versionOf(0, '{}'));
    draft.setView('text');
    await tell(versionOf(1, '[]'));
    expect([draft.view, draft.shown.text]).toEqual(['text', '[]']);
    await tell(versionOf(2, Uint8Array.of(0xff)));
    expect(draft.view).toBe('hex');
  });

  test('from JSON to words changes the view where none was chosen', async () => {
    await open(versionOf(0, '{}'));
    await tell(versionOf(1, 'words'));
    expect([draft.view, draft.shown.text]).toEqual(['text', 'words']);
  });

  test('can be taken instead of what was written', async () => {
    await open(versionOf(0, 'a'));
    draft.writeText('mine');
    await tell(versionOf(1, 'theirs'));
    draft.discard();
    expect([text(), draft.shown.text, draft.isDirty]).toEqual(['theirs', 'theirs', false]);
    expect([draft.theirs, draft.opened?.stat.version]).toEqual([null, 1]);
  });

  test('without a change there, discarding goes back to what was opened', async () => {
    await open(versionOf(0, '{"a":1}'));
    draft.writeText('{"a":');
    draft.discard();
    expect([text(), draft.shown.text, draft.isDirty]).toEqual(['{"a":1}', '{\n  "a": 1\n}', false]);
  });

  test('a node made anew is another one, even at the same version', async () => {
    await open(versionOf(0, 'a'));
    draft.writeText('mine');
    const anew = znodeOf({ data: 'anew', stat: { version: 0, czxid: 50, mzxid: 50 } });
    await tell(anew);
    expect(draft.theirs).toEqual(anew);
  });
});

describe('a node that is gone', () => {
  test('leaves what was written, which cannot be saved any more', async () => {
    await open(versionOf(0, 'a'));
    draft.writeText('mine');
    await tellGone();
    expect([draft.isGone, draft.isDirty, draft.canSave, text()]).toEqual([
      true,
      true,
      false,
      'mine',
    ]);
  });

  test('can be made again as it was, with the value as it is here', async () => {
    const acl = [{ scheme: 'digest', id: 'me:x=', permissions: 31 }];
    await open(versionOf(3, 'a', { kind: 'ttl', ttlMs: 5000, acl }));
    draft.writeText('mine');
    await tellGone();
    const anew = znodeOf({
      data: 'mine',
      kind: 'ttl',
      ttlMs: 5000,
      acl,
      stat: { czxid: 70, mzxid: 70 },
    });
    fake().answer('znodes.create', ({ path }) => ({ path, stat: anew.stat }));
    await draft.createAgain();
    expect(fake().paramsOf('znodes.create')).toEqual([
      { ...A, mode: 'persistent-ttl', data: bytesOf('mine'), acl, ttlMs: 5000, withParents: true },
    ]);
    await tell(anew);
    expect([draft.isGone, draft.isDirty, draft.opened?.stat.czxid]).toEqual([false, false, 70]);
  });

  test('made again and told of before the answer, it is the new one that counts', async () => {
    await open(versionOf(3, 'a'));
    draft.writeText('mine');
    await tellGone();
    const held = fake().hold('znodes.create');
    const again = draft.createAgain();
    await settled();
    await tell(znodeOf({ data: 'mine', stat: { czxid: 70, mzxid: 70 } }));
    held[0]!({ path: '/a', stat: statOf({ czxid: 70, mzxid: 70 }) });
    await again;
    expect([draft.isDirty, draft.opened?.stat.czxid]).toEqual([false, 70]);
  });

  test.each([
    ['ephemeral', null, 'ephemeral', null],
    ['container', null, 'container', null],
    ['ttl', null, 'persistent', null],
    ['unknown', null, 'persistent', null],
    ['persistent', null, 'persistent', null],
  ] as const)(
    'of kind %s and time to live %s is made again as %s',
    async (kind, ttlMs, mode, sent) => {
      await open(versionOf(0, 'a', { kind, ttlMs, acl: null }));
      await tellGone();
      fake().answer('znodes.create', ({ path }) => ({ path, stat: statOf() }));
      await draft.createAgain();
      expect(fake().paramsOf('znodes.create')).toMatchObject([
        { mode, ttlMs: sent, acl: [{ scheme: 'world', id: 'anyone', permissions: 31 }] },
      ]);
    },
  );

  test('that comes back as it was is simply there again', async () => {
    await open(versionOf(0, 'a'));
    draft.writeText('mine');
    await tellGone();
    await tell(versionOf(0, 'a'));
    expect([draft.isGone, draft.canSave, draft.theirs]).toEqual([false, true, null]);
  });
});

describe('saving', () => {
  test('lands on the version and creation that were opened', async () => {
    await open(versionOf(3, 'a'));
    draft.writeText('mine');
    fake().answer('znodes.save', () => ({
      kind: 'saved',
      stat: statOf({ version: 4, mzxid: 14 }),
    }));
    expect(await draft.save()).toBe('saved');
    expect(fake().paramsOf('znodes.save')).toEqual([
      { ...A, data: bytesOf('mine'), version: 3, czxid: 10 },
    ]);
    expect([draft.isDirty, draft.opened?.stat.version, draft.isSaving]).toEqual([false, 4, false]);
  });

  test('lays JSON out again, since what was saved is what is seen now', async () => {
    await open(versionOf(0, '{"a":1}'));
    draft.writeText('{"a": 2}');
    fake().answer('znodes.save', () => ({
      kind: 'saved',
      stat: statOf({ version: 1, mzxid: 11 }),
    }));
    await draft.save();
    expect(draft.shown.text).toBe('{\n  "a": 2\n}');
    draft.writeText(draft.shown.text);
    expect(draft.isDirty).toBe(false);
  });

  test('what is written while it is under way is an edit of what was saved', async () => {
    await open(versionOf(0, 'a'));
    draft.writeText('first');
    const answer = await saving();
    expect([draft.isSaving, draft.canSave]).toEqual([true, false]);
    draft.writeText('second');
    await answer({ kind: 'saved', stat: statOf({ version: 1, mzxid: 11 }) });
    expect([text(), draft.isDirty, draft.opened?.stat.version]).toEqual(['second', true, 1]);
    expect(new TextDecoder().decode(draft.opened!.data!)).toBe('first');
  });

  test('told of before the answer is no change by somebody else', async () => {
    await open(versionOf(0, 'a'));
    draft.writeText('mine');
    const answer = await saving();
    await tell(versionOf(1, 'mine'));
    expect(await answer({ kind: 'saved', stat: statOf({ version: 1, mzxid: 11 }) })).toBe('saved');
    expect([draft.isDirty, draft.theirs, draft.opened?.stat.version]).toEqual([false, null, 1]);
  });

  test('followed by somebody else’s, told of before our answer, leaves theirs', async () => {
    await open(versionOf(0, 'a'));
    draft.writeText('mine');
    const answer = await saving();
    await tell(versionOf(2, 'theirs'));
    await answer({ kind: 'saved', stat: statOf({ version: 1, mzxid: 11 }) });
    expect([text(), draft.isDirty, draft.theirs, draft.opened?.stat.version]).toEqual([
      'theirs',
      false,
      null,
      2,
    ]);
  });

  test('followed by somebody else’s while we went on writing, tells of theirs', async () => {
    await open(versionOf(0, 'a'));
    draft.writeText('mine');
    const answer = await saving();
    draft.writeText('mine and more');
    await tell(versionOf(2, 'theirs'));
    await answer({ kind: 'saved', stat: statOf({ version: 1, mzxid: 11 }) });
    expect([text(), draft.isDirty, draft.theirs?.stat.version]).toEqual(['mine and more', true, 2]);
  });

  test('told of and followed by somebody else’s before our answer, theirs stays', async () => {
    await open(versionOf(0, 'a'));
    draft.writeText('mine');
    const answer = await saving();
    await tell(versionOf(1, 'mine'));
    await tell(versionOf(2, 'theirs'));
    await answer({ kind: 'saved', stat: statOf({ version: 1, mzxid: 11 }) });
    expect([text(), draft.isDirty, draft.opened?.stat.version]).toEqual(['theirs', false, 2]);
  });

  test('onto somebody else’s is a conflict, and nothing of either is lost', async () => {
    await open(versionOf(0, 'a'));
    draft.writeText('mine');
    fake().answer('znodes.save', () => ({ kind: 'conflict', theirs: versionOf(1, 'theirs') }));
    expect(await draft.save()).toBe('conflict');
    expect([text(), draft.isComparing, draft.theirs]).toEqual([
      'mine',
      true,
      versionOf(1, 'theirs'),
    ]);
  });

  test('onto somebody else’s that is the very same is no conflict', async () => {
    await open(versionOf(0, 'a'));
    draft.writeText('same');
    fake().answer('znodes.save', () => ({ kind: 'conflict', theirs: versionOf(1, 'same') }));
    expect(await draft.save()).toBe('saved');
    expect([draft.isComparing, draft.theirs, draft.isDirty]).toEqual([false, null, false]);
  });

  test('over what was seen is checked against that, and only that', async () => {
    await open(versionOf(0, 'a'));
    draft.writeText('mine');
    await tell(versionOf(1, 'theirs'));
    draft.isComparing = true;
    fake().answer('znodes.save', () => ({ kind: 'conflict', theirs: versionOf(2, 'newer') }));
    expect(await draft.saveOver()).toBe('conflict');
    expect([draft.isComparing, draft.theirs?.stat.version]).toEqual([true, 2]);
    fake().answer('znodes.save', () => ({
      kind: 'saved',
      stat: statOf({ version: 3, mzxid: 13 }),
    }));
    expect(await draft.saveOver()).toBe('saved');
    expect(
      fake()
        .paramsOf('znodes.save')
        .map(({ version }) => version),
    ).toEqual([1, 2]);
    expect([draft.isComparing, draft.theirs, draft.isDirty]).toEqual([false, null, false]);
  });

  test('a node that is gone says so', async () => {
    await open(versionOf(0, 'a'));
    draft.writeText('mine');
    fake().answer('znodes.save', () => ({ kind: 'gone' }));
    expect(await draft.save()).toBe('gone');
    expect([draft.isGone, text()]).toEqual([true, 'mine']);
  });

  test('that is refused changes nothing and can be tried again', async () => {
    await open(versionOf(0, 'a'));
    draft.writeText('mine');
    fake().refuse('znodes.save', new ApiError('no-auth', 'no'));
    await expect(draft.save()).rejects.toMatchObject({ code: 'no-auth' });
    expect([draft.isSaving, draft.isDirty, draft.canSave]).toEqual([false, true, true]);
  });

  test('of a node that was left meanwhile does not touch the one that is open', async () => {
    await open(versionOf(0, 'a'));
    draft.writeText('mine');
    const answer = await saving();
    await open({ ...versionOf(0, 'other'), path: '/b' });
    expect(await answer({ kind: 'conflict', theirs: versionOf(1, 'theirs') })).toBe('conflict');
    expect([text(), draft.theirs, draft.isComparing, draft.opened?.path]).toEqual([
      'other',
      null,
      false,
      '/b',
    ]);
  });

  test('with nothing open is refused without asking', async () => {
    expect(await draft.save()).toBe('refused');
    expect(fake().paramsOf('znodes.save')).toEqual([]);
  });
});
