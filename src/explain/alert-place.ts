/** Where an alert stands in the journal, by the tables of those that have alerts. */
import type { Row, StoreQuery } from '../projections/store.ts';
import { storedName, type Table } from '../projections/table.ts';
import { hexText } from '../sql-quotes.ts';
import { TABLES } from '../tables.ts';
import type { Place } from './target.ts';

/** One query for each table that has alerts with their places. */
export function alertQueries(id: string): readonly StoreQuery[] {
  return TABLES.flatMap((table): StoreQuery[] => {
    const columns = [columnOf(table, table.output?.alertId), ...PLACE.map((place) => columnOf(table, place))];
    const [alertId, stream, partition, offset] = columns;
    if (alertId === null || columns.includes(null)) return [];
    const from = `FROM ${storedName(table)} WHERE ${alertId} = ${hexText(id)}`;
    const sql = `SELECT ${stream} AS stream, ${partition} AS "partition", ${offset} AS "offset" ${from} LIMIT 1`;
    return [{ store: table.store, sql }];
  });
}

const PLACE = ['$stream', '$partition', '$offset'] as const;

function columnOf({ columns }: Table, from: string | undefined): string | null {
  return columns.find((column) => column.from === from)?.name ?? null;
}

export function placeIn(row: Row): Place {
  return { stream: String(row.stream), partition: Number(row.partition), offset: Number(row.offset) };
}
