/** The place in a trace that a message comes from, in the two headers of W3C Trace Context. */
export interface TraceContext {
  readonly traceparent: string;
  readonly tracestate?: string;
}

/** Where what a source hands over comes from, and since when it waits. */
export interface Handover {
  readonly from: readonly TraceContext[];
  /** Epoch ms. */
  readonly sinceMs: number;
  /** Messages that somebody else keeps, or a request that is answered. */
  readonly of: 'messages' | 'request';
}

/** Several as one: null where there is none. */
export function handoverOf(parts: readonly { readonly trace?: Handover }[]): Handover | null {
  let first: Handover | null = null;
  let isOne = true;
  for (const { trace } of parts) {
    if (trace === undefined) continue;
    if (first === null) first = trace;
    else isOne = false;
  }
  if (first === null || isOne) return first;
  return { ...first, from: distinctContexts(parts.flatMap(({ trace }) => trace?.from ?? [])) };
}

/** How many of a batch are kept. */
const CONTEXTS_MAX = 32;
/** https://www.w3.org/TR/trace-context/#traceparent-header: version, trace, span, flags. */
const TRACEPARENT = /^[\da-f]{2}-[\da-f]{32}-[\da-f]{16}-[\da-f]{2}/;
const TRACESTATE_CHARACTERS_MAX = 512;

/** Null where the headers name no place in a trace. */
export function traceContextOf(traceparent: string | undefined, tracestate: string | undefined): TraceContext | null {
  if (traceparent === undefined || !TRACEPARENT.test(traceparent)) return null;
  return tracestate === undefined || tracestate === '' || tracestate.length > TRACESTATE_CHARACTERS_MAX
    ? { traceparent }
    : { traceparent, tracestate };
}

/** The first of each kind, and no more than a span can be linked to at little cost. */
export function distinctContexts(contexts: Iterable<TraceContext>): readonly TraceContext[] {
  const found = new Map<string, TraceContext>();
  for (const context of contexts) {
    if (found.size >= CONTEXTS_MAX) break;
    if (!found.has(context.traceparent)) found.set(context.traceparent, context);
  }
  return [...found.values()];
}
