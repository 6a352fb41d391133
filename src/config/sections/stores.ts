/** Which read models there are, and how long one that is behind may hold back what retention lets go. */
import { z } from 'zod';
import { formatDuration } from '../../keys/units.ts';
import { duration } from '../../keys/value-schema.ts';
import { STORE_DRIVERS } from '../../projections/drivers.ts';
import { section } from '../section.ts';

export interface StoresConfig {
  /** Names of those that are on. */
  readonly on: readonly string[];
  /** Null: the journal waits for each of them for ever. */
  readonly holdJournalMs: number | null;
}

const switches = Object.fromEntries(
  STORE_DRIVERS.map(({ name, label }) => [
    name,
    z
      .boolean()
      .default(true)
      .describe(`Whether there is a read model in ${label}. Without it, what is read from it is not there.`),
  ]),
);

export const storesSection = section({
  key: 'stores',
  schema: z
    .object({
      holdJournal: duration
        .nullable()
        .prefault(null)
        .describe(
          'So long retention keeps what a read model has not got. Older events go, and are never in that one. null: for ever.',
        ),
    })
    .extend(switches)
    .strict()
    .prefault({}),
  derive: (raw): StoresConfig => ({
    on: STORE_DRIVERS.map(({ name }) => name).filter((name) =>
      Object.entries(raw).some(([key, value]) => key === name && value === true),
    ),
    holdJournalMs: typeof raw.holdJournal === 'number' ? raw.holdJournal : null,
  }),
  print: ({ on, holdJournalMs }) => ({
    holdJournal: holdJournalMs === null ? null : formatDuration(holdJournalMs),
    ...Object.fromEntries(STORE_DRIVERS.map(({ name }) => [name, on.includes(name)])),
  }),
});
