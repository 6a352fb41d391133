/** An aggregate as a file writes it, such as `sum(price * quantity) FILTER (WHERE ok)`, against the schema of its stream. */
import { isNullable, unknownField, unknownName } from '../../keys/names.ts';
import type { AvroRecord } from '../../messages/avro.ts';
import type { DecimalForm } from '../../messages/logical-types.ts';
import { compileCondition, compileExpression } from '../../sql/compile.ts';
import { ExpressionError } from '../../sql/expression-error.ts';
import { type SqlType, typeText } from '../../sql/type.ts';
import type { UserFunction } from '../../sql/user-function.ts';
import { isWide, SUM_DIGITS } from '../../streams/aggregate-columns.ts';
import type { AggregateSpec } from '../../streams/aggregate-function.ts';
import { AGGREGATES, definitionOf } from '../../streams/aggregate-table.ts';
import { decimalOfField, expressionTypeOf, fieldAt, isWholeNumber, type ValueType } from '../../streams/field-type.ts';
import { type AggregateCall, callsOf, type TextPart } from './aggregate-call.ts';

/** Takes what is wrong, and from which character of the text, from 1, when that is known. */
type ReportText = (message: string, character?: number) => void;

/** The calls of aggregates in a text. */
export function aggregateCalls(text: string): AggregateCall[] {
  return callsOf(text, (name) => Object.hasOwn(AGGREGATES, name));
}

/** The aggregate, alone in a list; the list is empty, with a report, when there is no such aggregate. */
export function aggregateOf(
  name: string,
  text: string,
  schema: AvroRecord,
  functions: readonly UserFunction[],
  report: ReportText,
): AggregateSpec[] {
  const [, fn] = /^\s*([A-Za-z_]\w*)\s*\(/.exec(text) ?? [];
  if (fn === undefined) {
    report('must be an aggregate such as count() or sum(field)');
    return [];
  }
  const [call] = callsOf(text, (known) => known === fn.toLowerCase());
  if (!Object.hasOwn(AGGREGATES, fn.toLowerCase())) {
    report(unknownName('aggregate', fn, Object.keys(AGGREGATES)));
    return [];
  }
  if (call === undefined || text.slice(call.to).trim() !== '') {
    report(call === undefined ? 'a bracket is not closed' : `there is more behind ${text.slice(0, call.to).trim()}`);
    return [];
  }
  return aggregateOfCall(name, call, schema, functions, report);
}

/**
 * The aggregate of a call, alone in a list; the list is empty, with a report, when the call does not fit the schema.
 */
export function aggregateOfCall(
  name: string,
  call: AggregateCall,
  schema: AvroRecord,
  functions: readonly UserFunction[],
  report: ReportText,
): AggregateSpec[] {
  const { name: fn, args, isDistinct, filter } = call;
  const { takes, takesNoDecimal = false, keepsNulls = false } = definitionOf({ fn });
  const form = `${fn}(${FORMS[takes]})`;
  const [first, second, ...rest] = args;
  if (filter !== null && !isCondition(filter, schema, functions, report)) return [];
  if (takes === 'optional' && !isDistinct && (first === undefined || (first.text === '*' && second === undefined))) {
    if (filter === null) return [{ name, fn, field: null }];
    return [{ name, fn, field: `CASE WHEN ${filter.text} THEN 1 END`, isNullable: true, isLong: true }];
  }
  if (first === undefined || first.text === '' || rest.length > 0) {
    report(first === undefined || first.text === '' ? `${fn}() needs a field` : `must be ${form}`);
    return [];
  }
  if (isDistinct && takes !== 'optional' && !keepsNulls) {
    report(`DISTINCT is for count(DISTINCT ${first.text}); the values themselves are list_distinct(${first.text})`);
    return [];
  }
  const value = readValue(first, READS[takes], schema, functions, report);
  if (value === null) return [];
  if (value.decimal !== null && takesNoDecimal) report(`${fn}() takes no decimals, as ${first.text} is`);
  const spec = {
    name,
    fn,
    field: filter === null ? first.text : `CASE WHEN ${filter.text} THEN ${first.text} END`,
    ...(isDistinct ? { isDistinct: true as const } : {}),
    ...(value.type === 'text' ? { isText: true } : {}),
    ...(value.isNullable || filter !== null ? { isNullable: true } : {}),
    ...(value.isLong ? { isLong: true as const } : {}),
    ...(value.decimal === null ? {} : { decimal: value.decimal }),
  };
  if (takes === 'number, share' || takes === 'any, limit') {
    const argument = second === undefined || second.text === '' ? Number.NaN : Number(second.text);
    const isShare = takes === 'number, share';
    if (isShare ? !(argument >= 0 && argument <= 1) : !(Number.isInteger(argument) && argument >= 1)) {
      report(`must be ${form}: ${isShare ? SHARE : 'how many of the largest values, a whole number from 1'}`);
    }
    return [{ ...spec, argument }];
  }
  if (takes !== 'any, number') {
    if (second !== undefined) report(`must be ${form}`);
    // A value that the filter leaves out differs from a null that the aggregate takes.
    return [keepsNulls && filter !== null ? { ...spec, by: `CASE WHEN ${filter.text} THEN 1 END` } : spec];
  }
  if (second === undefined || second.text === '') {
    const which = fn === 'arg_max' ? 'largest' : 'smallest';
    report(`must be ${form}: the first field of the event whose second is the ${which}`);
    return [];
  }
  const by = readValue(second, READS.number, schema, functions, report);
  if (by?.decimal != null && isWide(by.decimal)) {
    report(`${fn}() goes by numbers of up to 18 digits, and ${second.text} has more: CAST it to DOUBLE`);
    return [];
  }
  // All events of a group may lack the number that they are ordered by.
  return by === null ? [] : [{ ...spec, by: second.text, ...(by.mayLack ? { isNullable: true } : {}) }];
}

const SHARE = 'the share of the values that lie below, from 0 to 1';

const FORMS = {
  optional: 'field',
  number: 'field',
  truth: 'field',
  any: 'field',
  'number, share': 'field, 0.99',
  'any, limit': 'field, 3',
  'any, number': 'field, other',
} as const;

const NUMBER: readonly ValueType[] = ['number'];
const ANY: readonly ValueType[] = ['number', 'text'];
const READS: Readonly<Record<keyof typeof FORMS, readonly ValueType[]>> = {
  optional: ['number', 'text', 'truth'],
  number: NUMBER,
  truth: ['truth'],
  any: ANY,
  'number, share': NUMBER,
  'any, limit': ANY,
  'any, number': ANY,
};
const TYPE_NAMES = { number: 'a number', text: 'text', truth: 'true or false' } as const;

/** What an aggregate reads of an event. */
interface Value {
  readonly type: ValueType;
  readonly isNullable: boolean;
  /** Whether it may be null or NaN. */
  readonly mayLack: boolean;
  readonly isLong: boolean;
  readonly decimal: DecimalForm | null;
}

/** The value of a text; null, and a report, when an aggregate can't read it. */
function readValue(
  part: TextPart,
  types: readonly ValueType[],
  schema: AvroRecord,
  functions: readonly UserFunction[],
  report: ReportText,
): Value | null {
  const { text } = part;
  const field = fieldAt(schema, text);
  const what = `is not ${types.map((each) => TYPE_NAMES[each]).join(', nor ')}`;
  if (field !== undefined) {
    const form = decimalOfField(field);
    const decimal = form === null ? null : { precision: form.precision, scale: form.scale };
    if (decimal !== null && decimal.precision > SUM_DIGITS) {
      report(`${text} has decimals of ${decimal.precision} digits; an aggregate takes those of up to ${SUM_DIGITS}`);
      return null;
    }
    const type = decimal === null ? expressionTypeOf(field) : 'number';
    if (type === null || !types.includes(type)) {
      report(`${text} ${what}`);
      return null;
    }
    const mayLack = isNullable(field) || field.type === 'double' || field.type === 'float';
    return { type, isNullable: isNullable(field), mayLack, isLong: decimal !== null || isWholeNumber(field), decimal };
  }
  if (/^[A-Za-z_]\w*$/.test(text) && !/^(true|false|null)$/i.test(text)) {
    report(unknownField(schema, text));
    return null;
  }
  const computed = checked(() => compileExpression(text, schema, 'sql', functions).type, part, report);
  if (computed === null) return null;
  const type = TYPES[computed.kind];
  if (type === undefined || !types.includes(type)) {
    report(`${text} is ${typeText(computed)}, and so ${what}; CAST it`, part.at);
    return null;
  }
  const decimal = computed.kind === 'decimal' ? { precision: computed.precision, scale: computed.scale } : null;
  return { type, isNullable: true, mayLack: true, isLong: computed.kind === 'bigint' || decimal !== null, decimal };
}

const TYPES: Partial<Readonly<Record<SqlType['kind'], ValueType>>> = {
  bigint: 'number',
  double: 'number',
  decimal: 'number',
  varchar: 'text',
  boolean: 'truth',
};

function isCondition(
  part: TextPart,
  schema: AvroRecord,
  functions: readonly UserFunction[],
  report: ReportText,
): boolean {
  return checked(() => compileCondition(part.text, schema, 'sql', functions), part, report) !== null;
}

/** What `compile` gives; null, and a report, where the text is not an expression. */
function checked<T>(compile: () => T, { at }: TextPart, report: ReportText): T | null {
  try {
    return compile();
  } catch (error) {
    if (!(error instanceof ExpressionError)) throw error;
    const place = at + error.position - 1;
    report(`at character ${place}: ${error.message}`, place);
    return null;
  }
}

export function printAggregate({ fn, field, isDistinct, by, argument }: AggregateSpec): string {
  if (fn === 'list' && by !== undefined) {
    return `${printAggregate({ name: fn, fn, field, ...(isDistinct ? { isDistinct } : {}) })} FILTER (WHERE ${by} = 1)`;
  }
  return `${fn}(${isDistinct === true ? 'DISTINCT ' : ''}${[field ?? [], by ?? [], argument ?? []].flat().join(', ')})`;
}
