/** A script that makes two servers differ, cut down to what is needed for that: delta debugging, then plainer words. */
import type { Connect, Message, Script, Step, Value } from './script.ts';
import { OPEN } from './vocabulary.ts';

/** Whether the servers still differ on it. */
export type Test = (script: Script) => Promise<boolean>;

/** Plays are cheap, but a script on which a server hangs costs its patience each time. */
const PLAYS_MAX = 1500;

export async function shrink(script: Script, differs: Test): Promise<Script> {
  let plays = 0;
  let best = script;
  const isSmaller = async (steps: readonly Step[]): Promise<boolean> => {
    const candidate = { ...best, steps };
    if (sizeOf(candidate) >= sizeOf(best) || plays >= PLAYS_MAX) return false;
    plays++;
    if (!(await differs(candidate))) return false;
    best = candidate;
    return true;
  };
  for (let size = Infinity; sizeOf(best) < size;) {
    size = sizeOf(best);
    await without(best.steps, isSmaller);
    for (let at = 0; at < best.steps.length; at++) {
      const replace = (step: Step): Promise<boolean> => isSmaller(best.steps.with(at, step));
      await withFewerMessages(best.steps[at]!, replace);
      for (const choices of plainerSteps(best.steps[at]!)) {
        const step = choices(best.steps[at]!);
        if (step !== null) await replace(step);
      }
    }
  }
  return best;
}

/** What shrinking makes less of. */
function sizeOf(script: Script): number {
  return JSON.stringify(script).length;
}

/** Takes items out, half of them first and one by one at last, as long as `accept` agrees. */
async function without<T>(
  items: readonly T[],
  accept: (fewer: readonly T[]) => Promise<boolean>,
): Promise<void> {
  let left = items;
  for (let size = Math.ceil(left.length / 2); size >= 1; size = Math.floor(size / 2)) {
    for (let at = 0; at < left.length;) {
      const fewer = left.toSpliced(at, size);
      if (await accept(fewer)) left = fewer;
      else at += size;
    }
  }
}

async function withFewerMessages(
  step: Step,
  replace: (step: Step) => Promise<boolean>,
): Promise<void> {
  if (step.kind === 'say' && step.messages.length > 1)
    await without(step.messages, (messages) => replace({ ...step, messages }));
  if (step.kind === 'connect') await without(step.behind, (behind) => replace({ ...step, behind }));
}

/** One change towards the plain at a time, applied to what the step has become by then; null where there is none. */
type Choice = (step: Step) => Step | null;

function plainerSteps(step: Step): Choice[] {
  switch (step.kind) {
    case 'hang-up':
      return [changed<Step>({ ...step, unfinished: '' })];
    case 'connect':
      return [
        ...Object.entries(PLAIN_CONNECT).map(
          ([key, value]): Choice =>
            (now) =>
              changed<Step>({ ...(now as Connect), [key]: value })(now),
        ),
        ...messageChoices(step.behind, (now, behind) => ({ ...(now as Connect), behind })),
      ];
    case 'say':
      return [
        (now) => (now.kind === 'say' ? changed<Step>({ ...now, writes: 1 })(now) : null),
        (now) => (now.kind === 'say' ? changed<Step>({ ...now, patient: true })(now) : null),
        ...messageChoices(step.messages, (now, messages) =>
          now.kind === 'say' ? { ...now, messages } : now,
        ),
      ];
  }
}

const PLAIN_CONNECT: Partial<Connect> = {
  password: 'right',
  timeoutMs: 30_000,
  readOnly: 0,
  lastZxid: null,
  protocolVersion: 0,
  trailing: '',
};

function changed<T>(to: T): (from: T) => T | null {
  return (from) => (JSON.stringify(from) === JSON.stringify(to) ? null : to);
}

function messagesOf(step: Step): readonly Message[] {
  if (step.kind === 'hang-up') return [];
  return step.kind === 'say' ? step.messages : step.behind;
}

function messageChoices(
  messages: readonly Message[],
  put: (step: Step, messages: readonly Message[]) => Step,
): Choice[] {
  return messages.flatMap((message, i) =>
    plainerMessages(message).map((choice): Choice => (step) => {
      const now = messagesOf(step)[i];
      const plainer = now === undefined ? null : choice(now);
      return plainer === null ? null : put(step, messagesOf(step).with(i, plainer));
    }),
  );
}

function plainerMessages(message: Message): ((now: Message) => Message | null)[] {
  return [
    ({ cut, trailing, ...whole }) => (cut === undefined && trailing === undefined ? null : whole),
    ...message.body.flatMap((value, i) =>
      plainerValues(value).map((plainer) => (now: Message) => {
        const same = JSON.stringify(now.body[i]) === JSON.stringify(plainer);
        return same || i >= now.body.length ? null : { ...now, body: now.body.with(i, plainer) };
      }),
    ),
  ];
}

function plainerValues(value: Value): Value[] {
  switch (value.is) {
    case 'text':
    case 'bytes-as-text':
      return [
        { is: 'text', of: '~/a' },
        { is: 'text', of: '~' },
      ];
    case 'data':
    case 'bulk':
      return [{ is: 'data', of: '' }];
    case 'acl':
    case 'count':
      return [{ is: 'acl', of: OPEN }];
    case 'texts':
      return (value.of ?? []).map((_, i) => ({ is: 'texts', of: value.of!.toSpliced(i, 1) }));
    case 'parts':
      return [
        ...value.of.map((_, i) => ({ ...value, of: value.of.toSpliced(i, 1) })),
        ...value.of.flatMap((part, i) =>
          part.body.flatMap((field, j) =>
            plainerValues(field).map((plainer) => ({
              ...value,
              of: value.of.with(i, { ...part, body: part.body.with(j, plainer) }),
            })),
          ),
        ),
      ];
    case 'int':
      return [
        { is: 'int', of: -1 },
        { is: 'int', of: 0 },
      ];
    default:
      return [];
  }
}
