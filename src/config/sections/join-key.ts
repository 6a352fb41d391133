/** By what events of a join match, as a file writes it: `on: email`, `on: lower(email)`, `on: [country, lower(city)]`. */
import { isKey, type Report, unknownField } from '../../keys/names.ts';
import type { UserFunction } from '../../sql/user-function.ts';
import { fieldAt, valueTypeOf } from '../../streams/field-type.ts';
import { isOfSeveral, type KeyPart } from '../../streams/group-key.ts';
import type { JoinKey } from '../../streams/join-operator.ts';
import { checkKey } from '../expressions.ts';
import type { Relation } from './relation.ts';

/** Null, and a report, where a part is none. */
export function joinKeyOf(
  of: Relation,
  written: string | readonly string[],
  functions: readonly UserFunction[],
  at: readonly string[],
  report: Report,
): readonly KeyPart[] | null {
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
): KeyPart | null {
  const found = fieldAt(schema, text);
  if (found !== undefined && isKey(found)) {
    return { name: text, field: text, gives: valueTypeOf(found) === 'number' ? 'whole number' : 'text' };
  }
  if (found !== undefined) report(`${text} can't be a key: it is neither text nor a whole number`);
  else if (/^[\w.]+$/.test(text)) report(unknownField(schema, text));
  else {
    const gives = checkKey(text, schema, functions, report);
    return gives === null ? null : { name: text, field: text, isComputed: true, gives };
  }
  return null;
}

/** What does not fit, for people; null when both sides are of as many values, and of the same types. */
export function mismatch(
  left: Relation,
  leftParts: readonly KeyPart[],
  right: Relation,
  rightParts: readonly KeyPart[],
): string | null {
  if (leftParts.length !== rightParts.length) {
    return `events match by as many values on both sides, but there are ${leftParts.length} of ${left.name} and ${rightParts.length} of ${right.name}`;
  }
  const types = ({ gives }: KeyPart): string => (gives === 'text' ? 'text' : 'number');
  for (const [i, part] of leftParts.entries()) {
    const other = rightParts[i];
    if (other === undefined || other.gives === part.gives) continue;
    const both = `${part.field} of ${left.name} is a ${types(part)} and ${other.field} of ${right.name} is a ${types(other)}`;
    return `events match by fields of one type, but ${both}`;
  }
  return null;
}

/** A field alone is called by its name, as keys were before there were others. */
export function keyOfParts(parts: readonly KeyPart[]): JoinKey {
  const [only, ...others] = parts;
  return only !== undefined && others.length === 0 && only.isComputed !== true ? only.field : parts;
}

export function printJoinKey(key: JoinKey): string | string[] {
  if (!isOfSeveral(key)) return key;
  const texts = key.map(({ field }) => field);
  const [only, ...others] = texts;
  return only !== undefined && others.length === 0 ? only : texts;
}
