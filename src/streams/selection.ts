/**
 * A derived stream without state: of each event that its condition takes, the fields that it selects. A field as it is
 * keeps its type; what is computed may be null.
 */
import { Buffer } from 'node:buffer';
import type { AvroField, AvroRecord } from '../messages/avro.ts';
import { type Column, type Columns, columnsOfEvents, columnValue } from '../messages/columns.ts';
import { type DerivedRows, derivedSchema } from '../messages/derived-event.ts';
import type { Checked } from '../sql/checked.ts';
import { compileCondition, compileSelected, type Language, languageOf } from '../sql/compile.ts';
import { bindCondition } from '../sql/compiled.ts';
import { ExpressionError } from '../sql/expression-error.ts';
import { typeText } from '../sql/type.ts';
import type { UserFunction } from '../sql/user-function.ts';
import { SqlError } from '../sql/value.ts';
import { type ComputedColumn, computedColumn } from './computed-column.ts';
import { elementType, selectedType } from './selected-type.ts';
import { type UnnestedRows, unnestedRows } from './unnest.ts';

export interface SelectionSpec {
  readonly name: string;
  /** A condition on the events that it takes; null for all of them. */
  readonly where: string | null;
  readonly fields: readonly { readonly name: string; readonly expression: string }[];
  /** Present where the expressions do not say the same in the language before SQL. */
  readonly language?: 'sql';
  /** Of users, that its expressions name; absent for none. */
  readonly functions?: readonly UserFunction[];
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
  /** The columns of derived events, by the rows of the events at hand. */
  begin(columns: Columns, timesMs: Float64Array): Columns;
  /** Whether a row has a derived event. A row that an expression fails on has none; the derived stream itself says so. */
  takes(row: number): boolean;
}

export interface Selection {
  readonly spec: SelectionSpec;
  /** Whether an expression may fail on an event. */
  readonly mayFail: boolean;
  /** The events whose rows add() is told from now on, and which of them are there. Throws when they lack a field. */
  begin(columns: Columns, timesMs: Float64Array, out: DerivedRows, there: Pick<View, 'takes'> | null): void;
  /** Returns the fault of a row that an expression fails on, in people's words. */
  add(row: number, out: DerivedRows): string | null;
}

/** Of events of the schema. Throws an ExpressionError when an expression does not fit it. */
export function createSelection(spec: SelectionSpec, schema: AvroRecord): Selection {
  const rows = createRows(spec, schema);
  const { isUnnested } = rows;
  let unnested: UnnestedRows | null = null;
  return {
    spec,
    mayFail: rows.mayFail,
    begin(columns, timesMs, out, there) {
      const selected = rows.begin(columns, there);
      if (isUnnested === null) return out.begin(selected, timesMs);
      unnested = unnestedRows(selected, isUnnested, timesMs, columns.count, rows.takes);
      out.begin(unnested.columns, unnested.timesMs);
    },
    add(row, out) {
      if (unnested !== null) for (let i = unnested.firsts[row]!; i < unnested.firsts[row + 1]!; i++) out.push(i);
      else if (rows.takes(row)) out.push(row);
      return rows.fault(row);
    },
  };
}

/** Whether an event may give several: then others read what it gives, since its rows are not those of the events. */
export function isUnnesting(spec: SelectionSpec, schema: AvroRecord): boolean {
  return createRows(spec, schema).isUnnested !== null;
}

/** Throws an ExpressionError when an expression does not fit the schema. */
export function createView({ selection, schema, of }: ViewSpec): View {
  const rows = createRows(selection, schema);
  const inner = of === undefined ? null : createView(of);
  const { fields } = viewSchema({ selection, schema });
  return {
    takes: rows.takes,
    begin(read, timesMs) {
      const columns = inner === null ? read : inner.begin(read, timesMs);
      const times: Column = { kind: 'number', values: timesMs, exact: null, nulls: null };
      return viewColumns(fields, [...rows.begin(columns, inner), times], columns.count);
    },
  };
}

/** Of the derived events. Throws an ExpressionError when an expression does not fit the schema. */
export function viewSchema({ selection, schema }: ViewSpec): AvroRecord {
  return derivedSchema(selection.name, selectedFields(selection, schema));
}

function viewColumns(fields: readonly AvroField[], columns: readonly Column[], count: number): Columns {
  const byName = new Map(fields.map(({ name }, i) => [name, columns[i]!]));
  const values = fields.map((field, i) => ({ name: field.name, at: columnValue(columns[i]!, field) }));
  const column = (path: string): Column | undefined => byName.get(path) ?? innerColumn(path, byName, count);
  return {
    count,
    column,
    numbers(path) {
      const found = column(path);
      if (found?.kind !== 'number') throw new Error(`There is no numeric field ${path}`);
      return found.values;
    },
    event: (row) => Object.fromEntries(values.map(({ name, at }) => [name, at(row)])),
    binary: () => null,
    places: null,
  };
}

/** A field within a record that is selected as a whole. */
function innerColumn(path: string, byName: ReadonlyMap<string, Column>, count: number): Column | undefined {
  const [name = '', ...rest] = path.split('.');
  const outer = byName.get(name);
  if (outer?.kind !== 'boxed' || rest.length === 0) return undefined;
  return columnsOfEvents(Array.from({ length: count }, (_, row) => ({ outer: outer.at(row) }))).column(
    `outer.${rest.join('.')}`,
  );
}

interface Rows {
  readonly mayFail: boolean;
  /** Which columns are lists that are taken apart; null where none is. */
  readonly isUnnested: readonly boolean[] | null;
  /** Computes all rows that are there, and returns the columns of what is selected of them. */
  begin(columns: Columns, there: Pick<View, 'takes'> | null): Column[];
  takes(row: number): boolean;
  fault(row: number): string | null;
}

/** What is selected: a column as it is, or one that is computed. */
interface Selected {
  readonly name: string;
  readonly expression: Checked;
  readonly isUnnested: boolean;
  readonly computed: ComputedColumn | null;
}

function createRows(spec: SelectionSpec, schema: AvroRecord): Rows {
  const { where, fields } = spec;
  const language = languageOfSelection(spec, schema);
  const condition = where === null ? null : compileCondition(where, schema, language, spec.functions);
  const selected = fields.map(({ name, expression: text }): Selected => {
    const { expression, isUnnested } = compileSelected(text, schema, language, spec.functions);
    return { name, expression, isUnnested, computed: isAsItIs(expression) ? null : computedColumn(expression) };
  });
  const computed = selected.flatMap(({ name, computed: own }) => (own === null ? [] : { name, own }));
  const faults = new Map<number, string>();
  let taken = new Uint8Array(0);

  function compute(row: number, isTaken: ((row: number) => boolean) | null): boolean {
    let done = -1;
    try {
      if (isTaken !== null && !isTaken(row)) return false;
      for (done = 0; done < computed.length; done++) computed[done]!.own.compute(row);
      return true;
    } catch (error) {
      if (!(error instanceof SqlError)) throw error;
      faults.set(row, `${done < 0 ? 'where' : computed[done]!.name}, ${faultText(error)}`);
      return false;
    }
  }

  return {
    mayFail: condition !== null || computed.length > 0,
    isUnnested: selected.some((each) => each.isUnnested) ? selected.map((each) => each.isUnnested) : null,
    begin(columns, there) {
      const { count } = columns;
      faults.clear();
      if (taken.length < count) taken = new Uint8Array(count);
      const isTaken = condition === null ? null : bindCondition(condition, columns);
      for (const { own } of computed) own.begin(columns);
      for (let row = 0; row < count; row++) {
        taken[row] = there !== null && !there.takes(row) ? 0 : Number(compute(row, isTaken));
      }
      return selected.map((each) => columnOf(each, columns));
    },
    takes: (row) => taken[row] === 1,
    fault: (row) => (faults.size === 0 ? null : (faults.get(row) ?? null)),
  };
}

/** As a dead letter says it. */
export function faultText({ at, message }: SqlError): string {
  return at === null ? message : `at character ${at}: ${message}`;
}

/** A field, or a text that is written in the expression. */
function isAsItIs(expression: Checked): boolean {
  return expression.kind === 'field' || (expression.kind === 'constant' && typeof expression.value === 'string');
}

function columnOf({ expression, computed }: Selected, columns: Columns): Column {
  if (computed !== null) return computed.column();
  if (expression.kind === 'constant') return constantText(String(expression.value), columns.count);
  if (expression.kind !== 'field') throw new Error('What is neither computed nor constant is a field');
  const { path } = expression.field;
  const column = columns.column(path);
  if (column === undefined) throw new Error(`An expression reads the field ${path}, which the events have not`);
  return column;
}

function constantText(text: string, count: number): Column {
  const bytes = Buffer.from(text, 'utf8');
  const ends = new Uint32Array(count).fill(bytes.length);
  return { kind: 'text', bytes, starts: new Uint32Array(count), ends, nulls: null };
}

function languageOfSelection({ where, fields, language }: SelectionSpec, schema: AvroRecord): Language {
  const texts = [...(where === null ? [] : [where]), ...fields.map(({ expression }) => expression)];
  return languageOf(language, texts, schema);
}

/** The fields of the derived events. Throws an ExpressionError when an expression does not fit the schema. */
export function selectedFields(spec: SelectionSpec, schema: AvroRecord): AvroField[] {
  const language = languageOfSelection(spec, schema);
  return spec.fields.map(({ name, expression: text }) => {
    const { expression, isUnnested } = compileSelected(text, schema, language, spec.functions);
    const type = (isUnnested ? elementType : selectedType)(name, expression, schema);
    if (type !== null) return { name, type };
    throw new ExpressionError(`a field can't be ${typeText(expression.type)}; CAST it to VARCHAR`, expression.at);
  });
}
