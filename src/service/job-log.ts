/**
 * Logs of attempts, a file of JSON lines each: `DIR/job-logs/JOB/RUN/STEP.ATTEMPT.jsonl`. A run that was cleared has
 * rounds: `STEP.r2.ATTEMPT.jsonl`. The logs are for people. No state depends on them, and a log that can't be written holds
 * up nothing. Each log has a bound, and secrets of the pipeline file are taken out.
 */
import { join } from 'node:path';
import { type Config, redacted } from '../config/config.ts';
import { REDACTED } from '../keys/value-schema.ts';
import type { LogLevel } from '../steps/step.ts';
import type { Platform } from './platform.ts';

export interface AttemptLog {
  write(level: LogLevel, text: string, fields?: Readonly<Record<string, unknown>>): void;
  /** Puts what was written into the file at once, as when the attempt has ended. */
  flush(): void;
}

/**
 * Runs of a job whose logs are kept. The next constant says how many runs end before old logs are removed again: each
 * removal looks at all that are there.
 */
const RUNS_KEPT = 200;
const RUNS_BETWEEN = 100;

/** How long lines are gathered before they go to the file together: a short attempt opens its file once. */
const GATHERED_MS = 500;

/** The most bytes of one attempt's log. Lines beyond are left out, and the log says so. */
const BYTES_MAX = 1024 * 1024;

/** The directory of a run's logs. */
export function logDirectory(dataDir: string, job: string, runId: string): string {
  return join(dataDir, 'job-logs', fileName(job), fileName(runId));
}

/** Called when a run of a job has ended: removes the logs of the job's oldest runs. */
export function createLogKeeper({ config, platform }: { readonly config: Config; readonly platform: Platform }) {
  const ended = new Map<string, number>();
  return (job: string): void => {
    const count = (ended.get(job) ?? 0) + 1;
    ended.set(job, count);
    if (count % RUNS_BETWEEN !== 1) return;
    platform.keepNewest?.(join(config.dataDir, 'job-logs', fileName(job)), RUNS_KEPT).catch(() => {});
  };
}

export function createAttemptLogs({ config, platform }: { readonly config: Config; readonly platform: Platform }) {
  const secrets = secretsOf(config);
  const hide = (text: string): string => secrets.reduce((left, secret) => left.replaceAll(secret, REDACTED), text);
  return (job: string, runId: string, attempt: LoggedPlace): AttemptLog => {
    const file = join(logDirectory(config.dataDir, job, runId), logFileName(attempt));
    let bytes = 0;
    let waiting = '';
    let isGathering = false;
    /** The end of the last write, so that lines keep their order. */
    let written = Promise.resolve();
    const flush = (): void => {
      isGathering = false;
      const text = waiting;
      waiting = '';
      if (text !== '') written = written.then(() => platform.appendLog?.(file, text)).catch(() => {});
    };
    return {
      write(level, text, fields = {}) {
        if (bytes > BYTES_MAX) return;
        const line = `${hide(JSON.stringify({ at: new Date(platform.nowMs()).toISOString(), level, text, ...fields }))}\n`;
        bytes += Buffer.byteLength(line);
        const cut = `${JSON.stringify({ level: 'warn', text: `the log ends here: it is longer than ${BYTES_MAX} bytes` })}\n`;
        waiting += bytes > BYTES_MAX ? cut : line;
        if (isGathering) return;
        isGathering = true;
        void platform.sleep(GATHERED_MS).then(flush);
      },
      flush,
    };
  };
}

/** Which attempt of a run. `round` counts how often the run has begun, from 1. */
export interface LoggedPlace {
  readonly step: string;
  readonly round: number;
  readonly attempt: number;
}

export function logFileName({ step, round, attempt }: LoggedPlace): string {
  return `${fileName(step)}${round > 1 ? `.r${round}` : ''}.${attempt}.jsonl`;
}

/** Null for a file of another name. */
export function loggedPlace(file: string): LoggedPlace | null {
  const [, step, round = '1', attempt] = /^(.+?)(?:\.r(\d+))?\.(\d+)\.jsonl$/.exec(file) ?? [];
  return step === undefined || attempt === undefined ? null : { step, round: Number(round), attempt: Number(attempt) };
}

/**
 * A name that is safe in a path. Names of runs have colons and those of mapped steps brackets, which not every file system
 * takes; dots alone would lead to another directory.
 */
export function fileName(name: string): string {
  return name.replace(/[^\w.@~+-]/g, '-').replace(/^\.+$/, '-');
}

/** The secrets: texts of the configuration that are printed as a mark. */
function secretsOf(config: Config): string[] {
  const found = new Set<string>();
  collect(config, redacted(config), found);
  return [...found].sort((a, b) => b.length - a.length);
}

/** Shorter secrets are left alone: they would also be taken out of words that are no secret. */
const SECRET_CHARS_MIN = 4;

function collect(whole: unknown, shown: unknown, found: Set<string>): void {
  if (whole === shown) return;
  if (typeof whole === 'string') {
    if (whole.length >= SECRET_CHARS_MIN) found.add(whole);
    return;
  }
  if (typeof whole !== 'object' || whole === null || typeof shown !== 'object' || shown === null) return;
  for (const [key, value] of Object.entries(whole)) collect(value, Reflect.get(shown, key), found);
}
