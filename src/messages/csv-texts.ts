/** CSV rows as texts, where no schema says yet what their cells are. */
import type { AvroRecord } from './avro.ts';
import { type CsvDecoder, createCsvDecoder } from './csv.ts';
import type { CsvOptions } from './csv-options.ts';

/** Rows of so many cells, as records of texts in their order. */
export function textDecoder(count: number, options: CsvOptions): CsvDecoder {
  const fields = Array.from({ length: count }, (_, i) => ({ name: `c${i}`, type: 'string' as const }));
  const schema: AvroRecord = { type: 'record', name: 'Texts', fields };
  return createCsvDecoder(schema, '', null, { ...options, header: false });
}

/** The cells of a row, however many it has: as many as there are delimiters outside of quotes. Or why it is no row. */
export function cellsOf(bytes: Buffer, options: CsvOptions): readonly string[] | { readonly problem: string } {
  for (let count = 1; count <= bytes.length + 1; count++) {
    const decoded = textDecoder(count, options).row(bytes);
    if (decoded.ok) return Object.values(decoded.event).map(String);
    if (decoded.reason !== 'unknown-field') return { problem: decoded.detail };
  }
  return [];
}
