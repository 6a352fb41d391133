/** How each event type becomes rows of the analytics store. */
import type { DuckDBConnection } from '@duckdb/node-api';
import type { EventType } from '../messages/codec.ts';
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
import { DUCKDB_TABLES } from './duckdb-schema.ts';
import type { Where } from './store.ts';

export type Writer = (events: readonly unknown[], where: Where) => void;

export interface DuckdbWriters {
  readonly byType: ReadonlyMap<string, Writer>;
  flush(): void;
  clear(): void;
}

export async function duckdbWriters(connection: DuckDBConnection): Promise<DuckdbWriters> {
  const open = (table: keyof typeof DUCKDB_TABLES): Promise<TableWriter> =>
    createTableWriter(connection, table, DUCKDB_TABLES[table]);
  const transactions = await open('transactions');
  const labels = await open('labels');
  const scores = await open('scores');
  const sessions = await open('sessions');
  const windows = await open('window_parts');
  const late = await open('late_events');
  const weather = await open('weather');
  const all = [transactions, labels, scores, sessions, windows, late, weather];

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
    const row = windows.row();
    windows.text(0, row, event.window);
    windows.text(1, row, event.key);
    windows.instant(2, row, event.start);
    windows.instant(3, row, event.end);
    windows.int(4, row, event.revision);
    windows.long(5, row, event.count);
    windows.text(6, row, JSON.stringify(event.aggregates));
    windows.int(7, row, partition);
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
