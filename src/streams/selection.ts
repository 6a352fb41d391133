/**
 * A derived stream without state: of each event that its condition takes, the fields that it selects. A field as it is
 * keeps its type; what is computed is a number, or true or false, or null.
 */
import type { AvroField, AvroRecord, AvroSchema } from '../messages/avro.ts';
import { type Column, type Columns, fieldValue } from '../messages/columns.ts';
import { type DerivedRows, derivedSchema } from '../messages/derived-event.ts';
import { type FlatField, flatFields } from '../messages/flat-fields.ts';
import { bindCondition, columnOf, numberAt } from './condition.ts';
import { checkExpression, type Expression, ExpressionError, parseExpression, type ValueType } from './expression.ts';
import { expressionTypeOf, fieldAt, isUnion, typeName } from './field-type.ts';

export interface SelectionSpec {
  readonly name: string;
  /** A condition on the events that it takes; null for all of them. */
  readonly where: string | null;
  readonly fields: readonly { readonly name: string; readonly expression: string }[];
}

/** A derived stream, and the schema of the events that it selects from. */
export interface ViewSpec {
  readonly selection: SelectionSpec;
  readonly schema: AvroRecord;
  /** The view that gives those; absent where they are in logs. */
  readonly of?: ViewSpec;
}

/** A derived stream as what windows and joins are of: they read the events of its own stream, and see the derived ones. */
export interface View {
  /** The columns of derived events, by the rows of the events at hand. What is computed is there once a row is taken. */
  begin(columns: Columns, timesMs: Float64Array): Columns;
  /** Whether a row has a derived event. */
  takes(row: number): boolean;
}

export interface Selection {
  readonly spec: SelectionSpec;
  /** The events whose rows add() is told from now on. Throws when they lack a field. */
  begin(columns: Columns, timesMs: Float64Array, out: DerivedRows): void;
  add(row: number, out: DerivedRows): void;
}

/** A column that is filled row by row, for the rows that are taken; it is as long as the longest block so far. */
interface Computed {
  readonly expression: Expression;
  values: Float64Array;
  nulls: Uint8Array;
  /** NaN for null. */
  at: (row: number) => number;
}

const NOTHING_COMPUTED: Omit<Computed, 'expression'> = {
  values: new Float64Array(0),
  nulls: new Uint8Array(0),
  at: () => Number.NaN,
};

export function createSelection(spec: SelectionSpec): Selection {
  const rows = createRows(spec);
  return {
    spec,
    begin: (columns, timesMs, out) => out.begin(rows.begin(columns), timesMs),
    add(row, out) {
      if (rows.takes(row)) out.push(row);
    },
  };
}

/** Throws an ExpressionError when an expression does not fit the schema. */
export function createView({ selection, schema, of }: ViewSpec): View {
  const rows = createRows(selection);
  const inner = of === undefined ? null : createView(of);
  const fields = flatFields(viewSchema({ selection, schema })) ?? [];
  return {
    takes: inner === null ? rows.takes : (row) => inner.takes(row) && rows.takes(row),
    begin(read, timesMs) {
      const columns = inner === null ? read : inner.begin(read, timesMs);
      const times: Column = { kind: 'number', values: timesMs, exact: null, nulls: null };
      return viewColumns(fields, [...rows.begin(columns), times], columns.count);
    },
  };
}

/** Of the derived events. Throws an ExpressionError when an expression does not fit the schema. */
export function viewSchema({ selection, schema }: ViewSpec): AvroRecord {
  return derivedSchema(selection.name, selectedFields(selection, schema));
}

function viewColumns(fields: readonly FlatField[], columns: readonly Column[], count: number): Columns {
  const byName = new Map(fields.map(({ path }, i) => [path.join('.'), columns[i]!]));
  const numbers = (path: string): Float64Array => {
    const found = byName.get(path);
    if (found?.kind !== 'number') throw new Error(`There is no numeric field ${path}`);
    return found.values;
  };
  return {
    count,
    column: (path) => byName.get(path),
    numbers,
    event: (row) =>
      Object.fromEntries(fields.map((field, i) => [field.path.join('.'), fieldValue(columns[i]!, field, row)])),
    binary: () => null,
    places: null,
  };
}

interface Rows {
  begin(columns: Columns): Column[];
  /** Whether a row is taken; then what is computed of it stands in its columns. */
  takes(row: number): boolean;
}

function createRows({ where, fields }: SelectionSpec): Rows {
  const condition = where === null ? null : parseExpression(where);
  const expressions = fields.map(({ expression }) => parseExpression(expression));
  const computed = expressions.filter(isComputed).map((expression) => ({ expression, ...NOTHING_COMPUTED }));
  let isTaken: ((row: number) => boolean) | null = null;
  return {
    begin(columns) {
      const { count } = columns;
      isTaken = condition === null ? null : bindCondition(condition, columns);
      for (const own of computed) bindComputed(own, columns);
      return expressions.map((expression): Column => {
        if (expression.kind === 'field') return columnOf(expression.path, columns);
        if (expression.kind === 'text') return constantText(expression.value, count);
        const { values, nulls } = computed.find((own) => own.expression === expression) ?? NOTHING_COMPUTED;
        return { kind: 'number', values, exact: null, nulls };
      });
    },
    takes(row) {
      if (isTaken !== null && !isTaken(row)) return false;
      for (let i = 0; i < computed.length; i++) {
        const { values, nulls, at } = computed[i]!;
        const value = at(row);
        values[row] = value;
        nulls[row] = Number.isNaN(value) ? 1 : 0;
      }
      return true;
    },
  };
}

function isComputed({ kind }: Expression): boolean {
  return kind !== 'field' && kind !== 'text';
}

/** Into the memory of the block before, where that is large enough. */
function bindComputed(own: Computed, columns: Columns): void {
  own.at = numberAt(own.expression, columns);
  if (own.values.length >= columns.count) return;
  own.values = new Float64Array(columns.count);
  own.nulls = new Uint8Array(columns.count);
}

function constantText(text: string, count: number): Column {
  const bytes = Buffer.from(text, 'utf8');
  const ends = new Uint32Array(count).fill(bytes.length);
  return { kind: 'text', bytes, starts: new Uint32Array(count), ends, nulls: null };
}

/** The fields of the derived events. Throws an ExpressionError when an expression does not fit the schema. */
export function selectedFields({ fields }: SelectionSpec, schema: AvroRecord): AvroField[] {
  return fields.map(({ name, expression: text }) => {
    const expression = parseExpression(text);
    return { name, type: resultType(expression, typeIn(schema, expression), schema) };
  });
}

function resultType(expression: Expression, type: ValueType, schema: AvroRecord): AvroSchema {
  if (expression.kind === 'field') {
    const field = fieldAt(schema, expression.path);
    if (field !== undefined) return withoutEnum(field.type);
  }
  if (type === 'text') return 'string';
  return ['null', type === 'number' ? 'double' : 'boolean'];
}

/** Two fields may be of one enum, and a schema may define it once only. A union of one branch is that branch. */
function withoutEnum(type: AvroSchema): AvroSchema {
  if (isUnion(type)) {
    const branches = type.map(withoutEnum);
    return branches.length === 1 ? (branches[0] ?? branches) : branches;
  }
  return typeName(type) === 'enum' ? 'string' : type;
}

/** Throws an ExpressionError. */
function typeIn(schema: AvroRecord, expression: Expression): ValueType {
  return checkExpression(expression, (path, at) => {
    const field = fieldAt(schema, path);
    const type = field === undefined ? null : expressionTypeOf(field);
    if (type === null) throw new ExpressionError(`${path} is neither a number, nor text, nor true or false`, at);
    return type;
  });
}
