/** A schema that takes every record of a file, which need be no stream: it may have no time and no key. */

import type { AvroField, AvroRecord } from '../messages/avro.ts';
import { recordType } from '../messages/avro-schema.ts';
import { recordOf } from '../messages/codec.ts';
import { writerOf } from '../messages/container-block.ts';
import { headerIfWhole } from '../messages/container-header.ts';
import { fileFormat, openInput } from '../sources/file/open.ts';
import { csvFile } from './csv-file.ts';
import { jsonlFile } from './jsonl-file.ts';
import { DraftError, type Found, namesOf, nullableType } from './stream-draft.ts';
import { uniquelyNamed } from './unique-names.ts';

export interface TableDraft {
  readonly schema: AvroRecord;
  /** By field: the column as the file calls it. */
  readonly titles: ReadonlyMap<string, string>;
  /** The format of a stream that would read it. */
  readonly format: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
}

/** Throws a DraftError, in words. */
export async function draftTable(path: string): Promise<TableDraft> {
  try {
    const format = fileFormat(path);
    if (format === 'csv') return draftOf(await csvFile(path));
    if (format === 'jsonl') return draftOf(await jsonlFile(path));
    if (format === 'avro') return { schema: await containerSchema(path), titles: new Map(), format: {} };
  } catch (error) {
    throw new DraftError(`${path}: ${error instanceof Error ? error.message : String(error)}`, { cause: error });
  }
  throw new DraftError(
    `${path}: its name must end in .csv, .jsonl or .avro, in one of these and .gz or .zst, or in .parquet`,
  );
}

function draftOf(found: Found): TableDraft {
  const names = namesOf(found);
  const taken = new Set(['Table']);
  const titles = new Map<string, string>();
  const fields = found.fields.map((field): AvroField => {
    const name = names.get(field) ?? field.title;
    titles.set(name, field.title);
    const type = uniquelyNamed(field.type, taken);
    return field.isNullable ? { name, type: nullableType(type), default: null } : { name, type };
  });
  const rename = Object.fromEntries([...titles].flatMap(([name, title]) => (name === title ? [] : [[title, name]])));
  const csv = { ...found.format.csv, ...(Object.keys(rename).length === 0 ? {} : { rename }) };
  return {
    schema: { type: 'record', name: 'Table', fields },
    titles,
    format: { ...found.format, csv },
  };
}

const HEADER_BYTES_MAX = 4 * 1024 * 1024;

async function containerSchema(path: string): Promise<AvroRecord> {
  let schema: AvroRecord | null = null;
  let bytes = Buffer.alloc(0);
  for await (const some of openInput(path)) {
    bytes = Buffer.concat([bytes, some]);
    const header = headerIfWhole(bytes, (text) => {
      schema = recordOf(text).schema;
      return writerOf(text, recordType(schema), '');
    });
    if (header !== null || bytes.length > HEADER_BYTES_MAX) break;
  }
  if (schema === null) throw new DraftError('it is no Avro object container, or is cut off within its header');
  return schema;
}
