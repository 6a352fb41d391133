/**
 * A flush gives what is open and keeps it: input that comes in pieces with a flush behind each has, in the end, the results
 * of the same input in one piece. The oracle is the end of time, at which every window closes for good.
 */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { AnyFraudSpec } from '../../src/fraud/earlier.ts';
import type { AvroRecord } from '../../src/messages/avro.ts';
import type { WindowResult } from '../../src/messages/window-result.ts';
import type { Windowing, WindowSpec } from '../../src/streams/window-kind.ts';
import {
  type DerivedEvents,
  type DriverOptions,
  drivePartition,
  END,
  FLUSH,
  type Step,
  TRANSACTIONS,
  together,
} from './driver.ts';

const schema = {
  type: 'record',
  name: 'Keyed',
  namespace: 'test',
  fields: [
    { name: 'key', type: 'string' },
    { name: 'ts', type: { type: 'long', logicalType: 'timestamp-millis' } },
    { name: 'id', type: 'long' },
  ],
} as const satisfies AvroRecord;

function windowOf(window: Windowing, change: Partial<WindowSpec> = {}): WindowSpec {
  return {
    name: 'w',
    keyField: 'key',
    window,
    allowedLatenessMs: 0,
    earlyMs: null,
    where: null,
    aggregates: [
      { name: 'ids', fn: 'collect', field: 'id' },
      { name: 'n', fn: 'count', field: null },
      { name: 'largest', fn: 'max', field: 'id' },
    ],
    ...change,
  };
}
const tumbling: Windowing = { kind: 'tumbling', sizeMs: 10, offsetMs: 3 };
const hopping: Windowing = { kind: 'hopping', sizeMs: 10, everyMs: 4, offsetMs: 1 };
const sliding: Windowing = { kind: 'sliding', sizeMs: 9 };
const session: Windowing = { kind: 'session', gapMs: 6 };
const count: Windowing = { kind: 'count', count: 3 };
const SPECS: readonly WindowSpec[] = [
  ...[tumbling, hopping, sliding, session].flatMap((window) => [
    windowOf(window),
    windowOf(window, { allowedLatenessMs: 15 }),
    ...(window.kind === 'sliding' ? [] : [windowOf(window, { earlyMs: 7 })]),
  ]),
  windowOf(tumbling, { top: { by: 'n', limit: 1 } }),
  windowOf(hopping, { top: { by: 'n', limit: 1 } }),
  windowOf(count),
];
const named = SPECS.map(
  (spec) =>
    [
      `${JSON.stringify(spec.window)} ${JSON.stringify(spec.top)}, lateness ${spec.allowedLatenessMs}, early ${spec.earlyMs}`,
      spec,
    ] as const,
);

const optionsOf = (spec: WindowSpec): DriverOptions => ({
  schema,
  timeField: 'ts',
  watermark: { kind: 'bounded', outOfOrdernessMs: 12 },
  windows: [spec],
});

/** Time walks forward with steps back, so that windows are open, fired and late. */
const pieces = fc
  .array(
    fc.array(fc.record({ key: fc.constantFrom('a', 'b', 'c'), stepMs: fc.integer({ min: -14, max: 16 }) }), {
      maxLength: 12,
    }),
    { minLength: 1, maxLength: 5 },
  )
  .map((parts) => {
    let [ts, id] = [0, 0];
    return parts.map((part) =>
      part.map(({ key, stepMs }): Step => {
        ts += stepMs;
        return { key, ts, id: id++ };
      }),
    );
  });

/** Each piece with a flush behind it; between two of them the partition goes on from its snapshot. */
function inPieces(options: DriverOptions, parts: readonly (readonly Step[])[]): DerivedEvents {
  let driver = drivePartition(options);
  return together(
    parts.map((part) => {
      const derived = driver.pipe(...part, FLUSH);
      driver = drivePartition(options, driver.snapshot());
      return derived;
    }),
  );
}

/** The results that hold: none is replaced by a newer one, or taken back. Without revision, which counts the flushes. */
function holding({ window }: WindowSpec, results: readonly WindowResult[]): string[] {
  const isReplaced = (one: WindowResult, other: WindowResult): boolean => {
    if (one.key !== other.key || one === other) return false;
    if (window.kind === 'session') {
      const covers = other.start <= one.start && other.end >= one.end;
      return covers && (other.start < one.start || other.end > one.end || other.revision > one.revision);
    }
    if (one.start !== other.start || other.revision <= one.revision) return false;
    // Of a count several windows of a key may begin at the same time: a result replaces earlier ones alone.
    if (window.kind === 'count' && results.indexOf(other) < results.indexOf(one)) return false;
    if (window.kind !== 'count') return true;
    return other.count > one.count || (other.count === 0 && one.count < window.count);
  };
  return results
    .filter((one) => one.count > 0 && !results.some((other) => isReplaced(one, other)))
    .map(({ key, start, end, count: events, aggregates }) => JSON.stringify({ key, start, end, events, aggregates }))
    .sort();
}

describe.each(named)('a window %s', (_, spec) => {
  const options = optionsOf(spec);

  test('has the results of one piece, when its input comes in several with a flush behind each', () => {
    fc.assert(
      fc.property(pieces, (parts) => {
        const whole = drivePartition(options).pipe(...parts.flat(), END);
        const split = inPieces(options, parts);
        expect(holding(spec, split.windows)).toEqual(holding(spec, whole.windows));
        expect(split.late).toEqual(whole.late);
      }),
      { numRuns: 30 },
    );
  });

  test('gives nothing at a flush behind a flush, and the same from a snapshot and from its log', () => {
    fc.assert(
      fc.property(pieces, (parts) => {
        const live = drivePartition(options);
        for (const part of parts) live.pipe(...part, FLUSH);
        expect(live.pipe(FLUSH).windows).toEqual([]);
        const replayed = drivePartition(options);
        for (const commit of live.commits) replayed.replay(commit);
        expect(replayed.snapshot()).toEqual(live.snapshot());
        expect(drivePartition(options, live.snapshot()).pipe(END).windows).toEqual(live.pipe(END).windows);
      }),
      { numRuns: 10 },
    );
  });

  test('gives no revision of a window twice, early results aside', () => {
    // Several counts may begin together, and a session may grow back to where one began that is over.
    if (spec.window.kind === 'count' || spec.window.kind === 'session') return;
    fc.assert(
      fc.property(pieces, (parts) => {
        const given = inPieces(options, parts).windows.filter(({ revision }) => revision >= 0);
        const ids = given.map(({ key, start, revision }) => `${key} ${start} ${revision}`);
        expect(new Set(ids).size).toBe(ids.length);
      }),
      { numRuns: 10 },
    );
  });
});

describe('the sessions of cards', () => {
  const fraud: AnyFraudSpec = {
    sessionGapMs: 25,
    caseQuietMs: 60,
    rules: { amountCents: 900, velocityCount: 3, deviations: 1.5, minHistory: 3 },
  };
  const options: DriverOptions = { ...TRANSACTIONS, watermark: { kind: 'bounded', outOfOrdernessMs: 20 }, fraud };
  const payment = fc.record({
    customerId: fc.integer({ min: 1, max: 3 }),
    amountCents: fc.integer({ min: 0, max: 1000 }),
    stepMs: fc.integer({ min: -15, max: 30 }),
  });
  const paid = fc.array(fc.array(payment, { maxLength: 12 }), { minLength: 1, maxLength: 5 }).map((parts) => {
    let [occurredAt, transactionId] = [0, 0];
    return parts.map((part) =>
      part.map(({ stepMs, ...own }): Step => {
        occurredAt += stepMs;
        return { ...own, terminalId: 1, occurredAt, transactionId: transactionId++ };
      }),
    );
  });
  const held = (sessions: DerivedEvents['sessions']): string[] =>
    sessions
      .filter(
        (one) =>
          !sessions.some(
            (other) =>
              other.customerId === one.customerId &&
              other.start <= one.start &&
              other.end >= one.end &&
              (other.start < one.start || other.end > one.end || other.count > one.count),
          ),
      )
      .map(({ at: _, ...one }) => JSON.stringify(one))
      .sort();

  test('are those of one piece, and no alert or case is doubled', () => {
    fc.assert(
      fc.property(paid, (parts) => {
        const whole = drivePartition(options).pipe(...parts.flat(), FLUSH);
        const atTheEnd = drivePartition(options).pipe(...parts.flat(), END);
        const split = inPieces(options, parts);
        expect(held(split.sessions)).toEqual(held(atTheEnd.sessions));
        expect(split.alerts).toEqual(whole.alerts);
        expect(split.cases).toEqual(whole.cases);
        expect(split.scores).toEqual(whole.scores);
        expect(split.late).toEqual(whole.late);
      }),
      { numRuns: 30 },
    );
  });
});
