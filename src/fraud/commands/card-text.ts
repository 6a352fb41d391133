/** The card of a model for people. */
import { tableText } from '../../commands/command.ts';
import type { ModelCard } from '../lab/model-card.ts';
import { dayOf } from './model-serving.ts';

const SHOWN = 12;

export function cardText(card: ModelCard): string {
  const { model, kind, role, threshold, thresholdReason, trained, inputs, features, limits, history } = card;
  const { rows, frauds, prevalence } = trained;
  return [
    `${model}: ${role ?? 'does not score'}`,
    `kind       ${kind}`,
    `trained    ${dayOf(trained.from)} to ${dayOf(trained.to - 1)}: ${rows} transactions, ${frauds} frauds (${(100 * prevalence).toFixed(2)} %)`,
    `threshold  ${threshold.toPrecision(4)}: ${thresholdReason}`,
    `measured   ${measuredText(card.measured)}`,
    `recipe     ${card.recipe}`,
    `features   ${features.map(({ name }) => name).join(', ')}`,
    inputs.length === 0
      ? '\nit was made elsewhere: what it goes by is not known'
      : `\nwhat it goes by most\n${tableText(inputs.slice(0, SHOWN).map((input) => ({ ...input, weight: input.weight.toFixed(2) })))}`,
    `\nlimits\n${limits.map((limit) => `- ${limit}`).join('\n')}`,
    `\nhistory\n${history.length === 0 ? 'it never scored' : tableText(history.map(lineOf))}`,
  ].join('\n');
}

function lineOf({ action, threshold, reason, by, note, requestedAtMs }: ModelCard['history'][number]) {
  return { at: new Date(requestedAtMs).toISOString(), action, threshold: threshold.toPrecision(4), reason, by, note };
}

function measuredText(measured: unknown): string {
  if (typeof measured !== 'object' || measured === null) return 'not before a promotion; see millrace model evaluate';
  const of = new Map(Object.entries(measured));
  const digits = (name: string): string => Number(of.get(name)).toFixed(3);
  const figures = `AUC ${digits('auc')}, average precision ${digits('averagePrecision')}, card precision@100 ${digits('cardPrecisionAt100')}`;
  return `${String(of.get('from'))} to ${String(of.get('to'))}: ${figures}; ${String(of.get('frauds'))} frauds`;
}
