/** Lengths of life as people write them. */

/** No key needs to live longer than some centuries. */
const SECONDS_MAX = 1e10;

/** Null for what is no number of seconds above 0. */
export function secondsOf(text: string): number | null {
  const trimmed = text.trim();
  if (!/^\d+(\.\d{1,3})?$/.test(trimmed)) return null;
  const seconds = Number(trimmed);
  return seconds > 0 && seconds <= SECONDS_MAX ? seconds : null;
}
