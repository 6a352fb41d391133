/** A stream as a file: JSON lines, CSV, an Avro object container or Parquet. The forms are those that an input takes. */
import { createWriteStream, renameSync, rmSync } from 'node:fs';
import { Readable, type Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';
import { dynamicEventType } from '../messages/codec.ts';
import type { Columns } from '../messages/columns.ts';
import { createContainerWriter } from '../messages/container-writer.ts';
import { createCsvWriter } from '../messages/csv-writer.ts';
import { openParquetWriter } from '../projections/parquet-writer.ts';
import { type JournaledStream, type RowChoice, streamRows } from './stream-rows.ts';

export const EXPORT_FILES = '.parquet, .avro, .csv or .jsonl, the last two also .gz';

export type ExportFormat = 'parquet' | 'avro' | 'csv' | 'jsonl';

/**
 * The format that a file's name ends in; null for a name that says none. `-` stands for JSON lines on standard output.
 */
export function exportFormat(path: string): ExportFormat | null {
  if (path === '-') return 'jsonl';
  switch (/\.(parquet|avro|csv(?=\.gz$|$)|jsonl(?=\.gz$|$))(?:\.gz)?$/.exec(path)?.[1]) {
    case 'parquet':
      return path.endsWith('.gz') ? null : 'parquet';
    case 'avro':
      return path.endsWith('.gz') ? null : 'avro';
    case 'csv':
      return 'csv';
    case 'jsonl':
      return 'jsonl';
    default:
      return null;
  }
}

export interface StreamExport {
  readonly stream: JournaledStream;
  readonly choice: RowChoice;
  readonly format: ExportFormat;
  readonly path: string;
}

/**
 * Writes a stream's events to a file. Resolves with their number. The file, or its replacement, is there only once it
 * is whole.
 */
export async function exportStream(dataDir: string, { stream, choice, format, path }: StreamExport): Promise<number> {
  let count = 0;
  async function* chosen(): AsyncGenerator<Columns> {
    for await (const columns of streamRows(dataDir, stream, choice)) {
      yield columns;
      count += columns.count;
    }
  }
  if (format === 'parquet') await writeParquet(path, stream, chosen());
  else await writeBytes(path, bytesOf(format, stream, chosen()));
  return count;
}

async function writeParquet(path: string, { schema }: JournaledStream, rows: AsyncGenerator<Columns>): Promise<void> {
  const writer = await openParquetWriter(path, schema);
  try {
    for await (const columns of rows) writer.append(columns);
    await writer.finish();
  } finally {
    writer.close();
  }
}

async function writeBytes(path: string, bytes: AsyncGenerator<string | Buffer>): Promise<void> {
  if (path === '-') return pipeline(Readable.from(bytes), process.stdout, { end: false });
  const unfinished = `${path}.tmp`;
  try {
    const to: Writable = createWriteStream(unfinished);
    if (path.endsWith('.gz')) await pipeline(Readable.from(bytes), createGzip(), to);
    else await pipeline(Readable.from(bytes), to);
    renameSync(unfinished, path);
  } finally {
    rmSync(unfinished, { force: true });
  }
}

function bytesOf(
  format: Exclude<ExportFormat, 'parquet'>,
  { schema }: JournaledStream,
  rows: AsyncGenerator<Columns>,
): AsyncGenerator<string | Buffer> {
  switch (format) {
    case 'avro':
      return containerBytes(dynamicEventType(schema).json, rows);
    case 'csv':
      return csvLines(createCsvWriter(schema), rows);
    case 'jsonl':
      return jsonLines(dynamicEventType(schema).eventJson, rows);
  }
}

async function* containerBytes(schemaJson: string, rows: AsyncGenerator<Columns>): AsyncGenerator<Buffer> {
  const writer = createContainerWriter(schemaJson);
  yield writer.header;
  for await (const { places, count } of rows) {
    if (places === null) throw new Error('Events without their bytes are in no container');
    const block = writer.push(places, count);
    if (block !== null) yield block;
  }
  const rest = writer.end();
  if (rest !== null) yield rest;
}

async function* csvLines(
  { header, line }: ReturnType<typeof createCsvWriter>,
  rows: AsyncGenerator<Columns>,
): AsyncGenerator<string> {
  yield header;
  for await (const columns of rows) {
    let text = '';
    for (let row = 0; row < columns.count; row++) text += line(columns, row);
    yield text;
  }
}

async function* jsonLines(
  json: (event: Readonly<Record<string, unknown>>) => string,
  rows: AsyncGenerator<Columns>,
): AsyncGenerator<string> {
  for await (const columns of rows) {
    let text = '';
    for (let row = 0; row < columns.count; row++) text += `${json(columns.event(row))}\n`;
    yield text;
  }
}
