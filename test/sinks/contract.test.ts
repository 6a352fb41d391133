/** The sink contract over what Millrace ships, and over a sink in memory that shows what the contract asks for. */
import { once } from 'node:events';
import { createServer } from 'node:http';
import { text } from 'node:stream/consumers';
import { logSink } from '../../src/sinks/log/log.ts';
import { DeliveryError, type Sink } from '../../src/sinks/sink.ts';
import { webhookSink } from '../../src/sinks/webhook/webhook.ts';
import { type Behaviour, describeSink, type Subject, type Taken } from './sink-contract.ts';

describeSink({
  name: 'the log',
  behaviours: ['takes'],
  async start() {
    const lines: string[] = [];
    return {
      sink: logSink({ name: 'log', write: (line) => lines.push(line) }),
      taken: () => lines.map((line) => withoutId(JSON.parse(line))),
      close: async () => {},
    };
  },
});

const WEBHOOK: readonly Behaviour[] = ['takes', 'fails for now', 'refuses for good', 'never answers'];

describeSink({
  name: 'a webhook of single events',
  behaviours: WEBHOOK,
  start: (behaviour) => startWebhook(behaviour, { events: 1, bytes: 100_000 }),
});

describeSink({
  name: 'a webhook of batches',
  behaviours: WEBHOOK,
  start: (behaviour) => startWebhook(behaviour, { events: 50, bytes: 100_000 }),
});

describeSink({
  name: 'a sink in memory',
  behaviours: WEBHOOK,
  async start(behaviour) {
    const taken: Taken[] = [];
    const sink: Sink = {
      name: 'memory',
      batch: { events: 10, bytes: 1000 },
      async deliver(events, signal) {
        switch (behaviour()) {
          case 'takes':
            for (const { id, json } of events) taken.push({ id, value: JSON.parse(json) });
            return;
          case 'fails for now':
            throw new Error('later');
          case 'refuses for good':
            throw new DeliveryError({ kind: 'permanent', status: 400 }, 'never');
          case 'never answers':
            await once(signal, 'abort');
            throw signal.reason;
        }
      },
    };
    return { sink, taken: () => taken, close: async () => {} };
  },
});

/** A real server: what it has taken is what it answered 2xx to. */
async function startWebhook(behaviour: () => Behaviour, batch: Sink['batch']): Promise<Subject> {
  const taken: Taken[] = [];
  const server = createServer(async (request, response) => {
    const body: unknown = JSON.parse(await text(request));
    const now = behaviour();
    if (now === 'never answers') return;
    if (now === 'takes') {
      const key = String(request.headers['idempotency-key']);
      if (Array.isArray(body)) taken.push(...body.map(withoutId));
      else taken.push({ id: key, value: body });
    }
    response.writeHead(now === 'takes' ? 204 : now === 'fails for now' ? 503 : 400).end();
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the receiver has no port');
  return {
    sink: webhookSink({ name: 'hook', url: `http://127.0.0.1:${address.port}/`, batch }),
    taken: () => taken,
    async close() {
      server.closeAllConnections();
      server.close();
    },
  };
}

function withoutId({ idempotencyKey, ...value }: Readonly<Record<string, unknown>>): Taken {
  return { id: String(idempotencyKey), value };
}
