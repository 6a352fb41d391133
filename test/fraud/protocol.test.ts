import { describe, expect, it } from 'vitest';
import { cardPrecision } from '../../src/fraud/card-precision.ts';
import { rowsToJudge } from '../../src/fraud/protocol.ts';

const DAY_MS = 86_400_000;

describe('the protocol', () => {
  it('leaves out who had a fraud in training, and from the day on when the label of another has come', () => {
    // A fraud on day 92 is known on day 100, one on day 93 on day 101.
    const frauds = [
      { customerId: 1, occurredAtMs: 80 * DAY_MS + 5 },
      { customerId: 2, occurredAtMs: 92 * DAY_MS },
      { customerId: 3, occurredAtMs: 93 * DAY_MS + 7 },
      { customerId: 4, occurredAtMs: 91 * DAY_MS },
    ];
    const days = Int32Array.of(100, 100, 100, 101, 100, 101, 100, 101);
    const customers = Float64Array.of(1, 2, 3, 3, 4, 4, 5, 5);
    const kept = rowsToJudge({ days, customers }, frauds, { fromMs: 79 * DAY_MS, toMs: 86 * DAY_MS }, 100);
    // Day 91 is neither in training nor d − 8 of a test day.
    expect([...kept]).toEqual([2, 4, 5, 6, 7]);
  });

  it('takes the highest score of a card a day, and looks at no card again that was found', () => {
    const rows = {
      days: Int32Array.of(1, 1, 1, 1, 2, 2, 2),
      customers: Float64Array.of(1, 1, 2, 3, 1, 2, 3),
      labels: Uint8Array.of(0, 1, 0, 0, 1, 1, 0),
    };
    const scores = Float64Array.of(0.9, 0.1, 0.5, 0.2, 0.9, 0.3, 0.8);
    // Day 1: card 1 of {1}. Day 2 without card 1: card 3 of {3, 2}, which is no fraud.
    expect(cardPrecision(rows, scores, 1)).toBe(0.5);
    // Day 1: cards 1 and 2, one fraud. Day 2: cards 3 and 2, one fraud.
    expect(cardPrecision(rows, scores, 2)).toBe(0.5);
  });
});
