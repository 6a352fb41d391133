import { describe, expect, test } from 'vitest';
import { adoptOrphans, applyRunChanged, jobRuns, NO_RUNS, scheduledUntil } from '../../src/jobs/runs.ts';
import type { RunChanged } from '../../src/messages/operations.ts';

function changed(runId: string, state: RunChanged['state'], interval: [number, number], attempt = 1): RunChanged {
  const [intervalStart, intervalEnd] = interval;
  return { job: 'fetch', runId, intervalStart, intervalEnd, state, attempt, changedAt: 0, records: 0, message: null };
}

const fold = (events: readonly RunChanged[]) => events.reduce(applyRunChanged, NO_RUNS);

describe('the fold over RunChanged', () => {
  test('keeps a run open until a terminal event, and forgets it then', () => {
    const open = (events: RunChanged[]) => [...jobRuns(fold(events), 'fetch').open.keys()];
    const queued = changed('a', 'queued', [0, 10]);
    expect(open([queued])).toEqual(['a']);
    expect(open([queued, changed('a', 'running', [0, 10]), changed('a', 'up_for_retry', [0, 10])])).toEqual(['a']);
    for (const state of ['success', 'failed', 'skipped', 'cancelled'] as const) {
      expect(open([queued, changed('a', state, [0, 10])])).toEqual([]);
    }
  });

  test('marks how far the schedule has come by scheduled runs only, whatever became of them', () => {
    const runs = fold([
      changed('a', 'queued', [0, 10]),
      changed('a', 'failed', [0, 10]),
      changed('b', 'queued', [25, 25]),
      changed('b', 'success', [25, 25]),
    ]);
    expect(jobRuns(runs, 'fetch').lastTriggeredAt).toBe(25);
    expect(scheduledUntil(jobRuns(runs, 'fetch'), 30)).toBe(10);
    expect(scheduledUntil(jobRuns(runs, 'other'), 30)).toBeNull();
  });

  test('does not change the state before the event', () => {
    const before = fold([changed('a', 'queued', [0, 10])]);
    applyRunChanged(before, changed('a', 'success', [0, 10]));
    expect(jobRuns(before, 'fetch').open.size).toBe(1);
  });
});

test('how far a schedule has come leaves out runs of a clock that was ahead', () => {
  const runs = fold([
    changed('a', 'queued', [0, 10]),
    changed('far', 'queued', [900, 1000]),
    changed('b', 'queued', [10, 20]),
  ]);
  expect(scheduledUntil(jobRuns(runs, 'fetch'), 25)).toBe(20);
  expect(scheduledUntil(jobRuns(runs, 'fetch'), 5)).toBeNull();
  expect(scheduledUntil(jobRuns(runs, 'fetch'), 2000)).toBe(1000);
});

describe('orphans', () => {
  const retries = () => 2;

  test('are queued again within their retries, oldest first, and failed with a message once those are spent', () => {
    const runs = fold([
      changed('spent', 'running', [20, 30], 3),
      changed('retrying', 'up_for_retry', [30, 35], 2),
      changed('running', 'running', [10, 20]),
      changed('done', 'success', [0, 10]),
      changed('queued', 'queued', [35, 35], 0),
    ]);
    const adopted = adoptOrphans(runs, retries, 99);
    expect(adopted.map(({ runId, state, attempt, changedAt }) => [runId, state, attempt, changedAt])).toEqual([
      ['running', 'queued', 1, 99],
      ['spent', 'failed', 3, 99],
      ['retrying', 'queued', 2, 99],
    ]);
    expect(adopted[1]?.message).toMatch(/orphaned.*running.*attempt 3.*its last/i);
  });

  test('are failed, queued ones too, when their job is no more', () => {
    const runs = fold([changed('a', 'running', [0, 10]), changed('b', 'queued', [10, 20], 0)]);
    expect(adoptOrphans(runs, () => null, 99).map(({ state }) => state)).toEqual(['failed', 'failed']);
  });

  test('need no second event once they were queued', () => {
    const runs = fold([changed('a', 'running', [0, 10])]);
    expect(adoptOrphans(adoptOrphans(runs, retries, 1).reduce(applyRunChanged, runs), retries, 2)).toEqual([]);
  });
});
