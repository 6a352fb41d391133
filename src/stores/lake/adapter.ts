/** A lake of Parquet as a store: `{ lake: { path: ./lake }, tables: { clicks: { partitionBy: [day(occurredAt)] } } }`. */
import { z } from 'zod';
import { formatDuration, formatSize } from '../../keys/units.ts';
import { duration, size } from '../../keys/value-schema.ts';
import { resolvedPlace } from '../../places/place-name.ts';
import { storeAdapter } from '../adapter.ts';
import { lakeDriver } from './driver.ts';
import { type LakeSettings, type LakeTableOptions, parsePartitionBy, printPartitionBy, TIME_UNITS } from './options.ts';

const partitionBy = z
  .array(
    z.string().transform((text, context) => {
      const parsed = parsePartitionBy(text);
      if (parsed !== null) return parsed;
      context.addIssue({
        code: 'custom',
        message: `is ${TIME_UNITS.join('(column), ')}(column) or a column, not ${text}`,
      });
      return z.NEVER;
    }),
  )
  .default([])
  .describe('Folders that rows are in: day(occurredAt), month(occurredAt), country.');

const table: z.ZodType<LakeTableOptions> = z.strictObject({ partitionBy });

export const lakeStore = storeAdapter({
  kind: 'lake',
  schema: z.strictObject({
    path: z.string().min(1).describe('A folder, relative to this file, or s3://bucket/prefix.'),
    format: z.literal('parquet').default('parquet').describe('Files of Parquet that a manifest names.'),
    target: size.prefault('128MB').describe('A file is written once the rows that wait come to so much.'),
    every: duration.prefault('1m').describe('Or once the oldest of them has waited so long.'),
    keepReplaced: duration
      .prefault('1h')
      .describe('Files that a compaction has replaced stay so long for who still reads them.'),
  }),
  table,
  derive: ({ path, target, every, keepReplaced }, resolve): LakeSettings => ({
    path: resolvedPlace(path, resolve),
    targetBytes: target,
    everyMs: every,
    keepReplacedMs: keepReplaced,
  }),
  print: ({ path, targetBytes, everyMs, keepReplacedMs }) => ({
    path,
    format: 'parquet',
    target: formatSize(targetBytes),
    every: formatDuration(everyMs),
    keepReplaced: formatDuration(keepReplacedMs),
  }),
  printTable: ({ partitionBy: by }) => ({ partitionBy: by.map(printPartitionBy) }),
  async reach({ path }) {
    const { askLake } = await import('./reach.ts');
    return askLake(path);
  },
  driver: lakeDriver,
});
