/** What the journal keeps of a run of a suite, and when people hear of it. */
import { expect, test } from 'vitest';
import { alertOf, checkFailedToRun, checkRan, keptResults } from '../../../src/quality/suite/check-run.ts';
import { junitXml } from '../../../src/quality/suite/junit.ts';
import { judged, raised, suiteResult } from '../../../src/quality/suite/result.ts';

const place = { of: 'pay', runId: 's@1970-01-01T00:00:00.000Z', dueMs: 0, ranAtMs: 5, durationMs: 2 };
const rule = { type: 'expect_column_values_to_not_be_null', column: 'a<b', mostly: 1 } as const;
const bad = judged(
  { rule, severity: 'critical' },
  {
    outcome: 'failed',
    message: '2 are null',
    result: { unexpected_percent: 50, partial_unexpected_list: [null, 'x'.repeat(500)] },
  },
);
const failing = checkRan(suiteResult({ name: 's', expectations: [] }, [bad]), place);
const passing = checkRan(suiteResult({ name: 's', expectations: [] }, []), place);

test('people hear of a suite when it begins to fail and when it recovers, and not in between', () => {
  expect(alertOf(failing, null)).toMatchObject({
    alertId: 'check:s@1970-01-01T00:00:00.000Z/firing',
    state: 'firing',
    summary: 's on pay: 1 expectation is not met',
    details: ['expect_column_values_to_not_be_null(a<b): 2 are null'],
  });
  expect(alertOf(failing, 'failed')).toBeNull();
  expect(alertOf(passing, 'failed')).toMatchObject({ state: 'resolved', summary: 's on pay is met again' });
  expect([alertOf(passing, null), alertOf(passing, 'warning'), alertOf(failing, 'warning')?.state]).toEqual([
    null,
    null,
    'firing',
  ]);
  expect(alertOf(checkFailedToRun('s', 'the table is gone', place), 'passed')?.details).toEqual([
    'the suite itself: the table is gone',
  ]);
});

test('what is kept of a run has samples that are cut', () => {
  const [kept] = keptResults(failing);
  expect(kept?.samples).toEqual([null, `${'x'.repeat(200)}…`]);
  expect(kept).toMatchObject({ outcome: 'failed', observed: 50 });
});

test('the XML for CI has a case an expectation, with characters that XML can hold', () => {
  const error = raised({ rule, severity: 'critical' }, 'no "column"\u0000\n');
  const warning = judged({ rule, severity: 'warning' }, bad);
  expect(
    junitXml([suiteResult({ name: 's&', expectations: [] }, [bad, error, warning])]),
  ).toBe(`<?xml version="1.0" encoding="UTF-8"?>
<testsuites>
  <testsuite name="s&amp;" tests="3" failures="1" errors="1" skipped="1">
    <testcase classname="s&amp;" name="expect_column_values_to_not_be_null(a&lt;b)"><failure message="2 are null"/></testcase>
    <testcase classname="s&amp;" name="expect_column_values_to_not_be_null(a&lt;b)"><error message="no &quot;column&quot;\ufffd&#10;"/></testcase>
    <testcase classname="s&amp;" name="expect_column_values_to_not_be_null(a&lt;b)"><skipped message="2 are null"/></testcase>
  </testsuite>
</testsuites>
`);
});
