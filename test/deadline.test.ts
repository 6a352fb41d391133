/** An exchange ends at its deadline, whatever the garbage collector takes meanwhile. */
import { createServer, type Server } from 'node:http';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { DeadlinePassed, nodeTimer, withinDeadline } from '../src/deadline.ts';
import { webhookSink } from '../src/sinks/webhook/webhook.ts';
import { httpGet } from '../src/sources/http-client.ts';
import { alertEvent } from './sinks/event-fixture.ts';

setFlagsFromString('--expose-gc');
const collectGarbage: () => void = runInNewContext('gc');

let silent: Server;
let url: URL;
beforeAll(async () => {
  // The head of an answer and no body: while it waits for that, nothing but the exchange's own signal is held.
  silent = createServer((_, response) => {
    response.writeHead(500, { 'content-type': 'application/json' }).flushHeaders();
  });
  await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
  const address = silent.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  url = new URL(`http://127.0.0.1:${address.port}/`);
});
afterAll(() => {
  silent.close();
  silent.closeAllConnections();
});

/** Whether the exchange has ended within the time, with a collection every few milliseconds. */
async function endsUnderCollection(exchange: Promise<unknown>, withinMs: number): Promise<boolean> {
  const collecting = setInterval(collectGarbage, 10);
  const bound = new Promise<boolean>((resolve) => {
    setTimeout(() => resolve(false), withinMs);
  });
  const ended = exchange.then(
    () => true,
    () => true,
  );
  try {
    return await Promise.race([ended, bound]);
  } finally {
    clearInterval(collecting);
  }
}

describe('a deadline', () => {
  test('ends a GET that nobody answers to its end, under garbage collection', async () => {
    const caller = new AbortController();
    const limits = { deadlineMs: 300, maxBytes: 1000 };
    expect(
      await endsUnderCollection(
        httpGet(url, limits, () => 0, caller.signal),
        3000,
      ),
    ).toBe(true);
  });

  test('ends the delivery of an alert that nobody answers to its end, under garbage collection', async () => {
    const caller = new AbortController();
    const sink = webhookSink({ name: 'hook', url: url.href, deadlineMs: 300 });
    expect(await endsUnderCollection(sink.deliver([alertEvent('a')], caller.signal), 3000)).toBe(true);
  });

  test('ends an exchange that heeds no signal', async () => {
    const never = new Promise<never>(() => {});
    await expect(withinDeadline(20, nodeTimer, undefined, () => never)).rejects.toBeInstanceOf(DeadlinePassed);
  });

  test('gives way to the caller, with its reason, before and after the start', async () => {
    const caller = new AbortController();
    const never = new Promise<never>(() => {});
    const waiting = withinDeadline(60_000, nodeTimer, caller.signal, () => never);
    caller.abort(new Error('stopped'));
    await expect(waiting).rejects.toThrow('stopped');
    await expect(withinDeadline(60_000, nodeTimer, caller.signal, () => never)).rejects.toThrow('stopped');
  });

  test('leaves no timer and no listener behind', async () => {
    let running = 0;
    const startTimer = (): (() => void) => {
      running += 1;
      return () => {
        running -= 1;
      };
    };
    expect(await withinDeadline(1000, startTimer, new AbortController().signal, async () => 7)).toBe(7);
    expect(running).toBe(0);
  });
});
