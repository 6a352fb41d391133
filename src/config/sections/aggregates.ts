/** An aggregate as a file writes it, such as `sum(amount)`, against the schema of its stream. */

import { isNullable, unknownField, unknownName } from '../../keys/names.ts';
import type { AvroField, AvroRecord } from '../../messages/avro.ts';
import type { AggregateSpec } from '../../streams/aggregate-function.ts';
import { AGGREGATES, definitionOf } from '../../streams/aggregate-table.ts';
import { fieldAt, valueTypeOf } from '../../streams/field-type.ts';

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
  const [fieldName = '', second, ...rest] = inside.split(',').map((field) => field.trim());
  if (takes === 'nothing') {
    const distinct = /^distinct\s+(.+)$/i.exec(inside)?.[1];
    if (distinct !== undefined) report(`${fn}(distinct …) is distinct(${distinct}) here`);
    else if (inside !== '') report(`${fn}() takes no field`);
    return [{ name, fn, field: null }];
  }
  const form = `${fn}(${FORMS[takes]})`;
  if (fieldName === '' || rest.length > 0) {
    report(fieldName === '' ? `${fn}() needs a field` : `must be ${form}`);
    return [];
  }
  const field = readField(fieldName, takes === 'any' || takes === 'any, number', schema, report);
  if (field === null) return [];
  const spec = {
    name,
    fn,
    field: fieldName,
    ...(valueTypeOf(field) === 'text' ? { isText: true } : {}),
    ...(isNullable(field) ? { isNullable: true } : {}),
  };
  if (takes === 'number, share') {
    const argument = Number(second);
    if (second === undefined || second === '' || !(argument >= 0 && argument <= 1)) {
      report(`must be ${form}: the share of the values that lie below, from 0 to 1`);
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
  const by = readField(second, false, schema, report);
  // No event of a group may have a number to go by.
  return by === null
    ? []
    : [{ ...spec, by: second, ...(isNullable(field) || mayLack(by) ? { isNullable: true } : {}) }];
}

const FORMS = {
  number: 'field',
  any: 'field',
  'number, share': 'field, 0.99',
  'any, number': 'field, other',
} as const;

/** Null, and a report, when an aggregate can't read it. */
function readField(
  name: string,
  takesText: boolean,
  schema: AvroRecord,
  report: (message: string) => void,
): AvroField | null {
  const field = fieldAt(schema, name);
  if (field === undefined) {
    report(unknownField(schema, name));
    return null;
  }
  const type = valueTypeOf(field);
  if (type !== null && (type === 'number' || takesText)) return field;
  report(`${name} is not a number${takesText ? ', nor text' : ''}`);
  return null;
}

/** Null or NaN. */
function mayLack(field: AvroField): boolean {
  return isNullable(field) || field.type === 'double' || field.type === 'float';
}

export function printAggregate({ fn, field, by, argument }: AggregateSpec): string {
  return `${fn}(${[field ?? [], by ?? [], argument ?? []].flat().join(', ')})`;
}
