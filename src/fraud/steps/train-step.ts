/**
 * `weekly: { train: { kind: best, margin: 0.01 } }`: a round of `millrace model retrain`; and `customers: { train: { kind:
 * customer-activity, horizon: 14d }, into: TABLE }`: who will come no more, as a job table. The work is a process of its own, so
 * the service goes on beside it.
 */
import { rmSync } from 'node:fs';
import { z } from 'zod';
import { bindSql } from '../../jobs/sql-text.ts';
import { formatDuration } from '../../keys/units.ts';
import { duration } from '../../keys/value-schema.ts';
import { quotedText } from '../../sql-quotes.ts';
import { type StepHost, stepAdapter } from '../../steps/adapter.ts';
import { ownCommand } from '../../steps/own-command.ts';
import { checkTableName, identityOf, writtenTable } from '../../steps/sql.ts';
import { failedStatement } from '../../steps/statement-outcome.ts';
import type { StepContext, StepOutcome } from '../../steps/step.ts';
import { MODEL_KINDS } from '../model-kinds.ts';

const DAY_MS = 86_400_000;
const ACTIVITY = 'customer-activity';

export interface TrainStepSettings {
  readonly model: string;
  readonly margin: number | null;
  readonly minFrauds: number | null;
  readonly alertsPerDay: number | null;
  readonly horizonMs: number | null;
  readonly into: string | null;
}

export const trainStep = stepAdapter({
  kind: 'train',
  schema: z.strictObject({
    kind: z
      .enum(['best', ...Object.keys(MODEL_KINDS), ACTIVITY])
      .default('best')
      .describe('Of the model; customer-activity tells which customers will come no more.'),
    margin: z.number().min(0).nullable().default(null).describe('Average precision that a model must gain; 0.01.'),
    minFrauds: z.int().min(1).nullable().default(null).describe('Fewest frauds of the week that judges; 50.'),
    alertsPerDay: z
      .number()
      .positive()
      .nullable()
      .default(null)
      .describe('The threshold is chosen for so many alerts a day; 100.'),
    horizon: duration
      .nullable()
      .prefault(null)
      .describe('Of customer-activity: who makes no transaction in that time is gone; 14d.'),
  }),
  beside: {
    into: z.string().nullable().default(null).describe('Of customer-activity: the job table of all customers.'),
  },
  derive: ({ kind, horizon, ...rules }, { into }): TrainStepSettings => ({
    ...{ model: kind, ...rules, horizonMs: horizon, into },
  }),
  print: ({ model, horizonMs, into, ...rules }) => [
    { ...rules, kind: model, horizon: horizonMs === null ? null : formatDuration(horizonMs) },
    { into },
  ],
  check({ model, margin, minFrauds, alertsPerDay, horizonMs, into }, _, report) {
    if (model !== ACTIVITY) {
      if (horizonMs !== null) report(['train', 'horizon'], `is for kind: ${ACTIVITY}`);
      if (into !== null) report(['into'], `is for kind: ${ACTIVITY}; a round is in the table model_rounds`);
      return;
    }
    for (const [key, value] of Object.entries({ margin, minFrauds, alertsPerDay })) {
      if (value !== null) report(['train', key], `is for models of fraud, which ${ACTIVITY} is not`);
    }
    if (horizonMs !== null && (horizonMs % DAY_MS !== 0 || horizonMs === 0))
      report(['train', 'horizon'], 'is a whole number of days, such as 14d');
    if (into === null) report(['into'], 'name the job table that the customers and their chances go into');
    else checkTableName(into, report);
  },
  into: ({ into }) => into,
  open: (settings, host) => ({
    attempt: (context, signal) =>
      settings.into === null ? round(settings, host, context, signal) : profiles(settings, host, context, signal),
  }),
});

async function round(
  { model, margin, minFrauds, alertsPerDay }: TrainStepSettings,
  host: StepHost,
  context: StepContext,
  signal: AbortSignal,
): Promise<StepOutcome> {
  const rules = [
    ...option('margin', margin),
    ...option('min-frauds', minFrauds),
    ...option('alerts-per-day', alertsPerDay),
  ];
  const who = ['--by', `job ${context.job}`, '--key', context.idempotencyKey];
  const end = await ownCommand(['model', 'retrain', '--kind', model, ...rules, ...who], host, context, signal);
  if (!('said' in end)) return end;
  const { contest: _, ...said } = end.said;
  context.log('info', `${String(said.model)}: ${String(said.outcome)}: ${String(said.why)}`);
  return { kind: 'done', records: 1, output: said };
}

async function profiles(
  { horizonMs, into }: TrainStepSettings,
  host: StepHost,
  context: StepContext,
  signal: AbortSignal,
): Promise<StepOutcome> {
  const file = host.scratchFile(context.idempotencyKey, 'csv');
  try {
    const horizon = horizonMs === null ? [] : ['--horizon', String(horizonMs / DAY_MS)];
    const end = await ownCommand(['churn', ...horizon, '--output', file], host, context, signal);
    if (!('said' in end)) return end;
    const { likeliest: _, weights: __, ...figures } = end.said;
    const statement = bindSql([`SELECT * FROM read_csv(${quotedText(file)})`], () => undefined);
    const target = { kind: 'table', table: into ?? '', write: { mode: 'replace' } } as const;
    const rows = await host.tables.run({ identity: identityOf(context), ...statement, target }, signal, () => {});
    const done = writtenTable(into ?? '', rows, context, host);
    return { ...done, output: { table: into, rows, ...figures } };
  } catch (error) {
    signal.throwIfAborted();
    return failedStatement(error);
  } finally {
    rmSync(file, { force: true });
  }
}

function option(name: string, value: number | null): string[] {
  return value === null ? [] : [`--${name}`, String(value)];
}
