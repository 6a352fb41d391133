/** `millrace churn`: which customers will come no more, and how well that can be told. */
import { writeFileSync } from 'node:fs';
import {
  CONFIG_OPTION,
  type Command,
  DATA_OPTION,
  dataDirOf,
  JSON_OPTION,
  noWords,
  print,
  tableText,
  text,
} from '../../commands/command.ts';
import { timeRange } from '../../commands/days.ts';
import { EXIT, UsageError } from '../../commands/exit.ts';
import { PROFILE_COLUMNS } from '../activity.ts';
import { type ActivityReport, judgeActivity, readHistories } from '../lab/customer-activity.ts';

const HORIZON_DAYS = 14;
const LISTED = 20;

export const churnCommand: Command = {
  name: 'churn',
  summary: `customers who will make no transaction in the next days

  A logistic regression on profiles of the customers (how often, how long ago, how much), trained on moments whose
  outcome is known, and judged at a later one beside a list by the last visit, and beside the base rate.`,
  usage: 'churn [--horizon DAYS] [--at DAY] [--output FILE.csv] [--data DIR] [--json]',
  options: {
    ...CONFIG_OPTION,
    ...DATA_OPTION,
    ...JSON_OPTION,
    horizon: { type: 'string', value: 'DAYS', help: `none in so many days is gone; else ${HORIZON_DAYS}` },
    at: { type: 'string', value: 'DAY', help: 'judged at the start of this UTC day; else the last that can be' },
    output: { type: 'string', value: 'FILE', help: 'profiles of all customers with their chances, as CSV' },
  },
  async run(values, words) {
    noWords('churn', words);
    const horizonDays = Number(text(values, 'horizon') ?? HORIZON_DAYS);
    if (!Number.isInteger(horizonDays) || horizonDays < 1)
      throw new UsageError(`--horizon takes a whole number of days, not ${text(values, 'horizon')}`);
    const at = text(values, 'at');
    const atMs = at === undefined ? null : timeRange(at, undefined).fromMs;
    const report = await judgeActivity(await readHistories(await dataDirOf(values)), horizonDays, atMs);
    const output = text(values, 'output');
    if (output !== undefined) writeFileSync(output, csvOf(report));
    const { profiles, ...figures } = report;
    const listed = profiles.slice(0, LISTED).map(({ customerId, chance }) => ({ customerId, chance }));
    if (values.json === true) await print(JSON.stringify({ ...figures, likeliest: listed }));
    else await print(reportText(report));
    return EXIT.ok;
  },
};

function csvOf({ profiles }: ActivityReport): string {
  const head = ['customer_id', ...PROFILE_COLUMNS, 'chance_gone'].join(',');
  const rows = profiles.map(({ customerId, chance, profile }) =>
    [customerId, ...Array.from(profile, (value) => Number(value.toFixed(4))), chance.toFixed(6)].join(','),
  );
  return `${[head, ...rows].join('\n')}\n`;
}

function reportText({
  atMs,
  horizonDays,
  customers,
  gone,
  trainedRows,
  model,
  recency,
  baseRate,
  profiles,
}: ActivityReport) {
  const digits = (value: number | null): string => (value === null ? '–' : value.toFixed(3));
  const lines = [
    { by: 'the model', AUC: digits(model.auc), AP: digits(model.averagePrecision), Brier: digits(model.brier) },
    { by: 'days since the last alone', AUC: digits(recency.auc), AP: digits(recency.averagePrecision), Brier: '–' },
    { by: 'the base rate', AUC: '0.500', AP: digits(baseRate.averagePrecision), Brier: digits(baseRate.brier) },
  ];
  return [
    `${customers} customers on ${new Date(atMs).toISOString().slice(0, 10)}: ${gone} made no transaction in ${horizonDays} days. Trained on ${trainedRows} rows before.`,
    tableText(lines),
    `likeliest to be gone now\n${tableText(
      profiles.slice(0, LISTED).map(({ customerId, chance, profile }) => ({
        customer: customerId,
        chance: chance.toFixed(3),
        ...Object.fromEntries(PROFILE_COLUMNS.map((name, at) => [name, profile[at]!.toFixed(1)])),
      })),
    )}`,
  ].join('\n\n');
}
