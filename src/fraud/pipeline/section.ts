/** The section `fraud` of the pipeline file: fraud detection over a stream of transactions. */
import { z } from 'zod';
import { type Reading, section } from '../../config/section.ts';
import { formatDuration } from '../../keys/units.ts';
import { duration } from '../../keys/value-schema.ts';
import type { FraudSpec } from '../spec.ts';
import { FRAUD_TABLES } from '../tables.ts';
import { transactionType } from '../types.ts';

export interface FraudConfig extends FraudSpec {
  readonly stream: string;
}

const fraud = z.strictObject({
  stream: z.string(),
  session: duration.prefault('30m').describe("A card's transactions with no longer pause between them."),
  caseQuiet: duration.prefault('7d').describe('A case without a hit for so long expires.'),
  rules: z
    .strictObject({
      amountCents: z.int().min(0).default(22_000).describe('A larger single amount.'),
      velocity: z.int().min(1).default(5).describe('More transactions than this in a session.'),
      deviations: z.number().positive().default(4).describe('Farther above the own mean, in standard deviations.'),
      minHistory: z.int().min(2).default(10).describe('Transactions before the own mean says anything.'),
    })
    .prefault({}),
});

export const fraudSection = section({
  key: 'fraud',
  schema: fraud.nullable().default(null),
  derive: (raw, reading): FraudConfig | null => (raw === null ? null : fraudOf(raw, reading)),
  outputs: (config) => (config === null ? [] : FRAUD_TABLES.flatMap(({ output }) => output?.stream ?? [])),
  print: (config) => (config === null ? null : printFraud(config)),
});

function fraudOf(raw: z.output<typeof fraud>, reading: Reading): FraudConfig {
  const { report } = reading;
  const of = reading.relation(raw.stream, ['fraud', 'stream']);
  const isTransactions = of?.view === undefined && of?.schema === transactionType.schema && of.key === 'customerId';
  if (of !== null && !isTransactions) {
    report(['fraud', 'stream'], `${raw.stream} must be a stream of \`builtin: Transaction\` keyed by customerId`);
  }
  if (raw.session <= 0) report(['fraud', 'session'], 'must be longer than 0');
  const { velocity, ...rules } = raw.rules;
  return {
    stream: raw.stream,
    sessionGapMs: raw.session,
    caseQuietMs: raw.caseQuiet,
    rules: { velocityCount: velocity, ...rules },
  };
}

function printFraud({ stream, sessionGapMs, caseQuietMs, rules: { velocityCount, ...rules } }: FraudConfig) {
  return {
    stream,
    session: formatDuration(sessionGapMs),
    caseQuiet: formatDuration(caseQuietMs),
    rules: { ...rules, velocity: velocityCount },
  };
}
