/** Transactions that a simulator makes: a pipeline that needs no input of its own. */
import { z } from 'zod';
import { instant } from '../../keys/value-schema.ts';
import { sourceAdapter } from '../../sources/adapter.ts';
import { partitionOf } from '../../streams/partitioner.ts';
import { dayOfTransaction, simulateDays } from '../simulator.ts';
import { transactionType } from '../types.ts';
import { createGenerator } from './generator.ts';

export const generatorSource = sourceAdapter({
  kind: 'generator',
  schema: z.strictObject({
    seed: z.int().min(0).max(0xffff_ffff).default(1).describe('The same seed gives the same transactions.'),
    rate: z.number().min(0).default(2000).describe('Events a second; 0 is as fast as the pipeline takes them.'),
    customers: z.int().min(1).max(10_000_000).default(5000),
    terminals: z.int().min(1).max(10_000_000).default(10_000),
    startAt: instant.prefault('2018-04-01').describe('The first simulated day.'),
    days: z.int().min(1).nullable().default(null).describe('Simulated days; null for no end.'),
  }),
  derive: ({ rate, ...rest }) => ({ ratePerSecond: rate, ...rest }),
  print({ seed, customers, terminals, days, ratePerSecond, startAt }) {
    return { seed, customers, terminals, days, rate: ratePerSecond, startAt: new Date(startAt).toISOString() };
  },
  check(_, { schema }, report) {
    if (schema === transactionType.schema) return;
    report(['source'], 'the generator makes transactions; the stream must be `builtin: Transaction`');
  },
  open: (settings, _, { nowMs, sleep }) =>
    createGenerator({
      name: `generator:${settings.seed}`,
      daysFrom: (transactionId) => simulateDays(settings, dayOfTransaction(settings, transactionId)),
      ratePerSecond: settings.ratePerSecond,
      partitionOf,
      nowMs,
      sleep,
    }),
});
