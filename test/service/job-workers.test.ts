import { expect, test } from 'vitest';
import type { FetcherEvent } from '../../src/actors/fetcher.ts';
import type { RunChanged } from '../../src/messages/operations.ts';
import { createJobWorkers } from '../../src/service/job-workers.ts';

function runOf(runId: string): RunChanged {
  const state = 'queued';
  return {
    job: 'j',
    runId,
    intervalStart: 0,
    intervalEnd: 1,
    state,
    attempt: 0,
    changedAt: 0,
    records: 0,
    message: null,
  };
}

test('a run that is started while its fetcher is down goes to the next one, once', () => {
  const workers = createJobWorkers();
  const got: string[] = [];
  const fetcher = (name: string) => (event: FetcherEvent) => {
    if (event.type === 'RUN') got.push(`${name} ${event.run.runId}`);
  };
  workers.up('j', fetcher('first'));
  workers.start(runOf('1'));
  workers.down('j');
  workers.start(runOf('2'));
  expect(got).toEqual(['first 1']);
  workers.up('j', fetcher('second'));
  workers.up('j', fetcher('third'));
  expect(got).toEqual(['first 1', 'second 2']);
});
