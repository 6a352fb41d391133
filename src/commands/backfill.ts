/** `millrace backfill`: runs of a job for intervals of the past. */
import { ASK_OPTIONS } from './ask.ts';
import { type Command, text } from './command.ts';
import { timeRange } from './days.ts';
import { UsageError } from './exit.ts';
import { act, withJobs } from './job.ts';

export const backfillCommand: Command = {
  name: 'backfill',
  summary: `runs of a job for the intervals of its schedule that lie in a time of the past

  Intervals that have a run are left out, or with --reprocess run again: those that failed, or all that are completed.
  A running service carries it out, and goes on with it after a restart; job runs shows how far it is.`,
  usage:
    'backfill JOB --from TIME --to TIME [--parallel N] [--reprocess none|failed|completed] [--dry-run] [--data DIR | --config FILE] [--json]',
  options: {
    ...ASK_OPTIONS,
    from: { type: 'string', value: 'TIME', help: 'a UTC day, or an instant with its zone' },
    to: { type: 'string', value: 'TIME', help: 'a UTC day, which is included, or an instant, which is not' },
    parallel: { type: 'string', value: 'N', help: 'runs at once; else 1' },
    reprocess: { type: 'string', value: 'WHICH', help: 'none, failed or completed; else none' },
    'dry-run': { type: 'boolean', help: 'say how many intervals there are, and begin nothing' },
  },
  async run(values, [job, ...rest]) {
    if (job === undefined || rest.length > 0) throw new UsageError('say which job: backfill JOB --from TIME --to TIME');
    const [from, to] = [text(values, 'from'), text(values, 'to')];
    if (from === undefined || to === undefined) throw new UsageError('a backfill needs --from TIME and --to TIME');
    const { fromMs, toMs } = timeRange(from, to);
    const parallel = Number(text(values, 'parallel') ?? '1');
    if (!Number.isInteger(parallel)) throw new UsageError('--parallel takes a whole number');
    const request = { action: 'backfill', job, from: fromMs, to: toMs, parallel };
    const reprocess = text(values, 'reprocess') ?? 'none';
    return withJobs(values, () => act(values, { ...request, reprocess, dryRun: values['dry-run'] === true }));
  },
};
