/** The keys that every step may have beside its kind. */
import { z } from 'zod';
import { timer } from '../keys/value-schema.ts';

export const retries = z
  .strictObject({
    max: z.int().min(0).max(100).default(3).describe('Attempts after the first.'),
    delay: timer.prefault('5s').describe('Before the first retry.'),
    factor: z.number().min(1).max(10).default(2).describe('Each wait is so many times the one before.'),
    cap: timer.prefault('1h').describe('No wait is longer.'),
  })
  .describe('How a failed attempt is tried again.');

export const COMMON = z.strictObject({
  needs: z.array(z.string()).default([]).describe('Steps that come before it.'),
  when: z
    .enum(['success', 'failed', 'done'])
    .default('success')
    .describe('It runs when all that it needs succeeded, when one of them failed (it handles that), or in any case.'),
  retries: retries.nullable().default(null).describe('In place of those of the job.'),
  timeout: timer.nullable().prefault(null).describe('Of one attempt.'),
  pool: z.string().nullable().default(null).describe('The pool whose slots it takes.'),
  map: z
    .strictObject({
      over: z
        .union([z.array(z.unknown()), z.string()])
        .describe('A list, or the name of a step that it needs, whose output is one.'),
      max: z.int().min(1).max(1000).default(100).describe('Items at most; more of them fail the step.'),
    })
    .nullable()
    .default(null)
    .describe('It is run for each item of a list.'),
});

export type Common = z.output<typeof COMMON>;

const KEYS = Object.keys(COMMON.shape);

/** Beside a key that is known at run time only, TypeScript no longer tells which key has which type. */
export function hasCommon(map: object): map is Common {
  return KEYS.every((key) => key in map);
}

export function commonOf({ needs, when, retries: tries, timeout, pool, map }: Common): Common {
  return { needs, when, retries: tries, timeout, pool, map };
}
