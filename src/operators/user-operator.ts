/**
 * A user's operator as an operator of a partition. Each call of its code works on a copy of the key's state; what it wrote
 * and set counts only when it returned, so a call that fails leaves state, timers and outputs as they were.
 *
 * Timers fire by instant, then by which key came first, before the watermark passes on.
 */
import type { AvroRecord, AvroSchema } from '../messages/avro.ts';
import { dynamicEventType } from '../messages/codec.ts';
import { type Column, type Columns, columnsOfEvents } from '../messages/columns.ts';
import { jsonOf } from '../messages/event-json.ts';
import { AS_JSON } from '../messages/origins.ts';
import { RAW_BYTES_MAX } from '../messages/streams.ts';
import { deadLetterType } from '../messages/types.ts';
import { keyAt, keyColumn } from '../streams/key-column.ts';
import type { Operator, OperatorInput } from '../streams/operator.ts';
import { END_OF_TIME_MS } from '../streams/watermark.ts';
import { type Calls, createCalls } from './calls.ts';
import type { Definition, Handler, Key, Row } from './definition.ts';
import { createEventReader, type EventReader } from './event-reader.ts';
import { OperatorFailure } from './failure.ts';
import { createKeyStates, type KeyState } from './key-states.ts';
import { createOutputWriter } from './output-writer.ts';
import { recordCode } from './record-code.ts';
import { definitionText, requireSameKeys } from './same-keys.ts';

/** As derivations call the kind, and the actor tree the actor that drives it. */
export const USER_OPERATOR = 'operator';

export interface OperatorInputSpec {
  readonly stream: string;
  /** The field that is the key; null: every partition sees the stream, and it belongs to no key. */
  readonly key: string | null;
  /** Of its events; null where it is not known. */
  readonly schema: AvroRecord | null;
}

/** A definition as one pipeline uses it. */
export interface UserOperatorSpec {
  readonly name: string;
  readonly definition: Definition;
  readonly inputs: readonly OperatorInputSpec[];
  /** Of the key in its outputs. */
  readonly keyType: AvroSchema;
  readonly options: Readonly<Row>;
  readonly ttlMs: number | null;
  readonly onError: 'fail' | 'deadLetter';
}

export interface UserOperator extends Operator {
  /** Bytes of Avro that its keys hold, estimated. */
  stateBytes(): number;
  /** What a key has, for tests; null when it has nothing. */
  read(key: Key): { readonly state: Readonly<Row>; readonly timers: readonly number[] } | null;
  readBroadcast(): Readonly<Row>;
}

const NO_COLUMNS = columnsOfEvents([]);
const NO_KEY: Column = { kind: 'number', values: new Float64Array(0), nulls: null };

export function createUserOperator(spec: UserOperatorSpec): UserOperator {
  const { name, definition, inputs, options, onError } = spec;
  const text = definitionText(definition, inputs);
  const code = recordCode(dynamicEventType(definition.state));
  const broadcastCode = recordCode(dynamicEventType(definition.broadcast));
  const writers = [...definition.outputs].map(([output, fields]) => {
    return createOutputWriter(name, output, fields, spec.keyType);
  });
  const letters = deadLetterType.blockWriter();
  const states = createKeyStates(definition, broadcastCode.copy(definition.initialBroadcast(options)), spec.ttlMs);
  const outputs = new Map([...definition.outputs.keys()].map((output, i) => [output, writers[i]!]));
  const calls: Calls = createCalls({ name, definition, options, code, broadcastCode, states, outputs });
  const readers = new Map(inputs.map((input) => [input.stream, readerOf(definition, input)]));
  const keyFields = new Map(inputs.map(({ stream, key }) => [stream, key]));

  let stream = '';
  let columns: Columns = NO_COLUMNS;
  let timesMs: Float64Array = new Float64Array(0);
  let keys = NO_KEY;
  let reader: EventReader = createEventReader(null);
  let isBroadcast = false;
  let handle: Handler | undefined;

  function failed(error: unknown, calledFor: string, about: string, raw: () => string): void {
    for (const writer of writers) writer.rollback();
    if (onError === 'fail') throw new OperatorFailure(name, calledFor, error);
    const why = error instanceof Error ? error.message : String(error);
    const bytes = Buffer.from(raw());
    letters.push({
      stream: about,
      source: name,
      position: 0,
      reason: 'operator-failed',
      detail: `${calledFor}: ${why}`,
      raw: bytes.subarray(0, RAW_BYTES_MAX),
      rawLength: bytes.length,
      ...AS_JSON,
    });
  }
  function fire(key: KeyState, at: number): void {
    try {
      calls.onTimer(key, at);
    } catch (error) {
      const what = `the timer at ${at} of key ${JSON.stringify(key.key)}`;
      failed(error, what, inputs[0]?.stream ?? '', () => JSON.stringify({ key: key.key, timer: at }));
    }
  }

  return {
    name,
    kind: USER_OPERATOR,
    actor: USER_OPERATOR,
    heldBackMs: 0,
    inputs: inputs.map((input) => input.stream),
    outputs: onError === 'fail' ? writers : [...writers, letterOutput(inputs[0]?.stream ?? '', letters)],
    begin(input: OperatorInput) {
      stream = input.stream;
      reader = readers.get(stream) ?? reader;
      handle = definition.on.get(stream);
      columns = input.columns;
      timesMs = input.timesMs;
      calls.watermarkMs = input.watermarkMs;
      const field = keyFields.get(stream) ?? null;
      isBroadcast = field === null;
      keys = field === null ? NO_KEY : keyColumn(columns, field);
      reader.begin(columns);
    },
    add(row) {
      const timeMs = timesMs[row]!;
      try {
        for (const writer of writers) writer.mark();
        if (isBroadcast) calls.onBroadcast(stream, reader.event(row), timeMs);
        else if (handle !== undefined) calls.onEvent(handle, reader.event(row), keyAt(keys, row), timeMs);
      } catch (error) {
        failed(error, `an event of ${stream} of ${new Date(timeMs).toISOString()}`, stream, () => {
          return jsonOf(columns.event(row));
        });
      }
    },
    advance(watermarkMs) {
      // What a timer sets at the end of time never comes: one that sets itself again would do so for ever.
      if (watermarkMs >= END_OF_TIME_MS) calls.holdTimers();
      for (let due = states.timers.take(watermarkMs); due !== null; due = states.timers.take(watermarkMs)) {
        fire(due.key, due.at);
      }
      calls.releaseTimers();
      calls.watermarkMs = watermarkMs;
      states.evict(watermarkMs);
    },
    flush() {
      calls.rehearseTimers((call, { key }, at) => {
        try {
          call();
        } catch (error) {
          for (const writer of writers) writer.rollback();
          if (onError === 'fail') throw new OperatorFailure(name, `the timer at ${at} of key ${key}`, error);
        }
      });
    },
    remove() {},
    snapshot: () => states.snapshot(text),
    restore(saved) {
      if (saved.definition !== null) requireSameKeys(saved.definition, definition, inputs);
      states.restore(saved);
    },
    keyCount: states.count,
    stateBytes: states.bytes,
    read(key) {
      const found = states.find(key, Number.NEGATIVE_INFINITY);
      return found === undefined
        ? null
        : { state: code.copy(found.state), timers: found.timers.toSorted((a, b) => a - b) };
    },
    readBroadcast: () => states.broadcast,
  };
}

/** Of the fields that are declared, or of all that the stream has. */
function readerOf({ events }: Definition, { stream, schema }: OperatorInputSpec): EventReader {
  return createEventReader(events.get(stream) ?? schema);
}

/** Of whatever input they are, dead letters are one output. */
function letterOutput(
  stream: string,
  letters: ReturnType<typeof deadLetterType.blockWriter>,
): Operator['outputs'][number] {
  return {
    stream: `${stream}.dead-letters`,
    type: deadLetterType,
    events: letters,
  };
}
