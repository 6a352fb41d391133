/** Fraud detection over a stream of transactions. */
import { z } from 'zod';
import { transactionType } from '../../fraud/types.ts';
import { type Report, unknownName } from '../../keys/names.ts';
import { formatDuration } from '../../keys/units.ts';
import { duration } from '../../keys/value-schema.ts';
import { section } from '../section.ts';
import { type StreamConfig, streamsSection } from './streams.ts';

export interface FraudConfig {
  readonly stream: string;
  readonly sessionGapMs: number;
  readonly rules: {
    readonly amountCents: number;
    readonly velocityCount: number;
    readonly deviations: number;
    readonly minHistory: number;
  };
  readonly caseQuietMs: number;
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
  derive: (raw, reading): FraudConfig | null =>
    raw === null ? null : fraudOf(raw, streamsSection.of(reading), reading.report),
  print: (config) => (config === null ? null : printFraud(config)),
});

function fraudOf(raw: z.output<typeof fraud>, streams: readonly StreamConfig[], report: Report): FraudConfig {
  const stream = streams.find((candidate) => candidate.name === raw.stream);
  const known = streams.map((candidate) => candidate.name);
  if (stream === undefined) report(['fraud', 'stream'], unknownName('stream', raw.stream, known));
  else if (stream.schema !== transactionType.schema || stream.key !== 'customerId') {
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
