/** Why a model scored a transaction as it did, in words: a reason for each family of features that speaks for fraud. */
import type { Contribution, Scorer } from './model.ts';
import type { Family } from './model-inputs.ts';
import type { AlertRaised } from './schemas.ts';

type Reason = AlertRaised['reasons'][number];

/** Reasons of a score at most. */
const MOST = 5;
/** A family that adds less to the log odds says nothing worth reading. */
const LEAST = 0.05;

const FAMILIES: Readonly<Record<Family, string>> = {
  amount: 'Amount',
  spending: 'Spending',
  terminal: 'Terminal',
  time: 'Time',
  other: 'Other',
};

/** What is usual for the customer; NaN where it is not known. */
export interface CustomerNorm {
  readonly meanCents: number;
}

/** The strongest first: of features that begin at `from` of `values`. */
export function modelReasons({ model, explain }: Scorer, values: Float64Array, norm: CustomerNorm): Reason[] {
  const valueIn = (feature: string): number => values[model.features.indexOf(feature)] ?? Number.NaN;
  return explain(values, 0)
    .families.filter(({ logOdds }) => logOdds >= LEAST)
    .slice(0, MOST)
    .map((contribution) => {
      const { family, logOdds } = contribution;
      const said = wordsOf(contribution, valueIn, norm);
      const { value, norm: usual } = said;
      return {
        code: `model.${family}`,
        text: `${FAMILIES[family]} (+${logOdds.toFixed(1)}): ${said.text}`,
        value,
        norm: usual,
      };
    });
}

interface Said {
  readonly text: string;
  readonly value: number;
  readonly norm: number;
}

const WINDOWED = /^(customer_nb_tx|customer_avg_amount|terminal_nb_tx|terminal_risk)_(\d+)day$/;

function wordsOf(
  { feature, value, norm }: Contribution,
  valueIn: (feature: string) => number,
  { meanCents }: CustomerNorm,
): Said {
  if (feature === 'amountCents') return ofAmount(value, meanCents, norm);
  if (feature === 'tx_during_night') return { text: value === 1 ? 'at night' : 'by day', value, norm };
  if (feature === 'tx_during_weekend')
    return { text: value === 1 ? 'at the weekend' : 'on a working day', value, norm };
  const [, kind, window = ''] = WINDOWED.exec(feature) ?? [];
  const days = Number(window);
  const time = days === 1 ? 'in a day' : `in ${days} days`;
  switch (kind) {
    case 'customer_nb_tx': {
      const month = days === 30 ? Number.NaN : valueIn('customer_nb_tx_30day');
      const pace = Number.isNaN(month) ? norm : (month * days) / 30;
      const whose = Number.isNaN(month) ? 'is usual' : "is the customer's pace";
      return {
        text: `${value.toFixed(0)} transactions of the customer ${time}; ${pace.toFixed(1)} ${whose}`,
        value,
        norm: pace,
      };
    }
    case 'customer_avg_amount': {
      const month = days === 30 ? Number.NaN : valueIn('customer_avg_amount_30day');
      const mean = Number.isNaN(month) ? norm : month;
      const whose = Number.isNaN(month) ? 'is usual' : 'over 30 days';
      return {
        text: `mean amount of the customer ${time} ${value.toFixed(2)}; ${mean.toFixed(2)} ${whose}`,
        value,
        norm: mean,
      };
    }
    case 'terminal_nb_tx':
      return {
        text: `${value.toFixed(0)} transactions at the terminal ${time}; ${norm.toFixed(1)} is usual`,
        value,
        norm,
      };
    case 'terminal_risk': {
      const count = valueIn(`terminal_nb_tx_${days}day`);
      const of = Number.isNaN(count)
        ? "the terminal's transactions"
        : `${count.toFixed(0)} transactions at the terminal`;
      return { text: `${percent(value)} of ${of} ${time} were fraud; ${percent(norm)} is usual`, value, norm };
    }
    default:
      return { text: `${feature} is ${plain(value)}; ${plain(norm)} is usual`, value, norm };
  }
}

function ofAmount(cents: number, meanCents: number, usualCents: number): Said {
  const isKnown = meanCents > 0;
  const norm = isKnown ? meanCents : usualCents;
  const whose = isKnown ? "is the customer's mean" : 'is usual';
  return { text: `${(cents / 100).toFixed(2)}; ${(norm / 100).toFixed(2)} ${whose}`, value: cents, norm };
}

function percent(share: number): string {
  return `${(share * 100).toFixed(share < 0.1 ? 1 : 0)} %`;
}

function plain(value: number): string {
  return Number.isInteger(value) ? value.toFixed(0) : value.toPrecision(3);
}
