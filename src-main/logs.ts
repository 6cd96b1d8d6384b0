/**
 * The app's log file. When it is full it becomes `zabring.1.log`, that one `zabring.2.log` and so on, and the last is let go.
 *
 * Lines are written before `write` returns (a few microseconds), so that the last words before a crash are there.
 */
import fs from 'node:fs';
import path from 'node:path';

export interface LogFileOptions {
  readonly folder: string;
  readonly bytesMax: number;
  /** Files in all. */
  readonly filesMax: number;
}

export class LogFile {
  readonly #options: LogFileOptions;
  #file: number | null = null;
  #bytes = 0;

  constructor(options: LogFileOptions) {
    this.#options = options;
    fs.mkdirSync(options.folder, { recursive: true });
    this.#open();
  }

  /** A log that cannot be written stops nobody from working: the line is lost, and the next one is tried again. */
  write(line: string): void {
    try {
      const bytes = Buffer.byteLength(line);
      if (this.#bytes > 0 && this.#bytes + bytes > this.#options.bytesMax) this.#roll();
      const file = this.#file ?? this.#open();
      fs.writeSync(file, line);
      this.#bytes += bytes;
    } catch {
      this.close();
    }
  }

  close(): void {
    if (this.#file === null) return;
    const file = this.#file;
    this.#file = null;
    fs.closeSync(file);
  }

  #open(): number {
    const file = fs.openSync(this.#path(0), 'a');
    this.#file = file;
    this.#bytes = fs.fstatSync(file).size;
    return file;
  }

  #roll(): void {
    this.close();
    for (let age = this.#options.filesMax - 1; age > 0; age--) {
      const younger = this.#path(age - 1);
      if (fs.existsSync(younger)) fs.renameSync(younger, this.#path(age));
    }
    this.#open();
  }

  #path(age: number): string {
    return path.join(this.#options.folder, age === 0 ? 'zabring.log' : `zabring.${age}.log`);
  }
}
