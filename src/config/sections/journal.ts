/** How durable the journal is, how large its files are, and what of them may go. */
import { z } from 'zod';
import { MAX_SEGMENT_BYTES } from '../../journal/segment.ts';
import { formatDuration, formatSize } from '../../keys/units.ts';
import { duration, size, sizeUpTo, timer } from '../../keys/value-schema.ts';
import { resolvedPlace } from '../../places/place-name.ts';
import { section } from '../section.ts';

export interface JournalConfig {
  readonly durability: 'fsync' | 'os';
  readonly segmentBytes: number;
  readonly snapshotEveryEvents: number;
  readonly snapshotEveryMs: number;
  /** What goes, by age and by the size of each log; null keeps everything. */
  readonly retention: { readonly ageMs: number | null; readonly maxBytes: number | null };
  /**
   * Where old segments are kept instead of this disk, by age and by the size of each log; null keeps all of them here.
   */
  readonly tier: { readonly place: string; readonly ageMs: number | null; readonly maxBytes: number | null } | null;
}

const schema = z
  .strictObject({
    durability: z
      .enum(['fsync', 'os'])
      .default('fsync')
      .describe('fsync: what was acknowledged survives a power cut. os: only a crash of the process.'),
    segment: sizeUpTo('64MB, of at most 1GB', MAX_SEGMENT_BYTES)
      .prefault('64MB')
      .describe('A segment of this size is closed, and a new one begun.'),
    snapshotEvents: z.int().min(1).default(1_000_000).describe('Events between two snapshots of state.'),
    snapshotInterval: timer.prefault('1m').describe('Time between two snapshots of state.'),
    retention: z
      .strictObject({
        age: duration.nullable().prefault(null).describe('Old segments go once all of their events are older.'),
        size: size.nullable().prefault(null).describe('The oldest segments of a log go while it is larger.'),
      })
      .prefault({})
      .describe('What may go of what the read models and the snapshots do not need. By default nothing does.'),
    tier: z
      .strictObject({
        to: z.string().min(1).describe('A folder, relative to this file, or s3://bucket/prefix.'),
        age: duration.nullable().prefault(null).describe('A segment goes there once all of its events are older.'),
        size: size.nullable().prefault(null).describe('The oldest segments of a log go there while more is here.'),
      })
      .refine(({ age, size: bytes }) => age !== null || bytes !== null, {
        message: 'says nothing of what goes: give it `age: 7d`, `size: 10GB`, or both',
      })
      .nullable()
      .default(null)
      .describe('Where old segments are kept, and read from when they are asked for.'),
  })
  .prefault({});

export const journalSection = section({
  key: 'journal',
  schema,
  derive: ({ durability, segment, snapshotEvents, snapshotInterval, retention, tier }, { resolve }): JournalConfig => ({
    durability,
    segmentBytes: segment,
    snapshotEveryEvents: snapshotEvents,
    snapshotEveryMs: snapshotInterval,
    retention: { ageMs: retention.age, maxBytes: retention.size },
    tier: tier === null ? null : { place: resolvedPlace(tier.to, resolve), ageMs: tier.age, maxBytes: tier.size },
  }),
  print: ({ durability, segmentBytes, snapshotEveryEvents, snapshotEveryMs, retention, tier }) => ({
    durability,
    segment: formatSize(segmentBytes),
    snapshotEvents: snapshotEveryEvents,
    snapshotInterval: formatDuration(snapshotEveryMs),
    retention: printBounds(retention),
    tier: tier === null ? null : { to: tier.place, ...printBounds(tier) },
  }),
});

function printBounds({ ageMs, maxBytes }: JournalConfig['retention']): { age: string | null; size: string | null } {
  return {
    age: ageMs === null ? null : formatDuration(ageMs),
    size: maxBytes === null ? null : formatSize(maxBytes),
  };
}
