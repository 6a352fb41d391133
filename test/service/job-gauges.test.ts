/** What the metrics say of jobs, from the changes of their runs. */
import { expect, test } from 'vitest';
import { createJobGauges } from '../../src/service/job-gauges.ts';

const MINUTE = 60_000;

test('a run is open until it is over, and the newest one that is over says whether the job has failed', () => {
  const jobs = createJobGauges();
  const change = (
    interval: number,
    state: 'queued' | 'running' | 'success' | 'failed' | 'skipped',
    changedAt: number,
  ) => jobs.take({ job: 'weather', runId: `weather@${interval}`, intervalEnd: interval * MINUTE, state, changedAt });
  const seen = () => {
    const gauges = jobs.gauges();
    return {
      failed: gauges.job_last_run_failed?.[0]?.value,
      succeeded: gauges.job_last_success_timestamp_seconds?.[0]?.value,
      open: gauges.job_open_run_timestamp_seconds?.[0]?.value,
    };
  };
  expect(seen()).toEqual({ failed: undefined, succeeded: undefined, open: undefined });
  change(1, 'queued', 61_000);
  change(2, 'queued', 121_000);
  expect(seen()).toEqual({ failed: 0, succeeded: undefined, open: 60 });
  change(1, 'success', 122_000);
  expect(seen()).toEqual({ failed: 0, succeeded: 122, open: 120 });
  change(2, 'running', 123_000);
  change(2, 'failed', 124_000);
  expect(seen()).toEqual({ failed: 1, succeeded: 122, open: undefined });
  // What an earlier process left is heard of later, and changes nothing that is newer.
  change(0, 'success', 1_000);
  change(3, 'skipped', 125_000);
  expect(seen()).toEqual({ failed: 1, succeeded: 122, open: undefined });
});
