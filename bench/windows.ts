/**
 * Windows alone: what an event costs by CPU time, and what a key holds. Events are columns already, results are written
 * to Avro blocks, and everything is in this thread.
 */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import type { AvroRecord } from '../src/messages/avro.ts';
import type { Column, Columns, NumberColumn, TextColumn } from '../src/messages/columns.ts';
import { windowResultType } from '../src/messages/window-result.ts';
import { createRandom } from '../src/models/random.ts';
import type { AggregateSpec } from '../src/streams/aggregate-function.ts';
import { resultField } from '../src/streams/aggregate-table.ts';
import type { Windowing, WindowSpec } from '../src/streams/window-kind.ts';
import { createWindows } from '../src/streams/windows-by-kind.ts';

export interface WindowFigures {
  readonly windows: string;
  readonly keys: number;
  readonly events: number;
  /** Medians over the rounds, by CPU time. */
  readonly nsPerEvent: number;
  readonly eventsPerCoreSecond: number;
  readonly results: number;
  /** Heap and buffers, after a collection, with every key open; null where windows close all the time. */
  readonly bytesPerKey: number | null;
}

const BLOCK = 4096;
/** Blocks of keys that are made before the clock starts, and come again and again. */
const BLOCKS = 512;
const MINUTE_MS = 60_000;
/** Nothing reads times as a column. */
const NO_TIMES = new Float64Array(0);
const TOTALS: readonly AggregateSpec[] = [
  { name: 'n', fn: 'count', field: null },
  { name: 'total', fn: 'sum', field: 'value' },
  { name: 'largest', fn: 'max', field: 'value' },
];

interface Case {
  readonly name: string;
  readonly window: Windowing;
  readonly keys: number;
  readonly events: number;
  /** Event time from one event to the next. */
  readonly stepMs: number;
  readonly rounds: number;
  /** All keys are open at the end. */
  readonly holds?: true;
  /** Makes keys; without it they are numbers. */
  readonly texts?: (next: () => number) => Column;
}

const texts = (next: () => number): Column => textColumn(() => `customer-${String(next()).padStart(7, '0')}`);

const TUMBLING: Windowing = { kind: 'tumbling', sizeMs: MINUTE_MS, offsetMs: 0 };
const CASES: readonly Case[] = [
  { name: 'tumbling 1m', window: TUMBLING, keys: 10_000, events: 1_000_000, stepMs: 0.2, rounds: 9 },
  { name: 'tumbling 1m', window: TUMBLING, keys: 10_000, events: 10_000_000, stepMs: 0.2, rounds: 5 },
  { name: 'tumbling 1m', window: TUMBLING, keys: 10_000, events: 50_000_000, stepMs: 0.2, rounds: 3 },
  // As many events a group as above, 30, and so as many results an event.
  { name: 'tumbling 1m', window: TUMBLING, keys: 100_000, events: 10_000_000, stepMs: 0.02, rounds: 5 },
  { name: 'tumbling 1m', window: TUMBLING, keys: 1_000_000, events: 60_000_000, stepMs: 0.002, rounds: 3 },
  // Hardly two events a group.
  { name: 'tumbling 1m, sparse', window: TUMBLING, keys: 1_000_000, events: 10_000_000, stepMs: 0.1, rounds: 3 },
  { name: 'tumbling 1m, text keys', window: TUMBLING, keys: 10_000, events: 10_000_000, stepMs: 0.2, rounds: 3, texts },
  {
    name: 'tumbling 1m, text keys',
    window: TUMBLING,
    keys: 1_000_000,
    events: 60_000_000,
    stepMs: 0.002,
    rounds: 1,
    texts,
  },
  {
    name: 'hopping 10s / 2s',
    window: { kind: 'hopping', sizeMs: 10_000, everyMs: 2000, offsetMs: 0 },
    keys: 10_000,
    events: 2_000_000,
    stepMs: 0.02,
    rounds: 5,
  },
  {
    name: 'sliding 10s',
    window: { kind: 'sliding', sizeMs: 10_000 },
    keys: 10_000,
    events: 1_000_000,
    stepMs: 0.1,
    rounds: 3,
  },
  {
    name: 'session 30m',
    window: { kind: 'session', gapMs: 30 * MINUTE_MS },
    keys: 1_000_000,
    events: 10_000_000,
    stepMs: 0.1,
    rounds: 3,
    holds: true,
  },
  { name: 'count 100', window: { kind: 'count', count: 100 }, keys: 10_000, events: 2_000_000, stepMs: 0.1, rounds: 3 },
];

const schemaOf = (key: 'double' | 'string'): AvroRecord => ({
  type: 'record',
  name: 'Event',
  fields: [
    { name: 'key', type: key },
    { name: 'value', type: 'double' },
  ],
});

export function runWindows(): WindowFigures[] {
  // The compiler's work belongs to the process, not to the case that happens to be its first.
  measure({ name: 'warm-up', window: TUMBLING, keys: 10_000, events: 10_000_000, stepMs: 0.2, rounds: 1 });
  return CASES.map(measure);
}

function measure({
  name,
  window,
  keys,
  events,
  stepMs,
  rounds,
  holds,
  texts: keyColumn = numberColumn,
}: Case): WindowFigures {
  const spec: WindowSpec = {
    name: 'w',
    keyField: 'key',
    window,
    allowedLatenessMs: 0,
    earlyMs: null,
    where: null,
    aggregates: TOTALS,
  };
  const schema = schemaOf(keyColumn === numberColumn ? 'double' : 'string');
  const blocks = makeBlocks(keys, keyColumn);
  const nsPerEvent: number[] = [];
  let results = 0;
  let bytesPerKey: number | null = null;
  for (let round = 0; round < rounds; round++) {
    const before = holds === true ? heldBytes() : 0;
    const operator = createWindows(spec, schema);
    const out = windowResultType(
      'w',
      TOTALS.map((aggregate) => resultField(aggregate)),
    ).type.blockWriter();
    results = 0;
    const cpu = process.cpuUsage();
    let watermarkMs = Number.NEGATIVE_INFINITY;
    for (let from = 0; from < events; from += BLOCK) {
      const columns = blocks[(from / BLOCK) % BLOCKS]!;
      operator.begin(columns, NO_TIMES, watermarkMs);
      for (let row = 0; row < BLOCK; row++) {
        const timeMs = Math.floor((from + row) * stepMs);
        operator.add(row, timeMs, out);
        if (timeMs - 1 > watermarkMs) {
          watermarkMs = timeMs - 1;
          operator.advance(watermarkMs, out);
        }
      }
      results += out.length;
      out.take();
    }
    const { user, system } = process.cpuUsage(cpu);
    nsPerEvent.push(((user + system) * 1000) / events);
    // Of the first round: what is left of one round may still be held in the next.
    if (holds === true) bytesPerKey ??= Math.round((heldBytes() - before) / operator.keyCount());
  }
  const median = nsPerEvent.sort((a, b) => a - b)[rounds >> 1]!;
  return {
    windows: name,
    keys,
    events,
    nsPerEvent: Math.round(median),
    eventsPerCoreSecond: Math.round(1e9 / median),
    results,
    bytesPerKey,
  };
}

function makeBlocks(keys: number, keyColumn: (next: () => number) => Column): Columns[] {
  const random = createRandom();
  random.seed(1, 2, 3);
  return Array.from({ length: BLOCKS }, (): Columns => {
    const key = keyColumn(() => random.below(keys));
    const value = numberColumn(() => random.below(10_000));
    return {
      count: BLOCK,
      column: (path) => (path === 'key' ? key : value),
      numbers: () => value.values,
      event: () => ({}),
      binary: () => null,
      places: null,
    };
  });
}

function numberColumn(next: () => number): NumberColumn {
  return { kind: 'number', values: Float64Array.from({ length: BLOCK }, next), exact: null, nulls: null };
}

function textColumn(next: () => string): TextColumn {
  const all = Array.from({ length: BLOCK }, () => Buffer.from(next()));
  const ends = new Uint32Array(BLOCK);
  let end = 0;
  for (const [row, { length }] of all.entries()) {
    end += length;
    ends[row] = end;
  }
  const starts = Uint32Array.from(all, ({ length }, row) => ends[row]! - length);
  return { kind: 'text', bytes: Buffer.concat(all), starts, ends, nulls: null };
}

/** After two collections: the second one frees the buffers that the first one found. */
function heldBytes(): number {
  setFlagsFromString('--expose-gc');
  const collect: unknown = runInNewContext('gc');
  for (let i = 0; i < 2; i++) if (typeof collect === 'function') collect();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}
