import { describe, expect, test } from 'vitest';
import type { RunChanged } from '../../src/messages/operations.ts';
import { applyRunChanged, endOrphans, jobRuns, NO_RUNS } from '../../src/schedule/runs.ts';

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
    expect(jobRuns(runs, 'fetch')).toMatchObject({ scheduledUntil: 10, lastTriggeredAt: 25 });
    expect(jobRuns(runs, 'other').scheduledUntil).toBeNull();
  });

  test('does not change the state before the event', () => {
    const before = fold([changed('a', 'queued', [0, 10])]);
    applyRunChanged(before, changed('a', 'success', [0, 10]));
    expect(jobRuns(before, 'fetch').open.size).toBe(1);
  });
});

describe('orphans', () => {
  test('are every queued, running and retrying run, failed with a message, oldest first', () => {
    const runs = fold([
      changed('retrying', 'up_for_retry', [20, 30], 3),
      changed('running', 'running', [10, 20]),
      changed('done', 'success', [0, 10]),
      changed('queued', 'queued', [35, 35], 0),
    ]);
    const ended = endOrphans(runs, 99);
    expect(ended.map(({ runId, state, attempt, changedAt }) => [runId, state, attempt, changedAt])).toEqual([
      ['running', 'failed', 1, 99],
      ['retrying', 'failed', 3, 99],
      ['queued', 'failed', 0, 99],
    ]);
    expect(ended[1]?.message).toMatch(/orphaned.*up_for_retry.*attempt 3/i);
  });

  test('are none once they were ended', () => {
    const runs = fold([changed('a', 'running', [0, 10])]);
    expect(endOrphans(endOrphans(runs, 1).reduce(applyRunChanged, runs), 2)).toEqual([]);
  });
});
