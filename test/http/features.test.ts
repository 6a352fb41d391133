/** The newest features of a key, over HTTP. */
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type HttpServer, startHttp } from '../../src/http/server.ts';
import { cannedService, silentLogger } from './canned-view.ts';
import { ask } from './request.ts';

let server: HttpServer;

beforeEach(async () => {
  server = await startHttp({ view: cannedService().view, host: '127.0.0.1', port: 0, logger: silentLogger });
});
afterEach(() => server.close());

const asked = async (path: string) => {
  const { status, text } = await ask(server.url, `/api/v1/streams/${path}`);
  const { message, ...answer } = JSON.parse(text);
  return [status, message ?? answer];
};

test('the newest features of a key come with their event and its place in the journal', async () => {
  const [status, answer] = await asked('payments.transactions/features/a');
  expect([status, answer]).toEqual([200, { event: { id: 'a' }, features: { at: 1000 }, partition: 1, log_offset: 0 }]);
});

test('a key without events, and a stream without features, are not found', async () => {
  expect(await asked('payments.transactions/features/none')).toEqual([
    404,
    'The stream payments.transactions.features has no event with the key "none", or its row is gone.',
  ]);
  expect(await asked('weather/features/a')).toEqual([404, 'No stream weather has features.']);
});
