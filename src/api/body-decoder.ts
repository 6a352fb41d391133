/**
 * The body of an ingest request as blocks by partition and dead letters: at once when it is small, else in a thread of the
 * pool, so that no body keeps the event loop from answering.
 */

import { STANDARD_FORMAT } from '../messages/stream-format.ts';
import type { RunningStream } from '../service/pipeline.ts';
import { createBodyParser } from '../workers/body-parser.ts';
import type { BodyPool } from '../workers/body-pool.ts';
import type { BodyShape, EventBody, ParsedBody } from '../workers/parse-body-protocol.ts';

/** 'busy': too many bodies wait to be parsed. Takes the memory of the body. */
export type BodyDecoder = (body: EventBody) => Promise<ParsedBody | 'busy'>;

/** A few milliseconds of events. */
const SHORT_BYTES = 16 * 1024;
/** An event that is refused costs many times one that is taken. */
const SHORT_REFUSED = 64;

export function createBodyDecoder({ name, eventType, config, units }: RunningStream, pool: BodyPool): BodyDecoder {
  const shape: BodyShape = {
    stream: name,
    schema: eventType.schema,
    keyField: config?.key ?? '',
    times: (config?.format ?? STANDARD_FORMAT).json,
    partitions: units.length,
  };
  const parser = createBodyParser(shape);
  return async (body) => {
    if (isShort(body)) {
      const parsed = parser.parseShort(body, SHORT_REFUSED);
      if (parsed !== null) return parsed;
    }
    return pool.parse({ shape, body });
  };
}

/** What a few packed bytes unpack to, or a writer's schema asks for, is not to be seen from outside. */
function isShort({ format, encoding, bytes }: EventBody): boolean {
  return encoding === 'identity' && format !== 'avro-container' && bytes.byteLength <= SHORT_BYTES;
}
