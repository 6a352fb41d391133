/**
 * A user's operator as an operator of a partition. Each call of the user's code works on a copy of the key's state. The
 * call's state, timers and outputs count only once it has returned, so a call that fails leaves all of them as they were.
 *
 * Timers fire by instant, then by which key came first, before the watermark passes on.
 */
import type { AvroRecord, AvroSchema } from '../messages/avro.ts';
import { type DynamicEvent, dynamicEventType } from '../messages/codec.ts';
import { type Columns, columnsOfEvents } from '../messages/columns.ts';
import { exactJson, jsonOf } from '../messages/event-json.ts';
import { deadLetterType } from '../messages/types.ts';
import { type FailedCall, type LetterWriter, letterOutput, pushLetter } from '../streams/failed-calls.ts';
import { eventKey, fieldKeyReader } from '../streams/field-key.ts';
import { type KeyColumn, keyAt } from '../streams/key-column.ts';
import type { LogPlace, Operator, OperatorInput, OperatorState } from '../streams/operator.ts';
import { END_OF_TIME_MS } from '../streams/watermark.ts';
import { type Calls, createCalls } from './calls.ts';
import { CutOffError, createCutOffs } from './cut-offs.ts';
import type { Definition, Handler, Key, Row } from './definition.ts';
import { createEventReader, type EventReader } from './event-reader.ts';
import { OperatorFailure } from './failure.ts';
import { createHeldEvents, type HeldEvent } from './held-events.ts';
import { createKeyStates, type KeyState } from './key-states.ts';
import { createOutputWriter, type OutputWriter } from './output-writer.ts';
import { recordCode } from './record-code.ts';
import { definitionText, requireSameKeys } from './same-keys.ts';

/** The name of the kind in derivations, and of the actor that drives it in the actor tree. */
export const USER_OPERATOR = 'operator';

export interface OperatorInputSpec {
  readonly stream: string;
  /** The key field; null where every partition sees the stream, whose events then belong to no key. */
  readonly key: string | null;
  /** The schema of the stream's events; null where it is not known. */
  readonly schema: AvroRecord | null;
}

/** A definition as one pipeline uses it. */
export interface UserOperatorSpec {
  readonly name: string;
  readonly definition: Definition;
  readonly inputs: readonly OperatorInputSpec[];
  /** The type of the key in the outputs. */
  readonly keyType: AvroSchema;
  readonly options: Readonly<Row>;
  /** The order in which events are handled: as they arrive, or by their times once the watermark has reached them. */
  readonly order: 'arrival' | 'time';
  readonly ttlMs: number | null;
  readonly onError: 'fail' | 'deadLetter';
}

export interface UserOperator extends Operator {
  /** Bytes of Avro that the keys hold, estimated. */
  stateBytes(): number;
  /** A key's state and timers, for tests; null when the key has none. */
  read(key: Key): { readonly state: Readonly<Row>; readonly timers: readonly number[] } | null;
  readBroadcast(): Readonly<Row>;
}

const NO_COLUMNS = columnsOfEvents([]);
const NO_KEY: KeyColumn = { kind: 'number', values: new Float64Array(0), exact: null, nulls: null };

/** The outputs to which an operator and a copy of it write alike. */
interface Written {
  readonly writers: readonly OutputWriter[];
  readonly letters: LetterWriter;
}

export function createUserOperator(spec: UserOperatorSpec, partition = 0): UserOperator {
  const writers = [...spec.definition.outputs].map(([output, fields]) => {
    return createOutputWriter(spec.name, output, fields, spec.keyType);
  });
  return createWriting(spec, partition, { writers, letters: deadLetterType.blockWriter() });
}

function createWriting(spec: UserOperatorSpec, partition: number, { writers, letters }: Written): UserOperator {
  const { name, definition, inputs, options, onError } = spec;
  const text = definitionText(definition, inputs);
  const code = recordCode(dynamicEventType(definition.state));
  const broadcastCode = recordCode(dynamicEventType(definition.broadcast));
  const states = createKeyStates(definition, broadcastCode.copy(definition.initialBroadcast(options)), spec.ttlMs);
  const outputs = new Map([...definition.outputs.keys()].map((output, i) => [output, writers[i]!]));
  const cutOffs = createCutOffs();
  const calls: Calls = createCalls({
    name,
    partition,
    cutOffs,
    definition,
    options,
    code,
    broadcastCode,
    states,
    outputs,
  });
  const readers = new Map(inputs.map((input) => [input.stream, readerOf(definition, input)]));
  const keyReaders = new Map(inputs.map((input) => [input.stream, keyReadersOf(input)]));
  const held = createHeldEvents();
  const isHolding = spec.order === 'time';

  let stream = '';
  let columns: Columns = NO_COLUMNS;
  let timesMs: Float64Array = new Float64Array(0);
  let keys = NO_KEY;
  let reader: EventReader = createEventReader(null);
  let isBroadcast = false;
  let at: LogPlace | null = null;
  let handle: Handler | undefined;

  function failed(call: FailedCall): void {
    for (const writer of writers) writer.rollback();
    // A call that did not return is not tried again: it would not return then either.
    if (onError === 'fail' && !(call.error instanceof CutOffError))
      throw new OperatorFailure(name, `${call.what}${call.place ?? ''}`, call.error);
    pushLetter(letters, name, call);
  }
  function fire(key: KeyState, at: number): void {
    try {
      calls.onTimer(key, at);
    } catch (error) {
      const what = `the timer at ${at} of key ${exactJson(key.key)}`;
      const json = exactJson({ key: key.key, timer: at });
      failed({ what, stream: inputs[0]?.stream ?? '', position: cutOffs.place.given, json, error });
    }
  }
  function take(waited: HeldEvent): void {
    const { stream: of, timeMs, position, event } = waited;
    const read = keyReaders.get(of) ?? null;
    const seen = pickOf(definition, of, event);
    const handler = definition.on.get(of);
    calls.watermarkMs = Math.max(calls.watermarkMs, timeMs - 1);
    try {
      for (const writer of writers) writer.mark();
      if (read === null) calls.onBroadcast(of, seen, timeMs);
      else if (handler !== undefined) calls.onEvent(handler, seen, read.ofEvent(event), timeMs);
    } catch (error) {
      failed({ what: eventText(of, timeMs), stream: of, position, json: jsonOf(event), error });
    }
  }

  const snapshot = (): OperatorState => states.snapshot(text, { ...cutOffs.snapshot(), held: held.snapshot() });

  return {
    name,
    kind: USER_OPERATOR,
    actor: USER_OPERATOR,
    heldBackMs: 0,
    inputs: inputs.map((input) => input.stream),
    outputs: [...writers, letterOutput(inputs[0]?.stream ?? '', letters)],
    begin(input: OperatorInput) {
      stream = input.stream;
      reader = readers.get(stream) ?? reader;
      handle = definition.on.get(stream);
      columns = input.columns;
      timesMs = input.timesMs;
      at = input.at;
      calls.watermarkMs = input.watermarkMs;
      const read = keyReaders.get(stream) ?? null;
      isBroadcast = read === null;
      keys = read === null ? NO_KEY : read.ofRows(columns);
      reader.begin(columns);
    },
    add(row) {
      const timeMs = timesMs[row]!;
      const position = cutOffs.give();
      if (isHolding && timeMs > calls.watermarkMs) {
        held.add({ stream, timeMs, position, event: columns.event(row) });
        return;
      }
      try {
        for (const writer of writers) writer.mark();
        if (isBroadcast) calls.onBroadcast(stream, reader.event(row), timeMs);
        else if (handle !== undefined) calls.onEvent(handle, reader.event(row), keyAt(keys, row), timeMs);
      } catch (error) {
        failed({
          what: eventText(stream, timeMs),
          place: placeText(at, row),
          stream,
          position,
          json: jsonOf(columns.event(row)),
          error,
        });
      }
    },
    advance(watermarkMs) {
      // A timer that a timer sets at the end of time never fires: a timer that sets itself again would do so for ever.
      if (watermarkMs >= END_OF_TIME_MS) calls.holdTimers();
      for (;;) {
        const next = held.first(watermarkMs);
        // A timer fires after the events of its instant.
        const due = states.timers.take(next === null ? watermarkMs : next.timeMs - 1);
        if (due !== null) fire(due.key, due.at);
        else if (next === null) break;
        else {
          held.shift();
          take(next);
        }
      }
      calls.releaseTimers();
      calls.watermarkMs = watermarkMs;
      states.evict(watermarkMs);
    },
    /** Timers fire on a copy that is thrown away, so whatever is open stays open. */
    flush() {
      const copy = createWriting(spec, partition, { writers, letters });
      copy.restore(snapshot());
      copy.advance(END_OF_TIME_MS);
    },
    remove() {},
    cutOff: cutOffs.cut,
    snapshot,
    restore(saved) {
      if (saved.definition !== null) requireSameKeys(saved.definition, definition, inputs);
      const beside = states.restore(saved);
      if (beside !== null) cutOffs.restore(beside);
      held.restore(beside?.held);
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

function eventText(stream: string, timeMs: number): string {
  return `an event of ${stream} of ${new Date(timeMs).toISOString()}`;
}

function placeText(at: LogPlace | null, row: number): string {
  return at === null ? '' : `, offset ${at.offset + (at.isEachRow ? row : 0)} of ${at.log}`;
}

/** A reader of the declared fields, or of all fields of the stream where none are declared. */
function readerOf({ events }: Definition, { stream, schema }: OperatorInputSpec): EventReader {
  return createEventReader(events.get(stream) ?? schema);
}

function pickOf({ events }: Definition, stream: string, event: DynamicEvent): DynamicEvent {
  const fields = events.get(stream)?.fields;
  return fields === undefined ? { ...event } : Object.fromEntries(fields.map(({ name }) => [name, event[name]]));
}

interface KeyReaders {
  ofRows(columns: Columns): KeyColumn;
  ofEvent(event: DynamicEvent): Key;
}

/** Null where the stream's events belong to no key. */
function keyReadersOf({ key, schema }: OperatorInputSpec): KeyReaders | null {
  if (key === null) return null;
  const keyOf = eventKey(schema, key);
  return { ofRows: fieldKeyReader(schema, key), ofEvent: (event) => asKey(keyOf(event)) };
}

function asKey(value: unknown): Key {
  return typeof value === 'string' || typeof value === 'bigint' || (typeof value === 'number' && Number.isFinite(value))
    ? value
    : null;
}
