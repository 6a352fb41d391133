/** Fraud detection over a stream of transactions: the kind of its operator, and the section `fraud` that declares one. */
import { type DeclaredOperator, placedWithInput } from '../../config/declared-operator.ts';
import { type Reading, type SchemaWords, section } from '../../config/section.ts';
import { formatDuration } from '../../keys/units.ts';
import { FRAUD_STREAMS, fraudKind, fraudRulesOf } from '../operator.ts';
import { recordWithFacts } from '../rule-facts.ts';
import { RULES_MAX } from '../rule-set.ts';
import type { FraudSpec } from '../spec.ts';
import { FRAUD_TABLES } from '../tables.ts';
import { transactionType } from '../types.ts';
import { rulesInstead } from './earlier-rules.ts';

export interface FraudConfig extends Omit<FraudSpec, 'rules'> {
  readonly stream: string;
}

interface RawFraud {
  readonly stream: string;
  readonly session: number;
  readonly caseQuiet: number;
}

export const fraudOperators = {
  kind: fraudKind,
  section({ z, duration }: SchemaWords) {
    const fraud = z.strictObject({
      stream: z.string(),
      session: duration.prefault('30m').describe("A card's transactions with no longer pause between them."),
      caseQuiet: duration.prefault('7d').describe('A case without a hit or an action for so long expires.'),
    });
    return section({
      key: 'fraud',
      schema: fraud.nullable().default(null),
      elsewhere: [{ path: 'fraud.rules', message: rulesInstead }],
      derive: (raw, reading): FraudConfig | null => (raw === null ? null : fraudOf(raw, reading)),
      judges: (raw) =>
        raw === null
          ? null
          : { stream: raw.stream, facts: recordWithFacts, hits: FRAUD_STREAMS.hits, rulesMax: RULES_MAX },
      operators: (config, { features, rules }: ReadBeside) =>
        config === null ? [] : [operatorOf(config, features, rules)],
      outputs: (config) => (config === null ? [] : FRAUD_TABLES.flatMap(({ output }) => output?.stream ?? [])),
      print: (config) => (config === null ? null : printFraud(config)),
    });
  },
};

export interface ReadBeside {
  readonly features: readonly { readonly name: string; readonly stream: string }[];
  readonly rules: Parameters<typeof fraudRulesOf>[0];
}

/** It runs where its events are: of a stream that has features, where their vectors are. */
function operatorOf(
  { stream, sessionGapMs, caseQuietMs }: FraudConfig,
  features: ReadBeside['features'],
  rules: ReadBeside['rules'],
): DeclaredOperator {
  const vectors = features.find((each) => each.stream === stream)?.name;
  const behind = vectors === undefined ? {} : { behind: vectors };
  return {
    name: fraudKind.kind,
    kind: fraudKind.kind,
    reads: [{ stream: vectors ?? stream, key: null }],
    gives: [],
    ...(vectors === undefined ? {} : { follows: true }),
    place: placedWithInput,
    relations: () => [],
    spec: () =>
      fraudKind.of(fraudKind.kind, { sessionGapMs, caseQuietMs, rules: fraudRulesOf(rules, stream), ...behind }),
  };
}

function fraudOf(raw: RawFraud, reading: Reading): FraudConfig {
  const { report } = reading;
  const of = reading.relation(raw.stream, ['fraud', 'stream']);
  const isTransactions = of?.view === undefined && of?.schema === transactionType.schema && of.key === 'customerId';
  if (of !== null && !isTransactions) {
    report(['fraud', 'stream'], `${raw.stream} must be a stream of \`builtin: Transaction\` keyed by customerId`);
  }
  if (of?.isScattered === true && !hasFeatures(raw.stream, reading)) {
    report(
      ['fraud', 'stream'],
      `with \`repartition: true\` a customer's payments come in order behind features only: declare some, such as ` +
        `\`features: { amount: { stream: ${raw.stream}, select: { euros: amountCents / 100.0 } } }\``,
    );
  }
  if (raw.session <= 0) report(['fraud', 'session'], 'must be longer than 0');
  return { stream: raw.stream, sessionGapMs: raw.session, caseQuietMs: raw.caseQuiet };
}

/** By what the file says, right or wrong: features are derived of streams, and this may be asked before. */
function hasFeatures(of: string, { file: { features } }: Reading): boolean {
  if (typeof features !== 'object' || features === null) return false;
  return Object.values(features).some((each) => typeof each === 'object' && each?.stream === of);
}

function printFraud({ stream, sessionGapMs, caseQuietMs }: FraudConfig) {
  return { stream, session: formatDuration(sessionGapMs), caseQuiet: formatDuration(caseQuietMs) };
}
