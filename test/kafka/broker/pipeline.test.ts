/** config/kafka.yaml, from topic to topic: its alerts are those of the same transactions from a file. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { simulateDays } from '../../../src/fraud/simulator.ts';
import { millrace, temporaryDirectory } from '../../integration/millrace.ts';
import { committedRecords } from './consumed.ts';
import { ONE } from './script.ts';
import { start } from './service.ts';
import { cluster } from './topics.ts';

const CONFIG = fileURLToPath(new URL('../../../config/kafka.yaml', import.meta.url));
const TOPIC = 'payments.transactions.v1';

/** What an alert says of its payment, without the moment at which it was raised. */
function saying(json: string | null): string {
  const { raisedAt: _, at: __, stream: ___, key: ____, ...alert } = JSON.parse(json ?? '');
  return JSON.stringify(alert);
}

it('config/kafka.yaml raises the alerts of a file in a topic, each once over kill -9, and keeps what is no payment', async () => {
  process.env.KAFKA_BROKER = ONE.brokers;
  const kafka = await cluster();
  for (const topic of [TOPIC, 'payments.alerts.v1', 'payments.per-minute.v1', `${TOPIC}.dlq`])
    await kafka.again(topic, 4);
  const directory = temporaryDirectory();
  const spec = { seed: 3, customers: 400, terminals: 100, startAt: Date.UTC(2018, 3, 1), days: 30 };
  const all = [...simulateDays(spec)].flatMap(({ transactions }) => transactions);
  const file = join(directory, 'payments.jsonl');
  writeFileSync(file, all.map((each) => `${JSON.stringify(each)}\n`).join(''));
  const output = join(directory, 'out.jsonl');
  const input = ['--input', `payments.transactions=${file}`, '--output', output, '--data', join(directory, 'run')];
  const ran = await millrace(['run', '--config', CONFIG, ...input]);
  expect(ran.code).toBe(0);
  const expected = readFileSync(output, 'utf8')
    .split('\n')
    .filter((line) => line.startsWith('{"stream":"fraud.alerts"'))
    .map(saying);
  expect(expected.length).toBeGreaterThan(10);

  const at = { config: CONFIG, data: join(directory, 'data') };
  const first = await start(at);
  const sent = await millrace(['produce', '--config', CONFIG, '--stream', 'payments.transactions', '--input', file]);
  expect(sent.code).toBe(0);
  await first.hasRead(all.length / 2);
  await first.kill();
  const key = '1';
  const poison = Buffer.from([0xff, 0, 0x7b]);
  await kafka.produce(TOPIC, [{ key, value: poison, partition: 2 }]);
  const service = await start(at);
  await service.hasRead(all.length + 1);
  await service.hasSent();
  expect((await service.stop()).code).toBe(0);

  const alerts = committedRecords('payments.alerts.v1');
  expect(alerts.map(({ value }) => saying(value)).sort()).toEqual(expected.sort());
  const [letter, ...others] = committedRecords(`${TOPIC}.dlq`);
  expect(others).toEqual([]);
  expect(letter?.headers).toMatchObject({
    '__connect.errors.topic': TOPIC,
    '__connect.errors.partition': '2',
    '__connect.errors.exception.class.name': 'not-json',
    '__connect.errors.exception.message': 'the bytes are not UTF-8',
  });
});
