/**
 * Reads a large input file in a thread of its own: bytes to lines to events to Avro blocks, one for each partition,
 * at the pace at which the partitions take them.
 */
import { createReadStream } from 'node:fs';
import type { Readable } from 'node:stream';
import type { MessagePort } from 'node:worker_threads';
import { createGunzip } from 'node:zlib';
import { type Block, type DynamicEvent, dynamicEventType } from '../messages/codec.ts';
import { createJsonDecoder, type JsonDecoded } from '../messages/json.ts';
import type { FraudLabel } from '../messages/payments.ts';
import type { DeadLetter } from '../messages/streams.ts';
import { deadLetterType, fraudLabelType } from '../messages/types.ts';
import { type CsvDecoder, createCsvDecoder } from '../sources/csv.ts';
import { createLineSplitter, KEPT_BYTES, MAX_LINE_BYTES } from '../sources/lines.ts';
import { partitionOf } from '../streams/partitioner.ts';
import { READ_AHEAD_CHUNKS, type ReadInputMessage, type ReadInputTask } from './read-input-protocol.ts';

/** Lines of a chunk, a partition: a batch is then small enough for the event loop to breathe. */
const LINES_PER_PARTITION = 2048;
const READ_BYTES = 1024 * 1024;
const LABEL_DELAY_MS = 7 * 86_400_000;

export default async function readInput({ task, port }: { task: ReadInputTask; port: MessagePort }): Promise<void> {
  const reader = createReader(task, (message) => port.postMessage(message));
  let credits = READ_AHEAD_CHUNKS;
  let resume = (): void => {};
  port.on('message', () => {
    credits += 1;
    resume();
  });
  try {
    for await (const bytes of openInput(task.path)) {
      for (const chunk of reader.push(bytes)) {
        credits -= chunk;
        while (credits <= 0) {
          await new Promise<void>((resolve) => {
            resume = resolve;
          });
        }
      }
    }
    reader.end();
  } finally {
    port.close();
  }
}

/** The file's bytes, unpacked. */
function openInput(path: string): Readable {
  const file = createReadStream(path, { highWaterMark: READ_BYTES });
  if (!path.endsWith('.gz')) return file;
  const unpacked = createGunzip({ chunkSize: READ_BYTES / 4 });
  file.on('error', (error) => unpacked.destroy(error));
  return file.pipe(unpacked);
}

interface Reader {
  /** Yields 1 for each chunk that was posted. */
  push(bytes: Buffer): Generator<number>;
  end(): void;
}

/** Piece of the input that is split at once, so that a chunk is posted soon after it is full. */
const PUSH_BYTES = 64 * 1024;

function createReader(task: ReadInputTask, post: (message: ReadInputMessage) => void): Reader {
  const { positions, stream, source } = task;
  const partitions = positions.length;
  const type = dynamicEventType(task.schema);
  const isCsv = /\.csv(\.gz)?$/.test(task.path);
  const json = createJsonDecoder(task.schema, task.keyField);
  let csv: CsvDecoder | null = null;
  let events: DynamicEvent[][] = positions.map(() => []);
  let labels: FraudLabel[][] = positions.map(() => []);
  let deadLetters: DeadLetter[] = [];
  let records = 0;
  let skipped = 0;
  let lastLine = 0;

  function reject(decoded: Extract<JsonDecoded, { ok: false }>, raw: Buffer, rawLength: number, line: number): void {
    if (line <= (positions[0] ?? 0)) {
      skipped += 1;
      return;
    }
    const { reason, detail } = decoded;
    deadLetters.push({ stream, source, position: line, reason, detail, raw, rawLength });
  }

  function accept(event: DynamicEvent, scenario: number, line: number): void {
    const key = event[task.keyField];
    const partition = partitionOf(
      typeof key === 'number' || typeof key === 'string' ? key : JSON.stringify(key),
      partitions,
    );
    if (line <= (positions[partition] ?? 0)) {
      skipped += 1;
      return;
    }
    events[partition]?.push(event);
    if (scenario !== 0) labels[partition]?.push(labelOf(event, scenario));
  }

  const splitter = createLineSplitter({
    line(bytes, number) {
      lastLine = number;
      if (bytes.length === 0) return;
      const text = bytes.toString('utf8');
      if (isCsv && csv === null) {
        csv = csvDecoder(task, text);
        return;
      }
      records += 1;
      const { decoded, scenario } = csv === null ? { decoded: json.line(text), scenario: 0 } : csv.row(text);
      if (decoded.ok) accept(decoded.event, scenario, number);
      else reject(decoded, Buffer.from(bytes.subarray(0, KEPT_BYTES)), bytes.length, number);
    },
    tooLong(head, length, number) {
      lastLine = number;
      records += 1;
      const detail = `The line has ${length} bytes; at most ${MAX_LINE_BYTES} are taken`;
      reject({ ok: false, reason: 'too-large', detail }, head, length, number);
    },
  });

  function postChunk(): void {
    for (let partition = 0; partition < partitions; partition++) {
      const blocks: Block[] = [];
      const own = events[partition] ?? [];
      if (own.length > 0) blocks.push(type.encodeBlock(own));
      const known = labels[partition] ?? [];
      if (known.length > 0) blocks.push(fraudLabelType.encodeBlock(known));
      if (partition === 0 && deadLetters.length > 0) blocks.push(deadLetterType.encodeBlock(deadLetters));
      if (blocks.length > 0) post({ kind: 'batch', partition, next: lastLine, blocks });
    }
    post({ kind: 'chunk', records, skipped, lastLine });
    events = positions.map(() => []);
    labels = positions.map(() => []);
    deadLetters = [];
    records = 0;
    skipped = 0;
  }

  return {
    *push(bytes) {
      for (let at = 0; at < bytes.length; at += PUSH_BYTES) {
        splitter.push(bytes.subarray(at, at + PUSH_BYTES));
        if (records >= LINES_PER_PARTITION * partitions) {
          postChunk();
          yield 1;
        }
      }
    },
    end() {
      splitter.end();
      postChunk();
    },
  };
}

function csvDecoder(task: ReadInputTask, header: string): CsvDecoder {
  try {
    return createCsvDecoder(task.schema, task.keyField, header);
  } catch (error) {
    throw new Error(`${task.path}: ${error instanceof Error ? error.message : String(error)}`);
  }
}

function labelOf(event: DynamicEvent, scenario: number): FraudLabel {
  const occurredAt = Number(event.occurredAt);
  return {
    transactionId: Number(event.transactionId),
    customerId: Number(event.customerId),
    fraud: true,
    scenario,
    knownAt: occurredAt + LABEL_DELAY_MS,
    origin: 'handbook',
  };
}
