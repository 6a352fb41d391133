/** Matches the columns of a CSV or Parquet table with the fields of a schema, and with those of what stands beside it. */
import type { AvroRecord } from './avro.ts';
import type { Companion } from './companion.ts';

/** The field of this title, or of the title in camel case; null when there is none. */
export function fieldOfTitle<F extends { readonly name: string }>(
  fields: readonly F[],
  title: string,
  ignoreCase = false,
): F | null {
  const exact = fields.find(({ name }) => name === title) ?? fields.find(({ name }) => name === camelCase(title));
  if (exact !== undefined || !ignoreCase) return exact ?? null;
  const small = title.toLowerCase();
  const plain = small.replaceAll('_', '');
  return (
    fields.find(({ name }) => name.toLowerCase() === small) ??
    fields.find(({ name }) => name.toLowerCase().replaceAll('_', '') === plain) ??
    null
  );
}

/** Whether the title is a column of what stands beside the events of the table. */
export function isBeside(companion: Companion | null, title: string): boolean {
  return companion?.columns.fields.some(({ name }) => name === title) ?? false;
}

/** The message about a column that belongs to nothing. */
export function unknownTitle(schema: AvroRecord, title: string): string {
  const known = schema.fields.map(({ name }) => name).join(', ');
  return `the column ${title} is no field of ${schema.name}; known: ${known}`;
}

function camelCase(title: string): string {
  return title.replace(/_([a-z0-9])/g, (_, letter: string) => letter.toUpperCase());
}
