/**
 * A scenario as text: a headline, prose, and commands with what they brought about.
 *
 *   The headline, a sentence.
 *   Prose, with the source.
 *
 *   > a command
 *     what happened, indented by two
 */
import { Room } from './room.ts';

export interface Script {
  readonly headline: string;
  /** What is written, as it is played now. */
  readonly text: string;
}

/** @throws what is wrong in a command, with the line it stands on */
export function play(text: string): Script {
  const room = new Room();
  const lines = text.split('\n');
  const played: string[] = [];
  for (const [i, line] of lines.entries()) {
    if (line.startsWith('  ')) continue;
    played.push(line);
    if (!line.startsWith('> ')) continue;
    try {
      for (const event of room.play(line.slice(2))) played.push(`  ${event}`);
    } catch (error) {
      const soFar = played.slice(-30).join('\n');
      throw new Error(`line ${i + 1}, ${line}\n${soFar}\n${String(error)}`, { cause: error });
    }
  }
  return { headline: lines[0] ?? '', text: played.join('\n') };
}
