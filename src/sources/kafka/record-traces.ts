/** Where fetched records come from in traces, by the headers that producers of OpenTelemetry write. */
import type { FetchedRecord } from '../../kafka/group.ts';
import { distinctContexts, type Handover, type TraceContext, traceContextOf } from '../../messages/trace-context.ts';
import { textOf } from './record-parts.ts';

/** Undefined where none has a place in a trace. */
export function traceOf(records: readonly FetchedRecord[], nowMs: number): Handover | undefined {
  const from = distinctContexts(contextsOf(records));
  return from.length === 0 ? undefined : { from, sinceMs: nowMs, of: 'messages' };
}

function* contextsOf(records: readonly FetchedRecord[]): Generator<TraceContext> {
  for (const { headers } of records) {
    if (headers?.traceparent === undefined) continue;
    const state = textOf(headers.tracestate);
    const context = traceContextOf(textOf(headers.traceparent) ?? undefined, state ?? undefined);
    if (context !== null) yield context;
  }
}
