import { expect, test } from 'vitest';
import { runCommand } from '../../src/commands/run.ts';

test('a run with a store that goes on from one journal needs a data directory', async () => {
  const run = runCommand.run({ config: 'config/lake.yaml', input: ['payments.transactions=none.csv'] }, []);
  await expect(run).rejects.toThrow(
    'the store lake goes on from one journal, and without --data the journal is temporary: write --data ./data/lake',
  );
});
