/** By what events of a join match, as a file writes it: `on: email`, `on: lower(email)`, `on: [country, lower(city)]`. */
import { type Report, unknownField } from '../../keys/names.ts';
import type { UserFunction } from '../../sql/user-function.ts';
import { isPlainKey } from '../../streams/field-key.ts';
import { fieldAt, valueTypeOf } from '../../streams/field-type.ts';
import { isOfSeveral, type KeyPart } from '../../streams/group-key.ts';
import type { JoinKey } from '../../streams/join-operator.ts';
import { checkKey } from '../expressions.ts';
import type { Relation } from './relation.ts';

/** One of the values by which events match. Its type must be alike on both sides. */
export interface JoinPart {
  readonly key: KeyPart;
  readonly type: string;
}

/** The key of a side; null, and a report, where a part of it is wrong. */
export function joinKeyOf(
  of: Relation,
  written: string | readonly string[],
  functions: readonly UserFunction[],
  at: readonly string[],
  report: Report,
): readonly JoinPart[] | null {
  const texts = typeof written === 'string' ? [written] : written;
  const parts = texts.flatMap((text, i) => {
    const path = typeof written === 'string' ? at : [...at, String(i)];
    return partOf(of, text, functions, (message, character) => report(path, message, character)) ?? [];
  });
  return parts.length < texts.length ? null : parts;
}

function partOf(
  { schema }: Relation,
  text: string,
  functions: readonly UserFunction[],
  report: (message: string, character?: number) => void,
): JoinPart | null {
  const found = fieldAt(schema, text);
  if (found !== undefined && isPlainKey(found)) {
    const isNumber = valueTypeOf(found) === 'number';
    const gives = isNumber ? 'whole number' : 'text';
    return { key: { name: text, field: text, gives }, type: isNumber ? 'a whole number' : 'a text' };
  }
  if (found === undefined && /^[\w.]+$/.test(text)) {
    report(unknownField(schema, text));
    return null;
  }
  const computed = checkKey(text, schema, functions, report);
  return computed === null ? null : { key: { name: text, isComputed: true, ...computed.key }, type: computed.type };
}

/** What does not fit, for people; null when both sides have as many values, of the same types. */
export function mismatch(
  left: Relation,
  leftParts: readonly JoinPart[],
  right: Relation,
  rightParts: readonly JoinPart[],
): string | null {
  if (leftParts.length !== rightParts.length) {
    return `events match by as many values on both sides, but there are ${leftParts.length} of ${left.name} and ${rightParts.length} of ${right.name}`;
  }
  for (const [i, { key, type }] of leftParts.entries()) {
    const other = rightParts[i];
    if (other === undefined || other.type === type) continue;
    const both = `${key.name} of ${left.name} is ${type} and ${other.key.name} of ${right.name} is ${other.type}`;
    return `events match by values of one type, but ${both}: CAST one`;
  }
  return null;
}

/** The key of its parts. One field alone has the field's name, as keys had before there were keys of several values. */
export function keyOfParts(joined: readonly JoinPart[]): JoinKey {
  const parts = joined.map(({ key }) => key);
  const [only, ...others] = parts;
  return only !== undefined && others.length === 0 && only.isComputed !== true ? only.field : parts;
}

export function printJoinKey(key: JoinKey): string | string[] {
  if (!isOfSeveral(key)) return key;
  const texts = key.map(({ name }) => name);
  const [only, ...others] = texts;
  return only !== undefined && others.length === 0 ? only : texts;
}
