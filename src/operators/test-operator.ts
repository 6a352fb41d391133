/**
 * An operator by itself, for its author's tests: events and watermarks go in, outputs and state come out, and a restart
 * goes through the bytes of a snapshot. There is no journal and no file, and the test alone moves time.
 */

import { KNOWN_STREAMS, type KnownStreams } from '../builtin-types.ts';
import type { AvroRecord } from '../messages/avro.ts';
import type { Block } from '../messages/block.ts';
import { type DynamicEvent, dynamicEventType } from '../messages/codec.ts';
import { type Columns, columnsOfEvents } from '../messages/columns.ts';
import { deadLetterType } from '../messages/types.ts';
import { partitionOf } from '../streams/partitioner.ts';
import { type Definition, type Key, type Row, readDefinition } from './definition.ts';
import type { EventOf, EventShapes, OperatorDefinition, Shapes } from './operator-types.ts';
import { optionsOf } from './options.ts';
import { cloned } from './record-code.ts';
import type { FromShape, Shape } from './shape.ts';
import { createUserOperator, type UserOperator, type UserOperatorSpec } from './user-operator.ts';

export interface TestOperatorOptions {
  /** The key field of each stream, as in the pipeline file; null broadcasts the stream. */
  readonly input: Readonly<Record<string, string | null>>;
  readonly options?: Readonly<Row>;
  /** The field of event time, by stream; the first timestamp-millis field of the stream's schema when left out. */
  readonly eventTime?: Readonly<Record<string, string>>;
  readonly name?: string;
  readonly ttlMs?: number;
  readonly onError?: 'fail' | 'deadLetter';
  /** The number of partitions over which keys are spread. Results are the same on any number. */
  readonly partitions?: number;
}

type OutputOf<O, N extends keyof O> = FromShape<O[N]> & { readonly key: Key; readonly ts: number };
type StreamOf<E> = (keyof E | keyof KnownStreams) & string;

export interface OperatorTest<S, O, E> {
  /** Sends events of one stream as one batch. They move no watermark. */
  send<N extends StreamOf<E>>(stream: N, ...events: readonly EventOf<E, N>[]): void;
  /** Moves the watermark of all inputs, in epoch ms: timers at or before it fire. */
  watermark(atMs: number): void;
  /** Ends the input: timers fire as if they were due, and stay. */
  endOfInput(): void;
  /** Stops, and goes on from a snapshot. */
  restart(): void;
  /** Drains an output: what came since it was read last. */
  output<N extends keyof O & string>(output: N): OutputOf<O, N>[];
  /** The state of a key; null when there is none. */
  state(key: Key): FromShape<S> | null;
  broadcast(): Readonly<Row>;
  /** The instants of a key's timers in epoch ms, in order. */
  timers(key: Key): readonly number[];
  keyCount(): number;
  /** Drains the events that failed, with `onError: 'deadLetter'`. */
  deadLetters(): { readonly reason: string; readonly detail: string; readonly event: unknown }[];
}

const KNOWN_SCHEMAS: Readonly<Record<string, AvroRecord>> = KNOWN_STREAMS;

export function testOperator<S extends Shape, O extends Shapes, P extends Shape, E extends EventShapes>(
  operator: OperatorDefinition<S, O, P, E>,
  options: TestOperatorOptions,
): OperatorTest<S, O, E> {
  const run = createOperatorRun(operator, options);
  return {
    send: (stream, ...events) => run.send(stream, events),
    watermark: run.watermark,
    endOfInput: run.endOfInput,
    restart: run.restart,
    output(name) {
      const events: unknown[] = run.output(name);
      return events.filter((event) => fitsSchema<OutputOf<O, typeof name>>(event));
    },
    state(key) {
      const state: unknown = run.state(key);
      return fitsSchema<FromShape<S>>(state) ? state : null;
    },
    broadcast: run.broadcast,
    timers: run.timers,
    keyCount: run.keyCount,
    deadLetters: run.deadLetters,
  };
}

/** A value that was decoded by a schema is of the type that is read off that schema. */
function fitsSchema<T>(value: unknown): value is T {
  return typeof value === 'object' && value !== null;
}

/** The same without the types of one operator. */
export interface OperatorRun {
  send(stream: string, events: readonly object[]): void;
  watermark(atMs: number): void;
  endOfInput(): void;
  restart(): void;
  output(output: string): Readonly<Row>[];
  outputs(): readonly string[];
  state(key: Key): Readonly<Row> | null;
  keyOf(stream: string, event: object): Key;
  broadcast(): Readonly<Row>;
  timers(key: Key): readonly number[];
  keyCount(): number;
  deadLetters(): { readonly reason: string; readonly detail: string; readonly event: unknown }[];
}

export function createOperatorRun(operator: unknown, options: TestOperatorOptions): OperatorRun {
  const { input, name = 'operator', ttlMs = null, onError = 'fail', partitions = 1 } = options;
  const definition = readDefinition(operator);
  const streams = Object.entries(input).map(([stream, key]) =>
    streamOf(definition, stream, key, options.eventTime?.[stream]),
  );
  const spec: UserOperatorSpec = {
    name,
    definition,
    inputs: streams,
    keyType: definition.key ?? ['null', 'long', 'string'],
    options: optionsOf(definition, options.options ?? {}),
    order: streams.length > 1 ? 'time' : 'arrival',
    ttlMs,
    onError,
  };
  const create = (): UserOperator[] => Array.from({ length: partitions }, () => createUserOperator(spec));
  let operators = create();
  let watermarkMs = Number.NEGATIVE_INFINITY;
  const taken = new Map<string, Readonly<Row>[]>();
  const letters: Readonly<Row>[] = [];

  function inputOf(stream: string): TestStream {
    const found = streams.find((each) => each.stream === stream);
    if (found === undefined)
      throw new RangeError(`there is no input ${stream}; known: ${Object.keys(input).join(', ')}`);
    return found;
  }
  function partOf(key: Key): number {
    return key === null ? 0 : partitionOf(key, partitions);
  }
  function keyOf(stream: string, event: object): Key {
    const { key } = inputOf(stream);
    const value: unknown = key === null ? null : Reflect.get(event, key);
    return typeof value === 'string' || typeof value === 'number' ? value : null;
  }
  function take(): void {
    for (const own of operators) {
      for (const { stream, type, events } of own.outputs) {
        const block: Block | null = events.take();
        if (block === null) continue;
        if (type.name === deadLetterType.name) letters.push(...deadLetterType.decodeBlock(block.bytes));
        else
          taken.set(stream, [...(taken.get(stream) ?? []), ...dynamicEventType(type.schema).decodeBlock(block.bytes)]);
      }
    }
  }
  function ofKey(key: Key) {
    return operators[partOf(key)]?.read(key) ?? null;
  }

  return {
    send(stream, events) {
      const { key, columns, timeField } = inputOf(stream);
      for (const [part, own] of operators.entries()) {
        const rows = key === null ? events : events.filter((event) => partOf(keyOf(stream, event)) === part);
        if (rows.length === 0) continue;
        const read = columns(rows.map((event) => ({ ...event })));
        own.begin({ stream, columns: read, timesMs: read.numbers(timeField), watermarkMs, at: null });
        for (let row = 0; row < rows.length; row++) own.add(row);
      }
      take();
    },
    watermark(atMs) {
      if (atMs <= watermarkMs) return;
      watermarkMs = atMs;
      for (const own of operators) own.advance(atMs);
      take();
    },
    endOfInput() {
      for (const own of operators) own.flush();
      take();
    },
    restart() {
      const snapshots = operators.map((own) => own.snapshot());
      operators = create();
      for (const [part, own] of operators.entries()) {
        const snapshot = snapshots[part];
        if (snapshot !== undefined) own.restore(snapshot);
        own.advance(watermarkMs);
      }
    },
    output(output) {
      if (!definition.outputs.has(output)) {
        throw new RangeError(`there is no output ${output}; declared: ${[...definition.outputs.keys()].join(', ')}`);
      }
      const events = taken.get(`${name}.${output}`) ?? [];
      taken.delete(`${name}.${output}`);
      return events.map((event) => Object(cloned(event)));
    },
    outputs: () => [...definition.outputs.keys()],
    state(key) {
      const found = ofKey(key);
      return found === null ? null : Object(cloned(found.state));
    },
    keyOf,
    broadcast: () => Object(cloned(operators[0]?.readBroadcast() ?? {})),
    timers: (key) => ofKey(key)?.timers ?? [],
    keyCount: () => operators.reduce((sum, own) => sum + own.keyCount(), 0),
    deadLetters: () =>
      letters.splice(0).map(({ reason, detail, raw }) => ({
        reason: String(reason),
        detail: String(detail),
        event: JSON.parse(String(raw)),
      })),
  };
}

interface TestStream {
  readonly stream: string;
  readonly key: string | null;
  readonly schema: AvroRecord | null;
  readonly timeField: string;
  columns(events: readonly DynamicEvent[]): Columns;
}

function streamOf(
  { events }: Definition,
  stream: string,
  key: string | null,
  eventTime: string | undefined,
): TestStream {
  const schema = KNOWN_SCHEMAS[stream] ?? events.get(stream) ?? null;
  const timeField = eventTime ?? timeOf(schema);
  if (timeField === null) {
    throw new RangeError(
      `which field of ${stream} is its event time is not known; say it: eventTime: { '${stream}': … }`,
    );
  }
  const type = schema === null ? null : dynamicEventType(schema);
  const isWhole = stream in KNOWN_SCHEMAS;
  const columns = (rows: readonly DynamicEvent[]): Columns => {
    // Through Avro, as in a pipeline: an event that does not fit its schema fails here.
    const block = type?.encodeBlock(rows);
    // A declaration has the fields that the handlers read; the stream's key may be another field.
    return isWhole && type !== null && block !== undefined ? type.columns(block) : columnsOfEvents(rows);
  };
  return { stream, key, schema, timeField, columns };
}

function timeOf(schema: AvroRecord | null): string | null {
  const field = schema?.fields.find(({ type }) => {
    return typeof type === 'object' && 'logicalType' in type && type.logicalType === 'timestamp-millis';
  });
  return field?.name ?? null;
}
