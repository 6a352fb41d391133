/** What people type: `millrace produce`, which writes as the source of the stream reads, and `millrace topics`. */
import { writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { beforeAll, describe, expect, it } from 'vitest';
import { millrace } from '../../integration/millrace.ts';
import { committedRecords } from './consumed.ts';
import { consume, ids, place } from './service.ts';
import { type Cluster, cluster, payments } from './topics.ts';

let kafka: Cluster;
beforeAll(async () => {
  kafka = await cluster();
});

describe('millrace produce and millrace topics', () => {
  it.each(['value: json', 'value: avro, key: long, eventTime: "header:at"'])(
    'write what a source with %s reads, and say how far its group is',
    async (form) => {
      const topic = await kafka.topic('typed', 3);
      const at = place({
        source: `{ topic: ${topic}, ${form}, commitEvery: 100ms }`,
        partitions: 3,
        sinks: `{ back: { kafka: { topic: ${topic} }, from: [per_minute.late] } }`,
      });
      const lines = payments(0, 1500).map((payment) => `${JSON.stringify(payment)}\n`);
      const file = join(dirname(at.config), 'payments.jsonl.gz');
      writeFileSync(file, gzipSync(lines.join('')));
      const of = ['--config', at.config, '--json'];
      const sent = await millrace(['produce', '--stream', 'payments.transactions', '--input', file, ...of]);
      expect(JSON.parse(sent.stdout)).toMatchObject({ topic, records: 1500 });
      expect(new Set(committedRecords(topic).map(({ partition }) => partition)).size).toBe(3);
      await consume(at, 1500);
      expect(await ids(at.data)).toEqual({ n: 1500, ids: 1500 });
      const listed = JSON.parse((await millrace(['topics', ...of])).stdout);
      const own = listed.find((each: { readonly topic: string }) => each.topic === topic);
      const readBy = ['payments.transactions'];
      expect(own).toEqual({ topic, partitions: 3, records: 1500, behind: 0, readBy, writtenBy: ['back'] });
    },
  );

  it('stop at a line that is no event, say which, and send those before it', async () => {
    const topic = await kafka.topic('typed', 1);
    const at = place({ source: `{ topic: ${topic}, value: json }`, partitions: 1 });
    const [first] = payments(0, 1);
    const file = join(dirname(at.config), 'payments.jsonl');
    writeFileSync(file, `${JSON.stringify(first)}\n\n{"transactionId":"x"}\n`);
    const words = ['produce', '--stream', 'payments.transactions', '--input', file, '--config', at.config];
    const { code, stderr } = await millrace(words);
    expect(code).toBe(1);
    expect(stderr).toMatch(
      /payments.jsonl:3: is no event of payments.transactions: wrong-type: .*; the 1 records before/,
    );
    expect(await kafka.ends(topic)).toEqual([1]);
  });
});
