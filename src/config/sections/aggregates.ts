/** An aggregate as a file writes it, such as `sum(amount)`, against the schema of its stream. */

import { isNullable, unknownField, unknownName } from '../../keys/names.ts';
import type { AvroField, AvroRecord } from '../../messages/avro.ts';
import type { AggregateSpec } from '../../streams/aggregate-function.ts';
import { AGGREGATES, definitionOf } from '../../streams/aggregate-table.ts';
import { expressionTypeOf, fieldAt, isWholeNumber, type ValueType, valueTypeOf } from '../../streams/field-type.ts';

/** Empty, and a report, when there is no such aggregate. */
export function aggregateOf(
  name: string,
  text: string,
  schema: AvroRecord,
  report: (message: string) => void,
): AggregateSpec[] {
  const [, fn, fields = ''] = /^([A-Za-z_]+)\s*\((.*)\)$/s.exec(text.trim()) ?? [];
  const inside = fields.trim();
  if (fn === undefined) {
    report('must be an aggregate such as count() or sum(field)');
    return [];
  }
  if (!Object.hasOwn(AGGREGATES, fn)) {
    report(unknownName('aggregate', fn, Object.keys(AGGREGATES)));
    return [];
  }
  const { takes } = definitionOf({ fn });
  const distinct = /^distinct\s+(.+)$/is.exec(inside)?.[1];
  const [fieldName = '', second, ...rest] = (distinct ?? inside).split(',').map((field) => field.trim());
  const form = `${fn}(${FORMS[takes]})`;
  if (takes === 'optional' && (fieldName === '' || (fieldName === '*' && distinct === undefined))) {
    if (second !== undefined) report(`must be ${form}`);
    return [{ name, fn, field: null }];
  }
  if (fieldName === '' || rest.length > 0) {
    report(fieldName === '' ? `${fn}() needs a field` : `must be ${form}`);
    return [];
  }
  if (distinct !== undefined && takes !== 'optional') {
    report(`DISTINCT is for count(DISTINCT ${fieldName}); the values themselves are list_distinct(${fieldName})`);
    return [];
  }
  const field = readField(fieldName, READS[takes], schema, report);
  if (field === null) return [];
  const spec = {
    name,
    fn,
    field: fieldName,
    ...(distinct === undefined ? {} : { isDistinct: true as const }),
    ...(valueTypeOf(field) === 'text' ? { isText: true } : {}),
    ...(isNullable(field) ? { isNullable: true } : {}),
    ...(isWholeNumber(field) ? { isLong: true as const } : {}),
  };
  if (takes === 'number, share' || takes === 'any, limit') {
    const argument = second === undefined || second === '' ? Number.NaN : Number(second);
    const isShare = takes === 'number, share';
    if (isShare ? !(argument >= 0 && argument <= 1) : !(Number.isInteger(argument) && argument >= 1)) {
      report(`must be ${form}: ${isShare ? SHARE : 'how many of the largest values, a whole number from 1'}`);
    }
    return [{ ...spec, argument }];
  }
  if (takes !== 'any, number') {
    if (second !== undefined) report(`must be ${form}`);
    return [spec];
  }
  if (second === undefined || second === '') {
    report(
      `must be ${form}: the first field of the event whose second is the ${fn === 'arg_max' ? 'largest' : 'smallest'}`,
    );
    return [];
  }
  const by = readField(second, READS.number, schema, report);
  // No event of a group may have a number to go by.
  return by === null
    ? []
    : [{ ...spec, by: second, ...(isNullable(field) || mayLack(by) ? { isNullable: true } : {}) }];
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

/** Null, and a report, when an aggregate can't read it. */
function readField(
  name: string,
  types: readonly ValueType[],
  schema: AvroRecord,
  report: (message: string) => void,
): AvroField | null {
  const field = fieldAt(schema, name);
  if (field === undefined) {
    report(unknownField(schema, name));
    return null;
  }
  const type = expressionTypeOf(field);
  if (type !== null && types.includes(type)) return field;
  report(`${name} is not ${types.map((each) => TYPE_NAMES[each]).join(', nor ')}`);
  return null;
}

/** Null or NaN. */
function mayLack(field: AvroField): boolean {
  return isNullable(field) || field.type === 'double' || field.type === 'float';
}

export function printAggregate({ fn, field, isDistinct, by, argument }: AggregateSpec): string {
  return `${fn}(${isDistinct === true ? 'DISTINCT ' : ''}${[field ?? [], by ?? [], argument ?? []].flat().join(', ')})`;
}
