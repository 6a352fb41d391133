/** Reads the original of a dead letter again, as its source would today. */
import { COMPANIONS } from '../builtin-types.ts';
import type { AvroRecord } from '../messages/avro.ts';
import { companionOf } from '../messages/companion.ts';
import { createContainerDecoder } from '../messages/container.ts';
import { createCsvDecoder } from '../messages/csv.ts';
import { createJsonDecoder } from '../messages/json.ts';
import type { InputBlock } from '../messages/origins.ts';
import type { StreamFormat } from '../messages/stream-format.ts';
import type { DeadLetter } from '../messages/streams.ts';
import { createInputChunk, type InputChunk } from './input-chunk.ts';

export type RereadLetter = Pick<DeadLetter, 'source' | 'position' | 'raw' | 'rawLength' | 'format' | 'context'>;

export type Reread =
  | { readonly kind: 'event'; readonly partition: number; readonly blocks: readonly InputBlock[] }
  | { readonly kind: 'refused'; readonly detail: string };

export interface RereadStream {
  readonly name: string;
  readonly schema: AvroRecord;
  readonly keyField: string;
  readonly format: StreamFormat;
  readonly partitions: number;
}

export function reread(letter: RereadLetter, stream: RereadStream): Reread {
  const { name, schema, keyField, format: written, partitions } = stream;
  const { raw, rawLength, source, position, format, context } = letter;
  if (rawLength > raw.length) {
    return refused(`only ${raw.length} of its ${rawLength} bytes were kept; send it again from where it came`);
  }
  let found: Extract<Reread, { readonly kind: 'event' }> | null = null;
  const positions = Array.from({ length: partitions }, () => 0);
  const task = { path: '', stream: name, source, schema, keyField, format: written, positions, known: [] };
  const chunk = createInputChunk(task, { positions, records: positions }, (message) => {
    if (message.kind === 'batch') found = { kind: 'event', partition: message.partition, blocks: message.blocks };
  });
  chunk.readAs({ format, context });
  const problem = problemTaking(letter, chunk, stream, Math.max(1, position));
  if (problem !== null) return refused(problem);
  chunk.post(0, null);
  return found ?? refused('it holds no event');
}

/** Why it can't be read; null once the chunk has its event. */
function problemTaking(...letter: Parameters<typeof take>): string | null {
  try {
    return take(...letter);
  } catch (error) {
    // Its header, or its writer's schema, is not one of the stream any more.
    return error instanceof Error ? error.message : String(error);
  }
}

function take(
  { raw, format, context }: RereadLetter,
  chunk: InputChunk,
  { schema, keyField, format: written }: RereadStream,
  position: number,
): string | null {
  switch (format) {
    case 'json': {
      const decoded = createJsonDecoder(schema, keyField, written.json).line(raw);
      if (!decoded.ok) return `${decoded.reason}: ${decoded.detail}`;
      chunk.event(decoded.event, position, raw);
      return null;
    }
    case 'csv': {
      // The file's header, unless its stream says what stands for one.
      const header = written.csv.header === true ? Buffer.from(context, 'utf8') : null;
      const companion = companionOf(COMPANIONS, schema);
      const decoded = createCsvDecoder(schema, keyField, header, written.csv, companion).row(raw);
      if (!decoded.ok) return `${decoded.reason}: ${decoded.detail}`;
      chunk.event(decoded.event, position, raw);
      if (decoded.beside !== null) chunk.beside(decoded.beside);
      return null;
    }
    case 'avro':
      if (context === '') return "its writer's schema was not kept; send it again from where it came";
      for (const { events, misfits } of createContainerDecoder(schema, keyField).whole(
        containerOf(raw, context),
        2 ** 26,
      )) {
        const [event] = events;
        if (event === null || event === undefined) return misfits.get(0)?.detail ?? 'it is no record of the stream';
        chunk.event(event, position, raw);
      }
      return null;
    default:
      return 'its bytes alone do not say what it is, or an earlier version kept them; send it again from where it came';
  }
}

function refused(detail: string): Reread {
  return { kind: 'refused', detail };
}

/** An object container of the one record, by Avro's specification. */
function containerOf(record: Buffer, schemaText: string): Buffer {
  const sync = Buffer.alloc(16);
  const schema = Buffer.from(schemaText, 'utf8');
  const name = Buffer.from('avro.schema', 'latin1');
  const metadata = [long(1), long(name.length), name, long(schema.length), schema, long(0)];
  return Buffer.concat([
    Buffer.from('Obj\u0001', 'latin1'),
    ...metadata,
    sync,
    long(1),
    long(record.length),
    record,
    sync,
  ]);
}

/** Zigzag, seven bits a byte. The number is not negative and below 2^31. */
function long(value: number): Buffer {
  const bytes: number[] = [];
  let left = 2 * value;
  for (; left > 127; left = Math.floor(left / 128)) bytes.push((left % 128) + 128);
  bytes.push(left);
  return Buffer.from(bytes);
}
