/** `millrace/testing`: a misspelt name fails a test, whichever way it is used. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { TestPipeline } from '../../src/testing.ts';
import { testPipeline } from '../../src/testing.ts';
import { temporaryDirectory, writePipeline } from '../service/script-run.ts';

describe('a pipeline under test', () => {
  let pipeline: TestPipeline;
  beforeAll(async () => {
    pipeline = await testPipeline({ config: 'test/examples/pipeline/clicks.yaml' });
  });
  afterAll(() => pipeline.close());

  it.each<[string, (own: TestPipeline) => unknown, string]>([
    ['read', (own) => own.read('clicks_per_usr'), 'did you mean clicks_per_user?'],
    ['read of an input', (own) => own.read('clicks'), 'nothing derives clicks;'],
    ['read of late events', (own) => own.read('clicks_per_user.lat'), 'did you mean clicks_per_user.late?'],
    ['read of dead letters', (own) => own.read('clickz.dead-letters'), 'did you mean clicks.dead-letters?'],
    ['read of a domain that is not configured', (own) => own.read('fraud.alerts'), 'nothing derives fraud.alerts'],
    ['readAll', (own) => own.readAll('vistis'), 'known: clicks_per_user, clicks_per_user.late, clicks.dead-letters'],
    ['deadLetters', (own) => own.deadLetters('clickz'), 'did you mean clicks? known: clicks'],
    ['deadLetters of a window', (own) => own.deadLetters('clicks_per_user'), 'there is no stream clicks_per_user'],
    ['watermarkMs', (own) => own.watermarkMs('click'), 'did you mean clicks?'],
    ['pipe', (own) => own.pipe('clickz', { userId: 'ann', occurredAt: 1 }), 'did you mean clicks?'],
    ['pipe of nothing', (own) => own.pipe('clickz'), 'did you mean clicks?'],
    ['pipe of a control', (own) => own.pipe('clickz', { $snapshot: true }), 'did you mean clicks?'],
    ['pipe to another', (own) => own.pipe('clicks', { $stream: 'clickz', userId: 'a' }), 'did you mean clicks?'],
    ['pipe of an unknown control', (own) => own.pipe('clicks', { $snapshoot: true }), 'did you mean $snapshot?'],
    ['advanceWatermark', (own) => own.advanceWatermark('clickz', 1), 'did you mean clicks?'],
    ['setIdle', (own) => own.setIdle('clickz', 0, true), 'did you mean clicks?'],
    ['setIdle of a partition', (own) => own.setIdle('clicks', 2, true), 'it has 2, numbered from 0'],
    // Both are words that a test without types may hold.
    ['query', (own) => own.query(JSON.parse('"duckbd"'), 'SELECT 1'), 'did you mean duckdb? known: sqlite, duckdb'],
  ])('%s refuses a name that there is not, with those that there are', async (_, use, words) => {
    await expect((async () => use(pipeline))()).rejects.toThrow(words);
  });

  it('takes no option that means nothing', async () => {
    const config = 'test/examples/pipeline/clicks.yaml';
    const misspelt = { config, partition: 2 };
    await expect(testPipeline(misspelt)).rejects.toThrow('there is no option partition');
    await expect(testPipeline({ config, partitions: 0 })).rejects.toThrow('from 1 to 64');
  });

  it('read drains, and readAll does not', async () => {
    const own = await testPipeline({ config: 'test/examples/pipeline/clicks.yaml', partitions: 1 });
    try {
      await own.pipe('clicks', { userId: 'ann', occurredAt: 1000, amount: 1 }, { userId: 'ann' });
      await own.advanceWatermark('clicks', 2999);
      expect(own.readAll('clicks_per_user')).toHaveLength(1);
      expect(own.read('clicks_per_user')).toHaveLength(1);
      expect(own.read('clicks_per_user')).toEqual([]);
      expect(own.deadLetters('clicks')).toHaveLength(1);
      expect(own.deadLetters('clicks')).toEqual([]);
      await own.pipe('clicks', { userId: 'bob', occurredAt: 3000, amount: 1 });
      await own.restart();
      await own.endOfInput();
      expect(own.read('clicks_per_user')).toMatchObject([{ key: 'bob' }]);
      expect(own.readAll('clicks_per_user')).toMatchObject([{ key: 'ann' }, { key: 'bob' }]);
    } finally {
      await own.close();
    }
  });

  it('names of joins and derived streams are known', async () => {
    const config = writePipeline(temporaryDirectory(), {
      watermark: 'scripted',
      streams: '  views: { schema: ./click.avsc, key: userId, eventTime: occurredAt, watermark: scripted }\n',
      joins: 'both: { left: clicks, right: views, on: userId, within: 1s }',
      derived: 'big: { stream: clicks, where: amount > 5, select: { userId: userId, amount: amount } }',
      lines: [],
    });
    const own = await testPipeline({ config });
    try {
      for (const name of ['both', 'both.late', 'big', 'counts', 'counts.late', 'views.dead-letters']) {
        expect(own.read(name)).toEqual([]);
      }
      expect(() => own.read('bog')).toThrow('did you mean big?');
      expect(() => own.read('bth')).toThrow('did you mean both?');
    } finally {
      await own.close();
    }
  });
});
