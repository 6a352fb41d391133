/** Commands about jobs as they come over the API and the channel: plain values, held to what a command may say. */
import type { JobCommand, Params } from './commands.ts';
import { MARKS } from './mark.ts';

export const JOB_ACTIONS = [
  'run',
  'pause',
  'resume',
  'cancel',
  'clear',
  'mark',
  'skip',
  'backfill',
  'cancel-backfill',
] as const;

const REPROCESS = ['none', 'failed', 'completed'] as const;
const PARALLEL_MAX = 100;

/** The command, or what is wrong with its words. */
export function jobCommandOf(words: Readonly<Record<string, unknown>>, key: string | null): JobCommand | string {
  const { action, job, run, step = null, backfill } = words;
  switch (action) {
    case 'run': {
      const params = paramsOf(words.params ?? {});
      if (typeof job !== 'string') return 'say which job';
      return typeof params === 'string' ? params : { kind: action, job, params, key };
    }
    case 'pause':
    case 'resume':
      return typeof job === 'string' ? { kind: action, job } : 'say which job';
    case 'cancel':
      return typeof run === 'string' ? { kind: action, run } : 'say which run';
    case 'clear':
    case 'skip':
    case 'mark': {
      if (step !== null && typeof step !== 'string') return 'step must be the name of one';
      if (typeof run !== 'string') return 'say which run';
      if (action === 'clear') return { kind: action, run, step };
      const as = action === 'skip' ? 'skipped' : MARKS.find((each) => each === words.as);
      return as === undefined ? `as must be one of ${MARKS.join(', ')}` : { kind: 'mark', run, step, as };
    }
    case 'cancel-backfill':
      return typeof backfill === 'string' ? { kind: action, backfill } : 'say which backfill';
    case 'backfill':
      return backfillOf(words);
    default:
      return `there is no action ${String(action)}; known: ${JOB_ACTIONS.join(', ')}`;
  }
}

function backfillOf(words: Readonly<Record<string, unknown>>): JobCommand | string {
  const { job, parallel = 1, reprocess = 'none', dryRun = false } = words;
  const from = timeOf(words.from);
  const to = timeOf(words.to);
  const again = REPROCESS.find((each) => each === reprocess);
  if (typeof job !== 'string') return 'say which job';
  if (from === null || to === null) return 'from and to are times in epoch milliseconds, or instants with their zone';
  if (typeof parallel !== 'number' || !Number.isInteger(parallel) || parallel < 1 || parallel > PARALLEL_MAX) {
    return `parallel must be a whole number from 1 to ${PARALLEL_MAX}`;
  }
  if (again === undefined) return `reprocess must be one of ${REPROCESS.join(', ')}`;
  return { kind: 'backfill', job, from, to, parallel, reprocess: again, isDryRun: dryRun === true };
}

function timeOf(word: unknown): number | null {
  if (typeof word === 'number') return Number.isSafeInteger(word) ? word : null;
  const ms =
    typeof word === 'string' && /^\d{4}-\d\d-\d\d(T.*(Z|[+-]\d\d:\d\d))?$/.test(word) ? Date.parse(word) : Number.NaN;
  return Number.isNaN(ms) ? null : ms;
}

/** A map, or JSON of one. */
function paramsOf(written: unknown): Params | string {
  const map = typeof written === 'string' ? parsed(written) : written;
  if (typeof map !== 'object' || map === null || Array.isArray(map)) return 'params must be a map of names to values';
  const params: Record<string, string | number | boolean | null> = {};
  for (const [name, value] of Object.entries(map)) {
    const isPlain = value === null || ['string', 'number', 'boolean'].includes(typeof value);
    if (!isPlain) return `the parameter ${name} must be text, a number, true, false or null`;
    params[name] = value;
  }
  return params;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
