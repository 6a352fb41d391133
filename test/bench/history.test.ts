import { describe, expect, test } from 'vitest';
import { type Figures, medianOf } from '../../bench/whole/figures.ts';
import { changesOf, type HistoryLine, pairOf, parseHistory } from '../../bench/whole/history.ts';

const MACHINE = { cpu: 'c', cores: 2, memoryGiB: 24, node: 'v20' };

const figures = (nsPerEvent: number | null, counts = {}, events = 100): Figures => {
  return { events, nsPerEvent, seconds: 1, peakRssMiB: 1, p50Ms: null, p99Ms: null, counts };
};

const line = (commit: string, scenarios: HistoryLine['scenarios'], machine = MACHINE): HistoryLine => {
  return { commit, at: '2026-01-01T00:00:00.000Z', machine, scenarios };
};

describe('two commits', () => {
  const costs = (before: readonly number[], after: readonly number[]) =>
    changesOf(line('a', { s: before.map((ns) => figures(ns)) }), line('b', { s: after.map((ns) => figures(ns)) })).map(
      ({ isWorse }) => isWorse,
    );

  test('are a regression when the median costs more than a tenth more', () => {
    expect(costs([1000, 1000, 1050], [1109])).toEqual([true]);
    expect(costs([1000], [1099])).toEqual([false]);
    expect(costs([1000], [500])).toEqual([false]);
  });

  test('are none when the runs of one differ by more than they do from each other', () => {
    expect(costs([1000, 1400, 1000], [1000, 1150, 1200])).toEqual([false]);
  });

  test('are compared in the scenarios that both have, and that are measured by CPU time', () => {
    const before = line('a', { old: [figures(1)], both: [figures(1)], wall: [figures(null)] });
    const after = line('b', { both: [figures(1)], wall: [figures(null)], fresh: [figures(1)] });
    expect(changesOf(before, after).map(({ scenario }) => scenario)).toEqual(['both']);
  });

  test('that give other counts for the same events say which', () => {
    const before = line('a', { s: [figures(1, { windows: 3, sessions: 4 })] });
    const after = line('b', { s: [figures(1, { windows: 3, sessions: 5, scores: 6 })] });
    expect(changesOf(before, after)).toMatchObject([{ otherCounts: 'sessions 4 → 5, scores none → 6' }]);
    const longer = line('b', { s: [figures(1, { windows: 30, sessions: 40 }, 1000)] });
    expect(changesOf(before, longer)).toMatchObject([{ otherCounts: null }]);
  });
});

describe('the history', () => {
  const other = { ...MACHINE, cores: 8 };
  const history = [line('aaa', {}), line('bbb', {}), line('bbb', {}), line('ccc', {}, other), line('bbb+', {})];

  test('is compared by its newest line and that of the commit before it on the same machine', () => {
    expect(pairOf(history).map(({ commit }) => commit)).toEqual(['bbb', 'bbb+']);
    expect(pairOf(history.slice(0, 3))).toEqual([history[0], history[2]]);
    expect(pairOf(history, 'aaa', 'bbb').map(({ commit }) => commit)).toEqual(['aaa', 'bbb+']);
  });

  test('that has nothing to compare with is refused in words', () => {
    expect(() => pairOf([])).toThrow('The history has no figures');
    expect(() => pairOf(history, undefined, 'ccc')).toThrow('The history has nothing before ccc on its machine');
    expect(() => pairOf(history, 'zzz')).toThrow('The history has nothing of zzz before bbb+ on its machine');
  });

  test('is a line of JSON each, and a damaged one is named', () => {
    const text = history.map((each) => JSON.stringify(each)).join('\n');
    expect(parseHistory(`${text}\n`)).toEqual(history);
    expect(() => parseHistory(`${text}\n{"commit"`)).toThrow('line 6 of the history is no JSON');
  });
});

test('the median of an even number of runs is the lower one', () => {
  expect(medianOf([figures(3), figures(1), figures(2), figures(9)])).toEqual(figures(2));
  expect(medianOf([figures(5)])).toEqual(figures(5));
});
