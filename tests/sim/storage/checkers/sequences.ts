/**
 * Whether the answers about one counter or one list can be right. Both only grow, so every answer says how many changes came
 * before it, and there is no order to search for:
 *
 *   whoever begins comes behind everything that was told before      no two changes have one place
 *   nothing is there that nobody had asked for                       every place is somebody's
 */
import { type Call, VALUE_LENGTH } from '../history.ts';
import { describe } from './registers.ts';

/** A call whose answer tells how many changes had been made when it was done, itself included. */
interface Told {
  readonly call: Call;
  readonly count: number;
  readonly isChange: boolean;
}

export function whyNoCounter(calls: readonly Call[]): string | null {
  const told: Told[] = [];
  for (const call of calls) {
    if (call.outcome.kind !== 'done') continue;
    const count = Number(call.outcome.value ?? 0);
    told.push({ call, count, isChange: call.verb === 'incr' });
  }
  const changes = calls.filter(
    ({ verb, outcome }) => verb === 'incr' && outcome.kind !== 'refused',
  );
  const problem = whyOutOfOrder(told) ?? whyTooEarly(told, changes);
  if (problem !== null) return problem;
  const most = told.reduce((max, { count }) => Math.max(max, count), 0);
  const known = told.filter(({ isChange }) => isChange).length;
  const unknown = changes.length - known;
  if (most - known > unknown)
    return `it stands at ${most}, and ${known} counted, ${unknown} perhaps: something counted twice`;
  return null;
}

export function whyNoList(calls: readonly Call[]): string | null {
  let longest = '';
  const reads = calls.filter(({ verb, outcome }) => verb === 'get' && outcome.kind === 'done');
  for (const { outcome } of reads) {
    const text = textOf(outcome);
    if (text.length > longest.length) longest = text;
  }
  for (const read of reads)
    if (!longest.startsWith(textOf(read.outcome)))
      return `what was read is no beginning of ${longest}: ${describe([read])}`;
  if (longest.length % VALUE_LENGTH !== 0) return `it is cut within a word: ${longest}`;
  const words = new Map<string, Call>();
  for (const call of calls) if (call.verb === 'append') words.set(call.value!, call);
  const told: Told[] = [];
  const places = new Set<string>();
  for (let at = 0; at < longest.length; at += VALUE_LENGTH) {
    const word = longest.slice(at, at + VALUE_LENGTH);
    const call = words.get(word);
    if (places.has(word)) return `${word} is there twice`;
    places.add(word);
    if (call === undefined) return `${word} is there, and nobody wrote it`;
    if (call.outcome.kind === 'refused')
      return `a word is there that was refused: ${describe([call])}`;
    const count = at / VALUE_LENGTH + 1;
    if (call.outcome.kind === 'done' && Number(call.outcome.value) !== count * VALUE_LENGTH)
      return `a word is at the end of ${count * VALUE_LENGTH} letters: ${describe([call])}`;
    told.push({ call, count, isChange: true });
  }
  for (const call of words.values())
    if (call.outcome.kind === 'done' && !places.has(call.value!))
      return `a word that was taken is not there: ${describe([call])}`;
  for (const call of reads) {
    const count = textOf(call.outcome).length / VALUE_LENGTH;
    told.push({ call, count, isChange: false });
  }
  const changes = [...words.values()].filter(({ outcome }) => outcome.kind !== 'refused');
  return whyOutOfOrder(told) ?? whyTooEarly(told, changes);
}

function textOf(outcome: Call['outcome']): string {
  return outcome.kind === 'done' ? (outcome.value ?? '') : '';
}

/** Nobody comes before what was told before it began; two changes are never the same one. */
function whyOutOfOrder(told: readonly Told[]): string | null {
  const changes = told.filter(({ isChange }) => isChange).sort((a, b) => a.count - b.count);
  for (let i = 1; i < changes.length; i++)
    if (changes[i]!.count === changes[i - 1]!.count)
      return `two changes have one place: ${describe([changes[i - 1]!.call, changes[i]!.call])}`;
  const answers = told.toSorted((a, b) => a.call.answeredAt - b.call.answeredAt);
  const beginnings = told.toSorted((a, b) => a.call.invokedAt - b.call.invokedAt);
  let next = 0;
  let newest: Told | null = null;
  for (const one of beginnings) {
    for (; next < answers.length && answers[next]!.call.answeredAt < one.call.invokedAt; next++)
      if (newest === null || answers[next]!.count > newest.count) newest = answers[next]!;
    if (newest === null) continue;
    if (one.count < newest.count + (one.isChange ? 1 : 0))
      return `what was told before is not in it: ${describe([newest.call, one.call])}`;
  }
  return null;
}

/** Nobody sees more changes than were asked for when it was answered. */
function whyTooEarly(told: readonly Told[], changes: readonly Call[]): string | null {
  const beginnings = changes.map(({ invokedAt }) => invokedAt).sort((a, b) => a - b);
  for (const { call, count } of told) {
    const asked = beginnings[count - 1];
    if (count > 0 && (asked === undefined || asked > call.answeredAt))
      return `it shows more than was asked for: ${describe([call])}`;
  }
  return null;
}
