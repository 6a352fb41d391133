/** The tutorial of Kafka as a reader follows it, on the broker of this suite. */
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { ROOT, temporaryDirectory } from '../../integration/millrace.ts';
import { misprints } from '../../integration/tutorial.ts';
import { kafkaScript, ONE } from './script.ts';

test('kafka.md is true', { timeout: 240_000 }, async () => {
  for (const topic of ['shop.orders', 'shop.per-minute']) kafkaScript('one', 19_392)('topic', topic, '4');
  process.env.KAFKA = ONE.brokers;
  expect(await misprints(join(ROOT, 'docs/tutorials/kafka.md'), temporaryDirectory())).toEqual([]);
});
