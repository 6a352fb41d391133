/** Dead letters of every kind, as a user meets them: real commands, a real service, a real receiver. */
import { once } from 'node:events';
import { readdirSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { dynamicEventType } from '../../src/messages/codec.ts';
import { containerFile } from '../sources/container.ts';
import { finish, millrace, spawnMillrace, startService, temporaryDirectory } from './millrace.ts';

const SCHEMA = {
  type: 'record',
  name: 'E',
  fields: [
    { name: 'k', type: 'string' },
    { name: 't', type: { type: 'long', logicalType: 'timestamp-millis' } },
    { name: 'x', type: 'double' },
  ],
} as const;

function writePipeline(directory: string, largest: number): string {
  writeFileSync(join(directory, 'e.avsc'), JSON.stringify(SCHEMA));
  const file = join(directory, 'p.yaml');
  writeFileSync(
    file,
    `streams:
  e: { schema: ./e.avsc, key: k, eventTime: t, partitions: 3, expect: [{ column: x, between: [0, ${largest}] }] }
`,
  );
  return file;
}

interface Letter {
  readonly id: string;
  readonly position: number;
  readonly reason: string;
  readonly replayed_at: string | null;
}

async function lettersIn(data: string, ...more: readonly string[]): Promise<Letter[]> {
  const listed = await millrace(['dlq', 'list', '--data', data, '--json', ...more]);
  expect(listed.stderr).toBe('');
  return JSON.parse(listed.stdout);
}

async function valuesIn(data: string): Promise<unknown> {
  const sql = 'SELECT k, x FROM e ORDER BY k';
  const { stdout } = await millrace(['query', '--store', 'duckdb', sql, '--data', data, '--json']);
  return JSON.parse(stdout);
}

it('what an expectation refused is taken once, whatever its format, after the expectation was corrected', async () => {
  const directory = temporaryDirectory();
  const data = join(directory, 'data');
  const narrow = writePipeline(directory, 10);
  const files = ['a.jsonl', 'b.csv', 'c.avro'].map((name) => join(directory, name));
  const type = dynamicEventType(SCHEMA);
  writeFileSync(files[0]!, '{"k":"json","t":1000,"x":70}\n{broken\n');
  writeFileSync(files[1]!, 'x,k,t\n71,"c\nsv",1970-01-01T00:00:01Z\n72,csv,yesterday\n');
  writeFileSync(files[2]!, containerFile(type, [[{ k: 'avro', t: 1000, x: 73 }]], 'deflate'));
  for (const file of files) {
    const run = await millrace(['run', '--config', narrow, '--input', `e=${file}`, '--data', data, '--no-flush']);
    expect(run.code, run.stderr).toBe(0);
  }
  expect((await lettersIn(data)).map(({ reason }) => reason).sort()).toEqual([
    'expectation-failed',
    'expectation-failed',
    'expectation-failed',
    'invalid-time',
    'not-json',
  ]);

  const wide = writePipeline(directory, 100);
  const words = ['--config', wide, '--data', data];
  const dry = await millrace(['dlq', 'replay', '--all', '--dry-run', ...words]);
  expect({ code: dry.code, stderr: dry.stderr }).toEqual({
    code: 3,
    stderr: 'millrace: 3 would be replayed, 2 refused again\n',
  });
  expect(await valuesIn(data)).toEqual([]);

  // Killed at some moment, then again: what was committed is not taken twice.
  await finish(spawnMillrace(['dlq', 'replay', '--all', ...words]), 1500);
  const again = await millrace(['dlq', 'replay', '--reason', 'expectation-failed', ...words]);
  expect([0, 3]).toContain(again.code);
  expect(await valuesIn(data)).toEqual([
    { k: 'avro', x: 73 },
    { k: 'c\nsv', x: 71 },
    { k: 'json', x: 70 },
  ]);
  expect((await lettersIn(data)).map(({ reason }) => reason).sort()).toEqual(['invalid-time', 'not-json']);
  const all = await lettersIn(data, '--replayed');
  expect(all.filter(({ replayed_at }) => replayed_at !== null)).toHaveLength(3);
  const derived = await millrace(['replay', ...words]);
  expect(derived.code, derived.stderr).toBe(0);
  expect(await lettersIn(data, '--replayed')).toEqual(all);
});

it('a dead letter is shown whole, and words that name none are refused', async () => {
  const directory = temporaryDirectory();
  const data = join(directory, 'data');
  const config = writePipeline(directory, 10);
  const input = join(directory, 'a.jsonl');
  writeFileSync(input, '{"k":"a","t":1000,"x":"\\u001b[31mred"}\n');
  await millrace(['run', '--config', config, '--input', `e=${input}`, '--data', data]);
  const [letter] = await lettersIn(data);
  const shown = await millrace(['dlq', 'show', letter?.id ?? '', '--data', data, '--json']);
  expect(JSON.parse(shown.stdout)).toMatchObject([
    {
      stream: 'e',
      source: `file:${input}`,
      position: 1,
      format: 'json',
      raw: '{"k":"a","t":1000,"x":"\\u001b[31mred"}',
    },
  ]);
  expect((await millrace(['dlq', 'show', 'e-0:99', '--data', data])).stderr).toMatch(/no dead letter e-0:99/);
  expect(await millrace(['dlq', 'replay', '--data', data])).toMatchObject({ code: 2 });
  expect(await millrace(['dlq', 'replay', '--all', '--data', data])).toMatchObject({ code: 2 });
  expect((await millrace(['dlq', 'relpay', '--data', data])).stderr).toMatch(/did you mean dlq replay/);
});

const CHOOSY = (largest: number): string => `export default {
  millrace: 'operator',
  spec: {
    state: { n: 'int' },
    outputs: { counts: { n: 'int', x: 'double' } },
    on: {
      e({ x }, state, ctx) {
        if (x > ${largest}) throw new Error('too much');
        state.n += 1;
        ctx.emit('counts', { n: state.n, x });
      },
    },
  },
};
`;

it('what an operator failed on is given to that operator alone, once its code is mended', async () => {
  const directory = temporaryDirectory();
  const words = ['--config', join(directory, 'p.yaml'), '--data', join(directory, 'data')];
  const data = join(directory, 'data');
  const fields = [...SCHEMA.fields, { name: 'w', type: 'string' }];
  writeFileSync(join(directory, 'e.avsc'), JSON.stringify({ ...SCHEMA, fields }));
  writeFileSync(join(directory, 'package.json'), '{ "type": "module" }');
  writeFileSync(join(directory, 'choosy.js'), CHOOSY(10));
  writeFileSync(
    join(directory, 'p.yaml'),
    `streams:
  e: { schema: ./e.avsc, key: k, eventTime: t, partitions: 2, source: http, watermark: { outOfOrderness: 1s } }
windows:
  all: { stream: e, key: null, window: { tumbling: 1s }, allowedLateness: 1h, aggregate: { n: count() } }
operators:
  by_key: { module: ./choosy.js, input: { e: k }, onError: deadLetter }
  by_word: { module: ./choosy.js, input: { e: w }, onError: deadLetter }
`,
  );
  const send = async (url: string, ...events: readonly object[]): Promise<void> => {
    const body = events.map((event) => JSON.stringify(event)).join('\n');
    const headers = { 'content-type': 'application/x-ndjson' };
    expect((await fetch(`${url}/api/v1/streams/e/events`, { method: 'POST', headers, body })).status).toBe(200);
  };
  const first = await startService(words);
  await send(
    first.url,
    ...[
      { k: 'a', w: 'x', t: 100, x: 1 },
      { k: 'a', w: 'x', t: 200, x: 70 },
      { k: 'b', w: 'x', t: 300, x: 2 },
    ],
    // For the watermark of either partition.
    ...['a', 'b', 'c', 'd', 'e'].map((k) => ({ k, w: k, t: 9000, x: 3 })),
  );
  const failed = (...more: string[]): Promise<Letter[]> => lettersIn(data, '--reason', 'operator-failed', ...more);
  await expect.poll(async () => (await failed()).length, { timeout: 20_000 }).toBe(2);
  first.child.kill('SIGTERM');
  expect(await first.ended).toMatchObject({ code: 0 });

  writeFileSync(join(directory, 'choosy.js'), CHOOSY(100));
  const mended = await startService(words);
  const replayed = await millrace(['dlq', 'replay', '--reason', 'operator-failed', '--data', data]);
  expect(replayed.stderr).toBe('millrace: 2 replayed, 0 refused again\n');
  expect(await failed()).toEqual([]);
  expect(await failed('--replayed')).toHaveLength(2);
  mended.child.kill('SIGTERM');
  expect(await mended.ended).toMatchObject({ code: 0 });
  const eventsIn = async (log: string): Promise<Record<string, unknown>[]> => {
    const { stdout } = await millrace(['journal', 'cat', log, '--data', data]);
    return stdout
      .split('\n')
      .filter(Boolean)
      .map((line) => JSON.parse(line));
  };
  const all = readdirSync(join(data, 'journal')).find((log) => log.startsWith('e.all.all-')) ?? '';
  const partitions = ['e-0', 'e-1', 'by_word-0', 'by_word-1', all];
  const derived = (await Promise.all(partitions.map(eventsIn))).flat().filter(({ role }) => role === 'derived');
  const given = derived.map(({ log, event }) => ({ log, ...Object(event) }));
  expect(given.filter(({ x }) => x === 70)).toMatchObject([
    { log: 'e-0', key: 'a', n: 3, ts: 200 },
    { log: expect.stringMatching(/^by_word-/), key: 'x', n: 3, ts: 200 },
  ]);
  // The window had it before: it is not corrected.
  expect(given.filter(({ log }) => log === all)).toHaveLength(1);
});

it('an alert that its receiver refused for good is delivered once it is asked for again', async () => {
  const data = temporaryDirectory();
  const bodies: string[] = [];
  let status = 400;
  const receiver = createServer((request, response) => {
    let body = '';
    request.on('data', (chunk) => {
      body += chunk;
    });
    request.on('end', () => {
      if (status === 200) bodies.push(body);
      response.writeHead(status).end();
    });
  });
  receiver.listen(0, '127.0.0.1');
  await once(receiver, 'listening');
  const address = receiver.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  const config = join(data, 'p.yaml');
  writeFileSync(
    config,
    `http: { port: 0 }
streams:
  payments.transactions: { builtin: Transaction, key: customerId, eventTime: occurredAt, source: http }
fraud: { stream: payments.transactions }
sinks:
  pager: { webhook: { url: "http://127.0.0.1:${address.port}/alerts" } }
`,
  );
  const { url, child, ended } = await startService(['--config', config, '--data', join(data, 'd')]);
  const event = { transactionId: 1, customerId: 7, terminalId: 2, amountCents: 99_000, occurredAt: Date.now() };
  const sent = await fetch(`${url}/api/v1/streams/payments.transactions/events`, {
    method: 'POST',
    headers: { 'content-type': 'application/x-ndjson' },
    body: JSON.stringify(event),
  });
  expect(sent.status).toBe(200);
  const alerts = (): Promise<Letter[]> => lettersIn(join(data, 'd'), '--stream', 'alerts');
  await expect.poll(async () => (await alerts()).length, { timeout: 20_000 }).toBe(1);
  status = 200;
  const replayed = await millrace(['dlq', 'replay', '--stream', 'alerts', '--data', join(data, 'd')]);
  expect(replayed.stderr).toBe('millrace: 1 replayed, 0 refused again\n');
  await expect.poll(() => bodies.length, { timeout: 20_000 }).toBe(1);
  expect(JSON.parse(bodies[0] ?? '')).toMatchObject({ transactionId: 1, customerId: 7 });
  await expect.poll(async () => (await alerts()).length, { timeout: 20_000 }).toBe(0);
  child.kill('SIGTERM');
  expect(await ended).toMatchObject({ code: 0 });
  receiver.close();
  expect(bodies).toHaveLength(1);
});
