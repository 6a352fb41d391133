/** Where the events of a stream come from, by the kind of its source. */
import { z } from 'zod';
import { instant } from '../../keys/value-schema.ts';
import type { Reading } from '../section.ts';

export type SourceConfig =
  | { readonly kind: 'http' }
  | { readonly kind: 'job'; readonly job: string }
  | { readonly kind: 'file'; readonly path: string }
  | GeneratorConfig;

export interface GeneratorConfig {
  readonly kind: 'generator';
  readonly seed: number;
  /** 0 is as fast as the pipeline takes it. */
  readonly ratePerSecond: number;
  readonly customers: number;
  readonly terminals: number;
  /** Epoch ms of the first simulated day. */
  readonly startAt: number;
  /** Simulated days after which it ends; null for never. */
  readonly days: number | null;
}

export const source = z.union([
  z.literal('http'),
  z.strictObject({ http: z.strictObject({}).nullable() }),
  z.strictObject({ job: z.string() }),
  z.strictObject({ file: z.strictObject({ path: z.string().min(1) }) }),
  z.strictObject({
    generator: z.strictObject({
      seed: z.int().min(0).max(0xffff_ffff).default(1).describe('The same seed gives the same transactions.'),
      rate: z.number().min(0).default(2000).describe('Events a second; 0 is as fast as the pipeline takes them.'),
      customers: z.int().min(1).max(10_000_000).default(5000),
      terminals: z.int().min(1).max(10_000_000).default(10_000),
      startAt: instant.prefault('2018-04-01').describe('The first simulated day.'),
      days: z.int().min(1).nullable().default(null).describe('Simulated days; null for no end.'),
    }),
  }),
]);

export function sourceOf(raw: z.output<typeof source>, { resolve }: Reading): SourceConfig {
  if (raw === 'http' || 'http' in raw) return { kind: 'http' };
  if ('job' in raw) return { kind: 'job', job: raw.job };
  if ('file' in raw) return { kind: 'file', path: resolve(raw.file.path) };
  const { rate, ...rest } = raw.generator;
  return { kind: 'generator', ratePerSecond: rate, ...rest };
}

export function printSource(source: SourceConfig): unknown {
  switch (source.kind) {
    case 'http':
      return 'http';
    case 'job':
      return { job: source.job };
    case 'file':
      return { file: { path: source.path } };
    case 'generator': {
      const { kind: _, ratePerSecond, startAt, ...rest } = source;
      return { generator: { ...rest, rate: ratePerSecond, startAt: new Date(startAt).toISOString() } };
    }
  }
}
