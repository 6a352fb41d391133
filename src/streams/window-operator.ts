/** Windows as an operator: results and late events of one window of the pipeline file. */

import { type AvroField, type AvroRecord, NAMESPACE } from '../messages/avro.ts';
import { eventType } from '../messages/codec.ts';
import type { Columns } from '../messages/columns.ts';
import { exactJson, jsonOf } from '../messages/event-json.ts';
import { deadLetterType } from '../messages/types.ts';
import { type WindowResultType, windowResultType } from '../messages/window-result.ts';
import { SqlError } from '../sql/value.ts';
import { AGGREGATES, type AggregateTable, resultField } from './aggregate-table.ts';
import { EXPRESSION_FAILED, letterOutput, pushLetter } from './failed-calls.ts';
import { isOfSeveral, type KeyPart, partFields, partsOf } from './group-key.ts';
import type { WindowResults } from './group-results.ts';
import type { Operator } from './operator.ts';
import { type LateEvents, type OperatorPlace, operatorKind, WINDOW_AGGREGATOR } from './operator-kind.ts';
import { recordsOf, stateOf } from './operator-state.ts';
import { faultText } from './selection.ts';
import { mayFail } from './window-input.ts';
import type { LateArrival, WindowSpec } from './window-kind.ts';
import { canSumUp, createSummary } from './window-summary.ts';
import { createWindows } from './windows-by-kind.ts';

export const windowStateSchema = {
  type: 'record',
  name: 'WindowState',
  namespace: NAMESPACE,
  fields: [
    { name: 'watermarkMs', type: 'double', doc: 'What it has fired by; -Infinity for nothing.' },
    {
      name: 'groups',
      type: {
        type: 'array',
        items: {
          type: 'record',
          name: 'GroupState',
          fields: [
            { name: 'key', type: ['null', 'long', 'string'] },
            { name: 'times', type: { type: 'array', items: 'double' }, doc: 'By its kind of window.' },
            { name: 'count', type: 'long' },
            { name: 'revision', type: 'int' },
            { name: 'reported', type: 'long', doc: 'Events in its last result.' },
            { name: 'numbers', type: { type: 'array', items: 'double' } },
            { name: 'objects', type: { type: 'array', items: 'string' } },
          ],
        },
      },
    },
  ],
} as const satisfies AvroRecord;

const KIND = 'window';
const stateType = eventType(windowStateSchema);

export const windowKind = operatorKind<WindowSpec>(KIND, (_, spec, { inputs }) => {
  const result = resultTypeOf(spec);
  const [input] = inputs;
  if (input === undefined) throw new Error(`${spec.name} is a window of no stream`);
  return {
    actor: WINDOW_AGGREGATOR,
    types: [{ stream: spec.name, type: result.type }],
    open: (late) => createWindowOperator(spec, result, input, late),
  };
});

type Described = Pick<WindowSpec, 'name' | 'aggregates' | 'keyField' | 'results' | 'columns'>;

/** Throws when the table has not all of its aggregates. */
export function resultTypeOf(
  { name, aggregates, keyField, results = [], columns }: Described,
  table: AggregateTable = AGGREGATES,
): WindowResultType {
  const fields = [
    ...aggregates.filter(({ isHidden }) => isHidden !== true).map((spec) => resultField(spec, table)),
    ...results.map((own): AvroField => ({ name: own.name, type: ['null', own.type] })),
  ];
  const inOrder = columns?.flatMap((column) => fields.find((field) => field.name === column) ?? []) ?? fields;
  return windowResultType(name, inOrder, partFields(keyField), columns !== undefined);
}

/** Results with the values of their key one by one, beside the key. */
function withParts(key: readonly KeyPart[], out: WindowResults): WindowResults {
  return { push: (result) => out.push({ ...result, parts: partsOf(key, result.key ?? '[]') }) };
}

/** What a state was made by. Whether numbers are whole changes what is given of it, and not the state. */
function definitionOf(spec: WindowSpec): string {
  const aggregates = spec.aggregates.map(({ isLong: _, ...own }) => own);
  return JSON.stringify({ ...spec, name: undefined, isRead: undefined, aggregates });
}

const NO_TIMES = new Float64Array(0);

export function createWindowOperator(
  spec: WindowSpec,
  { type }: WindowResultType,
  { stream, schema }: OperatorPlace['inputs'][number],
  late: LateEvents,
  table: AggregateTable = AGGREGATES,
): Operator {
  const { name } = spec;
  const definition = definitionOf(spec);
  const windows = createWindows(spec, schema, table);
  const events = type.blockWriter();
  const results = isOfSeveral(spec.keyField) ? withParts(spec.keyField, events) : events;
  const letters = deadLetterType.blockWriter();
  let seen: Columns | null = null;
  let timesMs: Float64Array = NO_TIMES;
  function addOrFail(row: number, occurredAt: number): LateArrival | null {
    try {
      return windows.add(row, occurredAt, results);
    } catch (error) {
      if (!(error instanceof SqlError)) throw error;
      const json = jsonOf(seen?.event(row));
      const failed = { what: name, stream, position: row, json, error: faultText(error) };
      pushLetter(letters, name, { ...failed, reason: EXPRESSION_FAILED });
      return null;
    }
  }
  return {
    name,
    kind: KIND,
    actor: WINDOW_AGGREGATOR,
    inputs: [stream],
    outputs: [{ stream: name, type, events }, ...(mayFail(spec, schema) ? [letterOutput(stream, letters)] : [])],
    heldBackMs: spec.isRead === true ? spec.allowedLatenessMs : null,
    begin(input) {
      timesMs = input.timesMs;
      seen = windows.begin(input.columns, timesMs, input.watermarkMs);
    },
    add(row) {
      const occurredAt = timesMs[row]!;
      const arrival = addOrFail(row, occurredAt);
      if (arrival === null) return;
      const { key, latenessMs, windows: lost } = arrival;
      const event = exactJson(seen?.event(row));
      late.push({
        window: name,
        key: key === null ? null : String(key),
        occurredAt,
        latenessMs,
        windows: lost,
        event,
      });
    },
    advance: (watermarkMs) => windows.advance(watermarkMs, results),
    flush: () => windows.flush(results),
    remove({ stream: of, key, occurredAt }) {
      if (of === stream) windows.remove(key, occurredAt);
    },
    ...(canSumUp(spec) ? { summary: () => createSummary(spec, schema, table), merge: windows.merge } : {}),
    snapshot: () => stateOf(stateType, definition, [windows.snapshot()]),
    restore(state) {
      for (const record of recordsOf(stateType, definition, state)) windows.restore(record);
    },
    keyCount: windows.keyCount,
  };
}
