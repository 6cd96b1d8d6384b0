/** Numbers, sizes and times in the words of the language of the moment. */
import { currentLanguage, t, tn } from '../i18n/words.ts';

const KIB = 1024;

export function formatBytes(bytes: number): string {
  if (bytes < KIB) return tn('common.bytes', bytes);
  const units = ['KiB', 'MiB', 'GiB', 'TiB'];
  let value = bytes / KIB;
  let unit = 0;
  // Rounded, so that one byte less than a mebibyte is not 1,024 KiB.
  while (Math.round(value) >= KIB && unit < units.length - 1) {
    value /= KIB;
    unit++;
  }
  const digits = value < 10 ? 2 : value < 100 ? 1 : 0;
  return `${new Intl.NumberFormat(currentLanguage(), { maximumFractionDigits: digits }).format(value)} ${units[unit]!}`;
}

/** To the second, in this machine's time. */
export function formatTime(timeMs: number): string {
  return new Intl.DateTimeFormat(currentLanguage(), {
    dateStyle: 'medium',
    timeStyle: 'medium',
  }).format(timeMs);
}

/** As lines of a log begin: month, day and time to the millisecond, all of the same width. */
export function formatTimeOfLog(timeMs: number): string {
  const time = new Date(timeMs);
  const two = (value: number): string => String(value).padStart(2, '0');
  const day = `${two(time.getMonth() + 1)}-${two(time.getDate())}`;
  const clock = [time.getHours(), time.getMinutes(), time.getSeconds()].map(two).join(':');
  return `${day} ${clock}.${String(time.getMilliseconds()).padStart(3, '0')}`;
}

/** To the millisecond, and the number itself. */
export function formatTimeExactly(timeMs: number): string {
  const exact = new Intl.DateTimeFormat(currentLanguage(), {
    dateStyle: 'full',
    timeStyle: 'long',
  }).format(timeMs);
  return `${exact}\n${new Date(timeMs).toISOString()}\n${timeMs} ms`;
}

const STEPS: readonly (readonly [Intl.RelativeTimeFormatUnit, number])[] = [
  ['year', 31_536_000],
  ['month', 2_592_000],
  ['day', 86_400],
  ['hour', 3600],
  ['minute', 60],
];

export function formatRelative(timeMs: number, nowMs: number): string {
  const seconds = Math.round((timeMs - nowMs) / 1000);
  const format = new Intl.RelativeTimeFormat(currentLanguage(), { numeric: 'auto' });
  for (const [unit, size] of STEPS) {
    if (Math.abs(seconds) >= size) return format.format(Math.trunc(seconds / size), unit);
  }
  if (Math.abs(seconds) < 5) return t('common.justNow');
  return format.format(seconds, 'second');
}

/** A length of time, such as a TTL or a session timeout. */
export function formatDuration(ms: number): string {
  const units = [
    ['day', 86_400_000],
    ['hour', 3_600_000],
    ['minute', 60_000],
    ['second', 1000],
  ] as const;
  for (const [unit, size] of units) {
    if (ms >= size && ms % size === 0) return inUnit(ms / size, unit);
  }
  if (ms >= 1000) return inUnit(ms / 1000, 'second');
  return inUnit(ms, 'millisecond');
}

/** Milliseconds with as many digits as say something. */
export function formatMs(ms: number): string {
  const digits = ms < 1 ? 2 : ms < 10 ? 1 : 0;
  const number = new Intl.NumberFormat(currentLanguage(), { maximumFractionDigits: digits });
  return `${number.format(ms)} ms`;
}

/** Whole microseconds, as milliseconds, or seconds where there are many: always three digits that count. */
export function formatMicros(us: number): string {
  const isSeconds = us >= 1_000_000;
  const value = isSeconds ? us / 1_000_000 : us / 1000;
  const digits = value < 1 ? 3 : value < 10 ? 2 : value < 100 ? 1 : 0;
  const number = new Intl.NumberFormat(currentLanguage(), {
    minimumFractionDigits: us === 0 ? 0 : digits,
    maximumFractionDigits: digits,
  });
  return `${number.format(value)} ${isSeconds ? 's' : 'ms'}`;
}

/** The number alone, in milliseconds, for tables that name the unit. */
export function formatMicrosBare(us: number): string {
  const ms = us / 1000;
  const digits = ms < 10 ? 3 : ms < 100 ? 2 : 1;
  return new Intl.NumberFormat(currentLanguage(), {
    minimumFractionDigits: us === 0 ? 0 : digits,
    maximumFractionDigits: digits,
  }).format(ms);
}

/** Round values at a scale, with their unit and without zeros at the end. */
export function formatMicrosShort(us: number): string {
  const isSeconds = us >= 1_000_000;
  const value = isSeconds ? us / 1_000_000 : us / 1000;
  const number = new Intl.NumberFormat(currentLanguage(), { maximumSignificantDigits: 3 });
  return `${number.format(value)} ${isSeconds ? 's' : 'ms'}`;
}

/** As lines of what happens now begin: only the time, to the millisecond. */
export function formatTimeOfDay(timeMs: number): string {
  return formatTimeOfLog(timeMs).slice(-12);
}

/** How long something has lasted, in its two largest units. */
export function formatLength(ms: number): string {
  const seconds = Math.floor(ms / 1000);
  const parts = [
    ['day', Math.floor(seconds / 86_400)],
    ['hour', Math.floor(seconds / 3600) % 24],
    ['minute', Math.floor(seconds / 60) % 60],
    ['second', seconds % 60],
  ] as const;
  const first = Math.max(
    0,
    parts.findIndex(([, value]) => value > 0),
  );
  const isNothing = seconds === 0;
  return parts
    .slice(isNothing ? -1 : first, isNothing ? undefined : first + 2)
    .filter(([, value], i) => value > 0 || i === 0)
    .map(([unit, value]) =>
      new Intl.NumberFormat(currentLanguage(), {
        style: 'unit',
        unit,
        unitDisplay: 'narrow',
      }).format(value),
    )
    .join(' ');
}

/** A time of today, to the second. */
export function formatClock(timeMs: number): string {
  return new Intl.DateTimeFormat(currentLanguage(), { timeStyle: 'medium' }).format(timeMs);
}

/** Large numbers short: 12.5K. */
export function formatCompact(value: number): string {
  return new Intl.NumberFormat(currentLanguage(), {
    notation: 'compact',
    maximumFractionDigits: value < 10 ? 2 : 1,
  }).format(value);
}

function inUnit(value: number, unit: string): string {
  return new Intl.NumberFormat(currentLanguage(), {
    style: 'unit',
    unit,
    unitDisplay: 'short',
    maximumFractionDigits: 2,
  }).format(value);
}
