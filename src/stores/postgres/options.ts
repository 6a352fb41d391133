/** The settings of a table of a PostgreSQL store, and what they mean for the table's events. */
import { z } from 'zod';
import { formatDuration } from '../../keys/units.ts';
import { duration } from '../../keys/value-schema.ts';
import type { PostgresConnection } from '../../postgres/settings.ts';
import type { StoreTable } from '../../projections/store-tables.ts';
import type { OpenedStore } from '../adapter.ts';

export interface PostgresSettings extends PostgresConnection {
  /** The schema that the tables are in. */
  readonly schema: string;
}

/** As it is opened. */
export type PostgresStore = OpenedStore<PostgresSettings, PgTableOptions>;

export interface PgTableOptions extends Readonly<Record<string, unknown>> {
  /** Null: by what the events are. */
  readonly mode: 'upsert' | 'append' | null;
  /** Null: the key that the events have. */
  readonly key: readonly string[] | null;
  /** Null: after the events. */
  readonly table: string | null;
  readonly partition: 'month' | null;
  readonly retentionMs: number | null;
}

export const tableOptions: z.ZodType<PgTableOptions> = z
  .strictObject({
    mode: z
      .enum(['upsert', 'append'])
      .nullable()
      .default(null)
      .describe(
        'upsert: a row a key, the newest. append: a row an event. null: upsert for windows and alerts, else append.',
      ),
    key: z.array(z.string()).min(1).nullable().default(null).describe('Columns that tell rows apart, for upsert.'),
    table: z
      .string()
      .min(1)
      .nullable()
      .default(null)
      .describe('Name of the table; null: of the events, with _ for . and -.'),
    partition: z
      .enum(['month'])
      .nullable()
      .default(null)
      .describe('A partition a month of the event time, with a BRIN index.'),
    retention: duration
      .nullable()
      .prefault(null)
      .describe('Partitions so much older than the newest event are dropped. null: never.'),
  })
  .transform(({ retention, ...own }) => ({ ...own, retentionMs: retention }));

export function printOptions({ retentionMs, ...own }: PgTableOptions): object {
  return { ...own, retention: retentionMs === null ? null : formatDuration(retentionMs) };
}

/** The table that the events of this name are in. */
export function tableName(of: string, { table }: PgTableOptions): string {
  return table ?? of.replace(/[^A-Za-z0-9_]/g, '_');
}

/** Bytes of a name, beyond which PostgreSQL cuts it: NAMEDATALEN − 1. */
export const NAME_BYTES = 63;
const PARTITION_SUFFIX = '_y2026m01';

export function nameProblem(name: string, { partition }: PgTableOptions): string | null {
  const room = NAME_BYTES - (partition === null ? 0 : PARTITION_SUFFIX.length);
  const bytes = Buffer.byteLength(name, 'utf8');
  if (bytes > room)
    return `the name ${name} has ${bytes} bytes, and a table may have ${room}; write \`table: shorter\``;
  if (name.includes('\0')) return 'a name of a table has no U+0000';
  return name.startsWith('millrace_') ? `names that begin with millrace_ are for the store's own tables` : null;
}

/** What an upserted table goes by: the key, and the column that says which of two rows is newer, beside their places. */
export interface Upsert {
  readonly key: readonly string[];
  readonly newerBy: string | null;
}

/** Null for a table that is appended to. Throws when the events have no such columns. */
export function upsertOf(table: StoreTable, { mode, key: own }: PgTableOptions): Upsert | null {
  const isKeyed = table.role === 'window' || (table.role === 'builtin' && table.key.length > 0);
  const isUpsert = mode === 'upsert' || (mode === null && (own !== null || isKeyed));
  if (!isUpsert) return null;
  const key = own ?? table.key;
  if (key.length === 0)
    throw new Error(`${table.of} has no key to upsert by; write \`key: [column]\`, or \`mode: append\``);
  for (const name of key) {
    if (!table.columns.some((column) => column.name === name)) {
      const known = table.columns.map((column) => column.name).join(', ');
      throw new Error(`${table.of} has no column ${name} to upsert by; known: ${known}`);
    }
  }
  const revision = table.columns.find(({ path }) => table.role === 'window' && path === 'revision');
  return { key, newerBy: revision?.name ?? table.time };
}
