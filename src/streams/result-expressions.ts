/** Results that are computed of a group's other results, and the condition that a result has to meet to be given. */
import { type AvroField, type AvroRecord, TIMESTAMP_MILLIS } from '../messages/avro.ts';
import type { Columns } from '../messages/columns.ts';
import type { WindowValue } from '../messages/window-result.ts';
import { avroOfSql } from '../sql/avro-type.ts';
import { compileCondition, compileExpression } from '../sql/compile.ts';
import { bindValue } from '../sql/compiled.ts';
import { SqlError } from '../sql/value.ts';
import type { AggregateSpec } from './aggregate-function.ts';
import { type AggregateTable, definitionOf, resultField } from './aggregate-table.ts';
import type { FinishResult } from './computed-result.ts';
import { fieldAt, valueTypeOf } from './field-type.ts';
import { isOfSeveral, partFields, partsOf } from './group-key.ts';
import type { WindowSpec } from './window-kind.ts';

type Described = Pick<WindowSpec, 'keyField' | 'aggregates' | 'results'>;

/** What a condition or expression over results may name. `seen` are the events' fields. */
export function resultScope(
  { keyField, aggregates, results = [] }: Described,
  seen: AvroRecord,
  table?: AggregateTable,
): AvroRecord {
  const fields = [
    ...aggregates.map((spec) => wholeIfCount(spec, resultField(spec, table), table)),
    ...results.map(({ name, type }): AvroField => ({ name, type: ['null', type] })),
    ...(typeof keyField === 'string' ? [keyFieldIn(keyField, seen)] : partFields(keyField)),
    { name: 'key', type: ['null', 'string'] } as const,
    { name: 'start', type: TIMESTAMP_MILLIS },
    { name: 'end', type: TIMESTAMP_MILLIS },
  ];
  const named = new Map(fields.toReversed().map((field) => [field.name, field]));
  return { type: 'record', name: 'results', fields: [...named.values()].toReversed() };
}

/** A number of events or values is whole, though results have it as a double. */
function wholeIfCount(spec: AggregateSpec, field: AvroField, table?: AggregateTable): AvroField {
  return definitionOf(spec, table).gives === 'number' ? { ...field, type: 'long' } : field;
}

/** A key that is one value, by the last name of its field. */
function keyFieldIn(keyField: string, seen: AvroRecord): AvroField {
  const field = fieldAt(seen, keyField);
  const isNumber = field !== undefined && valueTypeOf(field) === 'number';
  return { name: keyField.split('.').at(-1) ?? keyField, type: ['null', isNumber ? 'long' : 'string'] };
}

/** Null for a window that gives its aggregates as they are. Throws an ExpressionError. */
export function resultFinisher(spec: WindowSpec, seen: AvroRecord, table?: AggregateTable): FinishResult | null {
  const { keyField, aggregates, results = [], having, functions } = spec;
  if (results.length === 0 && having === undefined) return null;
  const scope = resultScope(spec, seen, table);
  const keyName = typeof keyField === 'string' ? keyFieldIn(keyField, seen) : null;
  let current: Record<string, unknown> = {};
  const columns: Columns = {
    count: 1,
    column: (path) => ({ kind: 'boxed', at: () => current[path] ?? null, decimal: null, nulls: null }),
    numbers(path) {
      throw new Error(`${path} is no column of results`);
    },
    event: () => current,
    binary: () => null,
    places: null,
  };
  const computed = results.map(({ name, expression }, i) => {
    // A result may have the name of a value of the key, of which it is computed.
    const before = resultScope({ ...spec, results: results.slice(0, i) }, seen, table);
    const checked = compileExpression(expression, before, 'sql', functions);
    const [value, toAvro] = [bindValue(checked, columns), avroOfSql(checked.type)];
    return { name, at: (): unknown => toAvro(orNull(() => value(0))) };
  });
  const condition = having === undefined ? null : bindValue(compileCondition(having, scope, 'sql', functions), columns);
  const own = aggregates.map(({ name }) => name);
  return ({ key, start, end, count }, values) => {
    // The object of the values is used again: what was computed of the group before still stands in it.
    current = { ...(isOfSeveral(keyField) ? partsOf(keyField, key ?? '[]') : {}), key, start, end };
    if (keyName !== null) current[keyName.name] = keyValueOf(key, keyName);
    for (const name of own) current[name] = Number.isNaN(values[name]) ? null : values[name];
    for (const { name, at } of computed) {
      const value = at();
      current[name] = value;
      values[name] = isValue(value) ? value : null;
    }
    return count === 0 || condition === null || orNull(() => condition(0)) === true;
  };
}

/** Null where an expression fails, as TRY gives it: a result has no error path. */
function orNull<T>(value: () => T): T | null {
  try {
    return value();
  } catch (error) {
    if (error instanceof SqlError) return null;
    throw error;
  }
}

function keyValueOf(key: string | null, { type }: AvroField): unknown {
  if (key === null || !Array.isArray(type) || !type.includes('long')) return key;
  return Number.isSafeInteger(Number(key)) ? Number(key) : BigInt(key);
}

function isValue(value: unknown): value is WindowValue {
  return ['number', 'bigint', 'string', 'boolean', 'object'].includes(typeof value);
}
