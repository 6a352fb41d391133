/** How each event type changes the operations store. */
import type { Database } from 'better-sqlite3';
import type { EventType } from '../messages/codec.ts';
import {
  actorChangedType,
  alertDeliveryType,
  alertRaisedType,
  caseChangedType,
  deadLetterReplayedType,
  deadLetterType,
  runChangedType,
  tombstoneType,
} from '../messages/types.ts';
import { type WindowResult, windowResultAt } from '../messages/window-result.ts';
import { type NewestWriter, newestWriter } from './sqlite-streams.ts';
import { type SectionEvents, STREAM_EVENTS, type Where, WINDOW_RESULTS } from './store.ts';
import type { StreamTable } from './stream-tables.ts';

type Writer = (events: readonly unknown[], where: Where) => void;

export interface SqliteWriters {
  readonly wants: ReadonlySet<string>;
  write(section: SectionEvents, where: Where): void;
  /** Writes what was held back for the end of the transaction. */
  flush(): void;
  clear(): void;
}

export function sqliteWriters(db: Database, streams: readonly StreamTable[]): SqliteWriters {
  const writers = new Map<string, Writer>();
  // The projector decodes a section as the type of its name, so what a writer gets is what its type describes.
  const on = <T>(type: EventType<T>, write: (events: readonly T[], where: Where) => void): void => {
    writers.set(type.name, write as Writer);
  };

  const run = db.prepare(`INSERT INTO runs VALUES
    (@job, @runId, @intervalStart, @intervalEnd, @state, @attempt, @changedAt, @records, @message)
    ON CONFLICT DO UPDATE SET state = excluded.state, attempt = excluded.attempt, changed_at = excluded.changed_at,
      records = excluded.records, message = excluded.message`);
  on(runChangedType, (events) => {
    for (const event of events) run.run({ ...event });
  });

  const alert = db.prepare(`INSERT OR REPLACE INTO alerts VALUES
    (@alertId, @caseId, @customerId, @transactionId, @terminalId, @amountCents, @occurredAt, @score, @model, @severity,
     @reasons, @sessionStart, @sessionCount, @committedAt, @stream, @partition, @offset)`);
  on(alertRaisedType, (events, { firstOffset, ...where }) => {
    events.forEach((event, i) => {
      alert.run({ ...event, reasons: JSON.stringify(event.reasons), ...where, offset: firstOffset + i });
    });
  });

  const delivery = db.prepare(`INSERT OR REPLACE INTO alert_deliveries VALUES
    (@alertId, @sink, @outcome, @attempts, @error, @changedAt)`);
  on(alertDeliveryType, (events) => {
    for (const event of events) delivery.run({ ...event });
  });

  const openCase = db.prepare(`INSERT OR REPLACE INTO cases VALUES
    (@caseId, @customerId, 'open', @hits, @amountCents, @occurredAt, @occurredAt)`);
  const hitCase = db.prepare(`UPDATE cases SET hits = @hits, amount_cents = @amountCents,
    last_hit_at = max(last_hit_at, @occurredAt) WHERE case_id = @caseId`);
  const expireCase = db.prepare(`UPDATE cases SET state = 'expired' WHERE case_id = @caseId`);
  on(caseChangedType, (events) => {
    for (const { caseId, customerId, hits, amountCents, occurredAt, change } of events) {
      if (change === 'expired') expireCase.run({ caseId });
      else if (change === 'hit') hitCase.run({ caseId, hits, amountCents, occurredAt });
      else openCase.run({ caseId, customerId, hits, amountCents, occurredAt });
    }
  });

  const letter = db.prepare(`INSERT OR REPLACE INTO dead_letters VALUES
    (@log, @offset, @stream, @source, @position, @reason, @detail, @raw, @rawLength, @format, @context, @committedAt)`);
  on(deadLetterType, (events, { log, committedAt, firstOffset }) => {
    events.forEach((event, i) => {
      letter.run({ ...event, log, committedAt, offset: firstOffset + i });
    });
  });

  // In a table of its own: its log may be projected before that of the dead letter.
  const replayed = db.prepare('INSERT OR REPLACE INTO dead_letter_replays VALUES (@log, @offset, @replayedAt)');
  on(deadLetterReplayedType, (events) => {
    for (const event of events) replayed.run({ ...event });
  });

  const actor = db.prepare(`INSERT OR REPLACE INTO actor_history VALUES
    (@offset, @actor, @change, @restarts, @error, @changedAt)`);
  on(actorChangedType, (events, { firstOffset }) => {
    events.forEach((event, i) => {
      actor.run({ ...event, offset: firstOffset + i });
    });
  });

  const declared = new Map<string, NewestWriter>();
  for (const stream of streams) declared.set(stream.name, newestWriter(db, stream));
  on(tombstoneType, (events, where) => declared.get(where.stream)?.remove(events, where));

  const latest = db.prepare(`INSERT INTO windows_latest VALUES
    (@window, @key, @partition, @start, @end, @revision, @count, @aggregates)
    ON CONFLICT DO UPDATE SET start_at = excluded.start_at, end_at = excluded.end_at, revision = excluded.revision,
      count = excluded.count, aggregates = excluded.aggregates WHERE excluded.start_at >= start_at`);
  // One row a window and partition, written once a transaction: every other result lives in the analytics store.
  const newest = new Map<
    string,
    { readonly window: string; readonly event: WindowResult; readonly partition: number }
  >();
  const keepNewest = ({ window, columns }: SectionEvents, partition: number): void => {
    if (window === null) return;
    const starts = columns().numbers('start');
    let row = 0;
    for (let i = 1; i < starts.length; i++) if (starts[i]! >= starts[row]!) row = i;
    const event = windowResultAt(columns(), row);
    const id = `${window.window}/${partition}`;
    const known = newest.get(id);
    if (known === undefined || event.start >= known.event.start)
      newest.set(id, { window: window.window, event, partition });
  };

  return {
    wants: new Set([...writers.keys(), WINDOW_RESULTS, STREAM_EVENTS]),
    write(section, where) {
      if (section.typeName === STREAM_EVENTS) declared.get(where.stream)?.take(section.columns(), where);
      else if (section.window === null) writers.get(section.typeName)?.(section.objects(), where);
      else keepNewest(section, where.partition);
    },
    flush() {
      for (const { window, event, partition } of newest.values()) {
        latest.run({ ...event, window, partition, aggregates: JSON.stringify(event.aggregates) });
      }
      newest.clear();
      for (const writer of declared.values()) writer.flush();
    },
    clear() {
      newest.clear();
      for (const writer of declared.values()) writer.clear();
    },
  };
}
