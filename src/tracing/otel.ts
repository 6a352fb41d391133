/**
 * Tracing by OpenTelemetry's own packages, which are the user's to install: they are loaded when `tracing` is configured, and
 * by nothing else. Spans leave in batches over OTLP/HTTP; when nobody takes them they are dropped, and nothing waits.
 */
import { createRequire } from 'node:module';
import { hasCode } from '../error-code.ts';
import type { TraceContext } from '../messages/trace-context.ts';
import type { Packages } from './otel-packages.ts';
import type { Span, SpanStart, Tracing } from './port.ts';

export interface TracingOptions {
  /** service.name. */
  readonly service: string;
  readonly version: string;
  /** Of the receiver's traces, such as http://127.0.0.1:4318/v1/traces. */
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  /** Share of the traces that begin here and are recorded; what comes with a trace goes by what that says. */
  readonly sample: number;
  /** What goes wrong on the way out, in words. */
  readonly warn: (message: string) => void;
}

/** The packages are not there. */
export class TracingPackagesMissing extends Error {}

const PACKAGES = ['api@~1.9', 'core@2', 'resources@2', 'sdk-trace-base@2', 'exporter-trace-otlp-http@~0.223'];
/** An outage of the receiver is said once so often. */
const WARN_EVERY_MS = 60_000;

/** Throws TracingPackagesMissing, which says what to install. */
export function startTracing(options: TracingOptions): Tracing {
  const { api, core, resources, sdk, otlp } = load();
  const { service, version, url, headers, sample } = options;
  api.diag.setLogger({ error: warnSeldom(options.warn), warn() {}, info() {}, debug() {}, verbose() {} });
  const exporter = new otlp.OTLPTraceExporter({ url, headers: { ...headers } });
  const provider = new sdk.BasicTracerProvider({
    resource: resources.resourceFromAttributes({ 'service.name': service, 'service.version': version }),
    sampler: new sdk.ParentBasedSampler({ root: new sdk.TraceIdRatioBasedSampler(sample) }),
    spanProcessors: [new sdk.BatchSpanProcessor(exporter)],
  });
  const tracer = provider.getTracer('millrace', version);
  const w3c = new core.W3CTraceContextPropagator();
  const getter = {
    keys: (carrier: TraceContext) => Object.keys(carrier),
    get: (carrier: TraceContext, key: string) =>
      key === 'traceparent' ? carrier.traceparent : key === 'tracestate' ? carrier.tracestate : undefined,
  };
  const kinds = {
    server: api.SpanKind.SERVER,
    client: api.SpanKind.CLIENT,
    producer: api.SpanKind.PRODUCER,
    consumer: api.SpanKind.CONSUMER,
    internal: api.SpanKind.INTERNAL,
  };
  const placeOf = (from: TraceContext) => w3c.extract(api.ROOT_CONTEXT, from, getter);

  function begin({ name, kind, from: [parent, ...linked], attributes, startMs }: SpanStart): Span {
    const links = linked.flatMap((from) => {
      const context = api.trace.getSpanContext(placeOf(from));
      return context === undefined ? [] : [{ context }];
    });
    const start = startMs === undefined ? {} : { startTime: startMs };
    const above = parent === undefined ? api.ROOT_CONTEXT : placeOf(parent);
    const span = tracer.startSpan(name, { kind: kinds[kind], attributes: { ...attributes }, links, ...start }, above);
    const carrier = { traceparent: '', tracestate: '' };
    w3c.inject(api.trace.setSpan(api.ROOT_CONTEXT, span), carrier, {
      set(own: typeof carrier, key: string, value: string) {
        if (key === 'traceparent' || key === 'tracestate') own[key] = value;
      },
    });
    const { traceparent, tracestate } = carrier;
    return {
      context: tracestate === '' ? { traceparent } : { traceparent, tracestate },
      end(more = {}, error) {
        span.setAttributes({ ...more });
        if (error !== undefined) span.setStatus({ code: api.SpanStatusCode.ERROR, message: error });
        span.end();
      },
    };
  }
  return { begin, close: () => provider.shutdown().catch(() => {}) };
}

function load(): Packages {
  const require = createRequire(import.meta.url);
  try {
    return {
      api: require('@opentelemetry/api'),
      core: require('@opentelemetry/core'),
      resources: require('@opentelemetry/resources'),
      sdk: require('@opentelemetry/sdk-trace-base'),
      otlp: require('@opentelemetry/exporter-trace-otlp-http'),
    };
  } catch (error) {
    if (!hasCode(error, 'MODULE_NOT_FOUND')) throw error;
    throw new TracingPackagesMissing(
      "needs OpenTelemetry's packages, and they are not all installed beside Millrace: " +
        `npm install ${PACKAGES.map((name) => `@opentelemetry/${name}`).join(' ')}`,
      { cause: error },
    );
  }
}

function warnSeldom(warn: (message: string) => void): (message: string) => void {
  let saidAt = Number.NEGATIVE_INFINITY;
  return (message) => {
    const now = performance.now();
    if (now - saidAt < WARN_EVERY_MS) return;
    saidAt = now;
    warn(message);
  };
}
