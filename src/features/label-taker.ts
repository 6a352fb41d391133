/** Takes labels in, and puts each on its event once the time has come at which it is known. */
import type { AvroRecord } from '../messages/avro.ts';
import type { Columns } from '../messages/columns.ts';
import { exactJson } from '../messages/event-json.ts';
import { deadLetterType } from '../messages/types.ts';
import { letterOutput, pushLetter } from '../streams/failed-calls.ts';
import { keyFields, keyReader } from '../streams/group-key.ts';
import { type Key, type KeyColumn, keyAt } from '../streams/key-column.ts';
import type { OperatorInput, OperatorOutput } from '../streams/operator.ts';
import type { FeatureStage } from './feature-spec.ts';
import type { KeyTable } from './key-table.ts';
import { changeRow, placeOfRow, rowsOf, TIME } from './key-windows.ts';
import type { RowLayout } from './row-columns.ts';
import { type ValueColumns, valueColumns } from './value-columns.ts';
import { createWaitingLabels, type Label } from './waiting-labels.ts';

export interface LabelStream {
  readonly stream: string;
  readonly schema: AvroRecord;
}

export interface LabelTaker {
  readonly outputs: readonly OperatorOutput[];
  begin(input: OperatorInput): void;
  add(row: number): void;
  /** Puts labels that are known by this time on their events. */
  takeUpTo(timeMs: number): void;
  waiting(): readonly Label[];
  restore(label: Label): void;
}

/** Why a label was set aside, as a short code. */
const NOT_PLACED = 'label-without-event';

export function createLabelTaker(
  stage: FeatureStage,
  layout: RowLayout,
  streams: readonly LabelStream[],
  keys: KeyTable,
): LabelTaker {
  const { labels: reading, key, functions } = stage;
  const own = layout.columns.filter(({ of }) => of === 'label');
  /** Columns of a row: the first of labels, and that of the event's id. */
  const first = 1 + layout.columns.length - own.length;
  const idColumn = 1 + layout.columns.length;
  const readers = new Map(
    streams.map(({ stream, schema }) => {
      return [stream, { keysOf: keyReader(key, schema, functions), values: valueColumns(own, schema, functions) }];
    }),
  );
  const labels = createWaitingLabels();
  const letters = deadLetterType.blockWriter();
  let stream = '';
  let columns: Columns | null = null;
  let keyColumn: KeyColumn | null = null;
  let values: ValueColumns | null = null;
  let ids: Float64Array | null = null;
  let eventTimes: Float64Array | null = null;
  let timesMs: Float64Array = new Float64Array(0);
  let position = 0;

  function refuse(row: number, error: string): void {
    const json = exactJson(columns?.event(row) ?? {});
    pushLetter(letters, stream, { what: stream, stream, position, json, error, reason: NOT_PLACED });
  }

  function rowOf(index: number, { id, eventMs }: Label): number {
    const { windows: all } = keys;
    const rows = rowsOf(all, index);
    for (let row = rows.next - 1; row >= rows.first; row--) {
      const place = placeOfRow(all, index, row);
      if (all.arena.rows[place + TIME]! < eventMs) return -1;
      if (all.arena.rows[place + idColumn] === id) return row;
    }
    return -1;
  }

  function put(label: Label): void {
    const index = keys.known(label.key);
    const row = index === undefined ? -1 : rowOf(index, label);
    if (index !== undefined && row >= 0) changeRow(keys.windows, index, row, first, label.values);
  }

  return {
    outputs: streams.length === 0 ? [] : [letterOutput(streams.at(-1)?.stream ?? '', letters)],
    begin(input) {
      const read = readers.get(input.stream);
      if (read === undefined || reading === undefined) throw new Error(`${input.stream} brings no labels`);
      ({ stream, columns, timesMs } = input);
      keyColumn = read.keysOf(input.columns);
      values = read.values;
      values.begin(input.columns);
      ids = input.columns.numbers(reading.id.label);
      eventTimes = reading.eventTime === null ? null : input.columns.numbers(reading.eventTime);
    },
    add(row) {
      position += 1;
      const owner: Key = keyColumn === null ? null : keyAt(keyColumn, row);
      const id = ids?.[row] ?? Number.NaN;
      if (owner === null)
        return refuse(row, `it does not say its ${keyFields(key).join(', ')}, by which its event is found`);
      const own = values;
      labels.push({
        key: owner,
        knownAtMs: timesMs[row]!,
        id,
        eventMs: eventTimes?.[row] || Number.NaN,
        values: layout.columns.slice(first - 1).map((_, i) => own?.at(i, row) ?? Number.NaN),
      });
    },
    takeUpTo(timeMs) {
      while (labels.nextMs() <= timeMs) {
        const label = labels.take();
        if (label !== undefined) put(label);
      }
    },
    waiting: labels.all,
    restore: labels.push,
  };
}
