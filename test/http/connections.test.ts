/** Connections that do nothing keep nobody out, and those that are worked for are answered to the end. */
import { connect, type Socket } from 'node:net';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { CONNECTIONS_MAX } from '../../src/http/connections.ts';
import { type HttpServer, startHttp } from '../../src/http/server.ts';
import { type CannedService, cannedService, silentLogger } from './canned-view.ts';
import { ask } from './request.ts';

const EVENTS = '/api/v1/streams/payments.transactions/events';
const JSON_TYPE = { 'content-type': 'application/json' };

let service: CannedService;
let server: HttpServer;
let sockets: Socket[] = [];

beforeEach(async () => {
  service = cannedService();
  server = await startHttp({ view: service.view, host: '127.0.0.1', port: 0, logger: silentLogger });
});
afterEach(async () => {
  for (const socket of sockets) socket.destroy();
  sockets = [];
  await server.close(0);
  await server.end();
});

/** Opens a connection and sends it some bytes. */
function hold(bytes: string): Promise<Socket> {
  return new Promise((resolve) => {
    const socket = connect(server.port, '127.0.0.1');
    sockets.push(socket);
    socket.on('error', () => {});
    socket.once('connect', () => socket.write(bytes, () => resolve(socket)));
  });
}

describe('more connections than there is room for', () => {
  test.each([
    ['say nothing', ''],
    ['send half a head', 'GET / HTTP/1.1\r\nHost: local'],
    ['keep alive after a request', 'GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n'],
    [
      'send half a body',
      `POST ${EVENTS} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 99\r\n\r\n{`,
    ],
  ])('that %s make room for the next request', async (_, bytes) => {
    await Promise.all(Array.from({ length: CONNECTIONS_MAX + 100 }, () => hold(bytes)));
    for (let n = 0; n < 5; n++) {
      const before = performance.now();
      expect((await ask(server.url, '/healthz')).status).toBe(200);
      expect((await ask(server.url, EVENTS, { method: 'POST', body: '{}', headers: JSON_TYPE })).status).toBe(200);
      expect(performance.now() - before).toBeLessThan(1_000);
    }
  });

  test('do not cut one whose request is worked on', async () => {
    let durable = (): void => {};
    const gate = new Promise<void>((resolve) => {
      durable = resolve;
    });
    await server.close();
    const view: CannedService['view'] = {
      ...service.view,
      async ingest() {
        await gate;
        return { kind: 'committed', accepted: 1, deadLetters: 0, reasons: {}, first: [] };
      },
    };
    server = await startHttp({ view, host: '127.0.0.1', port: 0, logger: silentLogger });
    const working = ask(server.url, EVENTS, { method: 'POST', body: '{}', headers: JSON_TYPE });
    await new Promise((resolve) => setTimeout(resolve, 100));
    await Promise.all(Array.from({ length: 2 * CONNECTIONS_MAX }, () => hold('')));
    durable();
    expect((await working).status).toBe(200);
  });
});

describe('a server that closes', () => {
  test('answers what is worked on, also beyond its grace, and cuts what is not', async () => {
    let durable = (): void => {};
    const gate = new Promise<void>((resolve) => {
      durable = resolve;
    });
    const view: CannedService['view'] = {
      ...service.view,
      async ingest() {
        await gate;
        return { kind: 'committed', accepted: 1, deadLetters: 0, reasons: {}, first: [] };
      },
    };
    const other = await startHttp({ view, host: '127.0.0.1', port: 0, logger: silentLogger });
    const working = ask(other.url, EVENTS, { method: 'POST', body: '{}', headers: JSON_TYPE });
    const half = new Promise<void>((resolve) => {
      const socket = connect(other.port, '127.0.0.1');
      socket.on('error', () => {});
      socket.once('close', () => resolve());
      socket.write(
        `POST ${EVENTS} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 9\r\n\r\n{`,
      );
    });
    await new Promise((resolve) => setTimeout(resolve, 100));
    const before = performance.now();
    await other.close(200);
    expect(performance.now() - before).toBeLessThan(1_000);
    await half;
    await expect(ask(other.url, '/healthz')).rejects.toThrow();
    durable();
    const answer = await working;
    expect([answer.status, answer.headers.connection]).toEqual([200, 'close']);
    await other.end();
  });

  test('does not wait for connections that say nothing', async () => {
    await hold('');
    await hold('GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n');
    const before = performance.now();
    await server.close(5_000);
    expect(performance.now() - before).toBeLessThan(1_500);
  });
});
