/**
 * The inputs of models, derived from the features of a transaction. Each input is computed from features of the same
 * row alone, and exists when these exist. The names are those that config/handbook.yaml gives them.
 */

/** What an analyst would call what a feature speaks of; contributions are summed by it. */
export type Family = 'amount' | 'spending' | 'terminal' | 'time' | 'other';

interface DerivedInput {
  readonly name: string;
  readonly family: Family;
  readonly of: readonly string[];
  make(...values: readonly number[]): number;
}

const AMOUNT = 'amountCents';
/** Smallest mean that an amount is divided by, in cents. */
const LEAST_MEAN_CENTS = 100;

/** The mean of a customer's other amounts, in cents; his only amount where there are none. */
function otherMean(amountCents: number, count: number, mean: number): number {
  return count > 1 ? (mean * 100 * count - amountCents) / (count - 1) : amountCents;
}

function toOwnMean(days: number): DerivedInput {
  return {
    name: `amount_to_own_mean_${days}day`,
    family: 'amount',
    of: [AMOUNT, `customer_nb_tx_${days}day`, `customer_avg_amount_${days}day`],
    make: (amountCents = 0, count = 0, mean = 0) =>
      amountCents / Math.max(otherMean(amountCents, count, mean), LEAST_MEAN_CENTS),
  };
}

function meanToMonth(days: number): DerivedInput {
  return {
    name: `customer_mean_${days}day_to_30day`,
    family: 'spending',
    of: [`customer_avg_amount_${days}day`, 'customer_avg_amount_30day'],
    make: (mean = 0, month = 0) => mean / Math.max(month, LEAST_MEAN_CENTS / 100),
  };
}

function terminalFrauds(days: number): DerivedInput {
  return {
    name: `terminal_frauds_${days}day`,
    family: 'terminal',
    of: [`terminal_nb_tx_${days}day`, `terminal_risk_${days}day`],
    make: (count = 0, risk = 0) => count * risk,
  };
}

function terminalGenuine(days: number): DerivedInput {
  return {
    name: `terminal_genuine_${days}day`,
    family: 'terminal',
    of: [`terminal_nb_tx_${days}day`, `terminal_risk_${days}day`],
    make: (count = 0, risk = 0) => count * (1 - risk),
  };
}

/** For trees, which find thresholds themselves. */
const RATIOS: readonly DerivedInput[] = [
  toOwnMean(30),
  toOwnMean(7),
  meanToMonth(7),
  meanToMonth(1),
  ...[1, 7, 30].map(terminalFrauds),
  {
    name: 'terminal_frauds_8_to_30day',
    family: 'terminal',
    of: ['terminal_nb_tx_7day', 'terminal_risk_7day', 'terminal_nb_tx_30day', 'terminal_risk_30day'],
    make: (count = 0, risk = 0, monthCount = 0, monthRisk = 0) => monthCount * monthRisk - count * risk,
  },
  ...[1, 7, 30].map(terminalGenuine),
];

const OWN_MEAN = toOwnMean(30);

/** A model that is linear needs the bends as inputs of their own. */
const BENDS: readonly DerivedInput[] = [
  { name: 'amount_above_220', family: 'amount', of: [AMOUNT], make: (cents = 0) => (cents > 22_000 ? 1 : 0) },
  { name: 'amount_over_220', family: 'amount', of: [AMOUNT], make: (cents = 0) => Math.max(0, cents - 22_000) },
  { name: 'amount_log', family: 'amount', of: [AMOUNT], make: (cents = 0) => Math.log(1 + Math.max(0, cents) / 100) },
  {
    ...OWN_MEAN,
    name: 'amount_over_3_own_means',
    make: (amountCents = 0, count = 0, mean = 0) => Math.max(0, OWN_MEAN.make(amountCents, count, mean) - 3),
  },
  {
    ...OWN_MEAN,
    name: 'amount_above_3.5_own_means',
    make: (amountCents = 0, count = 0, mean = 0) => (OWN_MEAN.make(amountCents, count, mean) > 3.5 ? 1 : 0),
  },
  ...[1, 7, 30].map(
    (days): DerivedInput => ({
      ...terminalFrauds(days),
      name: `terminal_frauds_${days}day_few`,
      make: (count = 0, risk = 0) => Math.min(count * risk, days === 1 ? 2 : 4),
    }),
  ),
  {
    ...terminalFrauds(7),
    name: 'terminal_frauds_7day_several',
    make: (count = 0, risk = 0) => (count * risk >= 2 ? 1 : 0),
  },
  ...[7, 30].map(
    (days): DerivedInput => ({
      name: `terminal_risk_${days}day_squared`,
      family: 'terminal',
      of: [`terminal_risk_${days}day`],
      make: (risk = 0) => risk * risk,
    }),
  ),
  {
    name: 'terminal_risk_30day_high',
    family: 'terminal',
    of: ['terminal_risk_30day'],
    make: (risk = 0) => (risk > 0.7 ? risk : 0),
  },
];

const INPUT_SETS = { plain: [], ratios: RATIOS, bends: [...RATIOS, ...BENDS] } as const;
export type InputSet = keyof typeof INPUT_SETS;

export interface Inputs {
  readonly names: readonly string[];
  readonly families: readonly Family[];
  /** For each input the feature, by its place, whose value says most of it. */
  readonly says: readonly number[];
  /** Puts the inputs of the row of features at `from` of `values` to `at` of `into`. */
  expand(values: Float64Array, from: number, into: Float64Array, at: number): void;
}

/** Features that an input is of, at most. */
const PLACES = 4;

/** The features themselves, then what the set derives of them. */
export function inputsOf(features: readonly string[], set: InputSet): Inputs {
  const derived: readonly DerivedInput[] = INPUT_SETS[set];
  const present = derived.flatMap((input) => {
    const places = input.of.map((name) => features.indexOf(name));
    return places.includes(-1) ? [] : [{ ...input, places }];
  });
  const width = features.length;
  const makes = present.map(({ make }) => make);
  const places = Int32Array.from(
    present.flatMap((input) => Array.from({ length: PLACES }, (_, i) => input.places[i] ?? 0)),
  );
  return {
    names: [...features, ...present.map(({ name }) => name)],
    families: [...features.map(familyOf), ...present.map(({ family }) => family)],
    says: [...features.keys(), ...present.map(({ family, places }) => places.at(family === 'terminal' ? -1 : 0) ?? 0)],
    expand(values, from, into, at) {
      for (let column = 0; column < width; column++) into[at + column] = values[from + column]!;
      for (let column = 0; column < present.length; column++) {
        const place = column * PLACES;
        into[at + width + column] = makes[column]!(
          values[from + places[place]!]!,
          values[from + places[place + 1]!]!,
          values[from + places[place + 2]!]!,
          values[from + places[place + 3]!]!,
        );
      }
    },
  };
}

function familyOf(feature: string): Family {
  if (feature.startsWith('amount')) return 'amount';
  if (feature.startsWith('customer')) return 'spending';
  if (feature.startsWith('terminal')) return 'terminal';
  return feature.startsWith('tx_during') ? 'time' : 'other';
}
