/**
 * Which read models there are: those that every pipeline has and may switch off, those that it declares, and how long one that
 * is behind may hold back what retention lets go.
 */
import { z } from 'zod';
import { formatDuration, formatSize } from '../../keys/units.ts';
import { duration, name, size } from '../../keys/value-schema.ts';
import { STORE_DRIVERS, STORE_NAMES } from '../../projections/drivers.ts';
import type { NamedTable, StoreSettings, Written } from '../../stores/adapter.ts';
import { STORES } from '../../stores/adapters.ts';
import { type Reading, section } from '../section.ts';
import { sinkableNames, unknownStream } from './sinks.ts';

/** A store of the file. The settings of its kind stand beside these. */
export interface StoreConfig extends StoreSettings {
  readonly name: string;
  readonly tables: readonly NamedTable[];
}

export interface StoresConfig {
  /** The names of the stores that are on, among those that every pipeline has. */
  readonly on: readonly string[];
  readonly declared: readonly StoreConfig[];
  /** How long the journal waits for each of them; null for ever. */
  readonly holdJournalMs: number | null;
  /** Up to which size of each log the journal waits; absent for any size. */
  readonly holdJournalBytes?: number;
}

const switches = Object.fromEntries(
  STORE_DRIVERS.map(({ name: store, label }) => [
    store,
    z
      .boolean()
      .default(true)
      .describe(`Whether there is a read model in ${label}. Without it, what is read from it is not there.`),
  ]),
);

const declared = z
  .union(STORES.map(({ form }): z.ZodType<Written> => form))
  .describe('A store of your own: { postgres: { url }, tables: [ … ] }.');

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
      holdJournalSize: size
        .nullable()
        .prefault(null)
        .describe(
          'So much of a log retention keeps for a read model, beside or instead of holdJournal. null: whatever there is.',
        ),
    })
    .extend(switches)
    .catchall(declared)
    .prefault({}),
  derive(raw, reading): StoresConfig {
    const { holdJournal, holdJournalSize } = raw;
    const on = STORE_NAMES.filter((store) =>
      Object.entries(raw).some(([key, value]) => key === store && value === true),
    );
    const written = Object.entries(raw).flatMap(([key, value]) =>
      typeof value === 'object' && value !== null ? [{ key, value }] : [],
    );
    return {
      on,
      declared: written.map(({ key, value }) => storeOf(key, value, reading)),
      holdJournalMs: typeof holdJournal === 'number' ? holdJournal : null,
      ...(typeof holdJournalSize === 'number' ? { holdJournalBytes: holdJournalSize } : {}),
    };
  },
  print: ({ on, declared: stores, holdJournalMs, holdJournalBytes }) => ({
    holdJournal: holdJournalMs === null ? null : formatDuration(holdJournalMs),
    holdJournalSize: holdJournalBytes === undefined ? null : formatSize(holdJournalBytes),
    ...Object.fromEntries(STORE_NAMES.map((store) => [store, on.includes(store)])),
    ...Object.fromEntries(
      stores.map((store) => [store.name, Object.assign({}, ...STORES.map((adapter) => adapter.print(store)))]),
    ),
  }),
  redact: (config) => ({
    ...config,
    declared: config.declared.map((store) => STORES.reduce((left, adapter) => adapter.redact(left), store)),
  }),
});

function storeOf(key: string, { settings, tables }: Written, reading: Reading): StoreConfig {
  const { report, resolve } = reading;
  const at = ['stores', key];
  const problem = name.safeParse(key).error?.issues[0]?.message;
  if (problem !== undefined) report(at, problem);
  const known = sinkableNames(reading);
  for (const [index, { of }] of tables.entries()) {
    if (!known.includes(of)) report([...at, 'tables', of], unknownStream(of, known));
    else if (tables.findIndex((table) => table.of === of) !== index)
      report([...at, 'tables', String(index)], `${of} stands there already`);
  }
  const own = settings(resolve);
  for (const adapter of STORES) adapter.check(own, tables, report, at);
  return { ...own, name: key, tables };
}
