import { testPipeline } from 'millrace/testing';
import { expect, test } from 'vitest';

test('clicks are summed in windows of three seconds, across a crash', async () => {
  const pipeline = await testPipeline({ config: 'test/examples/pipeline/clicks.yaml' });
  try {
    await pipeline.pipe('clicks', { userId: 'ann', occurredAt: 1000, amount: 2 });
    await pipeline.snapshot();
    await pipeline.pipe('clicks', { userId: 'ann', occurredAt: 2000, amount: 3 }, { userId: 'ann', amount: 1 });
    await pipeline.restart();
    expect(pipeline.read('clicks_per_user')).toEqual([]);

    await pipeline.advanceWatermark('clicks', 2999);
    expect(pipeline.read('clicks_per_user')).toMatchObject([{ key: 'ann', start: 0, end: 3000, n: 2, total: 5 }]);
    expect(pipeline.deadLetters('clicks')).toMatchObject([{ reason: 'missing-field' }]);

    await pipeline.pipe('clicks', { userId: 'ann', occurredAt: 2500, amount: 7 });
    expect(pipeline.read('clicks_per_user.late')).toMatchObject([{ key: 'ann', latenessMs: 0 }]);
    expect(await pipeline.query('duckdb', "SELECT count FROM windows WHERE key = 'ann'")).toMatchObject([{ count: 2 }]);
  } finally {
    await pipeline.close();
  }
});
