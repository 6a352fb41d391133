/** kafkajs as it is prepared for our clients, in a process that makes many of them. */
import { createRequire } from 'node:module';
import { expect, it } from 'vitest';
import { loadKafkaJs } from '../../src/kafka/client.ts';

const require = createRequire(import.meta.url);
const readsFetched = (): unknown => require('kafkajs/src/protocol/requests/fetch/v4/decodeMessages');

it('replaces the reading of fetched records once, however many clients ask', async () => {
  const [first, second] = await Promise.all([loadKafkaJs(), loadKafkaJs()]);
  const reading = readsFetched();
  const third = await loadKafkaJs();
  expect(readsFetched()).toBe(reading);
  expect([second, third]).toEqual([first, first]);
});
