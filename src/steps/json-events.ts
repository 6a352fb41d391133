/**
 * Events of a stream that a step has as JSON: unless every one fits the schema, the attempt ends before any is
 * delivered.
 */
import type { AvroRecord } from '../messages/avro.ts';
import type { DynamicEvent } from '../messages/codec.ts';
import { createJsonDecoder } from '../messages/json.ts';

/** What is no event. The message says which and why. */
export class NoEvent extends Error {}

/** DuckDB's times, and those of JavaScript's JSON, are UTC. */
const TIMES = { timeZone: 'UTC', timeFormats: [], dateFormats: [], epoch: null };

/** The reader of one event after the other; it throws a NoEvent. `noun` is what they are called, such as `row`. */
export function eventReader(stream: string, schema: AvroRecord, noun: string): (json: string) => DynamicEvent {
  const decoder = createJsonDecoder(schema, '', TIMES);
  let count = 0;
  return (json) => {
    count += 1;
    const read = decoder.line(json);
    if (read.ok) return read.event;
    throw new NoEvent(`${noun} ${count} is no event of ${stream}: ${read.detail} (${json.slice(0, 200)})`);
  };
}
