/** Features that are values of another stream as of the event's time: `asOf: limits`, `values: { limit: limitCents }`. */
import type { AsOfReading, AsOfValue } from '../../features/feature-spec.ts';
import type { Report } from '../../keys/names.ts';
import { compileExpression } from '../../sql/compile.ts';
import { ExpressionError } from '../../sql/expression-error.ts';
import { typeText } from '../../sql/type.ts';
import type { UserFunction } from '../../sql/user-function.ts';
import { fieldAt, isWholeNumber, valueTypeOf } from '../../streams/field-type.ts';
import { type GroupKey, isOfSeveral, keyFields } from '../../streams/group-key.ts';
import type { Reading } from '../section.ts';
import { isOfStream, type Relation } from './relation.ts';
import { groupKeyOf } from './window-key.ts';
import type { RawFeature } from './written-feature.ts';

/**
 * What an entry reads of another stream, by the stream's name in the file; null, and a report, where it can't.
 * `fieldOf` names the feature of a value.
 */
export function asOfReading(
  entry: string,
  { asOf, values = {} }: RawFeature,
  {
    relation,
    key,
    functions,
  }: { readonly relation: Relation; readonly key: GroupKey; readonly functions: readonly UserFunction[] },
  reading: Reading,
  fieldOf: (name: string) => string,
): { readonly declared: AsOfReading; readonly other: Relation } | null {
  if (asOf == null) return null;
  const { report } = reading;
  const at = ['features', entry, 'asOf'];
  const written = typeof asOf === 'string' ? { stream: asOf, on: undefined, maxAge: undefined } : asOf;
  const other = reading.relation(written.stream, at);
  if (other === null) return null;
  if (other.name === relation.name) {
    report(at, `is of ${other.name}, whose own events these are: use last() or lag() over a window`);
    return null;
  }
  if (other.view !== undefined || !isOfStream(other)) {
    report(at, `reads events of a stream that is declared, which ${written.stream} is not`);
    return null;
  }
  const own = keyOf(written.on, { at, relation, key, functions }, other, report);
  const of = Object.entries(values).flatMap(([name, value]): AsOfValue | [] => {
    const place = ['features', entry, 'values', name];
    return isNumber(value, other, functions, place, report) ? { field: fieldOf(name), value } : [];
  });
  if (own === null) return null;
  const [first] = other.schema.fields;
  const order = first !== undefined && isWholeNumber(first) && typeof first.type === 'string' ? first.name : null;
  return {
    declared: { input: other.name, key: own, order, maxAgeMs: written.maxAge ?? null, values: of },
    other,
  };
}

interface OwnSide {
  readonly at: readonly string[];
  readonly relation: Relation;
  readonly key: GroupKey;
  readonly functions: readonly UserFunction[];
}

/** The key of the other stream's events: the fields that the entry says, or else those of the same names. */
function keyOf(
  said: string | readonly string[] | undefined,
  { at, relation, key, functions }: OwnSide,
  other: Relation,
  report: Report,
): GroupKey {
  const fields = keyFields(key);
  const lacking = fields.find((field) => fieldAt(other.schema, field) === undefined);
  if (said === undefined && lacking !== undefined) {
    report(
      at,
      `${other.name} has no ${lacking}: say which field it is there: \`asOf: { stream: ${other.name}, on: … }\``,
    );
    return null;
  }
  const names = typeof said === 'string' ? [said] : (said ?? fields);
  const wrong = names.find((name, i) => !isAlike(relation, fields[i], other, name));
  if (names.length !== fields.length || wrong !== undefined) {
    const found = wrong === undefined ? `${names.length} of them` : `${wrong} of ${other.name}`;
    report(
      said === undefined ? at : [...at, 'on'],
      `must be as ${fields.join(', ')} of ${relation.name}, which ${found} is not`,
    );
    return null;
  }
  return groupKeyOf(at, isOfSeveral(key) ? [...names] : names[0], other, functions, report);
}

function isAlike(one: Relation, field: string | undefined, other: Relation, name: string): boolean {
  const [a, b] = [field === undefined ? undefined : fieldAt(one.schema, field), fieldAt(other.schema, name)];
  if (a === undefined || b === undefined) return false;
  return valueTypeOf(a) !== null && valueTypeOf(a) === valueTypeOf(b);
}

const NUMBERS = ['bigint', 'double', 'boolean', 'timestamp', 'date'];

function isNumber(
  text: string,
  { schema }: Relation,
  functions: readonly UserFunction[],
  at: readonly string[],
  report: Report,
): boolean {
  try {
    const { type } = compileExpression(text, schema, 'sql', functions);
    if (NUMBERS.includes(type.kind)) return true;
    report(at, `a feature is a number, and this is ${typeText(type)}; CAST it to DOUBLE`);
  } catch (error) {
    if (!(error instanceof ExpressionError)) throw error;
    report(at, `at character ${error.position}: ${error.message}`, error.position);
  }
  return false;
}
