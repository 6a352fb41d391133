/**
 * What of OpenTelemetry's packages is used, by the versions of docs/dependencies.md. Their own types are not there where the
 * packages are not, and Millrace is built without them.
 */
import type { TraceContext } from '../messages/trace-context.ts';
import type { Attributes } from './port.ts';

export interface Packages {
  readonly api: {
    readonly ROOT_CONTEXT: OtelContext;
    readonly SpanKind: Readonly<Record<'INTERNAL' | 'SERVER' | 'CLIENT' | 'PRODUCER' | 'CONSUMER', number>>;
    readonly SpanStatusCode: { readonly ERROR: number };
    readonly trace: {
      getSpanContext(context: OtelContext): OtelSpanContext | undefined;
      setSpan(context: OtelContext, span: OtelSpan): OtelContext;
    };
    readonly diag: { setLogger(logger: OtelLogger): void };
  };
  readonly core: { readonly W3CTraceContextPropagator: new () => Propagator };
  readonly resources: { resourceFromAttributes(attributes: Attributes): object };
  readonly sdk: {
    readonly BasicTracerProvider: new (options: {
      readonly resource: object;
      readonly sampler: object;
      readonly spanProcessors: readonly object[];
    }) => { getTracer(name: string, version: string): Tracer; shutdown(): Promise<void> };
    readonly ParentBasedSampler: new (options: { readonly root: object }) => object;
    readonly TraceIdRatioBasedSampler: new (share: number) => object;
    readonly BatchSpanProcessor: new (exporter: object) => object;
  };
  readonly otlp: {
    readonly OTLPTraceExporter: new (options: {
      readonly url: string;
      readonly headers: Readonly<Record<string, string>>;
    }) => object;
  };
}

/** Never looked into. */
type OtelContext = object;
type OtelSpanContext = object;

interface OtelSpan {
  setAttributes(attributes: Attributes): void;
  setStatus(status: { readonly code: number; readonly message: string }): void;
  end(): void;
}

interface Tracer {
  startSpan(
    name: string,
    options: {
      readonly kind: number;
      readonly attributes: Attributes;
      readonly links: readonly { readonly context: OtelSpanContext }[];
      readonly startTime?: number;
    },
    context: OtelContext,
  ): OtelSpan;
}

interface Propagator {
  extract(
    context: OtelContext,
    carrier: TraceContext,
    getter: { keys(carrier: TraceContext): string[]; get(carrier: TraceContext, key: string): string | undefined },
  ): OtelContext;
  inject<Carrier>(
    context: OtelContext,
    carrier: Carrier,
    setter: { set(carrier: Carrier, key: string, value: string): void },
  ): void;
}

type OtelLogger = Readonly<Record<'error' | 'warn' | 'info' | 'debug' | 'verbose', (message: string) => void>>;
