/**
 * A user's operator as its module exports it, checked, and without its author's types: the form that the engine and the
 * configuration go by. Every fault that shows before the first event is reported here, with its place in the definition.
 */

import { type AvroRecord, NAMESPACE } from '../messages/avro.ts';
import { type DynamicEvent, dynamicEventType } from '../messages/codec.ts';
import { isMap } from '../messages/json-map.ts';
import { recordOfShape } from './shape.ts';
import { zeroOf } from './zero.ts';

export type Row = Record<string, unknown>;
/** A bigint is a long that no number holds exactly. */
export type Key = string | number | bigint | null;

/** What a handler is given; the typed form is in define.ts. */
export interface KeyContext {
  readonly key: Key;
  readonly time: number;
  readonly watermark: number;
  readonly options: Readonly<Row>;
  readonly broadcast: Readonly<Row>;
  emit(output: string, record: Readonly<Row>): void;
  timer(at: number): void;
  deleteTimer(at: number): void;
  clear(): void;
  random(seed?: number | string): number;
}

export interface ForAllContext {
  readonly time: number;
  readonly watermark: number;
  readonly options: Readonly<Row>;
  forEachKey(visit: (state: Row, ctx: KeyContext) => unknown): void;
}

export type Handler = (event: DynamicEvent, state: Row, ctx: KeyContext) => unknown;
export type TimerHandler = (at: number, state: Row, ctx: KeyContext) => unknown;
export type BroadcastHandler = (event: DynamicEvent, broadcast: Row, ctx: ForAllContext) => unknown;

export interface Definition {
  readonly kind: 'keyed' | 'machine';
  /** null: whatever the inputs have. */
  readonly key: 'long' | 'string' | null;
  readonly state: AvroRecord;
  /** The outputs' fields, by output, without the key and the time that every output has. */
  readonly outputs: ReadonlyMap<string, AvroRecord>;
  readonly options: AvroRecord;
  /** By stream, the fields that its handlers read; null for all of them. */
  readonly events: ReadonlyMap<string, AvroRecord | null>;
  readonly broadcast: AvroRecord;
  initial(key: Key, options: Readonly<Row>): Row;
  initialBroadcast(options: Readonly<Row>): Row;
  readonly on: ReadonlyMap<string, Handler>;
  readonly onBroadcast: ReadonlyMap<string, BroadcastHandler>;
  readonly onTimer: TimerHandler | null;
  /** Why the operator can't go on from a state of an older version, though that state fits the schema; null when it can. */
  readonly unreadable: ((state: Readonly<Row>) => string | null) | null;
}

/** A definition that can't be used. The message begins with the place in it. */
export class DefinitionError extends Error {}

/** Fields that every output has in any case. */
const OWN_FIELDS: readonly string[] = ['key', 'ts'];
const KNOWN_PARTS = [
  ...['state', 'outputs', 'options', 'events', 'broadcast', 'key', 'initial', 'initialBroadcast'],
  ...['on', 'onBroadcast', 'onTimer', 'kind', 'unreadable'],
];

/** `exported` is what a module has as its default. Throws a DefinitionError. */
export function readDefinition(exported: unknown): Definition {
  const spec = specOf(exported);
  for (const part of Object.keys(spec)) {
    if (!KNOWN_PARTS.includes(part)) throw new DefinitionError(`${part}: an operator has no such part`);
  }
  const { key = null } = spec;
  if (key !== null && key !== 'long' && key !== 'string') throw new DefinitionError('key: must be long or string');
  const state = record('state', spec.state, 'State');
  const broadcast = record('broadcast', spec.broadcast, 'Broadcast');
  const initial = functionOf<Definition['initial']>('initial', spec.initial);
  const initialBroadcast = functionOf<Definition['initialBroadcast']>('initialBroadcast', spec.initialBroadcast);
  const on = handlers<Handler>('on', spec.on);
  const onBroadcast = handlers<BroadcastHandler>('onBroadcast', spec.onBroadcast);
  if (on.size + onBroadcast.size === 0) throw new DefinitionError('on: has no handler for any stream');
  return {
    kind: spec.kind === 'machine' ? 'machine' : 'keyed',
    key,
    state,
    outputs: outputsOf(spec.outputs),
    options: record('options', spec.options, 'Options'),
    events: eventsOf(spec.events),
    broadcast,
    initial: initial ?? (() => zeroOf(state)),
    initialBroadcast: initialBroadcast ?? (() => zeroOf(broadcast)),
    on,
    onBroadcast,
    onTimer: functionOf<TimerHandler>('onTimer', spec.onTimer),
    unreadable: functionOf<NonNullable<Definition['unreadable']>>('unreadable', spec.unreadable),
  };
}

function specOf(exported: unknown): Readonly<Record<string, unknown>> {
  if (isMap(exported) && exported.millrace === 'operator' && isMap(exported.spec)) return exported.spec;
  const what = exported === undefined ? 'nothing' : 'something else';
  throw new DefinitionError(`export default defineOperator({ … }): the module has ${what} as its default export`);
}

function record(part: string, shape: unknown, name: string): AvroRecord {
  try {
    // A namespace each: types within them may have the same names.
    const schema = recordOfShape(shape ?? {}, name, `${NAMESPACE}.operator.${name}`);
    requireTypes(schema);
    return schema;
  } catch (error) {
    throw new DefinitionError(`${part}: ${error instanceof Error ? error.message : String(error)}`, { cause: error });
  }
}

/** Throws with the name of the first field whose type is not valid. */
function requireTypes(schema: AvroRecord): void {
  try {
    dynamicEventType(schema);
  } catch (error) {
    // Checked with the fields before it, whose types this field may name.
    const wrong = schema.fields.find((_, i) => !isRecord({ ...schema, fields: schema.fields.slice(0, i + 1) }));
    const what = wrong === undefined ? '' : `${wrong.name}: ${JSON.stringify(wrong.type)} is no Avro type: `;
    throw new Error(`${what}${error instanceof Error ? error.message : String(error)}`, { cause: error });
  }
}

function isRecord(schema: AvroRecord): boolean {
  try {
    dynamicEventType(schema);
    return true;
  } catch {
    return false;
  }
}

function outputsOf(outputs: unknown): Map<string, AvroRecord> {
  const records = new Map<string, AvroRecord>();
  for (const [name, shape] of entries('outputs', outputs)) {
    if (!/^[a-zA-Z][a-zA-Z0-9_-]*$/.test(name)) {
      throw new DefinitionError(`outputs.${name}: a name has letters, digits, dash and underscore`);
    }
    const fields = record(`outputs.${name}`, shape, 'Output');
    const own = fields.fields.find((field) => OWN_FIELDS.includes(field.name));
    if (own !== undefined) {
      throw new DefinitionError(
        `outputs.${name}.${own.name}: every output has key and ts of its own; call it otherwise`,
      );
    }
    records.set(name, fields);
  }
  return records;
}

function eventsOf(events: unknown): Map<string, AvroRecord | null> {
  return new Map(
    entries('events', events).map(([stream, shape]) => {
      if (isMap(shape) && shape.events === 'typed') return [stream, null];
      return [stream, record(`events.${stream}`, shape, 'Event')];
    }),
  );
}

function handlers<F>(part: string, written: unknown): Map<string, F> {
  const found = new Map<string, F>();
  for (const [stream, handler] of entries(part, written)) {
    const own = functionOf<F>(`${part}.${stream}`, handler);
    if (own !== null) found.set(stream, own);
  }
  return found;
}

function entries(part: string, written: unknown): [string, unknown][] {
  if (written === undefined) return [];
  if (!isMap(written)) throw new DefinitionError(`${part}: must be a map`);
  return Object.entries(written);
}

function functionOf<F>(part: string, value: unknown): F | null {
  if (value === undefined) return null;
  if (!isFunction<F>(value)) throw new DefinitionError(`${part}: must be a function`);
  return value;
}

/**
 * Whether the value is a function. That its parameters are right is its author's promise, or with TypeScript the
 * compiler's.
 */
function isFunction<F>(value: unknown): value is F {
  return typeof value === 'function';
}
