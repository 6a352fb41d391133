/** One hash over everything that happened, in order: what ran, and what was written. */
import { createHash } from 'node:crypto';

export interface Trace {
  note(line: string): void;
  digest(): string;
  /** The last lines, for whoever looks into a failure. */
  recent(): readonly string[];
}

const RECENT_LINES = 400;

export function createTrace(onLine: (line: string) => void): Trace {
  const hash = createHash('sha256');
  let recent: string[] = [];
  return {
    note(line) {
      hash.update(line);
      hash.update('\n');
      onLine(line);
      recent.push(line);
      if (recent.length >= 2 * RECENT_LINES) recent = recent.slice(-RECENT_LINES);
    },
    digest: () => hash.copy().digest('hex').slice(0, 16),
    recent: () => recent.slice(-RECENT_LINES),
  };
}
