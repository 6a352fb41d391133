/** Logs of attempts as they are read: by the page, over HTTP and on the command line. */
import { open, readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileName, type LoggedPlace, logDirectory, logFileName, loggedPlace } from './job-log.ts';

/** An attempt that has a log. Times are those of its first and of its last line, epoch milliseconds. */
export interface LoggedAttempt extends LoggedPlace {
  readonly beganAt: number | null;
  readonly lastAt: number | null;
  /** The level of the last line. */
  readonly level: string;
}

export interface LogLine {
  /** ISO 8601; null for the line that says that the log was cut. */
  readonly at: string | null;
  readonly level: string;
  readonly text: string;
  readonly [field: string]: unknown;
}

export interface AttemptLines {
  readonly lines: readonly LogLine[];
  /** Whether the log has lines before these. */
  readonly isCut: boolean;
}

/** The most logs of a run that are read: a page with more would help nobody. */
const ATTEMPTS_MAX = 500;
/** Bytes at the file's end in which the last line is looked for: a line is mostly shorter. */
const TAIL_BYTES = 8 * 1024;
export const LINES_MAX = 5000;

/** The attempts of a run that have logs, by the time that they began. Empty for a run whose logs are gone. */
export async function loggedAttempts(dataDir: string, job: string, runId: string): Promise<readonly LoggedAttempt[]> {
  const directory = logDirectory(dataDir, job, runId);
  const names = await readdir(directory).catch(() => []);
  const found: LoggedAttempt[] = [];
  for (const name of names.slice(0, ATTEMPTS_MAX)) {
    const place = loggedPlace(name);
    if (place === null) continue;
    const { first, last } = await ends(join(directory, name));
    const beganAt = timeOf(first);
    found.push({ ...place, beganAt, lastAt: timeOf(last), level: last?.level ?? 'info' });
  }
  return found.sort((a, b) => (a.beganAt ?? 0) - (b.beganAt ?? 0));
}

/** The last lines of an attempt, `limit` at most; null when it has no log. A line that a crash has cut is left out. */
export async function linesOf(
  dataDir: string,
  { job, runId, ...attempt }: LoggedPlace & { readonly job: string; readonly runId: string },
  limit: number,
): Promise<AttemptLines | null> {
  const file = join(logDirectory(dataDir, job, runId), logFileName(attempt));
  const text = await readFile(file, 'utf8').catch(() => null);
  if (text === null) return null;
  const lines = text.split('\n').flatMap((line) => parsed(line) ?? []);
  return { lines: lines.slice(-limit), isCut: lines.length > limit };
}

/** Whether a log is of this step, or of an item of it. */
export function isLogOf(logged: string, step: string): boolean {
  return (
    logged === fileName(step) ||
    (/^-\d+-$/.test(logged.slice(fileName(step).length)) && logged.startsWith(fileName(step)))
  );
}

async function ends(path: string): Promise<{ readonly first: LogLine | null; readonly last: LogLine | null }> {
  const file = await open(path).catch(() => null);
  if (file === null) return { first: null, last: null };
  try {
    const { size } = await file.stat();
    const head = await file.read(Buffer.alloc(TAIL_BYTES), 0, TAIL_BYTES, 0);
    const tail = await file.read(Buffer.alloc(TAIL_BYTES), 0, TAIL_BYTES, Math.max(0, size - TAIL_BYTES));
    const linesOfPart = ({ buffer, bytesRead }: typeof head) =>
      buffer
        .toString('utf8', 0, bytesRead)
        .split('\n')
        .flatMap((line) => parsed(line) ?? []);
    return { first: linesOfPart(head)[0] ?? null, last: linesOfPart(tail).at(-1) ?? null };
  } finally {
    await file.close();
  }
}

function parsed(line: string): LogLine | null {
  if (line === '') return null;
  try {
    const { at = null, level = 'info', text = '', ...fields } = JSON.parse(line);
    return { at, level, text, ...fields };
  } catch {
    return null;
  }
}

function timeOf(line: LogLine | null): number | null {
  const ms = Date.parse(line?.at ?? '');
  return Number.isNaN(ms) ? null : ms;
}
