/** `millrace journal cat`. */
import { setTimeout as sleep } from 'node:timers/promises';
import { openCat } from '../data-directory/cat.ts';
import { type OptionValues, print, text } from './command.ts';
import { EXIT, UsageError } from './exit.ts';

const FOLLOW_MS = 200;

export async function cat(dataDir: string, values: OptionValues, name: string | undefined): Promise<number> {
  if (name === undefined) throw new UsageError('say of which stream or log: journal cat STREAM|LOG');
  const whole = (option: string): number | null => wholeNumber(option, text(values, option));
  const events = await openCat(dataDir, {
    name,
    partition: whole('partition'),
    fromOffset: whole('from') ?? 0,
    toOffset: whole('to') ?? Number.MAX_SAFE_INTEGER,
    sinceMs: instant('since', text(values, 'since')) ?? Number.NEGATIVE_INFINITY,
    untilMs: instant('until', text(values, 'until')) ?? Number.POSITIVE_INFINITY,
    types: text(values, 'type')?.split(',') ?? [],
  });
  if (events.logs.length === 0)
    throw new UsageError(`there is no stream or log ${name} in the journal of ${dataDir}; see journal inspect`);
  let left = whole('limit') ?? Number.POSITIVE_INFINITY;
  // Whoever reads may have had enough: `| head` is no error.
  let isRead = true;
  process.stdout.on('error', () => {
    isRead = false;
  });
  for (;;) {
    for await (const line of events.next()) {
      if (left <= 0 || !isRead) return EXIT.ok;
      left -= 1;
      await print(line);
    }
    if (values.follow !== true) return EXIT.ok;
    await sleep(FOLLOW_MS);
  }
}

function wholeNumber(option: string, value: string | undefined): number | null {
  if (value === undefined) return null;
  if (!/^\d{1,15}$/.test(value)) throw new UsageError(`--${option} takes a whole number, not ${value}`);
  return Number(value);
}

function instant(option: string, value: string | undefined): number | null {
  if (value === undefined) return null;
  const ms = Date.parse(value);
  if (Number.isNaN(ms))
    throw new UsageError(`--${option} takes a date such as 2018-04-01 or 2018-04-01T12:00:00Z, not ${value}`);
  return ms;
}
