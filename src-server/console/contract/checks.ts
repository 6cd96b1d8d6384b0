/**
 * Descriptions of values that are types to the compiler and checks at run time: one truth for both ends of a wire.
 *
 * A check returns the path of the first thing that is wrong, or null. Unknown fields of objects are refused, so that a
 * misspelt option is noticed and not ignored.
 */

export interface Check<T> {
  /** Where `value` differs and how, beginning with `at`; null where it fits. */
  problem(value: unknown, at: string): string | null;
  /** Never read; it carries the type. */
  readonly type?: T;
}

export type TypeOf<C> = C extends Check<infer T> ? T : never;

function check<T>(fits: (value: unknown) => boolean, expected: string): Check<T> {
  return { problem: (value, at) => (fits(value) ? null : `${at} is not ${expected}`) };
}

export const boolean: Check<boolean> = check(
  (value) => typeof value === 'boolean',
  'true or false',
);
export const string: Check<string> = check((value) => typeof value === 'string', 'a text');
export const number: Check<number> = check(
  (value) => typeof value === 'number' && Number.isFinite(value),
  'a number',
);
export const integer: Check<number> = check(
  (value) => Number.isSafeInteger(value),
  'a whole number',
);
export const bytes: Check<Uint8Array> = check((value) => value instanceof Uint8Array, 'bytes');
/** A method without parameters or result, a topic without event. */
export const nothing: Check<null> = check((value) => value === null, 'nothing');

export function text(options: { readonly max: number }): Check<string> {
  return check(
    (value) => typeof value === 'string' && value.length <= options.max,
    `a text of at most ${options.max} characters`,
  );
}

export function range(options: { readonly min: number; readonly max: number }): Check<number> {
  const { min, max } = options;
  return check(
    (value) => Number.isSafeInteger(value) && (value as number) >= min && (value as number) <= max,
    `a whole number from ${min} to ${max}`,
  );
}

export function literal<const T extends string | number | boolean>(
  ...values: readonly T[]
): Check<T> {
  return check((value) => values.includes(value as T), values.map(String).join(' or '));
}

export function nullable<T>(inner: Check<T>): Check<T | null> {
  return { problem: (value, at) => (value === null ? null : inner.problem(value, at)) };
}

export function list<T>(
  inner: Check<T>,
  options: { readonly max?: number } = {},
): Check<readonly T[]> {
  return {
    problem: (value, at) => {
      if (!Array.isArray(value)) return `${at} is not a list`;
      if (options.max !== undefined && value.length > options.max)
        return `${at} has more than ${options.max} entries`;
      for (let i = 0; i < value.length; i++) {
        const problem = inner.problem(value[i], `${at}[${i}]`);
        if (problem !== null) return problem;
      }
      return null;
    },
  };
}

type Fields = Readonly<Record<string, Check<unknown>>>;
type ObjectOf<F extends Fields> = { readonly [K in keyof F]: TypeOf<F[K]> };

export function object<F extends Fields>(fields: F): Check<ObjectOf<F>> {
  const names = Object.keys(fields);
  return {
    problem: (value, at) => {
      if (typeof value !== 'object' || value === null || Array.isArray(value))
        return `${at} is not an object`;
      for (const name of Object.keys(value))
        if (!Object.hasOwn(fields, name)) return `${at}.${name} is not known`;
      for (const name of names) {
        const problem = fields[name]!.problem(
          (value as Record<string, unknown>)[name],
          `${at}.${name}`,
        );
        if (problem !== null) return problem;
      }
      return null;
    },
  };
}

/** One of several objects, told apart by a field of literals, `kind` for most. */
export function union<C extends Check<unknown>>(
  field: string,
  members: Readonly<Record<string, C>>,
): Check<TypeOf<C>> {
  return {
    problem: (value, at) => {
      if (typeof value !== 'object' || value === null) return `${at} is not an object`;
      const name = (value as Record<string, unknown>)[field];
      const member =
        typeof name === 'string' && Object.hasOwn(members, name) ? members[name] : undefined;
      if (member === undefined) return `${at}.${field} is not ${Object.keys(members).join(' or ')}`;
      return member.problem(value, at);
    },
  };
}
