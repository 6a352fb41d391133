/** Sessions, scores, alerts and cases through a whole partition. Other engines' tests are named by engine and test. */
import { describe, expect, test } from 'vitest';
import { CARD_HISTORY_MS } from '../../src/fraud/card-timers.ts';
import { rulesOfLimits } from '../../src/fraud/default-rules.ts';
import { createFraudDetector, type FraudDetector } from '../../src/fraud/detector.ts';
import type { SessionClosed, Transaction } from '../../src/fraud/schemas.ts';
import type { FraudEvents, FraudSpec } from '../../src/fraud/spec.ts';
import {
  challengerScoredType,
  sessionClosedType,
  transactionScoredType,
  transactionType,
} from '../../src/fraud/types.ts';
import type { WatermarkPolicy } from '../../src/streams/watermark.ts';
import { drivePartition, END, TRANSACTIONS } from '../partition/driver.ts';

const GAP_MS = 3000;
const QUIET_MS = 100_000;
/** Bits of the default rules. */
const [AMOUNT_RULE, VELOCITY_RULE, DEVIATION_RULE] = [1, 2, 4];
const LIMITS = { amountCents: 22_000, velocityCount: 5, deviations: 4, minHistory: 3 };
const spec: FraudSpec = {
  sessionGapMs: GAP_MS,
  caseQuietMs: QUIET_MS,
  rules: rulesOfLimits(LIMITS),
};
const NEVER: FraudSpec = { ...spec, rules: [] };
const SCRIPTED: WatermarkPolicy = { kind: 'scripted' };

const drive = (fraud: FraudSpec = NEVER, snapshot?: Uint8Array) =>
  drivePartition({ ...TRANSACTIONS, watermark: SCRIPTED, fraud }, snapshot);
let transactionId = 0;
const pay = (customerId: number, occurredAt: number, amountCents = 1, terminalId = 7) => {
  transactionId += 1;
  return { transactionId, customerId, terminalId, amountCents, occurredAt } satisfies Transaction;
};
const W = (watermark: number) => ({ watermark });
const row = ({ customerId, start, end, count, totalCents }: SessionClosed) => [
  customerId,
  start,
  end,
  count,
  totalCents,
];

describe('sessions a card with a gap of 3 s', () => {
  test('close as in Flink, WindowOperatorTest.testSessionWindows, also when restored in between', () => {
    const before = drive();
    before.pipe(pay(2, 0, 1), pay(2, 1000, 2), pay(2, 2500, 3));
    const driver = drive(NEVER, before.snapshot());
    driver.pipe(pay(1, 10, 1), pay(1, 1000, 2), pay(1, 2500, 3));
    driver.pipe(pay(2, 5501, 4), pay(2, 6000, 5), pay(2, 6000, 5), pay(2, 6050, 6));
    expect(driver.pipe(W(12_000)).sessions.map(row)).toEqual([
      [1, 10, 5500, 3, 6],
      [2, 0, 5500, 3, 6],
      [2, 5501, 9050, 4, 20],
    ]);
    driver.pipe(pay(2, 15_000, 10), pay(2, 15_000, 20));
    expect(driver.pipe(W(17_999)).sessions.map(row)).toEqual([[2, 15_000, 18_000, 2, 30]]);
  });

  test('merge and come late as in Flink, WindowOperatorTest.testDropDueToLatenessSessionZeroLateness', () => {
    const driver = drive();
    // 5 [1000,11500): 8500 and 4500 are apart until 7000 bridges them.
    driver.pipe(pay(2, 1000), W(1999), pay(2, 2000), W(4998), pay(2, 4500), pay(2, 8500), W(7400), pay(2, 7000));
    expect(driver.pipe(W(11_501)).sessions.map(row)).toEqual([[2, 1000, 11_500, 5, 5]]);
    expect(driver.pipe(pay(2, 11_600), W(14_600)).sessions.map(row)).toEqual([[2, 11_600, 14_600, 1, 1]]);
    const after = driver.pipe(pay(2, 10_000), pay(2, 14_500), W(20_000));
    expect(after.late).toMatchObject([{ window: 'fraud.sessions', key: '2', occurredAt: 10_000, latenessMs: 1601 }]);
    expect(after.sessions.map(row)).toEqual([[2, 14_500, 17_500, 1, 1]]);
  });

  test('merge when they touch, and stay apart when a millisecond lies between them', () => {
    const touching = drive();
    expect(touching.pipe(pay(1, 0), pay(1, GAP_MS), END).sessions.map(row)).toEqual([[1, 0, 6000, 2, 2]]);
    const apart = drive();
    expect(apart.pipe(pay(1, 0), pay(1, GAP_MS + 1), END).sessions.map(row)).toEqual([
      [1, 0, 3000, 1, 1],
      [1, 3001, 6001, 1, 1],
    ]);
  });

  test('merge with one on either side that an event in the middle only touches', () => {
    const driver = drive();
    expect(driver.pipe(pay(1, 0), pay(1, 2 * GAP_MS), pay(1, GAP_MS), END).sessions.map(row)).toEqual([
      [1, 0, 3 * GAP_MS, 3, 3],
    ]);
    const backwards = drive();
    expect(backwards.pipe(pay(1, 9000), pay(1, 0), pay(1, 3000), END).sessions.map(row)).toEqual([
      [1, 0, 6000, 2, 2],
      [1, 9000, 12_000, 1, 1],
    ]);
    const first = drive();
    expect(first.pipe(pay(1, 3000), pay(1, 0), END).sessions.map(row)).toEqual([[1, 0, 6000, 2, 2]]);
  });

  test('close as in Kafka Streams, SuppressScenarioTest: gap 5 and no grace, by the stream time', () => {
    const options = { ...TRANSACTIONS, watermark: { kind: 'bounded', outOfOrdernessMs: 0 } as const };
    const driver = drivePartition({ ...options, fraud: { ...NEVER, sessionGapMs: 5 } });
    const { sessions, late } = driver.pipe(pay(1, 0), pay(1, 5), pay(1, 1), pay(2, 11), pay(1, 5), pay(1, 30));
    // Kafka's session window ends with its last event; ours a gap after it.
    expect(sessions.map(row)).toEqual([
      [1, 0, 5 + 5, 3, 3],
      [2, 11, 11 + 5, 1, 1],
    ]);
    expect(late).toMatchObject([{ key: '1', occurredAt: 5 }]);
  });

  test('bridge any number of open ones, and keep the highest score of all', () => {
    const driver = drive({ ...spec, rules: rulesOfLimits({ ...LIMITS, velocityCount: 99 }) });
    driver.pipe(pay(1, 0, 30_000), pay(1, 5000), pay(1, 10_000));
    const { sessions } = driver.pipe(pay(1, 2500), pay(1, 7500), END);
    expect(sessions).toMatchObject([{ start: 0, end: 13_000, count: 5, totalCents: 30_004 }]);
    expect(sessions[0]?.maxScore).toBeCloseTo(0.9, 12);
  });

  test('close when the watermark reaches their last millisecond, not before', () => {
    const driver = drive();
    driver.pipe(pay(1, 0));
    expect(driver.pipe(W(2998)).sessions).toEqual([]);
    expect(driver.pipe(W(2999)).sessions).toMatchObject([{ start: 0, end: 3000, at: 2999 }]);
    expect(driver.pipe(END).sessions).toEqual([]);
  });

  test('close in order of their ends, then of customers, however far the watermark leaps', () => {
    const driver = drive();
    driver.pipe(pay(3, 0), pay(1, 100), pay(2, 100), pay(3, 2000), pay(3, 9000));
    expect(driver.pipe(END).sessions.map(row)).toEqual([
      [1, 100, 3100, 1, 1],
      [2, 100, 3100, 1, 1],
      [3, 0, 5000, 2, 1 + 1],
      [3, 9000, 12_000, 1, 1],
    ]);
  });

  test('take a first transaction until the watermark has reached the last millisecond it would open', () => {
    const driver = drive();
    expect(driver.pipe(W(GAP_MS - 2), pay(1, 0)).late).toEqual([]);
    expect(driver.pipe(W(GAP_MS - 1)).sessions.map(row)).toEqual([[1, 0, GAP_MS, 1, 1]]);
    expect(driver.pipe(pay(1, 0)).late).toMatchObject([{ occurredAt: 0, latenessMs: 0 }]);
    expect(driver.pipe(END).sessions).toEqual([]);
  });

  test('a transaction that is late for its session is scored all the same', () => {
    const driver = drive(spec);
    driver.pipe(pay(1, 0), W(10_000));
    const late = pay(1, 500, 30_000);
    const derived = driver.pipe(late);
    expect(derived.late).toMatchObject([{ occurredAt: 500, latenessMs: 10_000 - 3499, event: JSON.stringify(late) }]);
    expect(derived.scores).toMatchObject([
      { transactionId: late.transactionId, ruleHits: AMOUNT_RULE, sessionCount: 1 },
    ]);
    expect(derived.alerts).toHaveLength(1);
  });
});

describe('a rule', () => {
  test.each([
    [22_000, 0],
    [22_001, AMOUNT_RULE],
  ])('on amounts, of %i cents against a limit of 220.00, gives %i', (amountCents, hits) => {
    expect(drive(spec).pipe(pay(1, 0, amountCents)).scores).toMatchObject([{ ruleHits: hits }]);
  });

  test('on velocity fires from the first transaction over its count in one session, and not in the next session', () => {
    const driver = drive(spec);
    const hits = [0, 1, 2, 3, 4, 5, 6, 10_000].map((at) => driver.pipe(pay(1, at)).scores[0]?.ruleHits);
    expect(hits).toEqual([0, 0, 0, 0, 0, VELOCITY_RULE, VELOCITY_RULE, 0]);
  });

  test("on deviations needs history, and measures by the customer's own mean and sample deviation", () => {
    const driver = drive(spec);
    driver.pipe(pay(1, 0, 80), pay(1, 1, 100), pay(1, 2, 120));
    // Mean 100, sample deviation 20: 180 lies exactly 4 above it, which is not over the limit.
    expect(driver.pipe(pay(1, 3, 180)).scores).toMatchObject([{ ruleHits: 0, ownMeanCents: 100, deviations: 4 }]);
    const other = drive(spec);
    other.pipe(pay(1, 0, 80), pay(1, 1, 100), pay(1, 2, 120));
    expect(other.pipe(pay(1, 3, 181)).scores).toMatchObject([{ ruleHits: DEVIATION_RULE, deviations: 4.05 }]);
    const young = drive(spec);
    young.pipe(pay(1, 0, 99), pay(1, 1, 101));
    expect(young.pipe(pay(1, 2, 10_000)).scores).toMatchObject([{ ruleHits: 0 }]);
  });

  test('on deviations has nothing to measure by when all amounts were equal', () => {
    const driver = drive(spec);
    driver.pipe(pay(1, 0, 50), pay(1, 1, 50), pay(1, 2, 50));
    expect(driver.pipe(pay(1, 3, 20_000)).scores).toMatchObject([{ ruleHits: 0, deviations: 0 }]);
  });

  test('that fires with another makes the score higher than either, and below one', () => {
    const driver = drive(spec);
    driver.pipe(pay(1, 0, 80), pay(1, 1, 100), pay(1, 2, 120));
    const both = driver.pipe(pay(1, 3, 30_000));
    expect(both.scores[0]?.ruleHits).toBe(AMOUNT_RULE | DEVIATION_RULE);
    // 1 − (1 − 0.9) · (1 − 0.7)
    expect(both.scores[0]?.score).toBeCloseTo(0.97, 12);
    expect(both.alerts).toMatchObject([{ severity: 'high' }]);
    expect(both.alerts[0]?.reasons.map(({ code }) => code)).toEqual(['amount', 'deviation']);
    expect(both.alerts[0]?.reasons[0]?.text).toBe('Amount 300.00 is above the limit of 220.00');
  });

  test("of another card's history counts for nothing", () => {
    const driver = drive(spec);
    driver.pipe(pay(1, 0, 80), pay(1, 1, 100), pay(1, 2, 120));
    expect(driver.pipe(pay(2, 3, 300)).scores).toMatchObject([{ ruleHits: 0, ownMeanCents: 0, sessionCount: 1 }]);
  });
});

describe('a case', () => {
  const fraud = (customerId: number, at: number) => pay(customerId, at, 30_000);

  test('is opened by the first hit with one alert, and takes the later hits of the card', () => {
    const driver = drive(spec);
    const [first, second, other] = [fraud(1, 0), fraud(1, 10_000), fraud(2, 20_000)];
    const { alerts, cases } = driver.pipe(first, second, other);
    expect(alerts.map((alert) => alert.transactionId)).toEqual([first.transactionId, other.transactionId]);
    expect(alerts[0]?.caseId).toBe(cases[0]?.caseId);
    const [opened] = cases;
    expect(cases).toMatchObject([
      { customerId: 1, change: 'opened', hits: 1, amountCents: 30_000, transactionId: first.transactionId },
      { caseId: opened?.caseId, change: 'hit', hits: 2, amountCents: 60_000, transactionId: second.transactionId },
      { customerId: 2, change: 'opened', hits: 1 },
    ]);
  });

  test('expires by the watermark as it does by the next hit of its card: with the same event', () => {
    const [one, two] = [fraud(1, 0), fraud(1, 10_000)];
    const byWatermark = drive(spec);
    byWatermark.pipe(one, two);
    expect(byWatermark.pipe(W(10_000 + QUIET_MS - 2)).cases).toEqual([]);
    const expired = byWatermark.pipe(W(10_000 + QUIET_MS - 1)).cases;
    const byEvent = drive(spec);
    byEvent.pipe(one, two);
    const next = byEvent.pipe(fraud(1, 10_000 + QUIET_MS));
    expect(next.cases.map(({ change }) => change)).toEqual(['expired', 'opened']);
    expect(next.alerts).toHaveLength(1);
    expect(expired).toEqual(next.cases.slice(0, 1));
    expect(expired).toMatchObject([
      { change: 'expired', hits: 2, transactionId: two.transactionId, occurredAt: 10_000 + QUIET_MS },
    ]);
    expect(byEvent.pipe(W(10_000 + QUIET_MS)).cases).toEqual([]);
  });

  test('lives on by a hit in the last millisecond of its quiet time', () => {
    const driver = drive(spec);
    driver.pipe(fraud(1, 0));
    expect(driver.pipe(fraud(1, QUIET_MS - 1)).cases).toMatchObject([{ change: 'hit', hits: 2 }]);
    expect(driver.pipe(W(2 * QUIET_MS - 3)).cases).toEqual([]);
    expect(driver.pipe(W(2 * QUIET_MS - 2)).cases).toMatchObject([{ change: 'expired', occurredAt: 2 * QUIET_MS - 1 }]);
  });

  test('expires in order of its deadline, then of customers, however far the watermark leaps', () => {
    const driver = drive(spec);
    driver.pipe(fraud(3, 0), fraud(1, 10), fraud(2, 10), fraud(3, 5000));
    expect(driver.pipe(END).cases.map(({ customerId }) => customerId)).toEqual([1, 2, 3]);
  });
});

describe('a card', () => {
  const events = (): FraudEvents => ({
    scores: transactionScoredType.flatWriter(),
    sessions: sessionClosedType.flatWriter(),
    alerts: [],
    cases: [],
    hits: [],
    actions: [],
    suppressions: [],
    labels: [],
    models: [],
    outages: [],
    challenger: challengerScoredType.flatWriter(),
    late: [],
    ruleFailed() {},
  });
  const add = (detector: FraudDetector, transaction: Transaction): void => {
    detector.begin(transactionType.columns(transactionType.encodeBlock([transaction])));
    detector.add(0, -1, events());
  };

  test('is forgotten when it was not seen for its history, and its norm with it', () => {
    const detector = createFraudDetector(spec, transactionType.schema);
    add(detector, pay(1, 0, 100));
    detector.advance(CARD_HISTORY_MS - 2, events());
    expect(detector.cardCount()).toBe(1);
    detector.advance(CARD_HISTORY_MS - 1, events());
    expect(detector.cardCount()).toBe(0);
  });

  test('starts a new norm after its history, whether or not the watermark was there first', () => {
    for (const watermark of [0, CARD_HISTORY_MS + 10]) {
      const driver = drive(spec);
      driver.pipe(pay(1, 0, 100), pay(1, 10, 300), W(watermark));
      const { scores } = driver.pipe(pay(1, 10 + CARD_HISTORY_MS, 100));
      expect(scores).toMatchObject([{ ownMeanCents: 0 }]);
    }
  });

  test('is forgotten once its case has expired, when that lives longer than the history', () => {
    const detector = createFraudDetector({ ...spec, caseQuietMs: 2 * CARD_HISTORY_MS }, transactionType.schema);
    add(detector, pay(1, 0, 30_000));
    detector.advance(CARD_HISTORY_MS, events());
    expect(detector.cardCount()).toBe(1);
    detector.advance(2 * CARD_HISTORY_MS, events());
    expect(detector.cardCount()).toBe(0);
  });
});

test('amounts beyond what a sum can hold exactly do not stop the partition', () => {
  const driver = drive(spec);
  const huge = Number.MAX_SAFE_INTEGER - 1;
  const { sessions, cases } = driver.pipe(pay(1, 0, huge), pay(1, 1, huge), END);
  expect(sessions).toMatchObject([{ count: 2, totalCents: huge }]);
  expect(cases.at(-1)).toMatchObject({ change: 'expired', hits: 2, amountCents: huge });
});

test('a late transaction from the far past does not stop the partition', () => {
  const driver = drive(spec);
  driver.pipe(END);
  expect(driver.pipe(pay(1, -8.64e15)).late).toMatchObject([{ latenessMs: Number.MAX_SAFE_INTEGER - 1 }]);
});
