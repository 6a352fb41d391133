/** A request as a span: requests that hand in events or commands, and requests that bring a trace context. */
import { traceContextOf } from '../messages/trace-context.ts';
import type { Tracing } from '../tracing/port.ts';
import type { RouteContext } from './route.ts';

export interface RequestSpan {
  end(status: number): void;
}

/** Null for a read that nobody traces. */
export function requestSpan(tracing: Tracing, c: RouteContext, route: string): RequestSpan | null {
  const { method, path } = c.req;
  const from = traceContextOf(c.req.header('traceparent'), c.req.header('tracestate'));
  if (from === null && (method === 'GET' || method === 'HEAD')) return null;
  // Names of OpenTelemetry's conventions for HTTP servers, 1.23.
  const span = tracing.begin({
    name: `${method} ${route}`,
    kind: 'server',
    from: from === null ? [] : [from],
    attributes: { 'http.request.method': method, 'http.route': route, 'url.path': path },
  });
  c.set('trace', span.context);
  return {
    end(status) {
      // A refusal of ours is the fault of whoever asked: it is no error of the server.
      span.end({ 'http.response.status_code': status }, status >= 500 ? `answered ${status}` : undefined);
    },
  };
}
