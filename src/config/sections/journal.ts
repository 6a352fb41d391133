/** How durable the journal is, how large its files are, and what of them may go. */
import { z } from 'zod';
import { MAX_SEGMENT_BYTES } from '../../journal/segment.ts';
import { formatDuration, formatSize } from '../../keys/units.ts';
import { duration, size, sizeUpTo, timer } from '../../keys/value-schema.ts';
import { section } from '../section.ts';

export interface JournalConfig {
  readonly durability: 'fsync' | 'os';
  readonly segmentBytes: number;
  readonly snapshotEveryEvents: number;
  readonly snapshotEveryMs: number;
  /** null keeps everything. The size is of each log. */
  readonly retention: { readonly ageMs: number | null; readonly maxBytes: number | null };
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
  })
  .prefault({});

export const journalSection = section({
  key: 'journal',
  schema,
  derive: ({ durability, segment, snapshotEvents, snapshotInterval, retention }): JournalConfig => ({
    durability,
    segmentBytes: segment,
    snapshotEveryEvents: snapshotEvents,
    snapshotEveryMs: snapshotInterval,
    retention: { ageMs: retention.age, maxBytes: retention.size },
  }),
  print: ({ durability, segmentBytes, snapshotEveryEvents, snapshotEveryMs, retention: { ageMs, maxBytes } }) => ({
    durability,
    segment: formatSize(segmentBytes),
    snapshotEvents: snapshotEveryEvents,
    snapshotInterval: formatDuration(snapshotEveryMs),
    retention: {
      age: ageMs === null ? null : formatDuration(ageMs),
      size: maxBytes === null ? null : formatSize(maxBytes),
    },
  }),
});
