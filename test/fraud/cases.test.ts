/** What analysts do about cases, and what they keep from becoming any: through a whole partition. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { CaseCommand, SuppressionCommand } from '../../src/fraud/case-schemas.ts';
import { formOf } from '../../src/fraud/earlier.ts';
import type { FraudSpec } from '../../src/fraud/spec.ts';
import { alertRaisedType, caseChangedType, caseCommandType, suppressionCommandType } from '../../src/fraud/types.ts';
import type { WatermarkPolicy } from '../../src/streams/watermark.ts';
import { goldenFiles } from '../messages/golden-files.ts';
import { type Driver, drivePartition, type Step, TRANSACTIONS } from '../partition/driver.ts';

const QUIET_MS = 100_000;
const spec: FraudSpec = {
  sessionGapMs: 1000,
  caseQuietMs: QUIET_MS,
  rules: [
    { name: 'big', where: 'amountCents > 100', score: 0.9, reason: 'Amount {amountCents:.0f}' },
    { name: 'often', where: 'session.count > 2', score: 0.5, reason: '{session.count} at once' },
  ],
};
const SCRIPTED: WatermarkPolicy = { kind: 'scripted' };
const open = (snapshot?: Uint8Array): Driver =>
  drivePartition({ ...TRANSACTIONS, watermark: SCRIPTED, fraud: spec }, snapshot);

let transactionId = 0;
const pay = (customerId: number, occurredAt: number, amountCents = 200, terminalId = 7) => {
  transactionId += 1;
  return { transactionId, customerId, terminalId, amountCents, occurredAt };
};
const W = (watermark: number) => ({ watermark });
let commandId = 0;
const WALL_MS = 1_700_000_000_000;
function tell(caseId: string, action: CaseCommand['action'], by = 'anna', forMs = 0): Step {
  commandId += 1;
  const customerId = Number(caseId.split('-')[1]);
  const who = { commandId: `c${commandId}`, by, note: '', requestedAt: WALL_MS };
  return { operator: 'fraud', told: caseCommandType.encodeBlock([{ ...who, caseId, customerId, action, forMs }]) };
}
function suppress(scope: Partial<SuppressionCommand>, forMs = 1000, action: 'suppress' | 'lift' = 'suppress'): Step {
  commandId += 1;
  const who = { commandId: `c${commandId}`, by: 'anna', note: 'holiday', requestedAt: WALL_MS };
  const own = { suppressionId: 's', customerId: null, terminalId: null, rule: null, ...scope };
  return { operator: 'fraud', told: suppressionCommandType.encodeBlock([{ ...who, ...own, action, forMs }]) };
}

/** A partition with an open case of customer 1, at the watermark 10. */
function withCase() {
  const driver = open();
  const first = pay(1, 5);
  const { cases } = driver.pipe(first, W(10));
  return { driver, first, id: cases[0]!.caseId };
}

describe('a case', () => {
  test('is acknowledged, snoozed until its time in event time has come, and closed; each step is an event', () => {
    const { driver, id } = withCase();
    const { cases, actions } = driver.pipe(tell(id, 'acknowledge'), tell(id, 'snooze', 'anna', 500));
    expect(cases).toMatchObject([
      { caseId: id, change: 'acknowledged', holder: 'anna', snoozedUntil: null, occurredAt: 10 },
      { caseId: id, change: 'snoozed', holder: 'anna', snoozedUntil: 510 },
    ]);
    expect(actions).toMatchObject([
      { outcome: 'done', state: 'acknowledged', by: 'anna', requestedAt: WALL_MS, at: 10 },
      { outcome: 'done', state: 'snoozed' },
    ]);
    expect(driver.pipe(W(508)).cases).toEqual([]);
    expect(driver.pipe(W(509)).cases).toMatchObject([{ change: 'acknowledged', holder: 'anna', occurredAt: 510 }]);
    expect(driver.pipe(tell(id, 'dismiss')).cases).toMatchObject([{ change: 'falsePositive' }]);
    expect(driver.pipe(tell(id, 'confirm')).actions).toMatchObject([
      { outcome: 'refused', state: 'closed', detail: 'it is not open: it is closed, has expired, or never was' },
    ]);
  });

  test('is locked to who took it, until they release it or somebody takes it over', () => {
    const { driver, id } = withCase();
    driver.pipe(tell(id, 'acknowledge'));
    const { actions, cases } = driver.pipe(
      ...(['acknowledge', 'release', 'snooze', 'confirm', 'dismiss'] as const).map((action) => tell(id, action, 'bob')),
    );
    expect(cases).toEqual([]);
    expect(actions.map(({ outcome, detail }) => `${outcome}: ${detail}`)).toEqual(
      Array(5).fill('refused: it is locked to anna, who took it; takeOver takes it from them'),
    );
    expect(driver.pipe(tell(id, 'acknowledge')).actions).toMatchObject([{ detail: 'you have it already' }]);
    expect(driver.pipe(tell(id, 'takeOver', 'bob')).cases).toMatchObject([{ holder: 'bob' }]);
    expect(driver.pipe(tell(id, 'release', 'bob')).cases).toMatchObject([{ change: 'released', holder: null }]);
    expect(driver.pipe(tell(id, 'takeOver', 'bob'), tell(id, 'snooze', ' ')).actions).toMatchObject([
      { detail: 'it is open; from there it can acknowledge, snooze, confirm, dismiss' },
      { detail: 'say who asks' },
    ]);
  });

  test('labels its hits when it is closed, and the next hit opens another one', () => {
    const { driver, first, id } = withCase();
    const second = pay(1, 20);
    driver.pipe(second, W(30));
    const label = { customerId: 1, terminalId: 7, fraud: true, scenario: 0, knownAt: 30, origin: 'analyst' };
    expect(driver.pipe(tell(id, 'confirm')).labels).toEqual([
      { ...label, transactionId: first.transactionId, occurredAt: 5 },
      { ...label, transactionId: second.transactionId, occurredAt: 20 },
    ]);
    const { cases, alerts } = driver.pipe(pay(1, 40));
    expect(cases).toMatchObject([{ change: 'opened', hits: 1 }]);
    expect(alerts).toHaveLength(1);
    const [opened] = cases;
    expect(driver.pipe(tell(opened!.caseId, 'dismiss')).labels).toMatchObject([{ fraud: false, knownAt: 40 }]);
  });

  test('takes hits while it is acknowledged or snoozed, and raises no second alert', () => {
    const { driver, id } = withCase();
    const { cases, alerts } = driver.pipe(
      tell(id, 'snooze', 'anna', 500),
      pay(1, 20),
      tell(id, 'acknowledge'),
      pay(1, 25),
    );
    expect(cases.map(({ change }) => change)).toEqual(['snoozed', 'hit', 'acknowledged', 'hit']);
    expect(alerts).toEqual([]);
  });

  test('expires when neither a hit nor an action came for its quiet time, counted from the end of a snooze', () => {
    const acted = withCase();
    acted.driver.pipe(W(1000), tell(acted.id, 'acknowledge'));
    expect(acted.driver.pipe(W(999 + QUIET_MS - 1)).cases).toEqual([]);
    expect(acted.driver.pipe(W(999 + QUIET_MS)).cases).toMatchObject([
      { change: 'expired', occurredAt: 1000 + QUIET_MS },
    ]);
    const snoozed = withCase();
    snoozed.driver.pipe(tell(snoozed.id, 'snooze', 'anna', 2 * QUIET_MS));
    const { cases } = snoozed.driver.pipe(W(10 * QUIET_MS));
    expect(cases.map(({ change, occurredAt }) => [change, occurredAt])).toEqual([
      ['released', 10 + 2 * QUIET_MS],
      ['expired', 10 + 3 * QUIET_MS],
    ]);
  });
});

describe('a suppression', () => {
  test.each([
    ['of a card', { customerId: 1 }, [true, true, false]],
    ['of a terminal', { terminalId: 8 }, [false, true, false]],
    ['of a rule', { rule: 'big' }, [true, true, true]],
    ['of a card at a terminal', { customerId: 1, terminalId: 7 }, [true, false, false]],
    ['of a rule that did not fire', { rule: 'often' }, [false, false, false]],
  ])('%s keeps hits within its scope from alerts; they are scored and recorded', (_, scope, kept) => {
    const driver = open();
    const { suppressions } = driver.pipe(W(0), suppress(scope));
    expect(suppressions).toMatchObject([{ ...scope, change: 'suppressed', by: 'anna', since: 0, until: 1000 }]);
    const { scores, hits, alerts } = driver.pipe(pay(1, 10), pay(1, 5000 - 4500, 200, 8), pay(2, 20));
    expect(scores.map(({ ruleHits, score }) => [ruleHits, score > 0.89])).toEqual(Array(3).fill([1, true]));
    expect(hits.map(({ suppressionId }) => suppressionId !== null)).toEqual(kept);
    expect(hits.map(({ caseId }) => caseId === null)).toEqual(kept);
    const alerted = new Set(hits.filter(({ caseId }) => caseId !== null).map(({ customerId }) => customerId));
    expect(alerts.map(({ customerId }) => customerId)).toEqual([...alerted]);
  });

  test('ends at its event time, or when it is lifted', () => {
    const driver = open();
    driver.pipe(W(0), suppress({ customerId: 1 }), suppress({ customerId: 2, suppressionId: 't' }));
    expect(driver.pipe(pay(1, 999)).alerts).toEqual([]);
    expect(driver.pipe(pay(1, 1000)).alerts).toHaveLength(1);
    expect(driver.pipe(suppress({ suppressionId: 't' }, 0, 'lift')).suppressions).toMatchObject([
      { change: 'lifted', customerId: 2, until: 0 },
    ]);
    expect(driver.pipe(pay(2, 500)).alerts).toHaveLength(1);
    expect(driver.pipe(suppress({ suppressionId: 't' }, 0, 'lift')).suppressions).toEqual([]);
  });

  test('of one rule leaves the alert to the others, with their score and reasons alone', () => {
    const driver = open();
    driver.pipe(W(0), suppress({ rule: 'big' }));
    const { alerts, scores } = driver.pipe(pay(1, 1, 1), pay(1, 2, 1), pay(1, 3, 300));
    expect(alerts).toMatchObject([{ score: 0.5, rules: ['often'], reasons: [{ code: 'often', text: '3 at once' }] }]);
    expect(scores[2]?.score).toBeCloseTo(0.95, 12);
  });
});

test('a rule whose condition fails on an event is a dead letter of that rule, and the others go on', () => {
  const rules = [
    { name: 'odd', where: 'CAST(terminalId::VARCHAR AS TINYINT) > 1', score: 1, reason: 'x' },
    ...spec.rules,
  ];
  const driver = drivePartition({ ...TRANSACTIONS, watermark: SCRIPTED, fraud: { ...spec, rules } });
  const { deadLetters, hits } = driver.pipe(pay(1, 1, 200, 1000), pay(2, 2, 1, 5));
  expect(deadLetters).toMatchObject([
    { source: 'fraud', reason: 'expression-failed', detail: expect.stringContaining('rule odd') },
  ]);
  expect(hits.map(({ rule, customerId }) => [rule, customerId])).toEqual([
    ['big', 1],
    ['odd', 2],
  ]);
});

test('events and commands derive the same in any batches, and across snapshots between them', () => {
  const customer = fc.integer({ min: 1, max: 3 });
  const step = fc.oneof(
    {
      weight: 4,
      arbitrary: fc.record({ kind: fc.constant('pay' as const), customer, amount: fc.constantFrom(1, 200) }),
    },
    fc.record({
      kind: fc.constant('act' as const),
      customer,
      action: fc.constantFrom(...(['acknowledge', 'takeOver', 'release', 'snooze', 'confirm', 'dismiss'] as const)),
      by: fc.constantFrom('anna', 'bob'),
    }),
    fc.record({ kind: fc.constant('suppress' as const), customer, forMs: fc.integer({ min: 1, max: 9000 }) }),
    fc.record({ kind: fc.constant('watermark' as const), by: fc.integer({ min: 1, max: QUIET_MS }) }),
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 30 }), fc.integer({ min: 1, max: 5 }), (script, cut) => {
      const steps: Step[] = [];
      const cases = new Map<number, string>();
      let nowMs = 0;
      script.forEach((each, i) => {
        if (each.kind === 'watermark') {
          nowMs += each.by;
          steps.push(W(nowMs));
        } else if (each.kind === 'suppress')
          steps.push(suppress({ customerId: each.customer, suppressionId: `s${i}` }, each.forMs));
        else if (each.kind === 'act') {
          const caseId = cases.get(each.customer) ?? `case-${each.customer}-0`;
          steps.push(tell(caseId, each.action, each.by, 700));
        } else {
          const own = pay(each.customer, nowMs + i, each.amount);
          // Which hit opened it is for the partition to say; the first one is right often enough.
          if (!cases.has(each.customer) && each.amount > 100)
            cases.set(each.customer, `case-${each.customer}-${own.transactionId}`);
          steps.push(own);
        }
      });
      const said = ({ cases: changes, actions, labels, hits, suppressions }: ReturnType<Driver['pipe']>) => [
        ...[changes, actions, labels, hits, suppressions],
      ];
      const whole = said(open().pipe(...steps));
      let driver = open();
      const parts = whole.map((): unknown[] => []);
      for (let from = 0; from < steps.length; from += cut) {
        said(driver.pipe(...steps.slice(from, from + cut))).forEach((own, i) => void parts[i]!.push(...own));
        driver = open(driver.snapshot());
      }
      expect(parts).toEqual(whole);
    }),
    { numRuns: 60 },
  );
});

test('the form before rules were declared has the records that logs of that time have', () => {
  const limits = { amountCents: 1, velocityCount: 1, deviations: 1, minHistory: 2 };
  const { alerts, cases } = formOf({ sessionGapMs: 1, caseQuietMs: 1, rules: limits });
  const known = goldenFiles().map(({ name, fingerprint }) => `${name}.${fingerprint}`);
  for (const [type, today] of [[alerts, alertRaisedType] as const, [cases, caseChangedType] as const]) {
    expect(known).toContain(`${type.schema.name}.${type.fingerprint}`);
    expect(type.fingerprint).not.toBe(today.fingerprint);
  }
});
