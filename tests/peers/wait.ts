/** Waiting for a fact instead of for a time. */

/** Tries until `fact` gives something other than null, undefined or false, and returns that. */
export async function until<T>(
  what: string,
  fact: () => T | Promise<T>,
  withinMs = 30_000,
): Promise<NonNullable<Exclude<T, false>>> {
  const end = performance.now() + withinMs;
  let lastError: unknown = null;
  for (;;) {
    try {
      const found = await fact();
      if (found !== null && found !== undefined && found !== false) {
        return found as NonNullable<Exclude<T, false>>;
      }
    } catch (error) {
      lastError = error;
    }
    if (performance.now() > end) {
      throw new Error(`within ${withinMs} ms this did not come true: ${what}`, {
        cause: lastError,
      });
    }
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}
