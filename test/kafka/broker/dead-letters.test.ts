/** Dead letters in a topic: the commands find them there as in the journal, and take each once, whichever place it was asked of. */
import { readFileSync, writeFileSync } from 'node:fs';
import { beforeAll, expect, it } from 'vitest';
import { millrace } from '../../integration/millrace.ts';
import { ids, type Place, place, start } from './service.ts';
import { type Cluster, cluster, messagesOf, payments } from './topics.ts';

const RECORDS = 600;
/** Of them, those above the bound of the expectation. */
const LARGE = payments(0, RECORDS).filter(({ amountCents }) => amountCents > 40_000).length;
const POISON = Buffer.from('{"transactionId":', 'utf8');
let kafka: Cluster;
beforeAll(async () => {
  kafka = await cluster();
});

type Rows = readonly Readonly<Record<string, unknown>>[];

async function dlq(...words: string[]): Promise<{ readonly code: number | null; readonly rows: Rows }> {
  const { code, stdout, stderr } = await millrace(['dlq', ...words, '--json']);
  if (!stdout.startsWith('[')) throw new Error(stderr);
  return { code, rows: JSON.parse(stdout) };
}
const counted = (rows: Rows, column: string): Record<string, number> => {
  const counts: Record<string, number> = {};
  for (const row of rows) counts[String(row[column])] = (counts[String(row[column])] ?? 0) + 1;
  return counts;
};

it('dlq lists, shows and replays the letters of a topic: from the journal that has them, and else by sending them again', async () => {
  const [topic, letters] = [await kafka.topic('in', 2), await kafka.topic('dlq', 3)];
  const sinks = `{ letters: { kafka: { topic: ${letters}, value: original }, from: [payments.transactions.dead-letters] } }`;
  const settings = { source: `{ topic: ${topic}, value: json, sessionTimeout: 2s }`, partitions: 2, sinks };
  const at = place({
    ...settings,
    stream: 'builtin: Transaction\n    expect: [{ column: amountCents, between: [0, 40000] }]',
  });
  await kafka.produce(topic, messagesOf(payments(0, RECORDS), 2));
  await kafka.produce(topic, [{ key: '1', value: POISON, partition: 1 }]);
  const first = await start(at);
  await first.hasRead(RECORDS + 1);
  await first.hasSent();
  await first.stop();
  expect((await ids(at.data)).n).toBe(RECORDS - LARGE);

  const of = ({ config, data }: Place): string[] => ['--topic', letters, '--config', config, '--data', data];
  const limit = ['--limit', '1000'];
  const inTopic = (await dlq('list', ...of(at), ...limit)).rows;
  const inJournal = (await dlq('list', '--data', at.data, ...limit)).rows;
  expect(counted(inTopic, 'reason')).toEqual({ 'expectation-failed': LARGE, 'not-json': 1 });
  expect(counted(inTopic, 'detail')).toEqual(counted(inJournal, 'detail'));
  const poison = inTopic.find(({ reason }) => reason === 'not-json');
  expect(poison).toMatchObject({
    source: topic,
    position: expect.stringMatching(/^1\/\d+$/),
    stream: 'payments.transactions',
  });
  const shown = (await dlq('show', String(poison?.id), ...of(at))).rows;
  expect(shown).toMatchObject([{ id: poison?.id, raw: POISON.toString('utf8') }]);

  // The bound was wrong.
  writeFileSync(at.config, readFileSync(at.config, 'utf8').replace('[0, 40000]', '[0, 50000]'));
  const service = await start(at);
  await service.hasRead(RECORDS + 1);
  const failed = ['--reason', 'expectation-failed'];
  const replayed = await dlq('replay', ...of(at), ...failed);
  expect([replayed.code, counted(replayed.rows, 'outcome')]).toEqual([0, { replayed: LARGE }]);
  const again = await dlq('replay', ...of(at), ...failed);
  expect([again.code, counted(again.rows, 'outcome')]).toEqual([0, { 'replayed before': LARGE }]);
  await service.stop();
  expect(await ids(at.data)).toEqual({ n: RECORDS, ids: RECORDS });

  // A data directory that has not seen them.
  const other = place(settings);
  const refused = await dlq('replay', String(poison?.id), ...of(other));
  expect([refused.code, refused.rows[0]?.outcome]).toEqual([3, 'refused']);
  expect(refused.rows[0]?.detail).toContain(`--resend sends its bytes to ${topic} again`);
  const before = await kafka.ends(topic);
  const sent = await dlq('replay', String(poison?.id), ...of(other), '--resend');
  expect([sent.code, sent.rows[0]?.outcome]).toEqual([0, 'sent again']);
  const after = await kafka.ends(topic);
  expect(after.reduce((a, b) => a + b, 0)).toBe(before.reduce((a, b) => a + b, 0) + 1);
});
