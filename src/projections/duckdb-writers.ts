/** How each event type becomes rows of the analytics store. */
import type { DuckDBConnection } from '@duckdb/node-api';
import type { EventType } from '../messages/codec.ts';
import type { WindowResult } from '../messages/streams.ts';
import {
  fraudLabelType,
  lateEventType,
  sessionClosedType,
  transactionScoredType,
  transactionType,
  weatherObservationType,
  windowResultType,
} from '../messages/types.ts';
import { createTableWriter, type TableWriter } from './duckdb-columns.ts';
import {
  DUCKDB_TABLES,
  FIRST_AGGREGATE_COLUMN,
  type WindowShape,
  windowColumns,
  windowTable,
} from './duckdb-schema.ts';
import type { Where } from './store.ts';

export type Writer = (events: readonly unknown[], where: Where) => void;

export interface DuckdbWriters {
  readonly byType: ReadonlyMap<string, Writer>;
  flush(): void;
  clear(): void;
}

export async function duckdbWriters(
  connection: DuckDBConnection,
  shapes: readonly WindowShape[],
): Promise<DuckdbWriters> {
  const open = (table: keyof typeof DUCKDB_TABLES): Promise<TableWriter> =>
    createTableWriter(connection, table, DUCKDB_TABLES[table]);
  const transactions = await open('transactions');
  const labels = await open('labels');
  const scores = await open('scores');
  const sessions = await open('sessions');
  const otherWindows = await open('window_parts');
  const windows = new Map<string, WindowWriter>();
  for (const shape of shapes) {
    const table = await createTableWriter(connection, windowTable(shape), windowColumns(shape));
    windows.set(shape.name, { table, names: shape.aggregates.map(({ name }) => name) });
  }
  const late = await open('late_events');
  const weather = await open('weather');
  const all = [
    transactions,
    labels,
    scores,
    sessions,
    otherWindows,
    late,
    weather,
    ...[...windows.values()].map(({ table }) => table),
  ];

  const byType = new Map<string, Writer>();
  // The projector decodes a section as the type of its name, so what a writer gets is what its type describes.
  const on = <T>(type: EventType<T>, write: (event: T, where: Where, index: number) => void): void => {
    byType.set(type.name, (events, where) => {
      for (let i = 0; i < events.length; i++) write(events[i] as T, where, i);
    });
  };

  on(transactionType, (event, { partition, firstOffset }, i) => {
    const row = transactions.row();
    transactions.long(0, row, event.transactionId);
    transactions.long(1, row, event.customerId);
    transactions.long(2, row, event.terminalId);
    transactions.long(3, row, event.amountCents);
    transactions.instant(4, row, event.occurredAt);
    transactions.int(5, row, partition);
    transactions.long(6, row, firstOffset + i);
  });
  on(fraudLabelType, (event) => {
    const row = labels.row();
    labels.long(0, row, event.transactionId);
    labels.long(1, row, event.customerId);
    labels.boolean(2, row, event.fraud);
    labels.int(3, row, event.scenario);
    labels.instant(4, row, event.knownAt);
    labels.text(5, row, event.origin);
  });
  on(transactionScoredType, (event) => {
    const row = scores.row();
    scores.long(0, row, event.transactionId);
    scores.long(1, row, event.customerId);
    scores.instant(2, row, event.occurredAt);
    scores.double(3, row, event.score);
    scores.text(4, row, event.model);
    scores.int(5, row, event.ruleHits);
    scores.int(6, row, event.sessionCount);
    scores.double(7, row, event.ownMeanCents);
    scores.double(8, row, event.deviations);
  });
  on(sessionClosedType, (event) => {
    const row = sessions.row();
    sessions.long(0, row, event.customerId);
    sessions.instant(1, row, event.start);
    sessions.instant(2, row, event.end);
    sessions.long(3, row, event.count);
    sessions.long(4, row, event.totalCents);
    sessions.double(5, row, event.maxScore);
  });
  on(windowResultType, (event, { partition }) => {
    const writer = windows.get(event.window);
    if (writer !== undefined && hasExactly(event.aggregates, writer.names)) writeWindow(writer, event, partition);
    else writeOtherWindow(otherWindows, event, partition);
  });
  on(lateEventType, (event) => {
    const row = late.row();
    late.text(0, row, event.window);
    late.text(1, row, event.key);
    late.instant(2, row, event.occurredAt);
    late.long(3, row, event.latenessMs);
    late.text(4, row, event.event);
  });
  on(weatherObservationType, (event) => {
    const row = weather.row();
    weather.text(0, row, event.provider);
    weather.text(1, row, event.place);
    weather.instant(2, row, event.observedAt);
    weather.instant(3, row, event.fetchedAt);
    weather.double(4, row, event.temperatureCelsius);
    weather.double(5, row, event.humidityPercent);
    weather.double(6, row, event.precipitationMm);
    weather.double(7, row, event.windSpeedKmh);
    weather.double(8, row, event.pressureHpa);
  });

  return {
    byType,
    flush() {
      for (const writer of all) writer.flush();
    },
    clear() {
      for (const writer of all) writer.clear();
    },
  };
}

interface WindowWriter {
  readonly table: TableWriter;
  readonly names: readonly string[];
}

function hasExactly(aggregates: WindowResult['aggregates'], names: readonly string[]): boolean {
  let count = 0;
  for (const _ in aggregates) count += 1;
  return count === names.length && names.every((name) => aggregates[name] !== undefined);
}

function writeWindow({ table, names }: WindowWriter, event: WindowResult, partition: number): void {
  const row = table.row();
  table.text(0, row, event.key);
  table.instant(1, row, event.start);
  table.instant(2, row, event.end);
  table.int(3, row, event.revision);
  table.long(4, row, event.count);
  table.int(5, row, partition);
  for (let i = 0; i < names.length; i++) {
    table.double(FIRST_AGGREGATE_COLUMN + i, row, event.aggregates[names[i] ?? ''] ?? null);
  }
}

/** A result of a window that is configured differently now, or not at all. */
function writeOtherWindow(table: TableWriter, event: WindowResult, partition: number): void {
  const row = table.row();
  table.text(0, row, event.window);
  table.text(1, row, event.key);
  table.instant(2, row, event.start);
  table.instant(3, row, event.end);
  table.int(4, row, event.revision);
  table.long(5, row, event.count);
  table.text(6, row, JSON.stringify(event.aggregates));
  table.int(7, row, partition);
}
