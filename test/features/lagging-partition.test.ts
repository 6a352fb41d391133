import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { loadConfig } from '../../src/config/load.ts';
import { testPipeline } from '../../src/testing.ts';
import { temporaryDirectory } from '../service/script-run.ts';

function pipelineFile(maxWait: string): string {
  const file = join(temporaryDirectory(), 'pipeline.yaml');
  writeFileSync(
    file,
    `streams:
  pay: { builtin: Transaction, key: customerId, eventTime: occurredAt, partitions: 2, watermark: { ${maxWait} } }
fraud: { stream: pay }
features:
  terminal: { stream: pay, key: terminalId, window: 1d, aggregate: { n: count() } }
  customer: { stream: pay, key: customerId, window: 1d, aggregate: { n: count() }, select: { both: customer_n + terminal_n } }
rules:
  big: { stream: pay, where: amountCents > 22000, score: 0.9, reason: "{features.terminal.n} at the terminal" }
stores: { sqlite: false, duckdb: false }
`,
  );
  return file;
}

const pay = ($partition: number, transactionId: number, occurredAt: number, amountCents = 100) => ({
  ...{ $partition, transactionId, occurredAt, amountCents, customerId: $partition, terminalId: 7 },
});

test('a score waits for a partition that is behind, and after maxWait is made with what is known, and says so', async () => {
  const pipeline = await testPipeline({ config: pipelineFile('maxWait: 30s') });
  try {
    const vectors = () =>
      pipeline
        .read('pay.features')
        .map(({ transactionId, terminal_n, customer_n, customer_both, isPartial }) => [
          ...[transactionId, terminal_n, customer_n, customer_both, isPartial],
        ])
        .sort(([a], [b]) => Number(a) - Number(b));
    await pipeline.pipe('pay', pay(0, 1, 1000), pay(1, 2, 1000), pay(0, 3, 60_000), pay(0, 4, 70_000, 30_000));
    await pipeline.pipe('pay', { $advanceClock: '20s' }, pay(1, 5, 2000), { $advanceClock: '9s' });
    expect(vectors()).toEqual([
      [1, 1, 1, 2, false],
      [2, 2, 1, 3, false],
    ]);
    await pipeline.pipe('pay', { $advanceClock: '1s' }, pay(0, 6, 80_000));
    expect(vectors()).toEqual([
      [3, 4, 2, 6, true],
      [4, 5, 3, 8, true],
      [5, 3, 2, 5, true],
    ]);
    expect(pipeline.read('fraud.alerts')).toMatchObject([
      { transactionId: 4, reasons: [{ code: 'big', text: '5 at the terminal' }, { code: 'isPartial' }] },
    ]);
    await pipeline.restart();
    // It comes too late for those: it is late, and has a vector all the same.
    await pipeline.pipe('pay', pay(1, 7, 3000));
    expect(vectors()).toEqual([[7, 4, 3, 7, true]]);
    expect(pipeline.read('pay.features.late')).toMatchObject([{ event: { transactionId: 7 } }]);
    // From then on it is waited for again.
    await pipeline.pipe('pay', pay(1, 8, 85_000), pay(0, 9, 90_000));
    expect(vectors()).toEqual([[6, 7, 4, 11, false]]);
  } finally {
    await pipeline.close();
  }
});

test('without maxWait vectors say nothing of what was behind', () => {
  const { features } = loadConfig(pipelineFile('maxAhead: 1h'), {});
  expect(features.flatMap(({ stages }) => stages.map(({ saysPartial }) => saysPartial))).toEqual([
    undefined,
    undefined,
  ]);
});
