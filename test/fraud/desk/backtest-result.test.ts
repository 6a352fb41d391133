/** What a backtest comes to, counted by hand. */
import { describe, expect, test } from 'vitest';
import { type Alerted, compared, type History, newAlerted } from '../../../src/fraud/desk/backtest-result.ts';
import { alertOf } from '../../sinks/alert-fixture.ts';

/** Alerts by the transactions of their cases, the first of which raised it. */
function alertedOf(...cases: readonly (readonly number[])[]): Alerted {
  const alerted = newAlerted();
  for (const ids of cases) {
    const [first = 0] = ids;
    const alert = { ...alertOf(`a${first}`), transactionId: first, occurredAt: 100 - first };
    alerted.alerts.set(alert.alertId, alert);
    for (const id of ids) alerted.hits.set(id, alert.caseId);
  }
  return alerted;
}

const history: History = {
  transactions: new Map([1, 2, 3, 4, 5, 6].map((id) => [id, id * 100])),
  frauds: new Map([
    [2, { fraud: true, knownAt: 1 }],
    [4, { fraud: true, knownAt: 1 }],
    [5, { fraud: false, knownAt: 2 }],
    // Of another time than the range.
    [99, { fraud: true, knownAt: 1 }],
  ]),
  live: alertedOf([1, 2], [3]),
  other: alertedOf([1], [5, 6], [4]),
};

describe('a backtest', () => {
  const result = compared(history, { fromMs: Number.NEGATIVE_INFINITY, toMs: 50 });

  test('says how good each side was: alerts by their cases, frauds and money by transactions', () => {
    expect(result).toMatchObject({ from: null, to: 50, transactions: 6, frauds: 2, fraudCents: 600 });
    expect(result.live).toEqual({
      ...{ alerts: 2, rightAlerts: 1, precision: 0.5, hits: 3, caughtFrauds: 1, recall: 0.5 },
      ...{ caughtCents: 200, missedCents: 400 },
    });
    expect(result.candidate).toEqual({
      ...{ alerts: 3, rightAlerts: 1, precision: 1 / 3, hits: 4, caughtFrauds: 1, recall: 0.5 },
      ...{ caughtCents: 400, missedCents: 200 },
    });
  });

  test('lists the alerts that one side has alone, by time, and whether they are right', () => {
    const of = (list: typeof result.gained) => list.map(({ alertId, fraud }) => [alertId, fraud]);
    expect(of(result.gained)).toEqual([
      ['a5', false],
      ['a4', true],
    ]);
    expect(of(result.lost)).toEqual([['a3', false]]);
  });

  test('has no precision without an alert, and no recall without a fraud', () => {
    const none = compared(
      { transactions: new Map(), frauds: new Map(), live: newAlerted(), other: newAlerted() },
      { fromMs: 0, toMs: 1 },
    );
    expect(none.live).toMatchObject({ precision: null, recall: null, caughtCents: 0, missedCents: 0 });
  });
});
