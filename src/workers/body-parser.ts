/**
 * Parses the body of a request into blocks by partition and dead letters. The same code runs in the event loop, for small
 * bodies, and in a thread of the pool.
 *
 * Events and dead letters are written to their blocks one by one, so that millions of them are never held as objects.
 * Invariant: every event of the body is in a block, or counted as refused and in a dead letter.
 */
import { createHash } from 'node:crypto';
import type { BlockWriter } from '../messages/block.ts';
import { type DynamicEvent, dynamicEventType } from '../messages/codec.ts';
import { createContainerDecoder } from '../messages/container.ts';
import { ContainerError } from '../messages/container-header.ts';
import { createJsonDecoder } from '../messages/json.ts';
import {
  AS_IT_CAME,
  AS_JSON,
  asAvro,
  createOriginWriter,
  type InputBlock,
  type OriginalForm,
  type OriginWriter,
} from '../messages/origins.ts';
import { type DeadLetter, RAW_BYTES_MAX } from '../messages/streams.ts';
import { deadLetterType } from '../messages/types.ts';
import { createLineSplitter, MAX_LINE_BYTES } from '../sources/lines.ts';
import { eventKey } from '../streams/field-key.ts';
import { partitionOfEventKey } from '../streams/partitioner.ts';
import { beginsAsArray, eachItem, NESTING_MAX, nestingOf, onlyObject } from './json-items.ts';
import {
  type BodyShape,
  CONTAINER_BYTES_MAX,
  EVENTS_A_BLOCK,
  type EventBody,
  type ParsedBody,
  REFUSED_MAX,
  REFUSED_SHOWN,
  type RefusedEvent,
  type RefusedEvents,
} from './parse-body-protocol.ts';
import { unpack } from './unpack.ts';

export interface BodyParser {
  parse(body: EventBody): ParsedBody;
  /** Null once more than `refusedMax` events are refused: each costs an exception, and the event loop waits. */
  parseShort(body: EventBody, refusedMax: number): ParsedBody | null;
}

/** The source name of HTTP ingestion, for its positions in a log and in its dead letters. */
export const HTTP_SOURCE = 'http';
/** A block of this size is closed. */
const BLOCK_BYTES = 1024 * 1024;
/** Writer's schemas kept with the dead letters of one body have at most so many characters together. */
const CONTEXT_CHARACTERS_MAX = 16 * 1024 * 1024;
/** Fewer bytes can't nest deep enough to cost anything. */
const FLAT_BYTES = 1024;

/** Too many events were refused. */
class GivenUp extends Error {}
/** The body is not JSON as a whole, although it has to be. */
class Unreadable extends Error {}

type Refuse = (reason: string, detail: string, raw: Buffer, rawLength: number, position: number) => void;

interface Sink {
  event(event: DynamicEvent, raw: Uint8Array, position: number): void;
  refuse: Refuse;
  /** Sets the form of the originals from now on. */
  readAs(form: OriginalForm): void;
}

export function createBodyParser(shape: BodyShape): BodyParser {
  const { schema, keyField, times } = shape;
  const type = dynamicEventType(schema);
  const json = createJsonDecoder(schema, keyField, times);
  const container = createContainerDecoder(schema, keyField);

  function takeJson(bytes: Buffer, depth: number, position: number, sink: Sink, isPart: boolean): void {
    const refuse = (reason: string, detail: string): void =>
      sink.refuse(reason, detail, bytes.subarray(0, RAW_BYTES_MAX), bytes.length, position);
    if (bytes.length > MAX_LINE_BYTES) {
      refuse('too-large', `The event has ${bytes.length} bytes; at most ${MAX_LINE_BYTES} are taken`);
    } else if (depth > NESTING_MAX) {
      refuse('too-large', `it is nested deeper than ${NESTING_MAX} brackets`);
    } else {
      const decoded = json.line(bytes);
      if (decoded.ok) sink.event(decoded.event, bytes, position);
      else if (isPart && decoded.reason === 'not-json') throw new Unreadable(`event ${position}: ${decoded.detail}`);
      else refuse(decoded.reason, decoded.detail);
    }
  }

  function takeLines(bytes: Buffer, sink: Sink): void {
    const splitter = createLineSplitter({
      line(line, number) {
        if (line.length === 0) return;
        takeJson(line, line.length < FLAT_BYTES ? 0 : nestingOf(line), number, sink, false);
      },
      tooLong(head, length, number) {
        const detail = `The line has ${length} bytes; at most ${MAX_LINE_BYTES} are taken`;
        sink.refuse('too-large', detail, head, length, number);
      },
    });
    splitter.push(bytes);
    splitter.end();
  }

  function takeText(marked: Buffer, sink: Sink): void {
    const bytes = withoutMark(marked);
    if (beginsAsArray(bytes)) {
      const item = (value: Buffer, number: number, depth: number): void => takeJson(value, depth, number, sink, true);
      const problem = eachItem(bytes, { item });
      if (problem !== null) throw new Unreadable(problem);
      return;
    }
    const only = onlyObject(bytes);
    if (only === null) takeLines(bytes, sink);
    else takeJson(only.object, only.depth, 1, sink, false);
  }

  /** Takes the blocks before a damaged one. When there are none, the body as a whole is unreadable. */
  function takeContainer(bytes: Buffer, sink: Sink): void {
    let record = 0;
    try {
      for (const block of container.whole(bytes, CONTAINER_BYTES_MAX)) {
        sink.readAs(asAvro(block.schemaText));
        for (const [i, event] of block.events.entries()) {
          const raw = block.bytes.subarray(block.starts[i], block.starts[i + 1]);
          const misfit = block.misfits.get(i);
          record += 1;
          if (event !== null) sink.event(event, raw, record);
          else if (misfit !== undefined) {
            sink.refuse(misfit.reason, misfit.detail, raw.subarray(0, RAW_BYTES_MAX), raw.length, record);
          }
        }
      }
    } catch (error) {
      if (!(error instanceof ContainerError) || record === 0 || error.reason === 'too-large') throw error;
      const rest = bytes.subarray(error.byte);
      sink.readAs(AS_IT_CAME);
      sink.refuse(error.reason, error.message, rest.subarray(0, RAW_BYTES_MAX), rest.length, record + 1);
    }
  }

  function parse(body: EventBody, refusedMax: number): ParsedBody {
    const packed = Buffer.from(body.bytes.buffer, body.bytes.byteOffset, body.bytes.byteLength);
    const unpacked = unpack(packed, body.encoding);
    if (!unpacked.ok) return unpacked.refusal;
    const { bytes } = unpacked;
    if (bytes.length === 0) return { kind: 'unreadable', reason: 'empty-body', detail: 'it has no byte' };
    const output = createOutput(shape, refusedMax, () => type.blockWriter());
    try {
      if (body.format === 'json-lines') takeLines(bytes, output.sink);
      else if (body.format === 'json') takeText(bytes, output.sink);
      else takeContainer(bytes, output.sink);
    } catch (error) {
      if (error instanceof ContainerError) return unreadableContainer(error);
      if (error instanceof GivenUp) return { kind: 'too-many-refused', refused: output.refused() };
      if (!(error instanceof Unreadable)) throw error;
      return { kind: 'unreadable', reason: 'not-json', detail: error.message };
    }
    return output.finish(createHash('sha256').update(body.format).update('\n').update(bytes).digest());
  }

  return {
    parse: (body) => parse(body, REFUSED_MAX),
    parseShort(body, refusedMax) {
      const parsed = parse(body, refusedMax);
      return parsed.kind === 'too-many-refused' ? null : parsed;
    },
  };
}

function unreadableContainer({ reason, message }: ContainerError): ParsedBody {
  return reason === 'too-large' ? { kind: 'too-large' } : { kind: 'unreadable', reason, detail: message };
}

function createOutput(
  { stream, schema, keyField, partitions }: BodyShape,
  refusedMax: number,
  newWriter: () => BlockWriter<DynamicEvent>,
): { readonly sink: Sink; refused(): RefusedEvents; finish(digest: Uint8Array): ParsedBody } {
  const keyOf = eventKey(schema, keyField);
  const events = new Map<number, Collected<DynamicEvent> & { readonly origins: OriginWriter }>();
  const letters = collect(deadLetterType.blockWriter());
  const reasons: Record<string, number> = {};
  const first: RefusedEvent[] = [];
  let taken = 0;
  let refused = 0;
  let contextLeft = CONTEXT_CHARACTERS_MAX;
  const originals = { form: AS_JSON };
  return {
    sink: {
      event(event, raw, position) {
        const partition = partitionOfEventKey(keyOf(event), partitions);
        let own = events.get(partition);
        if (own === undefined) {
          const origins = createOriginWriter();
          own = { ...collect(newWriter(), { origins, originals }), origins };
          events.set(partition, own);
        }
        own.origins.add(position, raw);
        own.push(event, raw.byteLength);
        taken += 1;
      },
      refuse(reason, detail, raw, rawLength, position) {
        if (refused === refusedMax) throw new GivenUp();
        refused += 1;
        reasons[reason] = (reasons[reason] ?? 0) + 1;
        if (first.length < REFUSED_SHOWN) first.push({ position, reason, detail });
        const { format, context } = originals.form;
        contextLeft -= context.length;
        const form = { format, context: contextLeft < 0 ? '' : context };
        const letter: DeadLetter = { stream, source: HTTP_SOURCE, position, raw, rawLength, ...form, reason, detail };
        letters.push(letter, raw.length + detail.length + form.context.length);
      },
      readAs(form) {
        originals.form = form;
      },
    },
    refused: () => ({ count: refused, reasons, first }),
    finish(digest) {
      const blocks = new Map([...events].map(([partition, own]) => [partition, own.blocks()]));
      if (refused > 0) blocks.set(0, [...(blocks.get(0) ?? []), ...letters.blocks()]);
      return {
        kind: 'parsed',
        digest,
        events: taken,
        refused: { count: refused, reasons, first },
        partitions: [...blocks].map(([partition, own]) => ({ partition, blocks: own })),
      };
    },
  };
}

interface Collected<T> {
  push(event: T, bytes: number): void;
  blocks(): readonly InputBlock[];
}

interface BlockOrigins {
  readonly origins: OriginWriter;
  readonly originals: { readonly form: OriginalForm };
}

/** Collects blocks of a bounded size, so that the receiver can commit a part at a time. */
function collect<T>(writer: BlockWriter<T>, from: BlockOrigins | null = null): Collected<T> {
  const blocks: InputBlock[] = [];
  let bytesWritten = 0;
  const close = (): void => {
    const block = writer.take();
    const origins = block === null ? undefined : from?.origins.take(HTTP_SOURCE, from.originals.form);
    if (block !== null) blocks.push(origins === undefined ? block : { ...block, origins });
    bytesWritten = 0;
  };
  return {
    push(event, bytes) {
      writer.push(event);
      bytesWritten += bytes;
      if (writer.length >= EVENTS_A_BLOCK || bytesWritten >= BLOCK_BYTES) close();
    },
    blocks() {
      close();
      return blocks;
    },
  };
}

function withoutMark(bytes: Buffer): Buffer {
  return bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf ? bytes.subarray(3) : bytes;
}
