/** Writes each event as one line to the service's log: the sink that needs no receiver. */
import { jsonWithId, type Sink } from '../sink.ts';

export interface LogSinkOptions {
  readonly name: string;
  /** Writes one line; the line holds no line break. */
  readonly write: (line: string) => void;
}

export function logSink({ name, write }: LogSinkOptions): Sink {
  return {
    name,
    batch: { events: 100, bytes: 1024 * 1024 },
    async deliver(events) {
      for (const event of events) write(jsonWithId(event));
    },
  };
}
