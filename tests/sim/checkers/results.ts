/** Every write was told what it came to: codes, versions, sequence numbers, Stats; and what was refused changed nothing. */
import { Code } from '../../../src-server/coordination/model/codes.ts';
import { OpCode } from '../../../src-server/coordination/model/ops.ts';
import type { Answer, Call } from '../history.ts';
import { type Expected, whyNotStat } from '../model.ts';
import { type Done, type Evidence, expectedText, fail, nameOf } from './evidence.ts';

export function checkResults({ done, probes }: Evidence): void {
  for (const step of done) {
    checkEntry(step);
    const { call, expected, entry } = step;
    if (entry.type === OpCode.DELETE_CONTAINER)
      probes.hit(
        entry.path.startsWith('/t/')
          ? 'a node was removed after its time to live'
          : 'a container was removed',
      );
    if (entry.error === Code.SESSION_MOVED)
      probes.hit('a write from a member that was left was turned away');
    if (entry.type === OpCode.CLOSE_SESSION && entry.paths.length > 0)
      probes.hit('an ephemeral ended with its session');
    if (call === null || call.answer === null) continue;
    const problem = whyNotAnswer(call.answer, expected, call);
    if (problem !== null) fail('results', `${nameOf(call)} ${problem}, at ${entry.zxid}`);
    if (call.order.kind === 'multi')
      probes.hit(
        expected.parts?.every(({ code }) => code === Code.OK) === true
          ? 'a multi was carried out'
          : 'a multi was refused',
      );
    if (call.answer.code === Code.BAD_VERSION) probes.hit('a compare-and-set was refused');
    probes.hit(call.answer.code === Code.OK ? 'a call was answered' : 'a call was refused');
  }
}

/** The log itself says the same, also of what nobody was told. */
function checkEntry({ entry, call, expected }: Done): void {
  if (call === null || call.order.kind === 'close') return;
  if (entry.type === OpCode.MULTI) {
    const wanted = expected.parts?.map((part) => part.code) ?? [];
    if (entry.parts.some((part, i) => part !== wanted[i]))
      fail(
        'results',
        `${nameOf(call)} had to come to ${expectedText(expected)}, and the log says ${entry.text}`,
      );
    return;
  }
  const code = entry.type === OpCode.ERROR ? entry.error : Code.OK;
  if (code !== expected.code)
    fail(
      'results',
      `${nameOf(call)} had to come to ${expectedText(expected)}, and the log says ${entry.text}`,
    );
}

function whyNotAnswer(answer: Answer, expected: Expected, call: Call): string | null {
  if (call.order.kind === 'close') return null;
  if (answer.code !== expected.code) return `had to come to ${expectedText(expected)}`;
  if (answer.parts !== null || expected.parts !== null) {
    const parts = answer.parts ?? [];
    const wanted = expected.parts ?? [];
    if (parts.length !== wanted.length)
      return `has ${parts.length} results and not ${wanted.length}`;
    for (const [i, part] of parts.entries()) {
      const problem = whyNotPart(part, wanted[i]!);
      if (problem !== null) return `: part ${i} ${problem}`;
    }
    return null;
  }
  return whyNotPart(answer, expected);
}

function whyNotPart(
  answer: Pick<Answer, 'code' | 'path' | 'stat'>,
  expected: Omit<Expected, 'parts'>,
): string | null {
  const { code, path, state } = expected;
  if (answer.code !== code) return `had to come to ${code}, not ${answer.code}`;
  if (path !== null && answer.path !== path) return `had to make ${path}`;
  if (answer.stat === null || state === null) return null;
  const problem = whyNotStat(answer.stat, state);
  return problem === null ? null : `shows a Stat whose ${problem}`;
}
