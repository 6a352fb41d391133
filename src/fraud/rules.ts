/**
 * The rules that stand beside the model: what fires, why in words, and how much each adds to the score.
 * A rule's bit in `TransactionScored.ruleHits` is its place in RULES and never changes.
 */
import type { AlertRaised } from './schemas.ts';

export interface RuleLimits {
  /** A larger single amount fires. Cents. */
  readonly amountCents: number;
  /** More transactions than this in one session fire. */
  readonly velocityCount: number;
  /** An amount farther above the customer's own mean fires. Standard deviations. */
  readonly deviations: number;
  /** Transactions needed before a customer's own mean says anything. */
  readonly minHistory: number;
}

/** What the rules look at. */
export interface RuleInput {
  amountCents: number;
  sessionCount: number;
  /** Transactions of the customer before this one. */
  history: number;
  ownMeanCents: number;
  deviations: number;
}

/** Version that a score carries when the rules alone made it. */
export const RULES_MODEL = 'rules-1';

export const AMOUNT_RULE = 1;
export const VELOCITY_RULE = 2;
export const DEVIATION_RULE = 4;

/** Chance of fraud that a rule is taken to speak for on its own; hits combine as independent evidence. */
const WEIGHTS: readonly { readonly rule: number; readonly weight: number }[] = [
  { rule: AMOUNT_RULE, weight: 0.9 },
  { rule: VELOCITY_RULE, weight: 0.6 },
  { rule: DEVIATION_RULE, weight: 0.7 },
];

/** Bits of the rules that fire. */
export function firedRules(input: Readonly<RuleInput>, limits: RuleLimits): number {
  let hits = 0;
  if (input.amountCents > limits.amountCents) hits |= AMOUNT_RULE;
  if (input.sessionCount > limits.velocityCount) hits |= VELOCITY_RULE;
  if (input.history >= limits.minHistory && input.deviations > limits.deviations) hits |= DEVIATION_RULE;
  return hits;
}

/** From 0 to 1: one minus the product of each hit's chance to be innocent. */
export function ruleScore(hits: number): number {
  if (hits === 0) return 0;
  let innocent = 1;
  for (const { rule, weight } of WEIGHTS) if ((hits & rule) !== 0) innocent *= 1 - weight;
  return 1 - innocent;
}

export function severityOf(score: number): AlertRaised['severity'] {
  if (score >= 0.9) return 'high';
  return score >= 0.65 ? 'medium' : 'low';
}

/** Why it fired, for an analyst: the value, and what would have been normal. */
export function reasonsOf(hits: number, input: Readonly<RuleInput>, limits: RuleLimits): AlertRaised['reasons'] {
  const reasons: AlertRaised['reasons'] = [];
  if ((hits & AMOUNT_RULE) !== 0) {
    reasons.push({
      code: 'amount',
      text: `Amount ${euros(input.amountCents)} is above the limit of ${euros(limits.amountCents)}`,
      value: input.amountCents,
      norm: limits.amountCents,
    });
  }
  if ((hits & DEVIATION_RULE) !== 0) {
    reasons.push({
      code: 'deviation',
      text:
        `Amount ${euros(input.amountCents)} is ${input.deviations.toFixed(1)} standard deviations above ` +
        `the customer's own mean of ${euros(input.ownMeanCents)}`,
      value: input.deviations,
      norm: limits.deviations,
    });
  }
  if ((hits & VELOCITY_RULE) !== 0) {
    reasons.push({
      code: 'velocity',
      text: `${input.sessionCount} transactions in one session; up to ${limits.velocityCount} is usual`,
      value: input.sessionCount,
      norm: limits.velocityCount,
    });
  }
  return reasons;
}

function euros(cents: number): string {
  return (cents / 100).toFixed(2);
}
