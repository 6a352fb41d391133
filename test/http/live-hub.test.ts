/** Server-sent events over a real socket: what a page misses, it gets; what it can't take, ends it. */
import { afterEach, describe, expect, test } from 'vitest';
import { type HttpOptions, type HttpServer, startHttp } from '../../src/http/server.ts';
import { cannedService, overview, silentLogger } from './canned-view.ts';
import { ask, follow, waitUntil } from './request.ts';

const servers: HttpServer[] = [];
afterEach(async () => {
  for (const server of servers.splice(0)) await server.close();
});

async function start(live: NonNullable<HttpOptions['live']> = {}) {
  const service = cannedService();
  const server = await startHttp({ view: service.view, host: '127.0.0.1', port: 0, logger: silentLogger, live });
  servers.push(server);
  return { ...service, url: server.url };
}

const alert = (id: number, filler = '') =>
  ({ kind: 'rows', as: 'alert', data: [{ alert_id: String(id), filler }] }) as const;
const idsOf = (frames: readonly string[]) =>
  frames.flatMap((frame) => (frame.includes('event: alert') ? [/^id: (.+)$/m.exec(frame)?.[1] ?? ''] : []));
const alertsOf = (frames: readonly string[]) =>
  frames.flatMap((frame) => {
    const data = /^data: (.+)$/m.exec(frame)?.[1];
    return frame.includes('event: alert') && data ? [Number(JSON.parse(data)[0].alert_id)] : [];
  });

describe('live events', () => {
  test('the kind is the name of the event, and the data is one line of JSON', async () => {
    const { url, publish } = await start();
    const stream = await follow(url);
    publish({ kind: 'overview', data: { ...overview, name: 'two\nlines' } });
    await stream.until((frames) => frames.some((frame) => frame.includes('event: overview')));
    const frame = stream.frames.find((text) => text.includes('event: overview')) ?? '';
    expect(frame.split('\n').map((line) => line.split(':')[0])).toEqual(['id', 'event', 'data']);
    expect(JSON.parse(frame.split('\n')[2]?.slice(6) ?? '').name).toBe('two\nlines');
    expect(stream.response.headers['content-type']).toContain('text/event-stream');
    stream.close();
  });

  test('Last-Event-ID resumes right after it, without a gap or a repeat', async () => {
    const { url, publish } = await start();
    const first = await follow(url);
    for (let id = 1; id <= 3; id += 1) publish(alert(id));
    await first.until((frames) => idsOf(frames).length === 3);
    first.close();
    for (let id = 4; id <= 6; id += 1) publish(alert(id));
    const second = await follow(url, idsOf(first.frames)[1]);
    publish(alert(7));
    await second.until((frames) => alertsOf(frames).includes(7));
    expect(alertsOf(second.frames)).toEqual([3, 4, 5, 6, 7]);
    second.close();
  });

  test('a page that had seen nothing yet resumes from the id it was greeted with', async () => {
    const { url, publish } = await start();
    publish(alert(1));
    const first = await follow(url);
    await first.until((frames) => frames.some((frame) => frame.includes('event: hello')));
    const greeting = /^id: (.+)$/m.exec(first.frames.join('\n'))?.[1];
    first.close();
    publish(alert(2));
    const second = await follow(url, greeting);
    await second.until((frames) => alertsOf(frames).length > 0);
    expect(alertsOf(second.frames)).toEqual([2]);
    second.close();
  });

  test('the overview says where the stream stands, and a page that follows from there misses nothing', async () => {
    const { url, publish } = await start();
    publish(alert(1));
    const position = (await ask(url, '/api/v1/overview')).headers['x-event-id'];
    publish(alert(2));
    const stream = await follow(url, undefined, `?lastEventId=${position}`);
    await stream.until((frames) => alertsOf(frames).length > 0);
    expect(alertsOf(stream.frames)).toEqual([2]);
    stream.close();
  });

  test('an id that fell out of the ring, or of an earlier process, is told to start over', async () => {
    const { url, publish } = await start({ ringEvents: 2 });
    const first = await follow(url);
    publish(alert(1));
    await first.until((frames) => idsOf(frames).length === 1);
    first.close();
    for (let id = 2; id <= 4; id += 1) publish(alert(id));
    for (const stale of [idsOf(first.frames)[0], 'earlier-7', 'nonsense']) {
      const stream = await follow(url, stale);
      await stream.until((frames) => frames.some((frame) => frame.includes('event: reset')));
      expect(alertsOf(stream.frames)).toEqual([]);
      stream.close();
    }
  });

  test('a client that stops reading is cut off at its bound, and the others go on', async () => {
    const cutAt: number[] = [];
    const { url, publish } = await start({
      clientBufferBytes: 256 * 1024,
      onSlowClient: (waitingBytes) => void cutAt.push(waitingBytes),
    });
    const slow = await follow(url);
    slow.response.pause();
    const good = await follow(url);
    const filler = 'x'.repeat(64 * 1024);
    for (let id = 1; id <= 2_000 && cutAt.length === 0; id += 1) {
      publish(alert(id, filler));
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect(cutAt).toHaveLength(1);
    expect(cutAt[0]).toBeLessThan(256 * 1024 + 2 * 65 * 1024);
    publish(alert(9_999));
    await good.until((frames) => alertsOf(frames).includes(9_999));
    slow.response.resume();
    await waitUntil(() => slow.closed());
    good.close();
  });

  test('one client more than allowed gets 503, until one leaves', async () => {
    const { url } = await start({ maxClients: 1 });
    const first = await follow(url);
    const refused = await ask(url, '/events');
    expect([refused.status, JSON.parse(refused.text).error]).toEqual([503, 'too-many-clients']);
    first.close();
    await new Promise((resolve) => setTimeout(resolve, 100));
    (await follow(url)).close();
  });

  test('a comment keeps an idle connection open', async () => {
    const { url } = await start({ heartbeatMs: 30 });
    const stream = await follow(url);
    await stream.until((frames) => frames.filter((frame) => frame.startsWith(':')).length >= 2);
    stream.close();
  });

  test('nothing is listened to until a page comes, and soon after the last one left', async () => {
    const { url, publish, followers } = await start({ heartbeatMs: 20, patienceMs: 60 });
    expect(followers()).toBe(0);
    const first = await follow(url);
    expect(followers()).toBe(1);
    publish(alert(1));
    await first.until((frames) => idsOf(frames).length === 1);
    first.close();
    await waitUntil(() => followers() === 0);
    publish(alert(2));
    // It can't know of the second alert, so it must not resume as if nothing had happened.
    const second = await follow(url, idsOf(first.frames)[0]);
    await second.until((frames) => frames.some((frame) => frame.includes('event: reset')));
    expect([followers(), alertsOf(second.frames)]).toEqual([1, []]);
    second.close();
  });

  test('of many rows in one event the newest 200 are sent', async () => {
    const { url, publish } = await start();
    const stream = await follow(url);
    publish({ kind: 'rows', as: 'session', data: Array.from({ length: 500 }, (_, index) => ({ customer_id: index })) });
    await stream.until((frames) => frames.some((frame) => frame.includes('event: session')));
    const frame = stream.frames.find((text) => text.includes('event: session')) ?? '';
    const rows: { customer_id: number }[] = JSON.parse(/^data: (.+)$/m.exec(frame)?.[1] ?? '');
    expect([rows.length, rows[0]?.customer_id, rows.at(-1)?.customer_id]).toEqual([200, 300, 499]);
    stream.close();
  });
});
