/**
 * Reads a large input file in a thread of its own: bytes to lines to events to Avro blocks, one for each partition,
 * at the pace at which the partitions take them.
 *
 * The task ends once every chunk has been answered, so that no message is still on its way when its port closes.
 */

import type { MessagePort } from 'node:worker_threads';
import { COMPANIONS } from '../builtin-types.ts';
import { companionOf } from '../messages/companion.ts';
import { createContainerDecoder } from '../messages/container.ts';
import { type CsvDecoder, createCsvDecoder } from '../messages/csv.ts';
import { dialectOf } from '../messages/csv-options.ts';
import { createJsonDecoder } from '../messages/json.ts';
import { asAvro } from '../messages/origins.ts';
import { RAW_BYTES_MAX } from '../messages/streams.ts';
import { createRecordSplitter, isNoRecord, type RecordSink } from '../sources/csv-records.ts';
import { fileFormat, openInput } from '../sources/file/open.ts';
import { askedLengths, type Resumed, resume } from '../sources/known-file.ts';
import { createLineSplitter, type LineSplitter, MAX_LINE_BYTES } from '../sources/lines.ts';
import { createPrefixHash } from '../sources/prefix-hash.ts';
import { OtherFileError } from '../sources/source.ts';
import { createInputChunk, type InputChunk } from './input-chunk.ts';
import { jsonItems } from './json-array-file.ts';
import { NESTING_MAX } from './json-items.ts';
import { hashContent, readBeginnings } from './read-beginnings.ts';
import {
  READ_AHEAD_CHUNKS,
  type ReadInputMessage,
  type ReadInputTask,
  type ToReadInput,
} from './read-input-protocol.ts';

/** Bounds of a chunk: records for a partition, so that the event loop breathes between two batches, and records in all. */
const RECORDS_A_PARTITION = 4096;
const RECORDS_A_CHUNK = 16_384;
/** A longer line is never held, and a larger block of a container is refused. */
const LINES_KEPT_BYTES = 2 * MAX_LINE_BYTES;
const CONTAINER_KEPT_BYTES = 80 * 1024 * 1024;
/** Bound of a chunk in bytes, for long records and lines that are too long. */
const CHUNK_BYTES = 8 * 1024 * 1024;
/** Bytes that are split at once, so that a full chunk is soon posted. */
const PUSH_BYTES = 64 * 1024;

export default async function readInput({ task, port }: { task: ReadInputTask; port: MessagePort }): Promise<void> {
  let credits = READ_AHEAD_CHUNKS;
  let granted = (): void => {};
  let isCancelled = false;
  port.on('message', ({ kind }: ToReadInput) => {
    if (kind === 'cancel') isCancelled = true;
    else credits += 1;
    granted();
  });
  async function untilCredits(enough: number): Promise<void> {
    // A turn of the event loop, in which messages to this thread arrive.
    await new Promise<void>((resolve) => void setImmediate(resolve));
    while (credits < enough && !isCancelled) {
      await new Promise<void>((resolve) => {
        granted = resolve;
      });
    }
    if (isCancelled) throw new Error('reading was cancelled');
  }
  const post = (message: ReadInputMessage, transfer: ArrayBuffer[] = []): void => {
    if (message.kind === 'chunk') credits -= 1;
    port.postMessage(message, transfer);
  };
  try {
    const resumed = await resumedAt(task);
    post({ kind: 'resumed', resumed });
    const chunk = createInputChunk(task, resumed, post);
    const posted = (): Promise<void> => untilCredits(1);
    const format = fileFormat(task.path);
    if (format === 'parquet') await readParquet(task, chunk, posted);
    else if (format === 'avro') await readContainer(task, chunk, posted);
    else if (format === 'json') await readJson(task, chunk, posted);
    else await readLines(task, chunk, posted);
    await untilCredits(READ_AHEAD_CHUNKS);
  } catch (error) {
    // Its class does not cross to the other thread.
    if (error instanceof OtherFileError) return post({ kind: 'other-file', path: error.path, problem: error.problem });
    throw new Error(`${task.path}: ${error instanceof Error ? error.message : String(error)}`, { cause: error });
  } finally {
    port.close();
  }
}

/** Finds the partitions' places in the file before anything is given; all of them must be of this file. */
async function resumedAt(task: ReadInputTask): Promise<Resumed> {
  const lengths = askedLengths(task);
  return resume(task, lengths.length === 0 ? new Map() : await readBeginnings(openInput(task.path), lengths));
}

function isFull(chunk: InputChunk, task: ReadInputTask): boolean {
  if (chunk.bytes >= CHUNK_BYTES) return true;
  return chunk.records >= Math.min(RECORDS_A_CHUNK, RECORDS_A_PARTITION * task.positions.length);
}

async function readLines(task: ReadInputTask, chunk: InputChunk, posted: () => Promise<void>): Promise<void> {
  let lastLine = 0;
  const reached = (line: number): void => {
    lastLine = line;
  };
  const isCsv = fileFormat(task.path) === 'csv';
  const splitter = isCsv ? csvSplitter(task, chunk, reached) : jsonSplitter(task, chunk, reached);
  const prefix = createPrefixHash(LINES_KEPT_BYTES);
  let unposted = 0;
  for await (const bytes of openInput(task.path)) {
    for (let at = 0; at < bytes.length; at += PUSH_BYTES) {
      const slice = bytes.subarray(at, at + PUSH_BYTES);
      splitter.push(slice);
      prefix.add(slice);
      prefix.reach(splitter.consumed());
      unposted += PUSH_BYTES;
      if (!isFull(chunk, task) && (unposted < CHUNK_BYTES || chunk.records === 0)) continue;
      chunk.post(lastLine, prefix.prefix());
      unposted = 0;
      await posted();
    }
  }
  const before = splitter.consumed();
  splitter.end();
  prefix.reach(splitter.consumed());
  chunk.post(lastLine, prefix.prefix(), splitter.consumed() > before);
}

type Reached = (line: number) => void;

function jsonSplitter(task: ReadInputTask, chunk: InputChunk, reached: Reached): LineSplitter {
  const json = createJsonDecoder(task.schema, task.keyField, task.format.json);
  return createLineSplitter({
    line(bytes, number) {
      reached(number);
      if (bytes.length === 0) return;
      const decoded = json.line(bytes);
      if (decoded.ok) chunk.event(decoded.event, number, bytes);
      else chunk.refused({ ...decoded, ...kept(bytes, bytes.length) }, number);
    },
    tooLong(head, length, number) {
      reached(number);
      chunk.refused(tooLong(head, length), number);
    },
  });
}

/** A record's position is the line that it begins on; the source stands behind the line that it ends on. */
function csvSplitter(task: ReadInputTask, chunk: InputChunk, reached: Reached): LineSplitter {
  const { schema, keyField, format } = task;
  const options = format.csv;
  const dialect = dialectOf(options);
  const companion = companionOf(COMPANIONS, schema);
  let csv: CsvDecoder | null = null;
  if (options.header !== true) {
    csv = createCsvDecoder(schema, keyField, null, options, companion);
    chunk.readAs({ format: 'csv', context: '' });
  }
  const sink: RecordSink = {
    record(bytes, line, last) {
      reached(last);
      if (isNoRecord(dialect, bytes, line)) return;
      if (csv === null) {
        csv = createCsvDecoder(schema, keyField, bytes, options, companion, line);
        chunk.readAs({ format: 'csv', context: bytes.toString('utf8') });
        return;
      }
      if (bytes.length === 0) return;
      const decoded = csv.row(bytes);
      if (!decoded.ok) {
        const detail = decoded.detail + spanned(line, last);
        chunk.refused({ ...decoded, detail, ...kept(bytes, bytes.length) }, line);
        return;
      }
      chunk.event(decoded.event, line, bytes);
      if (decoded.beside !== null) chunk.beside(decoded.beside);
    },
    tooLong(head, length, line, last) {
      reached(last);
      if (isNoRecord(dialect, head, line)) return;
      if (csv === null)
        throw new Error(`line ${line}: the header has ${length} bytes; at most ${MAX_LINE_BYTES} are read`);
      const detail = `the record has ${length} bytes${spanned(line, last)}; at most ${MAX_LINE_BYTES} are read`;
      chunk.refused({ reason: 'too-large', detail, ...kept(head, length) }, line);
    },
  };
  return createRecordSplitter(sink, dialect);
}

/** A quote that is not closed takes in the lines that follow, and people should see how many. */
function spanned(line: number, last: number): string {
  return line === last ? '' : ` (the record is lines ${line} to ${last})`;
}

function tooLong(head: Buffer, length: number): Parameters<InputChunk['refused']>[0] {
  const detail = `the line has ${length} bytes; at most ${MAX_LINE_BYTES} are read`;
  return { reason: 'too-large', detail, ...kept(head, length) };
}

/** The view that a line is given as is only valid for the moment. */
function kept(bytes: Buffer, rawLength: number): { readonly raw: Buffer; readonly rawLength: number } {
  return { raw: Buffer.from(bytes.subarray(0, RAW_BYTES_MAX)), rawLength };
}

/** A damaged container can't be read on, so it ends the file; a record that does not fit is refused by itself. */
async function readContainer(task: ReadInputTask, chunk: InputChunk, posted: () => Promise<void>): Promise<void> {
  const container = createContainerDecoder(task.schema, task.keyField);
  const prefix = createPrefixHash(CONTAINER_KEPT_BYTES);
  async function* watched(): AsyncGenerator<Buffer> {
    for await (const bytes of openInput(task.path)) {
      prefix.add(bytes);
      yield bytes;
    }
  }
  let record = 0;
  for await (const { bytes, events, schemaText, starts, misfits, endByte } of container.stream(watched())) {
    chunk.readAs(asAvro(schemaText));
    for (let i = 0; i < events.length; i++) {
      record += 1;
      const raw = bytes.subarray(starts[i], starts[i + 1]);
      const event = events[i];
      const misfit = misfits.get(i);
      if (event !== null && event !== undefined) chunk.event(event, record, raw);
      else if (misfit !== undefined) chunk.refused({ ...misfit, ...kept(raw, raw.length) }, record);
      if (!isFull(chunk, task)) continue;
      chunk.post(record, prefix.prefix());
      await posted();
    }
    prefix.reach(endByte);
  }
  chunk.post(record, prefix.prefix());
}

/** An item of an array is a record, counted from 1. */
async function readJson(task: ReadInputTask, chunk: InputChunk, posted: () => Promise<void>): Promise<void> {
  const items = await jsonItems(task.path);
  if (items === null) return readLines(task, chunk, posted);
  // An array ends with its bracket, so a file that has grown is another file.
  const whole = await hashContent(openInput(task.path));
  const json = createJsonDecoder(task.schema, task.keyField, task.format.json);
  for (const [i, { bytes, depth }] of items.entries()) {
    if (depth > NESTING_MAX) {
      const detail = `the event is nested deeper than ${NESTING_MAX} brackets`;
      chunk.refused({ reason: 'too-large', detail, ...kept(bytes, bytes.length) }, i + 1);
      continue;
    }
    const decoded = json.line(bytes);
    if (decoded.ok) chunk.event(decoded.event, i + 1, bytes);
    else chunk.refused({ ...decoded, ...kept(bytes, bytes.length) }, i + 1);
    if (!isFull(chunk, task)) continue;
    chunk.post(i + 1, whole);
    await posted();
  }
  chunk.post(items.length, whole);
}

/** A row is a record, counted from 1. */
async function readParquet(task: ReadInputTask, chunk: InputChunk, posted: () => Promise<void>): Promise<void> {
  // DuckDB, which reads it, is not loaded for the other formats.
  const { openParquet } = await import('../projections/parquet.ts');
  // Parquet's index is at its end, so a file that has grown is another file.
  const whole = await hashContent(openInput(task.path));
  const file = await openParquet(task.path, task.schema, task.keyField, companionOf(COMPANIONS, task.schema));
  try {
    let record = 0;
    for await (const { rows, raw } of file.rows()) {
      for (const [row, decoded] of rows.entries()) {
        record += 1;
        const bytes = raw(row);
        if (decoded.ok) {
          chunk.event(decoded.event, record, bytes);
          if (decoded.beside !== null) chunk.beside(decoded.beside);
        } else chunk.refused({ ...decoded, ...kept(bytes, bytes.length) }, record);
      }
      if (!isFull(chunk, task)) continue;
      chunk.post(record, whole);
      await posted();
    }
    chunk.post(record, whole);
  } finally {
    file.close();
  }
}
