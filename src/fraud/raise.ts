/** The hits of a transaction, all recorded, and the alert with its case for hits that are not suppressed. */
import { PARTIAL } from '../streams/partial-field.ts';
import { alertOf } from './alert.ts';
import { armCase } from './card-timers.ts';
import type { Cards } from './cards.ts';
import { caseStatus, recordHit } from './cases.ts';
import type { Serving } from './held-model.ts';
import { modelReasons } from './model-reasons.ts';
import type { FactColumns } from './rule-facts.ts';
import { namesOf, type RuleSet, ruleScore } from './rule-set.ts';
import type { Transaction } from './schemas.ts';
import type { ServedModels } from './served-models.ts';
import type { FraudEvents } from './spec.ts';
import type { Suppressions } from './suppressions.ts';

/** Version that a score carries when the rules alone made it. */
export const RULES_MODEL = 'rules-1';

/** What judges the rows at hand. */
export interface Judging {
  readonly rules: RuleSet;
  readonly suppressions: Suppressions;
  readonly models: ServedModels;
  facts: FactColumns;
}

export interface Raised {
  /** Bits of the rules that fired. */
  readonly hits: number;
  /** The champion, when its score reached its threshold. */
  readonly model: Serving | null;
  /** That score; 0 without one. */
  readonly modelScore: number;
  readonly sessionStart: number;
  /** Its features are: a partition was behind, and was not waited for. */
  readonly isPartial: boolean;
}

/** What fired is recorded; what is not suppressed opens the card's case, with an alert, or joins it. */
export function raise(
  cards: Cards,
  card: number,
  { rules, suppressions, facts }: Judging,
  transaction: Transaction,
  row: number,
  { hits, model, modelScore, sessionStart, isPartial }: Raised,
  out: FraudEvents,
): void {
  const { rules: all, threshold = 0 } = cards.spec;
  const kept = new Map<string, string>();
  const suppressed = suppressions.among(hits, transaction, (bit, id) => {
    for (const rule of namesOf(all, bit)) kept.set(rule, id);
  });
  const ofModel = model === null ? null : suppressions.of(model.id, transaction);
  if (model !== null && ofModel !== null) kept.set(model.id, ofModel);
  const shownModel = ofModel === null ? model : null;
  const unsuppressed = hits & ~suppressed;
  const shown = ruleScore(all, unsuppressed) < threshold ? 0 : unsuppressed;
  const isShown = shown !== 0 || shownModel !== null;
  const opened = isShown && recordHit(cards, card, transaction, out);
  const caseId = caseStatus(cards, card)?.caseId ?? null;
  const score = Math.max(ruleScore(all, hits), modelScore);
  for (const rule of model === null ? namesOf(all, hits) : [...namesOf(all, hits), model.id]) {
    const suppressionId = kept.get(rule) ?? null;
    out.hits.push({
      ...transaction,
      rule,
      score,
      caseId: suppressionId === null && isShown ? caseId : null,
      suppressionId,
    });
  }
  if (opened) {
    const sessionCount = facts['session.count'][row]!;
    const byRules = ruleScore(all, shown);
    const cause =
      shownModel === null
        ? { score: byRules, model: RULES_MODEL, rules: namesOf(all, shown), reasons: rules.reasons(shown, row) }
        : {
            score: Math.max(byRules, modelScore),
            model: shownModel.id,
            rules: [...namesOf(all, shown), shownModel.id],
            reasons: [...rules.reasons(shown, row), ...reasonsOf(shownModel, row, facts)],
          };
    const reasons = isPartial ? [...cause.reasons, PARTIAL_REASON] : cause.reasons;
    out.alerts.push(alertOf(transaction, { ...cause, reasons, sessionStart, sessionCount }));
  }
  if (isShown) armCase(cards, card);
}

const PARTIAL_REASON = {
  code: PARTIAL,
  text: 'Features are partial: a partition was behind, and was not waited for',
  value: 1,
  norm: 0,
};

function reasonsOf({ scorer, featuresOf }: Serving, row: number, facts: FactColumns) {
  return modelReasons(scorer, featuresOf(row), { meanCents: facts['customer.meanCents'][row]! });
}
