/** Writes each alert as one line to the service's log: the sink that needs no receiver. */
import type { AlertSink } from './sink.ts';

export interface LogSinkOptions {
  readonly name: string;
  /** Writes one line; the line holds no line break. */
  readonly write: (line: string) => void;
}

export function logSink({ name, write }: LogSinkOptions): AlertSink {
  return {
    name,
    async deliver(alert, idempotencyKey) {
      write(JSON.stringify({ idempotencyKey, ...alert }));
    },
  };
}
