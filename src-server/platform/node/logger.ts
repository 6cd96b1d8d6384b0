/** Log lines to a stream, as text. */
import type { LogFields, Logger, LogLevel } from '../logger.ts';

const ORDER: Record<LogLevel, number> = { debug: 0, info: 1, warn: 2, error: 3 };

export class LineLogger implements Logger {
  readonly #write: (line: string) => void;
  readonly #least: number;
  readonly #fields: LogFields;

  constructor(options: {
    readonly level: LogLevel;
    readonly write: (line: string) => void;
    readonly fields?: LogFields;
  }) {
    this.#write = options.write;
    this.#least = ORDER[options.level];
    this.#fields = options.fields ?? {};
  }

  debug(sentence: string, fields?: LogFields): void {
    this.#line('debug', sentence, fields);
  }

  info(sentence: string, fields?: LogFields): void {
    this.#line('info', sentence, fields);
  }

  warn(sentence: string, fields?: LogFields): void {
    this.#line('warn', sentence, fields);
  }

  error(sentence: string, fields?: LogFields): void {
    this.#line('error', sentence, fields);
  }

  with(fields: LogFields): Logger {
    const level =
      (Object.keys(ORDER) as LogLevel[]).find((name) => ORDER[name] === this.#least) ?? 'info';
    return new LineLogger({ level, write: this.#write, fields: { ...this.#fields, ...fields } });
  }

  #line(level: LogLevel, sentence: string, fields: LogFields = {}): void {
    if (ORDER[level] < this.#least) return;
    let line = `${new Date().toISOString()} ${level.toUpperCase().padEnd(5)} ${sentence}`;
    for (const [key, value] of Object.entries({ ...this.#fields, ...fields }))
      line += ` ${key}=${quoted(String(value))}`;
    this.#write(`${line}\n`);
  }
}

/** Values that could be mistaken for more fields, or for more lines, are quoted. */
function quoted(value: string): string {
  return /^[^\s"=]+$/.test(value) ? value : JSON.stringify(value);
}
