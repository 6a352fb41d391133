/** A trace of OpenTelemetry's own SDK, from a request through its commits to the alert, as a receiver of OTLP gets it. */

import { spawn } from 'node:child_process';
import { cpSync, mkdirSync, readdirSync, symlinkSync } from 'node:fs';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { expect, it, vi } from 'vitest';
import { finish, ROOT, startService, temporaryDirectory } from '../integration/millrace.ts';

interface OtlpSpan {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId?: string;
  readonly name: string;
  readonly kind: number;
  readonly startTimeUnixNano: string;
  readonly endTimeUnixNano: string;
  readonly status?: { readonly code?: number };
  readonly attributes: readonly { readonly key: string; readonly value: Readonly<Record<string, unknown>> }[];
}

interface Posted {
  readonly headers: NodeJS.Dict<string | string[]>;
  readonly body: string;
}

async function server(
  status: () => number,
): Promise<{ readonly url: string; readonly posts: Posted[]; close(): void }> {
  const posts: Posted[] = [];
  const own = createServer((request, response) => {
    const parts: Buffer[] = [];
    request.on('data', (part: Buffer) => parts.push(part));
    request.on('end', () => {
      posts.push({ headers: request.headers, body: Buffer.concat(parts).toString() });
      response.writeHead(status(), { 'content-type': 'application/json' }).end('{}');
    });
  });
  await new Promise<void>((resolve) => own.listen(0, '127.0.0.1', resolve));
  const at = own.address();
  if (at === null || typeof at === 'string') throw new Error('no port');
  return { url: `http://127.0.0.1:${at.port}/v1/traces`, posts, close: () => own.close() };
}

const spansOf = (posts: readonly Posted[]): OtlpSpan[] =>
  posts.flatMap(({ body }) => {
    const { resourceSpans }: { resourceSpans: { scopeSpans: { spans: OtlpSpan[] }[] }[] } = JSON.parse(body);
    return resourceSpans.flatMap(({ scopeSpans }) => scopeSpans.flatMap(({ spans }) => spans));
  });
const attribute = ({ attributes }: OtlpSpan, name: string): unknown =>
  Object.values(attributes.find(({ key }) => key === name)?.value ?? {})[0];

const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736';
const CALLER = '00f067aa0ba902b7';

it('goes from whoever asked through the request, its commits and the exchange to the alert and on to its receiver', async () => {
  const collector = await server(() => 200);
  let hookStatus = 503;
  const hook = await server(() => hookStatus);
  const service = await startService(['--config', 'test/operate/tracing.yaml', '--data', temporaryDirectory()], {
    OTLP_URL: collector.url,
    OTLP_TENANT: 'a-tenant',
    HOOK_URL: hook.url,
  });
  const post = (id: number, traceparent?: string) =>
    fetch(`${service.url}/api/v1/streams/payments.transactions/events`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...(traceparent === undefined ? {} : { traceparent }) },
      body: JSON.stringify({ transactionId: id, customerId: 7, terminalId: 9, amountCents: 50_000, occurredAt: 1_000 }),
    });
  expect((await post(1, `00-${TRACE}-${CALLER}-01`)).status).toBe(200);
  // A caller who is not recorded is not recorded here either; one without a trace begins one.
  expect((await post(2, `00-${'a'.repeat(32)}-${CALLER}-00`)).status).toBe(200);
  expect((await post(3)).status).toBe(200);
  await vi.waitFor(() => expect(hook.posts.length).toBeGreaterThan(0), { timeout: 30_000 });
  hookStatus = 200;

  const named = (spans: readonly OtlpSpan[], name: RegExp) => spans.filter((span) => name.test(span.name));
  const own = await vi.waitFor(
    () => {
      const spans = spansOf(collector.posts).filter(({ traceId }) => traceId === TRACE);
      const delivered = named(spans, /^deliver hook$/).filter(({ status }) => status?.code !== 2);
      expect(delivered).toHaveLength(1);
      expect(named(spans, /^commit .*by\.terminalId/).length).toBeGreaterThan(0);
      return spans;
    },
    { timeout: 40_000, interval: 200 },
  );
  const [request] = named(own, /^POST/);
  const [commit] = named(own, /^commit payments.transactions-\d$/);
  const [copy] = named(own, /^commit .*by\.terminalId/);
  const deliveries = named(own, /^deliver hook$/);
  expect(request).toMatchObject({ name: 'POST /api/v1/streams/:stream/events', kind: 2, parentSpanId: CALLER });
  expect([attribute(request!, 'http.response.status_code')]).toEqual([200]);
  expect(commit).toMatchObject({ kind: 1, parentSpanId: request?.spanId });
  expect([attribute(commit!, 'millrace.events'), attribute(commit!, 'millrace.offset')]).toEqual([1, 0]);
  expect(copy?.parentSpanId).toBe(commit?.spanId);
  // Refused at first, and each attempt is a span, an error the first.
  expect(deliveries[0]).toMatchObject({ kind: 4, parentSpanId: commit?.spanId, status: { code: 2 } });
  expect(deliveries.at(-1)?.parentSpanId).toBe(commit?.spanId);
  for (const span of own) expect(BigInt(span.endTimeUnixNano) >= BigInt(span.startTimeUnixNano)).toBe(true);
  const parents = hook.posts.map(({ headers }) => String(headers.traceparent));
  expect(parents).toContain(`00-${TRACE}-${deliveries.at(-1)?.spanId}-01`);

  const all = spansOf(collector.posts);
  expect(all.filter(({ traceId }) => traceId === 'a'.repeat(32))).toEqual([]);
  const began = named(all, /^POST/).filter(({ traceId }) => traceId !== TRACE);
  expect(began.map(({ parentSpanId }) => parentSpanId ?? '')).toEqual(['']);
  expect(collector.posts[0]?.headers['x-tenant']).toBe('a-tenant');
  expect(collector.posts[0]?.body).toContain('"stringValue":"traced"');

  collector.close();
  hook.close();
  service.child.kill('SIGINT');
  expect((await service.ended).code).toBe(0);
});

it('is refused, with what to install, where the packages of OpenTelemetry are not', async () => {
  const home = temporaryDirectory();
  for (const part of ['dist', 'src', 'package.json']) cpSync(join(ROOT, part), join(home, part), { recursive: true });
  mkdirSync(join(home, 'node_modules'));
  for (const name of readdirSync(join(ROOT, 'node_modules'))) {
    if (name !== '@opentelemetry') symlinkSync(join(ROOT, 'node_modules', name), join(home, 'node_modules', name));
  }
  const words = [
    join(home, 'dist/main.js'),
    'start',
    '--config',
    join(ROOT, 'test/operate/tracing.yaml'),
    '--data',
    home,
  ];
  const env = { ...process.env, OTLP_URL: 'http://127.0.0.1:9/', OTLP_TENANT: 'a', HOOK_URL: 'http://127.0.0.1:9/' };
  const { code, stderr } = await finish(spawn(process.execPath, words, { env, stdio: ['ignore', 'pipe', 'pipe'] }));
  expect([code, stderr]).toEqual([78, expect.stringMatching(/tracing: needs .*npm install @opentelemetry\/api@/)]);
});
