/**
 * A derived stream without state: of each event that its condition takes, the fields that it selects. A field as it is
 * keeps its type; what is computed is a number, or true or false, or null.
 */
import type { AvroField, AvroRecord, AvroSchema } from '../messages/avro.ts';
import type { Columns } from '../messages/columns.ts';
import type { DerivedEvent, DerivedValue } from '../messages/derived-event.ts';
import { bindCondition, bindValue } from './condition.ts';
import { checkExpression, type Expression, ExpressionError, parseExpression, type ValueType } from './expression.ts';
import { expressionTypeOf, fieldAt, isUnion, typeName } from './field-type.ts';

export interface SelectionSpec {
  readonly name: string;
  /** A condition on the events that it takes; null for all of them. */
  readonly where: string | null;
  readonly fields: readonly { readonly name: string; readonly expression: string }[];
}

/** Takes events one by one, and keeps none: the next one is in the same object. */
export interface DerivedEvents {
  push(event: DerivedEvent): unknown;
}

export interface Selection {
  readonly spec: SelectionSpec;
  /** The events whose rows add() is told from now on. Throws when they lack a field. */
  begin(columns: Columns): void;
  add(row: number, timeMs: number, out: DerivedEvents): void;
}

/** Throws an ExpressionError when an expression does not fit the schema. */
export function createSelection(spec: SelectionSpec, schema: AvroRecord): Selection {
  const condition = spec.where === null ? null : parseExpression(spec.where);
  const selected = spec.fields.map(({ name, expression: text }) => {
    const expression = parseExpression(text);
    return { name, expression, type: typeIn(schema, expression) };
  });
  const fields: Record<string, DerivedValue> = Object.fromEntries(selected.map(({ name }) => [name, null]));
  const event = { fields, ts: 0 };
  let isTaken: ((row: number) => boolean) | null = null;
  let values: ((row: number) => DerivedValue)[] = [];
  return {
    spec,
    begin(columns) {
      isTaken = condition === null ? null : bindCondition(condition, columns);
      values = selected.map(({ expression, type }) => bindValue(expression, type, columns));
    },
    add(row, timeMs, out) {
      if (isTaken !== null && !isTaken(row)) return;
      for (let i = 0; i < selected.length; i++) fields[selected[i]!.name] = values[i]!(row);
      event.ts = timeMs;
      out.push(event);
    },
  };
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

/** Two fields may be of one enum, and a schema may define it once only. */
function withoutEnum(type: AvroSchema): AvroSchema {
  if (isUnion(type)) return type.map(withoutEnum);
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
