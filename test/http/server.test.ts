/** The real server on a real socket, with canned rows behind the port. */
import { createServer } from 'node:http';
import { connect } from 'node:net';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type HttpServer, isHttpStartError, startHttp } from '../../src/http/server.ts';
import { type CannedService, cannedService, silentLogger, TABLE_INFOS } from './canned-view.ts';
import { ask } from './request.ts';

let service: CannedService;
let server: HttpServer;

beforeEach(async () => {
  service = cannedService();
  server = await startHttp({ view: service.view, host: '127.0.0.1', port: 0, logger: silentLogger });
});
afterEach(() => server.close());

const EVENTS = '/api/v1/streams/payments.transactions/events';
const post = (body: string | Uint8Array, headers: Record<string, string> = {}) =>
  ask(server.url, EVENTS, { method: 'POST', body, headers: { 'content-type': 'application/x-ndjson', ...headers } });
const errorOf = (text: string) => JSON.parse(text) as { error: string; message: string; hint: string };

describe('ingestion', () => {
  test('JSON lines go to the service byte for byte, and the counts come back', async () => {
    const refused = { reasons: { 'not-json': 1 }, first: [{ position: 3, reason: 'not-json', detail: 'x' }] };
    service.answerIngestWith({ kind: 'committed', accepted: 2, deadLetters: 1, ...refused });
    const lines = '{"id":9007199254740993}\n{"é":1}\nnot json';
    const answer = await post(lines);
    expect([answer.status, JSON.parse(answer.text)]).toEqual([200, { accepted: 2, deadLetters: 1, ...refused }]);
    const [only] = service.ingested;
    expect(only?.stream).toBe('payments.transactions');
    expect(only?.body.format).toBe('json-lines');
    expect(Buffer.from(only?.body.bytes ?? []).toString()).toBe(lines);
  });

  test('avro/binary and application/avro are handed over as an object container, untouched', async () => {
    const bytes = Uint8Array.of(0x4f, 0x62, 0x6a, 1, 0, 255);
    for (const type of ['avro/binary', 'application/avro']) {
      expect((await post(bytes, { 'content-type': type })).status).toBe(200);
    }
    expect(service.ingested.map(({ body }) => [body.format, ...body.bytes])).toEqual([
      ['avro-container', 0x4f, 0x62, 0x6a, 1, 0, 255],
      ['avro-container', 0x4f, 0x62, 0x6a, 1, 0, 255],
    ]);
  });

  test('gzip, deflate and zstd are handed over as they come, to be unpacked elsewhere', async () => {
    for (const encoding of ['gzip', 'x-gzip', 'deflate', 'zstd', 'identity', 'GZip']) {
      expect((await post('x', { 'content-encoding': encoding })).status).toBe(200);
    }
    const encodings = service.ingested.map(({ body }) => body.encoding);
    expect(encodings).toEqual(['gzip', 'gzip', 'deflate', 'zstd', 'identity', 'gzip']);
  });

  test('other content types and encodings are refused with 415', async () => {
    for (const type of ['text/plain', 'application/x-www-form-urlencoded', 'application/json; charset=utf-16', '']) {
      expect([type, (await post('{}', { 'content-type': type })).status]).toEqual([type, 415]);
    }
    for (const encoding of ['br', 'gzip, gzip', 'compress', 'none']) {
      expect([encoding, (await post('{}', { 'content-encoding': encoding })).status]).toEqual([encoding, 415]);
    }
    expect(service.ingested).toEqual([]);
  });

  test('a body announced as larger than 16 MiB is refused with 413 before it is sent', async () => {
    const answer = await answerToHead(
      `POST ${EVENTS} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 16777217\r\n\r\n`,
    );
    expect(answer).toMatch(/^HTTP\/1\.1 413 /);
  });

  test('a chunked body is cut off with 413 at 16 MiB, while it streams', async () => {
    const chunk = Buffer.alloc(1 << 20, 0x20);
    let sent = 0;
    const answer = await answerToHead(
      `POST ${EVENTS} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n`,
      (write) => {
        const more = () => {
          sent += 1;
          if (sent < 256) write(Buffer.concat([Buffer.from('100000\r\n'), chunk, Buffer.from('\r\n')]), more);
        };
        more();
      },
    );
    expect(answer).toMatch(/^HTTP\/1\.1 413 /);
    expect(answer).toContain('body-too-large');
    expect(sent).toBeLessThan(256);
    expect(service.ingested).toEqual([]);
  });

  test('a body of exactly 16 MiB is taken', async () => {
    expect((await post(Buffer.alloc(16 << 20, 0x20))).status).toBe(200);
    expect(service.ingested[0]?.body.bytes.byteLength).toBe(16 << 20);
  });

  test('a body of which nothing could be decoded is 400, with the counts and the first reasons', async () => {
    const first = [{ position: 1, reason: 'not-json', detail: 'Unexpected end of JSON input' }];
    service.answerIngestWith({ kind: 'nothing-decoded', count: 3, reasons: { 'not-json': 3 }, first });
    const answer = await post('{');
    expect([answer.status, JSON.parse(answer.text)]).toMatchObject([
      400,
      { error: 'nothing-decoded', accepted: 0, deadLetters: 0, refused: 3, reasons: { 'not-json': 3 }, first },
    ]);
    service.answerIngestWith({ kind: 'unreadable', reason: 'not-avro', detail: 'A block is damaged or cut off' });
    const unreadable = await post('{');
    expect([unreadable.status, errorOf(unreadable.text).error]).toEqual([400, 'not-avro']);
    service.answerIngestWith({ kind: 'too-large' });
    expect((await post('{')).status).toBe(413);
  });

  test('request bodies are bounded over all requests, and what was held is free again', async () => {
    const small = await startHttp({
      view: service.view,
      host: '127.0.0.1',
      port: 0,
      logger: silentLogger,
      maxBodyBytesInFlight: 1000,
    });
    const send = (bytes: number) =>
      ask(small.url, EVENTS, {
        method: 'POST',
        body: Buffer.alloc(bytes, 32),
        headers: { 'content-type': 'application/json' },
      });
    for (let n = 0; n < 3; n++) {
      const answers = [await send(900), await send(1001)];
      expect(answers.map(({ status }) => status)).toEqual([200, 503]);
      expect(answers[1]?.headers['retry-after']).toBe('2');
    }
    await small.close();
  });

  test('a body whose every byte is a chunk is refused after some thousands; one of small writes is taken', async () => {
    const head = `POST ${EVENTS} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n`;
    const fine = await answerToHead(`${head}${'1\r\nx\r\n'.repeat(20_000)}0\r\n\r\n`);
    expect(fine).toMatch(/^HTTP\/1\.1 400 [\s\S]*chunks-too-small/);
    const event = '{"id":1,"at":1000}\n';
    const chunk = `${event.length.toString(16)}\r\n${event}\r\n`;
    const close = head.replace('Host:', 'Connection: close\r\nHost:');
    expect(await answerToHead(`${close}${chunk.repeat(20_000)}0\r\n\r\n`)).toMatch(/^HTTP\/1\.1 200 /);
    expect(service.ingested[0]?.body.bytes.byteLength).toBe(20_000 * event.length);
  });

  test('a client that goes away is counted, and is no error', async () => {
    const logged: object[] = [];
    const logger = { ...silentLogger, error: (fields: object) => void logged.push(fields) };
    const other = await startHttp({
      view: service.view,
      host: '127.0.0.1',
      port: 0,
      logger,
      maxBodyBytesInFlight: 100,
    });
    for (let n = 0; n < 3; n++) {
      const socket = connect(other.port, '127.0.0.1');
      const head = `POST ${EVENTS} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 90\r\n\r\n`;
      await new Promise<void>((resolve) => socket.write(`${head}${'x'.repeat(80)}`, () => setTimeout(resolve, 50)));
      socket.destroy();
      await expect.poll(() => service.aborted()).toBe(n + 1);
    }
    expect(logged).toEqual([]);
    await other.close();
  });

  test('a full queue is 429 with Retry-After in whole seconds', async () => {
    service.answerIngestWith({ kind: 'busy', retryAfterSeconds: 0.2 });
    const answer = await post('{}');
    expect([answer.status, answer.headers['retry-after'], errorOf(answer.text).error]).toEqual([429, '1', 'busy']);
  });

  test('a journal that waits for space is 503 with Retry-After, and says why', async () => {
    service.answerIngestWith({ kind: 'stalled', reason: 'The disk is full: x.log.', retryAfterSeconds: 5 });
    const answer = await post('{}');
    expect([answer.status, answer.headers['retry-after'], errorOf(answer.text).error]).toEqual([503, '5', 'stalled']);
    expect(errorOf(answer.text).message).toContain('The disk is full: x.log.');
  });

  test('an unknown stream is 404 with those there are', async () => {
    service.answerIngestWith({ kind: 'unknown-stream', known: ['clicks', 'orders'] });
    const answer = await post('{}');
    expect(answer.status).toBe(404);
    expect(errorOf(answer.text).hint).toContain('clicks, orders');
  });

  test('a stream that is read from elsewhere is 409, and a stopping service 503', async () => {
    service.answerIngestWith({ kind: 'not-http', source: 'kafka:clicks.v1' });
    const elsewhere = await post('{}');
    expect([elsewhere.status, errorOf(elsewhere.text).message.includes('kafka:clicks.v1')]).toEqual([409, true]);
    service.answerIngestWith({ kind: 'stopping' });
    expect((await post('{}')).status).toBe(503);
  });

  test('it answers only once the service says that the events are durable', async () => {
    let durable: () => void = () => {};
    const gate = new Promise<void>((resolve) => {
      durable = resolve;
    });
    const view = {
      ...service.view,
      ingest: () =>
        gate.then(() => ({ kind: 'committed', accepted: 1, deadLetters: 0, reasons: {}, first: [] }) as const),
    };
    const slow = await startHttp({ view, host: '127.0.0.1', port: 0, logger: silentLogger });
    let answered = false;
    const answer = ask(slow.url, EVENTS, {
      method: 'POST',
      body: '{}',
      headers: { 'content-type': 'application/json' },
    }).then(({ status }) => {
      answered = true;
      return status;
    });
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(answered).toBe(false);
    durable();
    expect(await answer).toBe(200);
    await slow.close();
  });

  test('a commit that does not finish in time is 503 that warns of duplicates', async () => {
    const view = { ...service.view, ingest: () => new Promise<never>(() => {}) };
    const stuck = await startHttp({ view, host: '127.0.0.1', port: 0, logger: silentLogger, deadlineMs: 50 });
    const headers = { 'content-type': 'application/json' };
    const answer = await ask(stuck.url, EVENTS, { method: 'POST', body: '{}', headers });
    expect([answer.status, errorOf(answer.text).error]).toEqual([503, 'outcome-unknown']);
    await stuck.close();
  });
});

describe('reads', () => {
  test('every row route answers an array, and its declared columns head its CSV', async () => {
    for (const { path, columns } of TABLE_INFOS) {
      const json = await ask(server.url, `/api/v1/${path}`);
      expect([path, json.status, Array.isArray(JSON.parse(json.text))]).toEqual([path, 200, true]);
      const csv = await ask(server.url, `/api/v1/${path}?format=csv`);
      expect(csv.headers['content-type']).toContain('text/csv');
      expect(csv.text.split('\r\n')[0]).toBe(columns.map(({ name }) => name).join(','));
    }
  });

  test('CSV quotes as RFC 4180 says, and disarms text that a spreadsheet would run', async () => {
    const { text } = await ask(server.url, '/api/v1/dead-letters?format=csv');
    expect(text.split('\r\n').slice(1)).toEqual([
      'orders,http,7,not-json,"line 7, ""a""",\'=cmd|x,3,orders-0',
      'orders,http,8,null-key,ünï,-5,4,orders-0',
      '',
    ]);
  });

  test('limit reaches the service, and one out of range or no number is 400', async () => {
    expect(JSON.parse((await ask(server.url, '/api/v1/dead-letters?limit=1')).text)).toHaveLength(1);
    for (const limit of ['0', '1001', '-1', 'x', '1e2', '']) {
      expect([limit, (await ask(server.url, `/api/v1/alerts?limit=${limit}`)).status]).toEqual([limit, 400]);
    }
  });

  test('a stream shows its schema, and a missing one those there are', async () => {
    const found = await ask(server.url, '/api/v1/streams/payments.transactions/schema');
    expect(JSON.parse(found.text)).toEqual({ type: 'record', name: 'T', fields: [] });
    const missing = await ask(server.url, '/api/v1/streams/nope/schema');
    expect([missing.status, errorOf(missing.text).hint.includes('payments.transactions')]).toEqual([404, true]);
  });

  test('readiness is 503 with its reasons', async () => {
    expect((await ask(server.url, '/readyz')).status).toBe(200);
    service.setReadiness(false, ['payments.transactions-0 is recovering']);
    const answer = await ask(server.url, '/readyz');
    expect([answer.status, JSON.parse(answer.text).reasons]).toEqual([503, ['payments.transactions-0 is recovering']]);
    expect((await ask(server.url, '/healthz')).status).toBe(200);
  });

  test('rows beyond the limit are said to be there', async () => {
    const more = async (limit: number) =>
      (await ask(server.url, `/api/v1/dead-letters?format=csv&limit=${limit}`)).headers['x-more-rows'];
    expect([await more(1), await more(2)]).toEqual(['true', undefined]);
  });

  test('openapi.json names no path that is not there', async () => {
    const { paths } = JSON.parse((await ask(server.url, '/openapi.json')).text) as {
      paths: Record<string, Record<string, unknown>>;
    };
    expect(Object.keys(paths).length).toBeGreaterThan(10);
    for (const [path, operations] of Object.entries(paths)) {
      const real = path.replace('{stream}', 'payments.transactions').replace('{key}', 'a').replace('{case}', 'c-1');
      for (const method of Object.keys(operations)) {
        const answer = await ask(server.url, real, {
          method: path === '/events' ? 'HEAD' : method.toUpperCase(),
          headers: method === 'post' ? { 'content-type': 'application/json' } : {},
          body: method === 'post' ? '{}' : '',
        });
        // Nobody can log in where there are no tokens.
        const expected = path === '/api/v1/session' && method === 'post' ? 409 : 200;
        expect([path, answer.status]).toEqual([path, expected]);
      }
    }
  });

  test('a stream of a schema of its own says where its rows are; a built-in one has none', async () => {
    const [own, builtin] = JSON.parse((await ask(server.url, '/api/v1/streams')).text);
    expect(own).toMatchObject({ rows: '/api/v1/streams/payments.transactions/rows', key: 'id' });
    expect(builtin).toMatchObject({ rows: null, columns: null });
    const rows = await ask(server.url, `${own.rows}?limit=1`);
    expect(JSON.parse(rows.text)).toEqual([{ id: '<i>b/2</i>', at: 2000, partition: 0, log_offset: 1 }]);
    const csv = await ask(server.url, `${own.rows}?format=csv`);
    expect(csv.text.split('\r\n').slice(0, 2)).toEqual(['id,at,partition,log_offset', '<i>b/2</i>,2000,0,1']);
    const refused = await ask(server.url, `${own.rows}?limit=1001`);
    expect([refused.status, errorOf(refused.text).error]).toEqual([400, 'bad-parameter']);
  });

  test.each([
    ['payments.transactions/keys/%3Ci%3Eb%2F2%3C%2Fi%3E', 200, undefined],
    ['payments.transactions/keys/nobody', 404, 'unknown-key'],
    ['builtin/keys/a', 404, 'no-table'],
    ['builtin/rows', 404, 'no-table'],
    ['nothing/rows', 404, 'unknown-stream'],
    ['nothing/keys/a', 404, 'unknown-stream'],
  ])('%s answers %i', async (path, status, error) => {
    const answer = await ask(server.url, `/api/v1/streams/${path}`);
    expect([answer.status, errorOf(answer.text).error]).toEqual([status, error]);
  });

  test.each(['%FF', '%ED%A0%BD', '%', 'a%C3'])(
    'the key %s is no text, and another than its percent signs spell',
    async (key) => {
      const before = service.removed.length;
      for (const method of ['GET', 'DELETE']) {
        const answer = await ask(server.url, `/api/v1/streams/payments.transactions/keys/${key}`, { method });
        expect([answer.status, errorOf(answer.text).error]).toEqual([400, 'not-unicode']);
      }
      expect(service.removed).toHaveLength(before);
    },
  );

  test('DELETE of a key is a tombstone of the stream, from the time that it names', async () => {
    const remove = (path: string) => ask(server.url, `/api/v1/streams/${path}`, { method: 'DELETE' });
    expect((await remove('payments.transactions/keys/a%2Fb?at=1500')).status).toBe(200);
    expect((await remove('payments.transactions/keys/7')).status).toBe(200);
    expect(service.removed).toEqual([
      { stream: 'payments.transactions', key: 'a/b', occurredAt: 1500 },
      { stream: 'payments.transactions', key: '7', occurredAt: null },
    ]);
    for (const path of ['payments.transactions/keys/a?at=noon', 'builtin/keys/a', 'nothing/keys/a']) {
      expect([400, 404]).toContain((await remove(path)).status);
    }
    service.answerIngestWith({ kind: 'not-a-key', wanted: 'a whole number' });
    expect((await remove('payments.transactions/keys/x')).status).toBe(400);
    expect(service.removed).toHaveLength(3);
  });

  test('errors are JSON with error, message and hint', async () => {
    for (const path of ['/nowhere', '/api/v1/alerts?limit=x', '/assets/..%2f..%2fserver.ts', '/assets/../server.ts']) {
      const answer = await ask(server.url, path);
      expect(Object.values(errorOf(answer.text)).every((text) => text.length > 0)).toBe(true);
      expect(Object.keys(errorOf(answer.text))).toEqual(['error', 'message', 'hint']);
    }
  });

  test('a failing read is 500 that keeps the reason to the log', async () => {
    const logged: object[] = [];
    const view = { ...service.view, rows: () => Promise.reject(new Error('SQLITE_CORRUPT at /secret/path')) };
    const logger = { ...silentLogger, error: (fields: object) => void logged.push(fields) };
    const broken = await startHttp({ view, host: '127.0.0.1', port: 0, logger });
    const answer = await ask(broken.url, '/api/v1/alerts');
    expect([answer.status, answer.text.includes('secret'), logged.length]).toEqual([500, false, 1]);
    await broken.close();
  });

  test('the page and its modules are served, and revalidate with 304', async () => {
    const page = await ask(server.url, '/');
    expect(page.headers['content-type']).toContain('text/html');
    const { status, headers } = await ask(server.url, '/assets/packages/uplot.js');
    expect([status, headers['content-type']]).toEqual([200, 'text/javascript; charset=utf-8']);
    const again = await ask(server.url, '/assets/packages/uplot.js', {
      headers: { 'if-none-match': String(headers.etag) },
    });
    expect([again.status, again.text]).toEqual([304, '']);
  });
});

describe('the port', () => {
  test('a busy one is an error that names it and says what to do', async () => {
    const error: unknown = await startHttp({
      view: service.view,
      host: '127.0.0.1',
      port: server.port,
      logger: silentLogger,
    }).catch((reason: unknown) => reason);
    if (!isHttpStartError(error)) throw new Error('not a start error', { cause: error });
    expect(error.kind).toBe('port-in-use');
    for (const part of [String(server.port), '--port 0', 'http.port']) expect(error.message).toContain(part);
  });

  test('it is free again after close, which open live pages do not delay', async () => {
    const other = await startHttp({ view: service.view, host: '127.0.0.1', port: 0, logger: silentLogger });
    void ask(other.url, '/events').catch(() => {});
    await new Promise((resolve) => setTimeout(resolve, 50));
    const before = performance.now();
    await other.close();
    expect(performance.now() - before).toBeLessThan(1_500);
    const taker = createServer();
    await new Promise<void>((resolve, reject) => {
      taker.once('error', reject);
      taker.listen(other.port, '127.0.0.1', resolve);
    });
    taker.close();
  });

  test('headers that do not arrive within 5 s end the connection', async () => {
    const before = performance.now();
    const answer = await answerToHead('GET / HTTP/1.1\r\nHost: local');
    expect(answer).toMatch(/^HTTP\/1\.1 408 /);
    expect(performance.now() - before).toBeLessThan(7_000);
  });
});

/** What the server answers to these bytes, until it closes the connection or 8 s have passed. */
function answerToHead(
  head: string,
  more?: (write: (bytes: Buffer, written: () => void) => void) => void,
): Promise<string> {
  return new Promise((resolve) => {
    const socket = connect(server.port, '127.0.0.1');
    let text = '';
    const finish = () => {
      socket.destroy();
      resolve(text);
    };
    socket.setTimeout(8_000, finish);
    socket.on('data', (chunk) => {
      text += chunk.toString('utf8');
    });
    socket.on('close', finish);
    socket.on('error', () => {});
    socket.write(head);
    more?.((bytes, written) => socket.write(bytes, (error) => error ?? (text === '' && written())));
  });
}
