/** Matches the columns of a CSV or Parquet table with the fields of a schema. */
import type { AvroRecord } from './avro.ts';

/** A transaction may come with its label: `fraud` is 0 or 1, `scenario` is what kind of fraud. */
const LABEL_TITLES: readonly string[] = ['fraud', 'scenario'];

/** The field of this title, or of the title in camel case; null when there is none. */
export function fieldOfTitle<F extends { readonly name: string }>(fields: readonly F[], title: string): F | null {
  return fields.find(({ name }) => name === title || name === camelCase(title)) ?? null;
}

export function isLabel(schema: AvroRecord, title: string): boolean {
  return schema.name === 'Transaction' && LABEL_TITLES.includes(title);
}

/** The message about a column that is neither a field nor a label. */
export function unknownTitle(schema: AvroRecord, title: string): string {
  const known = schema.fields.map(({ name }) => name).join(', ');
  return `the column ${title} is no field of ${schema.name}; known: ${known}`;
}

function camelCase(title: string): string {
  return title.replace(/_([a-z0-9])/g, (_, letter: string) => letter.toUpperCase());
}
