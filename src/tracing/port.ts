/**
 * The port of tracing: spans, each at its place in a trace. What has no port does nothing: a service without `tracing` has
 * none.
 */
import type { TraceContext } from '../messages/trace-context.ts';

export interface Tracing {
  begin(span: SpanStart): Span;
  /** Resolves once everything that has ended is sent, or can't be. */
  close(): Promise<void>;
}

export interface SpanStart {
  readonly name: string;
  /** As OpenTelemetry calls them. */
  readonly kind: 'server' | 'client' | 'producer' | 'consumer' | 'internal';
  /** The first is the parent, the others are linked. Without one a trace begins here, for the share that is sampled. */
  readonly from: readonly TraceContext[];
  readonly attributes: Attributes;
  /** Epoch ms; now, where it is absent. */
  readonly startMs?: number;
}

export type Attributes = Readonly<Record<string, string | number | boolean>>;

export interface Span {
  /** Its own place, for what it leads to; null where nobody records it. */
  readonly context: TraceContext;
  /** `error` in words: what it was about did not succeed. */
  end(attributes?: Attributes, error?: string): void;
}
