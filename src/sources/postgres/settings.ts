/** A table or a query of PostgreSQL as the source of a stream, as the pipeline file has it. */
import type { PostgresConnection } from '../../postgres/settings.ts';
import { quotedName } from '../../sql-quotes.ts';
import type { SourceStream } from '../adapter.ts';

export interface PostgresSourceSettings extends PostgresConnection {
  /** What is read: a table, with or without its schema; null where a query says it. */
  readonly table: string | null;
  readonly query: string | null;
  /** Columns whose values rise with each row that is new or changed; null where changes come from a slot. */
  readonly increasing: readonly string[] | null;
  readonly everyMs: number;
  /** Names of columns by field, where they differ. */
  readonly columns: Readonly<Record<string, string>>;
  /** Of the changes of a table: the replication slot; null where rows are read by `increasing`. */
  readonly slot: string | null;
  /** Null: the name of the slot. */
  readonly publication: string | null;
  /** Whether the rows that are there when the slot is made come first. */
  readonly snapshot: 'initial' | 'never';
  readonly eventTime: 'field' | 'commit';
}

/** The name of the source in the log: another table, or another slot, is read from its beginning. */
export function sourceName({ table, slot }: PostgresSourceSettings, stream: string): string {
  return `postgres:${table ?? stream}${slot === null ? '' : `@${slot}`}`;
}

/** The fields of a stream that come from columns, with these. */
export function columnsOf(
  { columns, eventTime }: PostgresSourceSettings,
  stream: Pick<SourceStream, 'schema' | 'eventTime'>,
): readonly { readonly field: string; readonly column: string }[] {
  return stream.schema.fields
    .filter(({ name }) => eventTime === 'field' || name !== stream.eventTime)
    .map(({ name }) => ({ field: name, column: columns[name] ?? name }));
}

/** Schema and name of a table; as the search path says where it names no schema. */
export function tableSql(table: string): string {
  return table.split('.').map(quotedName).join('.');
}
