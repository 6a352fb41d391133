/** What a window groups by, as a file writes it: `key: country`, `key: [country, city]`, `key: null`. */
import { z } from 'zod';
import { isKey, type Report, unknownField } from '../../keys/names.ts';
import { fieldAt, valueTypeOf } from '../../streams/field-type.ts';
import type { GroupKey, KeyPart } from '../../streams/group-key.ts';
import type { Relation } from './relation.ts';

export const windowKey = z
  .union([z.string(), z.array(z.string()).min(1)])
  .nullable()
  .optional()
  .describe("A field to group by, or a list of several; by default the stream's key. null: one group.");

export type RawKey = z.output<typeof windowKey>;

/** Null, and a report, where there is no such key. */
export function groupKeyOf(at: readonly string[], raw: RawKey, stream: Relation, report: Report): GroupKey {
  if (raw === undefined) {
    if (stream.key !== null) return stream.key;
    report(at, `must be given, or null for one group: ${stream.name} does not select the key of its stream`);
    return null;
  }
  if (raw === null) return null;
  const written = typeof raw === 'string' ? [raw] : raw;
  const parts = written.flatMap((text, i) => {
    const path = typeof raw === 'string' ? at : [...at, String(i)];
    const part = partOf(text, stream, (message) => report(path, message));
    if (part !== null && written.indexOf(text) < i) report(path, `${text} is in the key already`);
    return part ?? [];
  });
  const [only, ...others] = parts;
  if (parts.length < written.length || only === undefined) return null;
  return others.length === 0 ? only.field : parts;
}

function partOf(field: string, { schema }: Relation, report: (message: string) => void): KeyPart | null {
  const found = fieldAt(schema, field);
  if (found === undefined) report(unknownField(schema, field));
  else if (!isKey(found)) report(`${field} can't be a key: it is neither text nor a whole number`);
  else {
    const gives = valueTypeOf(found) === 'number' ? 'whole number' : 'text';
    return { name: field.replaceAll('.', '_'), field, gives };
  }
  return null;
}

export function printKey(key: GroupKey): string | null | string[] {
  return typeof key === 'string' || key === null ? key : key.map(({ field }) => field);
}
