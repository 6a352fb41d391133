/**
 * Values of other streams as of an event's time: of each key the newest event at or before it, as DuckDB's ASOF JOIN
 * has it. Only the newest event of a key is kept, like a row of a table; an event that comes before its time waits.
 */
import type { AvroRecord } from '../messages/avro.ts';
import { keyReader } from '../streams/group-key.ts';
import { type Key, type KeyColumn, keyAt } from '../streams/key-column.ts';
import type { OperatorDeletion, OperatorInput } from '../streams/operator.ts';
import type { AsOfReading, FeatureStage } from './feature-spec.ts';
import { valueColumns } from './value-columns.ts';
import { createWaitingLabels, type Label } from './waiting-labels.ts';

/** What is kept of a reading, as a snapshot has it: by key the newest event, or one that waits for its time. */
export interface AsOfState {
  readonly what: 'latest' | 'coming';
  readonly reading: number;
  readonly key: Key;
  readonly timeMs: number;
  readonly order: number;
  readonly values: readonly number[];
}

export interface AsOf {
  /** Whether the events are of a stream that is read; add() is then told of its rows. */
  begin(input: OperatorInput): boolean;
  add(row: number): void;
  remove(deletion: OperatorDeletion): void;
  /** What has come of events up to this time holds from now on. */
  takeUpTo(timeMs: number): void;
  /** Gives each value for an event of the key at this time; NaN where there is none. */
  give(key: Key, timeMs: number, put: (at: number, value: number) => void): void;
  states(): AsOfState[];
  restore(state: AsOfState): void;
}

interface Reader {
  readonly reading: AsOfReading;
  readonly keysOf: ReturnType<typeof keyReader>;
  readonly values: ReturnType<typeof valueColumns>;
  readonly coming: ReturnType<typeof createWaitingLabels>;
  readonly latest: Map<Key, Label>;
  keyColumn: KeyColumn | null;
  orders: Float64Array | null;
  timesMs: Float64Array;
}

/** Null for a stage that reads no other stream so: it costs nothing. */
export function createAsOf({ asOf, functions }: FeatureStage, schemaOf: (stream: string) => AvroRecord): AsOf | null {
  if (asOf === undefined) return null;
  const readers = asOf.map((reading): Reader => {
    const schema = schemaOf(reading.input);
    const columns = reading.values.map(({ value }) => ({ of: 'event' as const, text: value, isTruth: false }));
    return {
      reading,
      keysOf: keyReader(reading.key, schema, functions),
      values: valueColumns(columns, schema, functions),
      coming: createWaitingLabels(),
      latest: new Map(),
      ...{ keyColumn: null, orders: null, timesMs: new Float64Array(0) },
    };
  });
  let begun: Reader[] = [];
  const newer = ({ latest }: Reader, event: Label): void => {
    const known = latest.get(event.key);
    const isOlder = known !== undefined && (event.knownAtMs - known.knownAtMs || event.id - known.id) < 0;
    if (!isOlder) latest.set(event.key, event);
  };
  return {
    begin({ stream, columns, timesMs }) {
      begun = readers.filter(({ reading }) => reading.input === stream);
      for (const reader of begun) {
        reader.keyColumn = reader.keysOf(columns);
        reader.values.begin(columns);
        reader.orders = reader.reading.order === null ? null : columns.numbers(reader.reading.order);
        reader.timesMs = timesMs;
      }
      return begun.length > 0;
    },
    add(row) {
      for (const { reading, keyColumn, values, orders, timesMs, coming } of begun) {
        const key = keyColumn === null ? null : keyAt(keyColumn, row);
        // As in SQL, null is equal to nothing.
        if (key === null) continue;
        const own = reading.values.map((_, at) => values.at(at, row));
        coming.push(eventOf(key, timesMs[row]!, orders?.[row] ?? 0, own));
      }
    },
    remove({ stream, key, occurredAt }) {
      for (const { reading, coming } of readers) {
        if (reading.input !== stream) continue;
        coming.push(
          eventOf(
            key,
            occurredAt,
            Number.POSITIVE_INFINITY,
            reading.values.map(() => Number.NaN),
          ),
        );
      }
    },
    takeUpTo(timeMs) {
      for (const reader of readers) {
        while (reader.coming.nextMs() <= timeMs) {
          const event = reader.coming.take();
          if (event !== undefined) newer(reader, event);
        }
      }
    },
    give(key, timeMs, put) {
      let at = 0;
      for (const { reading, latest } of readers) {
        const event = key === null ? undefined : latest.get(key);
        const ageMs = event === undefined ? Number.NaN : timeMs - event.knownAtMs;
        // Of a late event the newest may be of a time behind its own: it must not be seen.
        const isThere = ageMs >= 0 && ageMs <= (reading.maxAgeMs ?? Number.POSITIVE_INFINITY);
        for (let i = 0; i < reading.values.length; i++) put(at++, isThere ? event!.values[i]! : Number.NaN);
      }
    },
    states: () =>
      readers.flatMap(({ latest, coming }, reading) => [
        ...[...latest.values()].map((event) => stateOf('latest', reading, event)),
        ...coming.all().map((event) => stateOf('coming', reading, event)),
      ]),
    restore({ what, reading, key, timeMs, order, values }) {
      const reader = readers[reading]!;
      const event = eventOf(key, timeMs, order, values);
      if (what === 'latest') reader.latest.set(key, event);
      else reader.coming.push(event);
    },
  };
}

/** A label is an event that waits for its time, too; of one time the one of the larger number comes last. */
function eventOf(key: Key, timeMs: number, order: number, values: readonly number[]): Label {
  return { key, knownAtMs: timeMs, id: order, eventMs: Number.NaN, values };
}

function stateOf(what: AsOfState['what'], reading: number, { key, knownAtMs, id, values }: Label): AsOfState {
  return { what, reading, key, timeMs: knownAtMs, order: id, values };
}
