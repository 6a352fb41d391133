/** What a process writes, as lines of a log. */
import type { Readable } from 'node:stream';
import type { LogLevel } from '../steps/step.ts';
import type { LogLine } from '../steps/step-process.ts';

/** A longer line is cut into several. */
const LINE_CHARS_MAX = 8 * 1024;

export function logLines(stream: Readable | null, level: LogLevel, log: LogLine): void {
  let rest = '';
  stream?.setEncoding('utf8');
  stream?.on('data', (chunk: string) => {
    const lines = (rest + chunk).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) log(level, line.slice(0, LINE_CHARS_MAX));
    while (rest.length > LINE_CHARS_MAX) {
      log(level, rest.slice(0, LINE_CHARS_MAX));
      rest = rest.slice(LINE_CHARS_MAX);
    }
  });
  stream?.on('end', () => {
    if (rest !== '') log(level, rest);
  });
}
