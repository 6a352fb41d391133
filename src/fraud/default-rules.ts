/** The three rules that hold where a pipeline file declares none for the transactions. */
import type { Rule } from './rule-set.ts';

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

export const DEFAULT_LIMITS: RuleLimits = { amountCents: 22_000, velocityCount: 5, deviations: 4, minHistory: 10 };

/** Also what logs were derived by in which the rules were these limits: the words are those of that time. */
export function rulesOfLimits({ amountCents, velocityCount, deviations, minHistory }: RuleLimits): readonly Rule[] {
  return [
    {
      name: 'amount',
      where: `amountCents > ${amountCents}`,
      score: 0.9,
      reason: `Amount {amountCents / 100:.2f} is above the limit of ${(amountCents / 100).toFixed(2)}`,
      value: 'amountCents',
      norm: String(amountCents),
    },
    {
      name: 'velocity',
      where: `session.count > ${velocityCount}`,
      score: 0.6,
      reason: `{session.count} transactions in one session; up to ${velocityCount} is usual`,
      value: 'session.count',
      norm: String(velocityCount),
    },
    {
      name: 'deviation',
      where: `customer.count >= ${minHistory} AND customer.deviations > ${deviations}`,
      score: 0.7,
      reason:
        'Amount {amountCents / 100:.2f} is {customer.deviations:.1f} standard deviations above ' +
        "the customer's own mean of {customer.meanCents / 100:.2f}",
      value: 'customer.deviations',
      norm: String(deviations),
    },
  ];
}

export const DEFAULT_RULES = rulesOfLimits(DEFAULT_LIMITS);
