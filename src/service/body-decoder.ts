/** The body of an ingest request as events and dead letters. */

import type { DynamicEvent } from '../messages/codec.ts';
import { decodeContainer } from '../messages/codec.ts';
import { createJsonDecoder } from '../messages/json.ts';
import { type DeadLetter, RAW_BYTES_MAX } from '../messages/streams.ts';
import { createLineSplitter, MAX_LINE_BYTES } from '../sources/lines.ts';
import { type DecodedBody, HTTP_SOURCE } from './ingest.ts';
import type { StreamRuntime } from './pipeline.ts';

export interface EventBody {
  readonly format: 'json-lines' | 'avro-container';
  readonly bytes: Uint8Array;
}

export function createBodyDecoder(stream: StreamRuntime): (body: EventBody) => DecodedBody {
  const { eventType, name } = stream;
  const json = createJsonDecoder(eventType.schema, stream.config?.key ?? '');
  return ({ format, bytes }) => {
    const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    const events: DynamicEvent[] = [];
    const deadLetters: DeadLetter[] = [];
    const reject = (reason: string, detail: string, raw: Buffer, rawLength: number, position: number): void => {
      deadLetters.push({ stream: name, source: HTTP_SOURCE, position, reason, detail, raw, rawLength });
    };
    if (format === 'avro-container') {
      const decoded = decodeContainer(eventType, buffer);
      if (decoded.ok) return { events: decoded.events, deadLetters };
      reject('not-avro', decoded.detail, buffer.subarray(0, RAW_BYTES_MAX), buffer.length, 0);
      return { events, deadLetters };
    }
    const splitter = createLineSplitter({
      line(line, number) {
        if (line.length === 0) return;
        const decoded = json.line(line.toString('utf8'));
        if (decoded.ok) events.push(decoded.event);
        else reject(decoded.reason, decoded.detail, Buffer.from(line.subarray(0, RAW_BYTES_MAX)), line.length, number);
      },
      tooLong(head, length, number) {
        reject('too-large', `The line has ${length} bytes; at most ${MAX_LINE_BYTES} are taken`, head, length, number);
      },
    });
    splitter.push(buffer);
    splitter.end();
    return { events, deadLetters };
  };
}
