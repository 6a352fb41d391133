/** What a run says of its dead letters. */
import { expect, test } from 'vitest';
import { shareWarnings, summaryJson, summaryText } from '../../src/commands/run-summary.ts';
import type { RunSummary } from '../../src/run/run.ts';
import {
  addRefusals,
  countTaken,
  type RefusalCounts,
  refusalsOf,
  refusedShares,
} from '../../src/service/refusal-counts.ts';

const letter = (reason: string, position: number, detail: string, source = 'file:/in/w.csv') => ({
  stream: 'weather',
  source,
  position,
  reason,
  detail,
  raw: Buffer.alloc(0),
  rawLength: 0,
  format: 'csv',
  context: '',
});

const counts: RefusalCounts = new Map();
const later: RefusalCounts = new Map();
countTaken(later, 'weather', 60, [
  letter('wrong-type', 9, 'gust must be a number: found "NA"'),
  letter('not-csv', 4, 'no end'),
]);
countTaken(later, 'weather', 0, [letter('wrong-type', 2, 'temp must be a number: found "NA"')]);
countTaken(later, 'orders', 1000, [letter('null-key', 7, 'is empty', 'http')]);
addRefusals(counts, later);

const summary: RunSummary = {
  in: 1064,
  already: 0,
  committed: 1060,
  tombstones: 0,
  deadLetters: 4,
  deadLetterReasons: refusalsOf(counts),
  deadLetterShares: Object.fromEntries(refusedShares(counts)),
  late: 0,
  lateWindows: 0,
  windows: 0,
  counted: { sessions: 2, alerts: 1 },
  failures: {},
  watermarks: {},
  seconds: 1,
  eventsPerSecond: 1,
  peakRssMb: 1,
  eventLoopDelayP99Ms: 1,
  lacking: [],
};

test('the reasons of dead letters stand below their number, most frequent first, each with its first place', () => {
  const lines = summaryText(summary).split('\n');
  const at = lines.findIndex((line) => line.startsWith('dead letters'));
  expect(lines.slice(at, at + 4)).toEqual([
    'dead letters              4',
    '  wrong-type              2   weather, first /in/w.csv:2: temp must be a number: found "NA"',
    '  not-csv                 1   weather, first /in/w.csv:4: no end',
    '  null-key                1   orders, first http 7: is empty',
  ]);
});

test('what tables have counted is a line each, and stands beside the rest for machines, as it always has', () => {
  const lines = summaryText(summary).split('\n');
  const at = lines.findIndex((line) => line.startsWith('windows'));
  expect(lines.slice(at + 1, at + 3)).toEqual(['sessions                  2', 'alerts                    1']);
  expect(JSON.parse(summaryJson(summary))).toMatchObject({ in: 1064, windows: 0, sessions: 2, alerts: 1 });
  expect(JSON.parse(summaryJson(summary))).not.toHaveProperty('counted');
});

test('a share above the bound is a warning, which names the option for a word that stands for no value', () => {
  expect(shareWarnings(summary, 0.01)).toEqual([
    'millrace: 4.76 % of what weather read became dead letters, more than 1.00 %; if "NA" stands for no value, say so: ' +
      'streams.weather.format.csv.nulls: ["NA", ""]\n',
  ]);
  expect(shareWarnings(summary, 0.0001)).toHaveLength(2);
  expect(shareWarnings(summary, 0.05)).toEqual([]);
});
