import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { text } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, describe, expect, it } from 'vitest';
import type { Outcome } from '../../src/actors/courier.ts';
import { type DeliveryPorts, deliveryMachine } from '../../src/actors/delivery.ts';
import { startSupervised } from '../../src/actors/supervised.ts';
import { DeliveryError } from '../../src/sinks/sink.ts';
import { webhookSink } from '../../src/sinks/webhook/webhook.ts';
import { alertOf } from './alert-fixture.ts';
import { alertEvent, pendingOf, streamEvent } from './event-fixture.ts';

interface Request {
  readonly method: string | undefined;
  readonly url: string | undefined;
  readonly key: string | string[] | undefined;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
}

const servers: Server[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    server.close();
  }
});

/** Answers its n-th request by `answer(n, response)`. */
async function startReceiver(answer: (n: number, response: ServerResponse) => void) {
  const requests: Request[] = [];
  const server = createServer(async (request, response) => {
    const { method, url, headers } = request;
    requests.push({ method, url, key: headers['idempotency-key'], headers, body: await text(request) });
    answer(requests.length - 1, response);
  });
  servers.push(server);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the receiver has no port');
  return { requests, url: `http://127.0.0.1:${address.port}/hooks/s3cret?token=t0ken` };
}

const status =
  (code: number, body = '', headers: Record<string, string> = {}) =>
  (_: number, response: ServerResponse): void => {
    response.writeHead(code, headers).end(body);
  };

async function failureOf(delivery: Promise<void>): Promise<DeliveryError> {
  try {
    await delivery;
  } catch (error) {
    if (error instanceof DeliveryError) return error;
    throw error;
  }
  throw new Error('the delivery succeeded');
}

const never = new AbortController().signal;

describe('a webhook', () => {
  it('posts the alert as JSON under its idempotency key', async () => {
    const { requests, url } = await startReceiver(status(204));
    const sink = webhookSink({ name: 'hook', url, headers: { authorization: 'Bearer x' } });
    await sink.deliver([alertEvent('a')], never);
    expect(requests).toHaveLength(1);
    expect(requests[0]).toMatchObject({ method: 'POST', url: '/hooks/s3cret?token=t0ken', key: 'a' });
    expect(requests[0]?.headers).toMatchObject({ 'content-type': 'application/json', authorization: 'Bearer x' });
    expect(JSON.parse(requests[0]?.body ?? '')).toEqual(alertOf('a'));
  });

  for (const code of [400, 401, 404, 409, 410, 422]) {
    it(`gives up for good at ${code}`, async () => {
      const { url } = await startReceiver(status(code, 'unknown field'));
      const error = await failureOf(webhookSink({ name: 'hook', url }).deliver([alertEvent('a')], never));
      expect(error.fault).toEqual({ kind: 'permanent', status: code });
      expect(error.message).toContain(`${code}: unknown field`);
    });
  }

  for (const code of [408, 425, 429, 500, 502, 503]) {
    it(`may be tried again at ${code}`, async () => {
      const { url } = await startReceiver(status(code));
      const error = await failureOf(webhookSink({ name: 'hook', url }).deliver([alertEvent('a')], never));
      expect(error.fault.kind).toBe('transient');
    });
  }

  it('does not follow a redirect', async () => {
    const elsewhere = await startReceiver(status(200));
    const { url } = await startReceiver(status(307, '', { location: elsewhere.url }));
    const error = await failureOf(webhookSink({ name: 'hook', url }).deliver([alertEvent('a')], never));
    expect(error.fault).toEqual({ kind: 'permanent', status: 307 });
    expect(elsewhere.requests).toEqual([]);
  });

  it('gives up when nothing is answered within the deadline', async () => {
    const { url } = await startReceiver(() => {});
    const error = await failureOf(
      webhookSink({ name: 'hook', url, deadlineMs: 100 }).deliver([alertEvent('a')], never),
    );
    expect(error.fault.kind).toBe('transient');
    expect(error.message).toContain('100 ms');
  });

  it('holds the answer of an error to the same deadline', async () => {
    const { url } = await startReceiver((_, response) => {
      response.writeHead(500).flushHeaders();
    });
    const error = await failureOf(
      webhookSink({ name: 'hook', url, deadlineMs: 100 }).deliver([alertEvent('a')], never),
    );
    expect(error.message).toContain('100 ms');
  });

  it('delivers to a URL with user and password, and no message repeats them', async () => {
    const { requests, url } = await startReceiver((n, response) => {
      if (n === 0) response.writeHead(204).end();
      else response.writeHead(401).end('the password hunter22 of the token t0kent0ken is wrong');
    });
    const withUser = url.replace('http://', 'http://me:hunter22@').replace('t0ken', 't0kent0ken');
    const sink = webhookSink({ name: 'hook', url: withUser });
    await sink.deliver([alertEvent('a')], never);
    expect(requests[0]?.headers.authorization).toBe(`Basic ${Buffer.from('me:hunter22').toString('base64')}`);
    const refused = await failureOf(sink.deliver([alertEvent('a')], never));
    for (const server of servers.splice(0)) {
      server.closeAllConnections();
      server.close();
    }
    const unreached = await failureOf(sink.deliver([alertEvent('a')], never));
    for (const error of [refused, unreached]) {
      expect(`${error.stack} ${String(error.cause)}`).not.toMatch(/hunter22|t0kent0ken|s3cret/);
    }
    expect(refused.message).toContain('401: the password <redacted> of the token <redacted> is wrong');
  });

  it('says why a receiver could not be reached, without the secrets of its URL', async () => {
    const { url } = await startReceiver(status(200));
    for (const server of servers.splice(0)) server.close();
    const error = await failureOf(webhookSink({ name: 'hook', url }).deliver([alertEvent('a')], never));
    expect(error.message).toContain('ECONNREFUSED');
    expect(error.message).not.toContain('s3cret');
    expect(error.message).not.toContain('t0ken');
  });

  it('is aborted with its signal', async () => {
    const { url } = await startReceiver(() => {});
    const abort = new AbortController();
    const delivery = webhookSink({ name: 'hook', url }).deliver([alertEvent('a')], abort.signal);
    setTimeout(() => abort.abort(), 50);
    expect((await failureOf(delivery)).fault.kind).toBe('transient');
  });
});

describe('a webhook of batches', () => {
  it('posts an array of events, each with its own key, under a key that is the same for the same events', async () => {
    const { requests, url } = await startReceiver(status(204));
    const sink = webhookSink({ name: 'hook', url, batch: { events: 10, bytes: 10_000 } });
    const events = [streamEvent(3), streamEvent(4)];
    await sink.deliver(events, never);
    await sink.deliver(events, never);
    expect(requests.map(({ key }) => key)).toEqual(['clicks-0/3..clicks-0/4', 'clicks-0/3..clicks-0/4']);
    expect(JSON.parse(requests[0]?.body ?? '')).toEqual([
      { idempotencyKey: 'clicks-0/3', stream: 'clicks', offset: 3 },
      { idempotencyKey: 'clicks-0/4', stream: 'clicks', offset: 4 },
    ]);
  });
});

describe('a delivery with a webhook', () => {
  async function run(url: string, wanted: number): Promise<string[]> {
    const settled: string[] = [];
    const ports: DeliveryPorts = {
      sink: webhookSink({ name: 'hook', url, deadlineMs: 1000 }),
      settle: async ({ kind, events }: Outcome) => {
        settled.push(...events.map(({ event, attempts }) => `${event.id} ${kind} after ${attempts + 1}`));
      },
      heldBack: () => {},
      refused: () => {},
      nowMs: () => 0,
      random: () => 1,
    };
    const policy = {
      giveUpAfterMs: 60_000,
      turnAttempts: 100,
      minBackoffMs: 5,
      maxBackoffMs: 10,
      breakerFailures: 100,
      breakerMs: 1000,
    };
    const actor = startSupervised(deliveryMachine, { ports, policy }, { failed: () => {}, stopped: () => {} });
    actor.send({ type: 'EVENTS', events: ['alert-1', 'alert-2'].map((id) => pendingOf(alertEvent(id))) });
    for (let i = 0; i < 500 && settled.length < wanted; i++) await sleep(10);
    await actor.child.drain();
    return settled;
  }

  it('delivers after a 500 with exactly the key of the first attempt', async () => {
    const { requests, url } = await startReceiver((n, response) => status(n === 0 ? 500 : 200)(n, response));
    expect(await run(url, 2)).toEqual(['alert-1 delivered after 2', 'alert-2 delivered after 1']);
    expect(requests.map(({ key }) => key)).toEqual(['alert-1', 'alert-1', 'alert-2']);
  });

  it('hands a 400 to the dead letters after one attempt', async () => {
    const { requests, url } = await startReceiver((n, response) => status(n === 0 ? 400 : 200)(n, response));
    expect(await run(url, 2)).toEqual(['alert-1 abandoned after 1', 'alert-2 delivered after 1']);
    expect(requests).toHaveLength(2);
  });
});
