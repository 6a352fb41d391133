/** A join as an operator: events and deletions of its two sides in, results and late events out. */

import { type AvroRecord, NAMESPACE } from '../messages/avro.ts';
import { type DynamicEvent, dynamicEventType, type EventType, eventType } from '../messages/codec.ts';
import type { Columns } from '../messages/columns.ts';
import { exactJson, jsonOf } from '../messages/event-json.ts';
import { type JoinResultType, joinResultType } from '../messages/join-result.ts';
import { keyValues } from '../messages/key-values.ts';
import { deadLetterType } from '../messages/types.ts';
import type { UserFunction } from '../sql/user-function.ts';
import type { SqlError } from '../sql/value.ts';
import { EXPRESSION_FAILED, letterOutput, pushLetter } from './failed-calls.ts';
import { filteredResults } from './filtered-results.ts';
import { type GroupKey, isOfSeveral, keyReader } from './group-key.ts';
import { createJoin, heldBackMs } from './join-by-kind.ts';
import type { Joined, JoinSpec, Side } from './join-kind.ts';
import { type Key, type KeyColumn, keyAt } from './key-column.ts';
import type { Operator } from './operator.ts';
import { type LateEvents, type OperatorPlace, operatorKind, WINDOW_AGGREGATOR } from './operator-kind.ts';
import { recordsOf, stateOf } from './operator-state.ts';
import { createView, faultText, type View, type ViewSpec, viewSchema } from './selection.ts';

export type JoinKey = NonNullable<GroupKey>;

/** Whether results have a key of several values, which is an array in outputs. */
export function isArrayKey(key: JoinKey): boolean {
  return isOfSeveral(key) && key.length > 1;
}

export interface JoinOperatorSpec {
  readonly join: JoinSpec;
  /** A condition on the results; absent for all of them. */
  readonly where?: string;
  /** The users' functions that the condition names; absent for none. */
  readonly functions?: readonly UserFunction[];
  readonly left: JoinSideSpec;
  readonly right: JoinSideSpec;
}

export interface JoinSideSpec {
  /** The stream whose events are read. */
  readonly stream: string;
  /** The key by which events match: a field, `record.field` of a nested record, an expression, or several of these. */
  readonly key: JoinKey;
  /** The left table's field that refers to the right table's key; absent where both tables have the same keys. */
  readonly ref?: JoinKey;
  /** The events are rows of a table. An event without a left and a right side deletes its row. */
  readonly deletes?: true;
  /** The derived stream that is the side; absent where the stream itself is. */
  readonly of?: ViewSpec;
}

const joinEntrySchema = {
  type: 'record',
  name: 'JoinEntry',
  namespace: NAMESPACE,
  doc: 'An event that may still find a match, or a version of a row of a table.',
  fields: [
    { name: 'side', type: { type: 'enum', name: 'Side', symbols: ['left', 'right'] } },
    { name: 'key', type: ['null', 'long', 'string'] },
    { name: 'timeMs', type: 'double' },
    { name: 'sequence', type: 'long' },
    { name: 'isMatched', type: 'boolean' },
    { name: 'given', type: ['null', 'long'], default: null, doc: 'What a flush gave it with.' },
    { name: 'event', type: ['null', 'bytes'], doc: 'By the schema of its side.' },
    { name: 'ref', type: ['null', 'long', 'string'], default: null, doc: 'What a row of the left table refers to.' },
  ],
} as const satisfies AvroRecord;

const KIND = 'join';
const entryType = eventType(joinEntrySchema);

interface JoinSide {
  readonly stream: string;
  readonly key: JoinKey;
  readonly ref: JoinKey | null;
  readonly deletes: boolean;
  readonly schema: AvroRecord;
  readonly type: EventType<DynamicEvent>;
  readonly of: ViewSpec | undefined;
}

type JoinSides = Readonly<Record<Side, JoinSide>>;

export const joinKind = operatorKind<JoinOperatorSpec>(KIND, (name, { join, where, functions, ...specs }, place) => {
  const sides = { left: sideOf(name, specs.left, place), right: sideOf(name, specs.right, place) };
  const result = joinResultType(name, sides.left.schema, sides.right.schema, isArrayKey(sides.left.key));
  return {
    actor: WINDOW_AGGREGATOR,
    types: [{ stream: name, type: result.type }],
    open: (late) => createJoinOperator(name, join, sides, result, late, where, functions),
  };
});

function sideOf(name: string, { stream, key, ref, deletes, of }: JoinSideSpec, { inputs }: OperatorPlace): JoinSide {
  const input = inputs.find((candidate) => candidate.stream === stream);
  if (input === undefined) throw new Error(`The join ${name} is of ${stream}, which its partition does not take in`);
  const schema = of === undefined ? input.schema : viewSchema(of);
  return { stream, key, ref: ref ?? null, deletes: deletes === true, schema, type: dynamicEventType(schema), of };
}

const NO_TIMES = new Float64Array(0);

/** The events of the current block, as their side sees them. */
interface Rows {
  readonly side: Side;
  readonly columns: Columns;
  readonly keys: KeyColumn | null;
  readonly refs: KeyColumn | null;
  readonly type: EventType<DynamicEvent>;
  readonly view: View | null;
  readonly deletes: boolean;
}

function createJoinOperator(
  name: string,
  spec: JoinSpec,
  sides: JoinSides,
  { type, blockWriter }: JoinResultType,
  late: LateEvents,
  where?: string,
  functions?: readonly UserFunction[],
): Operator {
  const { left, right } = sides;
  const parts = [left, right].map(({ key, schema, ref }) => (ref === null ? [key, schema] : [key, schema, ref]));
  const definition = JSON.stringify([spec.kind, ...parts, ...(functions === undefined ? [] : [functions])]);
  const join = createJoin(spec);
  const results = blockWriter();
  const out = {
    push: ({ key, ...result }: Joined): unknown => results.push({ key: key === null ? null : String(key), ...result }),
  };
  const letters = deadLetterType.blockWriter();
  const refuse = (event: DynamicEvent, row: number, fault: SqlError): void => {
    const failed = { what: `${name}, where`, stream: name, position: row, json: jsonOf(event) };
    pushLetter(letters, name, { ...failed, error: faultText(fault), reason: EXPRESSION_FAILED });
  };
  const events =
    where === undefined
      ? results
      : filteredResults(type, where, results, spec.kind === 'tables' ? deletionOf : null, refuse, functions);
  const views: Record<Side, View | null> = { left: viewOf(left), right: viewOf(right) };
  const keysOf = {
    left: keyReader(left.key, left.schema, functions),
    right: keyReader(right.key, right.schema, functions),
  };
  const refsOf = keyReader(left.ref, left.schema, functions);
  const isArray = isArrayKey(left.key);
  let rows: Rows | null = null;
  let timesMs: Float64Array = NO_TIMES;
  let watermarkMs = Number.NEGATIVE_INFINITY;
  return {
    name,
    kind: KIND,
    actor: WINDOW_AGGREGATOR,
    inputs: [left.stream, right.stream],
    outputs: [{ stream: name, type, events }, ...(where === undefined ? [] : [letterOutput(name, letters)])],
    heldBackMs: heldBackMs(spec),
    begin(input) {
      const side = input.stream === right.stream ? 'right' : 'left';
      const { type: eventsType, deletes } = sides[side];
      const view = views[side];
      const columns = view === null ? input.columns : view.begin(input.columns, input.timesMs);
      const refs = side === 'left' ? refsOf(columns) : null;
      rows = { side, columns, keys: keysOf[side](columns), refs, type: eventsType, view, deletes };
      timesMs = input.timesMs;
      watermarkMs = input.watermarkMs;
    },
    add(row) {
      if (rows === null) return;
      const { side, columns, keys, refs, type: eventsType, view, deletes } = rows;
      if (view !== null && !view.takes(row)) return;
      if (keys === null) return;
      const key = isArray ? wholeKeyAt(keys, row) : keyAt(keys, row);
      const occurredAt = timesMs[row]!;
      if (deletes && isDeletion(columns.event(row))) {
        join.remove(side, key, occurredAt, watermarkMs, out);
        return;
      }
      const event = columns.binary(row) ?? eventsType.encode(columns.event(row)).toString('latin1');
      const latenessMs = join.add(
        side,
        key,
        occurredAt,
        event,
        watermarkMs,
        out,
        refs === null ? null : keyAt(refs, row),
      );
      if (latenessMs === null) return;
      const json = exactJson(columns.event(row));
      late.push({
        window: name,
        key: key === null ? null : String(key),
        occurredAt,
        latenessMs,
        windows: 1,
        event: json,
      });
    },
    advance(toMs) {
      watermarkMs = toMs;
      join.advance(toMs, out);
    },
    flush: () => join.flush(out),
    remove({ stream, key, occurredAt }) {
      const side = stream === right.stream ? 'right' : stream === left.stream ? 'left' : null;
      if (side !== null) join.remove(side, key, occurredAt, watermarkMs, out);
    },
    snapshot() {
      const entries = join.snapshot();
      const bytesOf = (event: string | null): Buffer | null => (event === null ? null : Buffer.from(event, 'latin1'));
      return stateOf(
        entryType,
        definition,
        entries.map(({ event, ...entry }) => ({ ...entry, event: bytesOf(event) })),
      );
    },
    restore(state) {
      const entries = recordsOf(entryType, definition, state);
      join.restore(
        entries.map(({ event, ...entry }) => ({ ...entry, event: event === null ? null : event.toString('latin1') })),
      );
    },
    keyCount: join.size,
  };
}

/** A key of several values that lacks one is null: it matches nothing, as in SQL. */
function wholeKeyAt(keys: KeyColumn, row: number): Key {
  const text = keyAt(keys, row);
  return typeof text === 'string' && text.includes('null') && keyValues(text).includes(null) ? null : text;
}

/** Whether the event says that a joined row of two tables is gone. */
function isDeletion({ left, right }: DynamicEvent): boolean {
  return left === null && right === null;
}

/**
 * The deletion that takes the place of a joined row of two tables that the condition refuses: the table lacks the row from
 * then on.
 */
function deletionOf(row: DynamicEvent): DynamicEvent {
  return { ...row, left: null, right: null };
}

function viewOf({ of }: JoinSide): View | null {
  return of === undefined ? null : createView(of);
}
