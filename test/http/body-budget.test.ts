/** What bodies hold is bounded and given back, slow ones first; and a body of tiny chunks costs its bytes. */

import { connect, type Socket } from 'node:net';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createBodyBudget } from '../../src/http/body-budget.ts';
import { createBodyParts } from '../../src/http/body-parts.ts';
import { startHttp } from '../../src/http/server.ts';
import { cannedService, silentLogger } from './canned-view.ts';
import { ask } from './request.ts';

const EVENTS = '/api/v1/streams/payments.transactions/events';

describe('the budget', () => {
  test('never holds more than it may, and gives up only bodies that are slow, the slowest first', () => {
    let now = 0;
    const budget = createBodyBudget(1_000_000, () => now);
    const given: string[] = [];
    const body = (name: string, bytes: number): void => {
      expect(budget.hold(bytes)).toBe(true);
      const done = budget.receiving({
        sinceMs: now,
        bytes: () => bytes,
        cancel() {
          given.push(name);
          done();
          budget.release(bytes);
        },
      });
    };
    body('slow', 300_000);
    body('slowest', 100_000);
    body('fast', 600_000);
    expect(budget.hold(1)).toBe(false);
    now = 2_100;
    expect([budget.hold(100_000), given]).toEqual([true, ['slowest']]);
    expect([budget.hold(300_000), given]).toEqual([true, ['slowest', 'slow']]);
    // 600,000 bytes in 2.1 s are not slow.
    expect([budget.hold(1), given.length, budget.bytesHeld()]).toEqual([false, 2, 1_000_000]);
  });

  test('a few clients that hold back the last byte keep nobody out', async () => {
    const maxBodyBytesInFlight = 4_000_000;
    const { view } = cannedService();
    const server = await startHttp({ view, host: '127.0.0.1', port: 0, logger: silentLogger, maxBodyBytesInFlight });
    const head = `POST ${EVENTS} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 480001\r\n\r\n`;
    const sockets = await Promise.all(
      Array.from(
        { length: 8 },
        () =>
          new Promise<Socket>((resolve) => {
            const socket = connect(server.port, '127.0.0.1');
            socket.on('error', () => {});
            socket.write(`${head}${' '.repeat(480_000)}`, () => resolve(socket));
          }),
      ),
    );
    const send = () =>
      ask(server.url, EVENTS, {
        method: 'POST',
        body: Buffer.alloc(1_000_000, ' '),
        headers: { 'content-type': 'application/json' },
      });
    await expect.poll(async () => (await send()).status).toBe(503);
    await expect.poll(async () => (await send()).status, { timeout: 5_000 }).toBe(200);
    for (const socket of sockets) socket.destroy();
    await server.close(0);
    await server.end();
  });
});

describe('the parts of a body', () => {
  test('are what was sent, however it was cut', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 20_000 })), (chunks) => {
        const parts = createBodyParts();
        for (const chunk of chunks) parts.add(Buffer.from(chunk));
        expect(Buffer.compare(parts.joined(), Buffer.concat(chunks))).toBe(0);
      }),
    );
  });

  test('of a byte each cost their bytes and no object each', () => {
    const parts = createBodyParts();
    const before = process.memoryUsage();
    const byte = Buffer.from('x');
    for (let n = 0; n < 4_000_000; n++) parts.add(byte.subarray());
    const after = process.memoryUsage();
    const grown = after.heapUsed + after.arrayBuffers - before.heapUsed - before.arrayBuffers;
    // An array of as many buffers takes some 400 MB.
    expect(grown).toBeLessThan(100_000_000);
    expect(parts.joined().length).toBe(4_000_000);
  });
});
