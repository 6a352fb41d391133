/**
 * A stage of features as an operator: events of a stream, and labels that come for them, in; the events with their features
 * out. An event waits until the watermark has passed it, and then sees exactly what came before it in event time: results do
 * not depend on the order in which events of the bound came, nor on partitions.
 *
 * Labels count from the time at which they are known: at one time they are taken before events.
 */
import type { AvroRecord } from '../messages/avro.ts';
import type { DynamicEvent, EventType } from '../messages/codec.ts';
import { dynamicEventType } from '../messages/codec.ts';
import type { Columns } from '../messages/columns.ts';
import { exactJson } from '../messages/event-json.ts';
import { keyFields, keyReader } from '../streams/group-key.ts';
import { type Key, type KeyColumn, keyAt } from '../streams/key-column.ts';
import type { Operator } from '../streams/operator.ts';
import { type LateEvents, operatorKind, WINDOW_AGGREGATOR } from '../streams/operator-kind.ts';
import { recordsOf, stateOf } from '../streams/operator-state.ts';
import { aggregateValue } from './aggregate-value.ts';
import { type AsOf, createAsOf } from './as-of.ts';
import { type FeatureStage, horizonMs } from './feature-spec.ts';
import {
  asOfOf,
  asOfState,
  featureStateType,
  keyState,
  labelOf,
  labelState,
  numbersOf,
  waitingStates,
} from './feature-state.ts';
import { createFollowed } from './followed-vectors.ts';
import { createKeyTable, type KeyTable } from './key-table.ts';
import { addEvent, addWaiting, createComputed, createKeyWindows } from './key-windows.ts';
import { createLabelTaker, type LabelStream } from './label-taker.ts';
import { type RowLayout, rowLayout } from './row-columns.ts';
import { valueColumns } from './value-columns.ts';
import { vectorSchema } from './vector-type.ts';
import { createVectorWriter } from './vector-writer.ts';
import {
  createWaitingEvents,
  enqueue,
  firstPlace,
  ORDER,
  OWN,
  TIME_MS,
  takeFirst,
  takePlace,
} from './waiting-events.ts';

const KIND = 'features';

export const featureKind = operatorKind<FeatureStage>(KIND, (name, stage, { inputs }) => {
  const input = inputs.find(({ stream }) => stream === stage.input);
  if (input === undefined) throw new Error(`${name} is of ${stage.input}, which its partition does not take in`);
  const labels = (stage.labels?.inputs ?? []).map((stream): LabelStream => {
    const found = inputs.find((candidate) => candidate.stream === stream);
    if (found === undefined) throw new Error(`${name} has labels of ${stream}, which its partition does not take in`);
    return found;
  });
  const schemaOf = (stream: string): AvroRecord => {
    const found = inputs.find((candidate) => candidate.stream === stream);
    if (found === undefined) throw new Error(`${name} is as of ${stream}, which its partition does not take in`);
    return found.schema;
  };
  const event = dynamicEventType(input.schema);
  const vector = dynamicEventType(vectorSchema(name, input.schema, stage));
  const layout = rowLayout(stage.windows);
  return {
    actor: WINDOW_AGGREGATOR,
    types: [{ stream: name, type: vector }],
    open: (late) =>
      createFeatureOperator({ name, stage, event, vector, layout, labels, asOf: createAsOf(stage, schemaOf) }, late),
  };
});

interface Prepared {
  readonly name: string;
  readonly stage: FeatureStage;
  readonly event: EventType<DynamicEvent>;
  readonly vector: EventType<DynamicEvent>;
  readonly layout: RowLayout;
  readonly labels: readonly LabelStream[];
  readonly asOf: AsOf | null;
}

/** Of the numbers that a waiting event has for the stage: its key's, then its row. */
const ROW = OWN + 1;

function createFeatureOperator(
  { name, stage, event, vector, layout, labels: labelStreams, asOf }: Prepared,
  late: LateEvents,
): Operator {
  const { key: groupKey, functions, order } = stage;
  const labelInputs = stage.labels?.inputs ?? [];
  const asOfInputs = (stage.asOf ?? []).map((reading) => reading.input);
  const others = [...labelInputs, ...asOfInputs.filter((input) => !labelInputs.includes(input))];
  const eventColumns = layout.columns.filter(({ of }) => of === 'event');
  const hasLabels = stage.labels !== undefined;
  const rowNumbers = layout.columns.length + (hasLabels ? 1 : 0);
  const all = createKeyWindows(layout.bounds, rowNumbers);
  const keys: KeyTable = createKeyTable(all, horizonMs(stage.windows));
  const waiting = createWaitingEvents(2 + rowNumbers);
  const labels = createLabelTaker(stage, layout, labelStreams, keys);
  const values = valueColumns(eventColumns, event.schema, functions);
  const writer = createVectorWriter(stage, event, vector);
  const computed = createComputed(all);
  const followed = createFollowed(name, stage, vector, writer);
  const keysOf = keyReader(groupKey, event.schema, functions);
  let isOfEvents = false;
  let isOfLabels = false;
  let isOfAsOf = false;
  let columns: Columns | null = null;
  let keyColumn: KeyColumn | null = null;
  let orders: Float64Array | null = null;
  let ids: Float64Array | null = null;
  let timesMs: Float64Array = new Float64Array(0);
  let watermarkMs = Number.NEGATIVE_INFINITY;
  let completeOfRow: Float64Array | null = null;
  let completeMs = Number.POSITIVE_INFINITY;
  /** Labels as they are before one has come. */
  const unlabelled = layout.columns.filter(({ of }) => of === 'label').map(({ isTruth }) => (isTruth ? 0 : Number.NaN));

  function place(row: number, read: Columns): number {
    const at = bytesOf(row, read);
    const { numbers, stride } = waiting;
    const start = at * stride;
    const key = keyColumn === null ? null : keyAt(keyColumn, row);
    const index = keys.of(key);
    numbers[start + TIME_MS] = timesMs[row]!;
    numbers[start + ORDER] = orders === null ? 0 : orders[row]!;
    numbers[start + OWN] = index;
    numbers[start + ROW] = timesMs[row]!;
    let next = start + ROW + 1;
    for (let i = 0; i < eventColumns.length; i++) numbers[next++] = values.at(i, row);
    for (let i = 0; i < unlabelled.length; i++) numbers[next++] = unlabelled[i]!;
    if (hasLabels) numbers[next] = ids?.[row] ?? Number.NaN;
    addWaiting(all, index, 1);
    return at;
  }
  function bytesOf(row: number, read: Columns): number {
    const { places } = read;
    if (places !== null) return takePlace(waiting, places.bytes, places.starts[row]!, places.ends[row]!);
    const bytes = event.encode(read.event(row));
    return takePlace(waiting, bytes, 0, bytes.length);
  }
  function giveFirst(): void {
    const at = takeFirst(waiting);
    const start = at * waiting.stride;
    const index = waiting.numbers[start + OWN]!;
    addWaiting(all, index, -1);
    addEvent(all, index, waiting.numbers, start + ROW, computed);
    writer.begin(waiting.bytes, waiting.starts[at]!, waiting.ends[at]!);
    if (waiting.numbers[start + TIME_MS]! > completeMs) writer.markPartial();
    for (let i = 0; i < layout.aggregates.length; i++) {
      writer.put(i, aggregateValue(all, index, computed, layout.aggregates[i]!));
    }
    asOf?.give(keys.keyOf(index), waiting.numbers[start + TIME_MS]!, putAsOf);
  }
  const putAsOf = (at: number, value: number): void => writer.put(layout.aggregates.length + at, value);
  /** Gives the events up to a time, each with the labels that are known at its own. */
  function giveUpTo(timeMs: number): void {
    for (let first = firstPlace(waiting); first >= 0; first = firstPlace(waiting)) {
      const ownMs = waiting.numbers[first * waiting.stride + TIME_MS]!;
      if (ownMs > timeMs) return;
      labels.takeUpTo(ownMs);
      asOf?.takeUpTo(ownMs);
      giveFirst();
    }
  }
  function sayLate(row: number, read: Columns): void {
    const key = keyColumn === null ? null : keyAt(keyColumn, row);
    const occurredAt = timesMs[row]!;
    late.push({
      window: name,
      key: key === null ? null : String(key),
      occurredAt,
      latenessMs: watermarkMs - occurredAt,
      windows: 1,
      event: exactJson(read.event(row)),
    });
  }

  return {
    name,
    kind: KIND,
    actor: WINDOW_AGGREGATOR,
    inputs: [stage.input, ...others],
    outputs: [{ stream: name, type: vector, events: followed.output }, ...labels.outputs],
    succession: followed.succession,
    endStep: followed.endStep,
    heldBackMs: 0,
    begin(input) {
      watermarkMs = input.watermarkMs;
      followed.began(watermarkMs);
      completeOfRow = input.completeMs ?? null;
      if (completeOfRow === null) completeMs = Number.POSITIVE_INFINITY;
      isOfEvents = input.stream === stage.input;
      isOfLabels = labelInputs.includes(input.stream);
      isOfAsOf = asOf?.begin(input) === true;
      if (isOfLabels) labels.begin(input);
      if (!isOfEvents) return;
      columns = input.columns;
      timesMs = input.timesMs;
      keyColumn = keysOf(input.columns);
      values.begin(input.columns);
      orders = order === null ? null : input.columns.numbers(order);
      ids = stage.labels === undefined ? null : input.columns.numbers(stage.labels.id.event);
    },
    add(row) {
      if (completeOfRow !== null) completeMs = completeOfRow[row]!;
      if (isOfLabels) labels.add(row);
      if (isOfAsOf) asOf?.add(row);
      if (!isOfEvents || columns === null) return;
      const isLate = timesMs[row]! <= watermarkMs;
      enqueue(waiting, place(row, columns));
      if (!isLate) return;
      if (stage.isInner !== true) sayLate(row, columns);
      giveUpTo(watermarkMs);
    },
    advance(toMs) {
      watermarkMs = toMs;
      giveUpTo(toMs);
      labels.takeUpTo(toMs);
      asOf?.takeUpTo(toMs);
      keys.sweep(toMs);
      followed.moved(toMs);
    },
    complete(upToMs) {
      completeMs = upToMs;
    },
    flush() {
      giveUpTo(Number.POSITIVE_INFINITY);
      followed.flushed();
    },
    remove(deletion) {
      asOf?.remove(deletion);
    },
    snapshot: () =>
      stateOf(featureStateType, definitionOf(stage, layout), [
        ...keys.all().map(([key, index]) => keyState(all, index, key)),
        ...waitingStates(waiting, keys.keyOf),
        ...labels.waiting().map(labelState),
        ...(asOf?.states() ?? []).map(asOfState),
      ]),
    restore(state) {
      for (const record of recordsOf(featureStateType, definitionOf(stage, layout), state)) {
        const numbers = numbersOf(record.numbers);
        if (record.what === 'key') restoreRows(keys.of(record.key), numbers);
        else if (record.what === 'label') labels.restore(labelOf(record));
        else if (record.what !== 'event') asOf?.restore(asOfOf(record, record.what));
        else restoreWaiting(record.key, numbers, record.event);
      }
    },
    keyCount: keys.count,
  };

  function restoreRows(index: number, numbers: Float64Array): void {
    for (let from = 0; from < numbers.length; from += 1 + rowNumbers) addEvent(all, index, numbers, from, computed);
  }
  function restoreWaiting(key: Key, numbers: Float64Array, bytes: Uint8Array): void {
    const at = takePlace(waiting, bytes, 0, bytes.length);
    waiting.numbers.set(numbers, at * waiting.stride);
    const index = keys.of(key);
    waiting.numbers[at * waiting.stride + OWN] = index;
    addWaiting(all, index, 1);
    enqueue(waiting, at);
  }
}

/** What rows hold depends on it. */
function definitionOf({ key, windows, labels, order, asOf }: FeatureStage, { columns }: RowLayout): string {
  const bounds = windows.map(({ sizeMs, delayMs }) => [sizeMs, delayMs]);
  const readings = (asOf ?? []).map(({ input, key: own, values }) => [input, keyFields(own), values]);
  const others = readings.length === 0 ? [] : [readings];
  return JSON.stringify([keyFields(key), bounds, columns, order, labels?.id ?? null, ...others]);
}
