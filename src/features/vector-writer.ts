/**
 * Writes vectors: of each event its bytes as they were, then its features. Aggregates are put in as events come; what is
 * computed of them, and the bytes, are written once a batch.
 */
import { type AvroRecord, isUnion } from '../messages/avro.ts';
import { type Block, type BlockWriter, createBlockWriter, lengthPrefix } from '../messages/block.ts';
import { type DynamicEvent, dynamicEventType, type EventType } from '../messages/codec.ts';
import type { Column, Columns } from '../messages/columns.ts';
import { BOOLEAN, DOUBLE, LONG } from '../messages/flat-fields.ts';
import { type RowField, rowField, writeRow } from '../messages/row-writer.ts';
import { compileExpression } from '../sql/compile.ts';
import { SqlError } from '../sql/value.ts';
import { type ComputedColumn, computedColumn } from '../streams/computed-column.ts';
import { PARTIAL, saysPartial } from '../streams/partial-field.ts';
import { type FeatureStage, measuredOf } from './feature-spec.ts';
import { featureScope } from './vector-scope.ts';
import { aggregateField, eventFields } from './vector-type.ts';

export interface VectorWriter {
  /** Vectors since the last block. */
  count(): number;
  /** Begins the vector of an event with these bytes. */
  begin(bytes: Uint8Array, start: number, end: number): void;
  /** The value of an aggregate or of another stream, by its place among all; NaN for null. */
  put(aggregate: number, value: number): void;
  /** The vector is made without what is behind. */
  markPartial(): void;
  /** The block of these vectors, which take() will give too. */
  peek(): Block | null;
  take(): Block | null;
}

/** Room for the length that stands before the events of a block. */
const PREFIX_BYTES = 10;

export function createVectorWriter(
  stage: FeatureStage,
  event: EventType<DynamicEvent>,
  vector: EventType<DynamicEvent>,
): VectorWriter {
  const aggregates = measuredOf(stage);
  const isSaid = stage.saysPartial === true;
  /** The event's last byte is what the stage before it says of that. */
  const wasSaid = isSaid && saysPartial(event.schema);
  const ownSchema = wasSaid ? { ...event.schema, fields: eventFields(event.schema, stage) } : event.schema;
  const computed = computedFeatures(stage, ownSchema, aggregates);
  const readEvents = computed.length === 0 ? null : (wasSaid ? dynamicEventType(ownSchema) : event).columnReader();
  const written = aggregates.map((aggregate) => {
    const { type } = aggregateField(aggregate);
    return { op: type === 'long' ? LONG : DOUBLE, nullBranch: isUnion(type) ? 0 : -1 } as const;
  });
  let bytes = new Uint8Array(1 << 14);
  let ends = new Uint32Array(256);
  let values = aggregates.map(() => new Float64Array(256));
  let partial = new Float64Array(256);
  let count = 0;
  let end = PREFIX_BYTES;
  let fields: readonly RowField[] = [];
  let peeked: Block | null = null;

  const rows: BlockWriter<number> = createBlockWriter<number>(
    vector.fingerprint,
    (row, to, view, at) => {
      const start = row === 0 ? PREFIX_BYTES : ends[row - 1]!;
      const length = ends[row]! - start;
      if (at + length > to.length) return -length;
      for (let i = 0; i < length; i++) to[at + i] = bytes[start + i]!;
      return writeRow(fields, row, to, view, at + length);
    },
    (row) => {
      throw new Error(`Vector ${row} of ${vector.name} can't be written`);
    },
  );

  /** The events as columns, with the aggregates and what was computed before beside their fields. */
  function columnsOf(made: ReadonlyMap<string, Column>): Columns {
    const prefix = lengthPrefix(count);
    const start = PREFIX_BYTES - prefix.length;
    bytes.set(prefix, start);
    bytes[end] = 0;
    const own = readEvents?.({ bytes: bytes.subarray(start, end + 1), count });
    if (own === undefined) throw new Error('Nothing is computed of the events');
    return { ...own, column: (path) => made.get(path) ?? own.column(path) };
  }

  function compute(made: Map<string, Column>): void {
    const columns = columnsOf(made);
    for (const { field, column } of computed) {
      column.begin(columns);
      const failed: number[] = [];
      for (let row = 0; row < count; row++) if (!computes(column, row)) failed.push(row);
      const own = column.column();
      if (own.kind !== 'number') throw new Error(`The feature ${field} is no number`);
      for (const row of failed) own.values[row] = Number.NaN;
      for (let row = 0; row < count; row++) if (!Number.isFinite(own.values[row]!)) own.values[row] = Number.NaN;
      made.set(field, { ...own, nulls: null });
    }
  }

  return {
    count: () => count,
    begin(from, start, stop) {
      if (count === ends.length) {
        ends = grown(ends, new Uint32Array(2 * count));
        values = values.map((own) => grown(own, new Float64Array(2 * count)));
        partial = grown(partial, new Float64Array(2 * count));
      }
      const length = stop - start - (wasSaid ? 1 : 0);
      if (end + length + 1 > bytes.length) bytes = grown(bytes, new Uint8Array(2 * (end + length + 1)));
      for (let i = 0; i < length; i++) bytes[end + i] = from[start + i]!;
      end += length;
      if (isSaid) partial[count] = wasSaid ? from[stop - 1]! : 0;
      ends[count++] = end;
    },
    put(aggregate, value) {
      values[aggregate]![count - 1] = value;
    },
    markPartial() {
      partial[count - 1] = 1;
    },
    peek,
    take() {
      const block = peek();
      peeked = null;
      count = 0;
      end = PREFIX_BYTES;
      return block;
    },
  };

  function peek(): Block | null {
    if (count === 0 || peeked !== null) return peeked;
    const made = new Map<string, Column>(aggregates.map(({ field }, i) => [field, numberColumn(values[i]!)]));
    if (computed.length > 0) compute(made);
    fields = [
      ...aggregates.flatMap(({ field, isHidden }, i) =>
        isHidden === true ? [] : rowField({ path: [field], ...written[i]! }, made.get(field)!),
      ),
      ...computed.map(({ field, op }) => rowField({ path: [field], op, nullBranch: 0 }, made.get(field)!)),
      ...(isSaid ? [rowField({ path: [PARTIAL], op: BOOLEAN, nullBranch: -1 }, numberColumn(partial))] : []),
    ];
    for (let row = 0; row < count; row++) rows.push(row);
    peeked = rows.take();
    return peeked;
  }
}

function numberColumn(values: Float64Array): Column {
  return { kind: 'number', values, exact: null, nulls: null };
}

function grown<T extends Uint8Array | Uint32Array | Float64Array>(from: T, into: T): T {
  into.set(from);
  return into;
}

/** Null where an expression fails, as TRY gives it: each event has a vector. */
function computes(column: ComputedColumn, row: number): boolean {
  try {
    column.compute(row);
    return true;
  } catch (error) {
    if (!(error instanceof SqlError)) throw error;
    return false;
  }
}

interface Compiled {
  readonly field: string;
  readonly op: typeof LONG | typeof DOUBLE;
  readonly column: ComputedColumn;
}

function computedFeatures(
  { computed, functions }: FeatureStage,
  event: AvroRecord,
  aggregates: ReturnType<typeof measuredOf>,
): Compiled[] {
  return computed.map(({ field, expression, type }, i): Compiled => {
    const scope = featureScope(event, aggregates, computed.slice(0, i));
    const checked = compileExpression(expression, scope, 'sql', functions);
    return { field, op: type === 'long' ? LONG : DOUBLE, column: computedColumn(checked) };
  });
}
