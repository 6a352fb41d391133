/** `millrace backtest`: alerts that other rules would have raised, beside those that were. */
import {
  CONFIG_OPTION,
  type Command,
  configFileOf,
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
import { configWithRules } from '../../config/rules-file.ts';
import { backtest } from '../desk/backtest.ts';
import type { BacktestResult, ListedAlert, Quality } from '../desk/backtest-result.ts';
import { fraudRulesOf } from '../operator.ts';

const LISTED = 20;

export const backtestCommand: Command = {
  name: 'backtest',
  summary: `alerts that other rules, a model, or a threshold would have raised in the past, beside those that were

  Nothing is changed. FILE has a section \`rules\`, alone or in a whole pipeline file; its expressions are checked
  against the pipeline file of --config. A rule that is not enabled is tested all the same.`,
  usage: 'backtest --rules FILE|--model ID|--threshold X [--from DAY] [--to DAY] [--data DIR] [--config FILE] [--json]',
  options: {
    ...CONFIG_OPTION,
    ...DATA_OPTION,
    ...JSON_OPTION,
    rules: { type: 'string', value: 'FILE', help: 'rules in the place of those that were' },
    model: { type: 'string', value: 'ID', help: 'scores in the place of the model, or of none, that did' },
    threshold: {
      type: 'string',
      value: 'X',
      help: 'only a score of so much, from 0 to 1, raises an alert; of rules and model',
    },
    from: { type: 'string', value: 'DAY', help: 'a UTC day such as 2018-08-08, or an instant; else the beginning' },
    to: { type: 'string', value: 'DAY', help: 'a day, included; or an instant, which is not; else the end' },
  },
  async run(values, words) {
    noWords('backtest', words);
    const file = text(values, 'rules');
    const threshold = thresholdOf(text(values, 'threshold'));
    const model = text(values, 'model') ?? null;
    if (file === undefined && threshold === null && model === null)
      throw new UsageError('say what to test: --rules FILE, --model ID, --threshold X');
    const range = timeRange(text(values, 'from'), text(values, 'to'));
    const rules = file === undefined ? null : rulesIn(file, configFileOf(values));
    const result = await backtest({ dataDir: await dataDirOf(values), rules, model, threshold, ...range });
    await print(values.json === true ? JSON.stringify(result) : resultText(result));
    return EXIT.ok;
  },
};

function rulesIn(file: string, configFile: string) {
  const config = configWithRules(file, configFile, process.env);
  if (config.fraud === null)
    throw new UsageError(`${configFile} has no section \`fraud\`; name the pipeline file, --config`);
  const rules = config.rules.map((rule) => ({ ...rule, enabled: true }));
  return fraudRulesOf(rules, config.fraud.stream);
}

function thresholdOf(word: string | undefined): number | null {
  if (word === undefined) return null;
  const value = Number(word);
  if (!(value >= 0 && value <= 1)) throw new UsageError(`--threshold takes a score from 0 to 1, not ${word}`);
  return value;
}

function resultText(result: BacktestResult): string {
  const { transactions, frauds, fraudCents, live, candidate, gained, lost, seconds } = result;
  const sides = (['live', 'candidate'] as const).map((side) => qualityRow(side, side === 'live' ? live : candidate));
  return [
    `${count(transactions)} transactions, ${count(frauds)} known frauds of ${money(fraudCents)}; ${seconds.toFixed(1)} s`,
    tableText(sides),
    listText('gained', gained),
    listText('lost', lost),
  ].join('\n\n');
}

function qualityRow(side: string, quality: Quality) {
  const { alerts, precision, hits, caughtFrauds, recall, caughtCents, missedCents } = quality;
  return {
    ...{ side, alerts: count(alerts), precision: share(precision), hits: count(hits), caught: count(caughtFrauds) },
    ...{ recall: share(recall), 'caught amount': money(caughtCents), 'missed amount': money(missedCents) },
  };
}

function listText(title: string, alerts: readonly ListedAlert[]): string {
  const right = alerts.filter(({ fraud }) => fraud).length;
  const head = `${title}: ${count(alerts.length)} alerts, ${count(right)} of them right`;
  if (alerts.length === 0) return head;
  const rows = alerts.slice(0, LISTED).map(({ alertId, occurredAt, amountCents, score, fraud, reasons }) => ({
    alert: alertId,
    at: new Date(occurredAt).toISOString(),
    amount: money(amountCents),
    score: score.toFixed(3),
    fraud,
    reasons: reasons.join('; '),
  }));
  const more = alerts.length > LISTED ? `\n… and ${count(alerts.length - LISTED)} more; --json has all` : '';
  return `${head}\n${tableText(rows)}${more}`;
}

function count(value: number): string {
  return value.toLocaleString('en');
}

function share(value: number | null): string {
  return value === null ? '–' : value.toFixed(3);
}

function money(cents: number): string {
  return (cents / 100).toFixed(2);
}
